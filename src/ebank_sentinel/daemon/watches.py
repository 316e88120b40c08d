"""What the program watches of itself, each a task that ends only by being cancelled."""

from __future__ import annotations

from collections.abc import Callable

from ebank_sentinel.clock import Clock

LAG_EVERY = 0.25
"""Seconds between two measurements of the event loop's lag."""


async def measure_lag(clock: Clock, observe: Callable[[float], None]) -> None:
    """How late the loop wakes: seconds, each time."""
    while True:
        before = clock.monotonic()
        await clock.sleep(LAG_EVERY)
        observe(max(0.0, clock.monotonic() - before - LAG_EVERY))


async def pat(clock: Clock, every: float, progresses: Callable[[], bool], alive: Callable[[], None]) -> None:
    """The watchdog is patted from the desk's progress, not from a bare timer. `every`: seconds."""
    while True:
        await clock.sleep(every)
        if progresses():
            alive()
