"""The logins of the simulated bank: changes of the success rate enter, counters as exact functions of time leave.

Nothing ticks. The two counters are piecewise linear, so that whoever asks, and however often, gets
the same figures for the same moment, and the rate is the one that Prometheus computes from them.
"""

from __future__ import annotations

from typing import NamedTuple

WARM_UP_SECONDS = 3600.0
"""How long the service has run when the demo starts: windows that look back are full from the beginning."""


class _Stretch(NamedTuple):
    """A time in which the success rate does not change, and what the counters were when it began."""

    begin: float  # monotonic seconds
    attempts: float
    ok: float
    success: float  # 0..1


class LoginTraffic:
    """Customers log in at a steady pace; how many get in changes. Times are monotonic seconds."""

    def __init__(self, *, start: float, per_second: float, success: float) -> None:
        self._per_second = per_second
        self._stretches = [_Stretch(start - WARM_UP_SECONDS, 0.0, 0.0, success)]

    def change(self, *, at: float, success: float) -> None:
        """From now on so many of the attempts succeed. Changes come in the order of time."""
        attempts, ok = self._exact(at)
        self._stretches.append(_Stretch(at, attempts, ok, success))

    def counters(self, at: float) -> tuple[int, int]:
        """Attempts and successes since the service started; neither ever falls."""
        attempts, ok = self._exact(at)
        return int(attempts), int(ok)

    def window(self, at: float, seconds: float) -> tuple[float, float]:
        """Attempts, and the share of them that succeeded, over the last seconds."""
        attempts, ok = self._exact(at)
        attempts_before, ok_before = self._exact(at - seconds)
        made = attempts - attempts_before
        return made, (ok - ok_before) / made

    def _exact(self, at: float) -> tuple[float, float]:
        """The counters before rounding: of the last stretch that began by then."""
        for stretch in reversed(self._stretches):
            if stretch.begin <= at:
                made = (at - stretch.begin) * self._per_second
                return stretch.attempts + made, stretch.ok + made * stretch.success
        return 0.0, 0.0
