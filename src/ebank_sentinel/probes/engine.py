"""The seam to whatever carries probes out: targets that are due enter, their readings leave when a probe ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.reading import ProbeError, Reading, Target, TargetId
from ebank_sentinel.probes.failure import one_line
from ebank_sentinel.probes.kind import ProbeFailure, Prober

_IN_FLIGHT = 500  # probes at once: each has a socket, and a process has some thousand descriptors


class Engine:
    """Carries out so many probes at once; the rest wait in the order in which they became due."""

    def __init__(
        self,
        probers: Mapping[str, Prober],
        *,
        clock: Clock,
        on_result: Callable[[Target, Sequence[Reading]], None],
        on_failure: Callable[[Target, ProbeFailure], None],
        on_skip: Callable[[Target], None],
        in_flight: int = _IN_FLIGHT,
    ) -> None:
        self._probers = dict(probers)
        self._clock = clock
        self._on_result = on_result
        self._on_failure = on_failure  # the probe itself failed: on_result is called as well, without readings
        self._on_skip = on_skip  # the target was due while it was still being probed
        self._limit = in_flight
        self._taken: set[TargetId] = set()  # waiting or being probed
        self._waiting: deque[Target] = deque()
        self._running: dict[asyncio.Task[None], Prober] = {}
        self._log = structlog.get_logger()

    @property
    def busy(self) -> bool:
        """Whether any target waits or is being probed."""
        return bool(self._taken)

    def start(self, target: Target) -> None:
        """Probe a target now, or as soon as there is a place. Skipped while it is still being probed."""
        if target.id in self._taken:
            self._on_skip(target)
            return
        self._taken.add(target.id)
        if len(self._running) < self._limit:
            self._begin(target)
        else:
            self._waiting.append(target)

    def _begin(self, target: Target) -> None:
        prober = self._probers.get(target.id.probe)
        if prober is None:  # it waited while a reload took its probe away
            self._taken.discard(target.id)
            return
        task = asyncio.create_task(self._probe(prober, target), name=f"probe {target.id}")
        self._running[task] = prober
        task.add_done_callback(lambda done: self._ended(done, target))

    def _ended(self, task: asyncio.Task[None], target: Target) -> None:
        del self._running[task]
        self._taken.discard(target.id)
        while self._waiting and len(self._running) < self._limit:
            self._begin(self._waiting.popleft())

    async def _probe(self, prober: Prober, target: Target) -> None:
        try:
            outcome = await prober.read(target)
        except Exception as error:  # noqa: BLE001 - a prober never raises: one that does is a bug, and stops nobody else
            self._log.exception("a prober raised", probe=target.id.probe, target=target.id.key)
            detail = one_line(f"the probe itself broke: {type(error).__name__}")
            outcome = (
                Reading(target=target, at=self._clock.now(), up=False, error=ProbeError.PROTOCOL, detail=detail),
            )
        try:
            if isinstance(outcome, ProbeFailure):
                self._on_failure(target, outcome)
                outcome = ()
            self._on_result(target, self._sound(target, outcome))
        except Exception:  # noqa: BLE001 - as above
            self._log.exception("readings were not taken", probe=target.id.probe, target=target.id.key)

    def _sound(self, target: Target, readings: Sequence[Reading]) -> Sequence[Reading]:
        """The readings that a store can hold: one with half a character in it would cost the whole batch."""
        sound = [reading for reading in readings if _is_text(reading)]
        lost = len(readings) - len(sound)
        if not lost:
            return readings
        self._log.error("readings hold half characters", probe=target.id.probe, target=target.id.key, lost=lost)
        return sound

    async def replace(self, probers: Mapping[str, Prober]) -> None:
        """Probe with these from now on; the others are closed when what they are reading has ended."""
        leaving = [prober for prober in self._probers.values() if all(prober is not new for new in probers.values())]
        self._probers = dict(probers)
        await self._wait([task for task, prober in self._running.items() if any(prober is old for old in leaving)])
        for prober in leaving:
            await prober.close()

    async def drain(self) -> None:
        """Begin nothing that waits, and return when what is in flight has ended."""
        self._forget_waiting()
        await self._wait(self._running)

    async def close(self) -> None:
        """Break off what is in flight, and close the probers."""
        self._forget_waiting()
        for task in self._running:
            task.cancel()
        await self._wait(self._running)
        for prober in self._probers.values():
            await prober.close()

    def _forget_waiting(self) -> None:
        for target in self._waiting:
            self._taken.discard(target.id)
        self._waiting.clear()

    async def _wait(self, tasks: Mapping[asyncio.Task[None], Prober] | Sequence[asyncio.Task[None]]) -> None:
        if tasks:
            await asyncio.wait(set(tasks))
            await asyncio.sleep(0)  # their done callbacks run


def _is_text(reading: Reading) -> bool:
    """Whether no lone surrogate is in it; `body` is as `json_of` left it, and too large to be walked here."""
    labels = reading.target.labels
    texts = [value for value in reading.fields.values() if isinstance(value, str)]
    together = "".join((reading.target.id.key, reading.detail, *labels, *labels.values(), *texts))
    if together.isascii():
        return True
    try:
        together.encode()
    except UnicodeEncodeError:
        return False
    return True
