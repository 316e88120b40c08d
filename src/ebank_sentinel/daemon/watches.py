"""What the program watches of itself, each a task that ends only by being cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.config import Config, reread_targets
from ebank_sentinel.daemon.start import keep_as_good
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.probes.targets import TargetFile

_log = structlog.get_logger()

LAG_EVERY = 0.25
"""Seconds between two measurements of the event loop's lag."""

LOOK_AT_FILES = 5.0
"""Seconds between two looks at the CSV files of targets."""


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


async def watch_files(
    clock: Clock, config: Callable[[], Config], reloading: asyncio.Lock, adopt: Callable[[Config], None]
) -> None:
    """The CSV files of targets and topology are read anew when they change; a broken one changes nothing."""
    files = {path: TargetFile(path) for path in config().tables}
    while True:
        await clock.sleep(LOOK_AT_FILES)
        files = {path: files.get(path) or TargetFile(path) for path in config().tables}
        changed = [path for path, file in files.items() if file.changed()]  # each is asked: it remembers
        if not changed:
            continue
        async with reloading:
            try:
                other = await asyncio.to_thread(reread_targets, config())
            except ConfigError as error:
                _log.error("the targets on disk do not hold: the old ones stay", problems=str(error).splitlines())
            else:
                adopt(other)
                _log.info("targets read anew", targets=sum(map(len, other.targets.values())))
                await asyncio.to_thread(keep_as_good, other, clock.now())
