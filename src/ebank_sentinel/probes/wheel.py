"""When each target is due: targets and their intervals enter, starts leave, spread over the interval, never in step.

A wheel of 20 ms slots, on monotonic time: what costs something is a target that is due, not one that waits.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.reading import Target, TargetId

SLOT = 0.020  # seconds; so late is a start at most while the loop keeps up
_EARLY = 30.0  # seconds within which a target is read first, however long its interval
_CLOSE = SLOT / 1000  # sums of floating-point seconds are not exact


@dataclass(slots=True, eq=False)
class _Entry:
    """A target on the wheel: due at anchor + turn * every; turn -1 is an extra, early first run."""

    target: Target
    every: float  # seconds
    anchor: float  # monotonic seconds: its phase
    turn: int
    due: float  # monotonic seconds
    gone: bool = False


class Wheel:
    """Starts each target once per interval, and says how late it did."""

    def __init__(
        self,
        clock: Clock,
        start: Callable[[Target], None],
        on_late: Callable[[str, float], None],
        random: Random | None = None,
    ) -> None:
        self._clock = clock
        self._start = start
        self._on_late = on_late  # probe, seconds between due and started
        self._random = random or Random()  # noqa: S311 - it spreads load, it keeps no secret
        self._entries: dict[TargetId, _Entry] = {}
        self._slots: dict[int, list[_Entry]] = {}
        self._order: list[int] = []  # heap of the slots that hold something
        self._sooner = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, target: Target, every: timedelta) -> None:
        """Watch a target from now on. One that is watched already keeps its phase, and takes the new labels."""
        seconds = every.total_seconds()
        known = self._entries.get(target.id)
        if known is not None:
            if known.every == seconds:
                known.target = target
                return
            self.remove(target.id)
        now = self._clock.monotonic()
        phase = self._random.random() * seconds
        entry = _Entry(target=target, every=seconds, anchor=now + phase, turn=0, due=now + phase)
        if phase > _EARLY:  # nobody waits an hour after a restart to hear of a certificate
            entry.turn = -1
            entry.due = now + self._random.random() * _EARLY
        self._entries[target.id] = entry
        self._place(entry)

    def remove(self, target: TargetId) -> None:
        """Watch it no more; a target that is not watched is fine."""
        entry = self._entries.pop(target, None)
        if entry is not None:
            entry.gone = True  # its slot drops it when its time comes

    def replace(self, probe: str, targets: Iterable[Target], every: timedelta) -> None:
        """Watch exactly these of a probe: those that stay keep their phase."""
        wanted = {target.id: target for target in targets}
        for known in [known for known in self._entries if known.probe == probe and known not in wanted]:
            self.remove(known)
        for target in wanted.values():
            self.add(target, every)

    async def run(self) -> None:
        """Start what is due, for ever; ends by being cancelled."""
        while True:
            self._sooner.clear()
            if not self._order:
                await self._sooner.wait()
                continue
            wait = self._order[0] * SLOT - self._clock.monotonic()
            if wait > _CLOSE:
                await self._pause(wait)
                continue
            self._fire(self._slots.pop(heapq.heappop(self._order)))
            await asyncio.sleep(0)  # after a stall many slots are due: others get their turn between them

    async def _pause(self, seconds: float) -> None:
        """Until the time has passed, or something was added that is due sooner."""
        waits = {
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._sooner.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _fire(self, entries: list[_Entry]) -> None:
        for entry in entries:
            if entry.gone:
                continue
            now = self._clock.monotonic()
            late = max(0.0, now - entry.due)
            entry.turn += 1
            entry.due = entry.anchor + entry.turn * entry.every
            if entry.due <= now:  # a stall swallowed turns: they are not made up for, and the phase is kept
                entry.turn = math.floor((now - entry.anchor) / entry.every) + 1
                entry.due = entry.anchor + entry.turn * entry.every
            self._place(entry)
            self._start(entry.target)
            self._on_late(entry.target.id.probe, late)

    def _place(self, entry: _Entry) -> None:
        slot = math.ceil(entry.due / SLOT)  # the first slot that is not before it is due
        entries = self._slots.get(slot)
        if entries is not None:
            entries.append(entry)
            return
        self._slots[slot] = [entry]
        heapq.heappush(self._order, slot)
        if self._order[0] == slot:
            self._sooner.set()
