"""What channels, probes and the store did lately: each thing that happened enters, counts and figures leave.

It sees what the metrics see, and keeps of it what rules on our own state ask for: minutes, not a history.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.desk import Store
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.model.reading import Target
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.rules.watchable import OWN_EVERY

_log = structlog.get_logger()

LATELY = timedelta(minutes=5)
"""How far back is counted; for a probe that is read less often, one interval of it."""

_SLICE = 5.0  # seconds that are counted together: what is remembered does not grow with what happens


class Sent(NamedTuple):
    """Attempts to send over a channel."""

    accepted: int
    failed: int  # for good, or for now


class Lately:
    """Numbers of the last so many seconds: they may be added up, or the greatest be asked for."""

    __slots__ = ("_slices", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._slices: deque[tuple[float, float, float]] = deque()  # when it began, sum, greatest

    def add(self, moment: float, value: float = 1.0) -> None:
        """A number, at a moment of the monotonic clock."""
        if self._slices and moment - self._slices[-1][0] < _SLICE:
            began, total, greatest = self._slices[-1]
            self._slices[-1] = (began, total + value, max(greatest, value))
        else:
            self._slices.append((moment, value, value))
            self._forget(moment)

    def total(self, moment: float) -> float:
        """Their sum."""
        self._forget(moment)
        return sum(total for _, total, _ in self._slices)

    def greatest(self, moment: float) -> float:
        """The greatest of them; 0 when there is none."""
        self._forget(moment)
        return max((greatest for _, _, greatest in self._slices), default=0.0)

    def _forget(self, moment: float) -> None:
        while self._slices and moment - self._slices[0][0] > self._window:
            self._slices.popleft()


class ProbeTally:
    """One probe. `every`: its interval, in seconds."""

    def __init__(self, every: float) -> None:
        window = max(every, LATELY.total_seconds())
        self.every = every
        self.late = Lately(max(every, OWN_EVERY.total_seconds()))  # seconds between due and started
        self.skipped = Lately(window)
        self.failures = Lately(window)


class Tally:
    """Told of everything that a channel, a probe or the store does; tells the metrics, remembers the last minutes."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._channel_of: dict[str, str] = {}  # pages that are out
        self._sent: defaultdict[str, tuple[Lately, Lately]] = defaultdict(_accepted_and_failed)
        self._probes: dict[str, ProbeTally] = {}
        self._commits = Lately(LATELY.total_seconds())

    # -- what happens -----------------------------------------------------------------------------

    def goes_out(self, pages: Iterable[Page]) -> None:
        """Pages are handed to their channels."""
        self._channel_of.update((page.id, page.channel) for page in pages)

    def delivered(self, delivery: Delivery) -> None:
        """An attempt to send came to an end."""
        channel = self._channel_of.pop(delivery.page, "")
        self._metrics.sends.labels(channel, delivery.outcome.value).inc()
        accepted, failed = self._sent[channel]
        (accepted if delivery.outcome is Outcome.ACCEPTED else failed).add(self._clock.monotonic())

    def failed(self, target: Target, failure: ProbeFailure) -> None:
        """A probe read nothing at all."""
        self._metrics.probe_failures.labels(failure.probe, failure.error.value).inc()
        _log.warning("a probe failed", probe=failure.probe, error=failure.error.value, detail=failure.detail)
        if (probe := self._probes.get(target.id.probe)) is not None:
            probe.failures.add(self._clock.monotonic())

    def skipped(self, target: Target) -> None:
        """A target was due while it was still being probed."""
        self._metrics.probes_skipped.inc()
        if (probe := self._probes.get(target.id.probe)) is not None:
            probe.skipped.add(self._clock.monotonic())

    def started(self, probe: str, late: float) -> None:
        """A probe was started so many seconds after it was due."""
        self._metrics.probe_lateness.observe(late)
        if (known := self._probes.get(probe)) is not None:
            known.late.add(self._clock.monotonic(), late)

    def committed(self, seconds: float) -> None:
        """The store took a decision, or refused it, after so long."""
        self._commits.add(self._clock.monotonic(), seconds)

    def watch(self, intervals: Mapping[str, timedelta]) -> None:
        """These are the probes from now on: what is remembered of those that stay is kept."""
        kept = self._probes
        self._probes = {}
        for name, interval in intervals.items():
            every, known = interval.total_seconds(), kept.get(name)
            self._probes[name] = known if known is not None and known.every == every else ProbeTally(every)

    # -- what is asked ----------------------------------------------------------------------------

    def sent(self, channel: str) -> Sent:
        """The attempts of the last five minutes."""
        if channel not in self._sent:
            return Sent(0, 0)
        moment = self._clock.monotonic()
        accepted, failed = self._sent[channel]
        return Sent(int(accepted.total(moment)), int(failed.total(moment)))

    def probe(self, name: str) -> tuple[float, int, int]:
        """The worst lateness of its last interval in seconds; how often it was skipped, and failed, lately."""
        probe = self._probes.get(name)
        if probe is None:
            return 0.0, 0, 0
        moment = self._clock.monotonic()
        return probe.late.greatest(moment), int(probe.skipped.total(moment)), int(probe.failures.total(moment))

    def slowest_commit(self) -> float:
        """Seconds, of the last five minutes."""
        return self._commits.greatest(self._clock.monotonic())


class TimedStore:
    """A store, and how long each commit took: what happens to it is the tally's business, not the desk's."""

    def __init__(self, store: Store, tally: Tally, clock: Clock) -> None:
        self._store = store
        self._tally = tally
        self._clock = clock

    async def load(self) -> Ledger:
        """Everything that is open."""
        return await self._store.load()

    async def commit(self, delta: Delta) -> None:
        """One transaction, durable when this returns."""
        began = self._clock.monotonic()
        try:
            await self._store.commit(delta)
        finally:
            self._tally.committed(self._clock.monotonic() - began)

    async def claim(self, node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
        """Lease to `node` what nobody alive has leased."""
        return await self._store.claim(node, now, until, orphaned=orphaned)


def _accepted_and_failed() -> tuple[Lately, Lately]:
    return Lately(LATELY.total_seconds()), Lately(LATELY.total_seconds())
