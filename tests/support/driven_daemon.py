"""The real daemon as a process whose time a test drives: a configuration and a start enter, commands on stdin follow.

    python -m support.driven_daemon SENTINEL.YAML 2026-12-10T03:00:00+00:00

It prints `ready` once it serves. `advance SECONDS` lets time pass step by step: whoever sleeps wakes at its own
moment, and what it starts (a probe, a commit, a send) ends before the next one wakes; then it prints `now MOMENT`.
Signals do what they do to the real program. Log lines are JSON on stderr.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from ebank_sentinel import logs
from ebank_sentinel.clock import Clock
from ebank_sentinel.daemon import Daemon, watches
from ebank_sentinel.errors import SentinelError
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.systemd import Notifier
from support.driven_clock import DrivenClock, settle

STUCK = 40.0
"""Real seconds after which work that does not end is reported: longer than any channel's own deadline."""


class DrivenCalendar:
    """The daemon's calendar on its clock: APScheduler knows no time but the machine's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """There is nothing to start."""

    def at(self, name: str, moment: datetime, job: Callable[[], None]) -> None:
        """Run a job once at a moment; one of the same name gives way."""

        async def run() -> None:
            while (left := (moment - self._clock.now()).total_seconds()) > 0:
                await self._clock.sleep(left)
            job()

        before = self._jobs.get(name)
        if before is not None and before is not asyncio.current_task():  # a job may plan its own successor
            before.cancel()
        self._jobs[name] = asyncio.create_task(run(), name=f"calendar {name}")

    def stop(self) -> None:
        """Run nothing more."""
        for task in self._jobs.values():
            task.cancel()


class DrivenDaemon:
    """The daemon, its clock, and when it is at rest."""

    def __init__(self, path: Path, start: datetime) -> None:
        self.clock = DrivenClock(start)
        watches.LAG_EVERY = 10.0  # a driven loop has no lag, and each measurement is a step
        self.daemon = Daemon(path, clock=self.clock, metrics=Metrics(), notifier=Notifier({}), credentials=None)
        self.daemon._calendar = DrivenCalendar(self.clock)  # type: ignore[assignment]  # the same three verbs
        self._writing = 0  # writes to the store that are under way

    @property
    def _works(self) -> bool:
        """Something happens that needs no time of ours to end: an answer, a thread, a commit."""
        daemon = self.daemon
        desk = daemon._flow.desk
        return (
            daemon._engine.busy
            or daemon._dispatcher.busy
            or (desk.busy and not desk.refusing)  # one that refuses pauses by the clock,
            or bool(self._writing)  # and then tries to write again
            or bool(daemon._background)
            or daemon._reloading.locked()
        )

    async def rest(self) -> None:
        """Return when nothing goes on that is not waiting for time to pass."""
        deadline = asyncio.get_running_loop().time() + STUCK
        await settle()
        while self._works:
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"something does not end within {STUCK:g} s of real time")
            await asyncio.sleep(0.001)
            await settle()

    async def advance(self, seconds: float) -> None:
        """Let time pass, and all that it brings about."""
        await self.rest()
        await self.clock.advance(seconds, rest=self.rest)

    async def run(self) -> int:
        """Serve and obey until stopped; the exit status."""
        serving = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.daemon.stop)
        loop.add_signal_handler(signal.SIGHUP, self.daemon.reload_soon)
        running = asyncio.create_task(self.daemon.run(listening=lambda _port: serving.set()))
        ready = asyncio.create_task(serving.wait())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            await running
            return 0
        self._watch_writes()
        obeying = asyncio.create_task(self._obey())
        stopping = asyncio.create_task(self.daemon._stop.wait())
        await asyncio.wait({running, obeying, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self.daemon.stop()
        while not running.done():  # a drain waits by the clock as well: time goes on by itself now
            await self.clock.advance(0.05)
            await asyncio.sleep(0.05)
        await running
        if obeying.done():
            obeying.result()
        obeying.cancel()
        return 0

    def _watch_writes(self) -> None:
        """Know of every write to the store from its beginning to its end."""
        store = self.daemon._store
        write = store._write

        async def watched(work: Any) -> Any:
            self._writing += 1
            try:
                return await write(work)
            finally:
                self._writing -= 1

        store._write = watched  # type: ignore[method-assign]  # it only looks on

    async def _obey(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        say("ready")
        while line := (await reader.readline()).decode().split():
            await self.advance(float(line[1]))
            say(f"now {self.clock.now().isoformat()}")


def say(words: str) -> None:
    """Answer a command."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(kind: type[DrivenDaemon] = DrivenDaemon) -> int:
    """Run; 1 with the reason on stderr when it cannot."""
    lines = logs.configure(sys.stderr, on_drop=lambda _count: None)
    start = datetime.fromisoformat(sys.argv[2]).astimezone(UTC)
    try:
        return asyncio.run(kind(Path(sys.argv[1]), start).run())
    except SentinelError as error:
        structlog.get_logger().error("it ended", reason=str(error))
        return 1
    finally:
        lines.close()


if __name__ == "__main__":
    sys.exit(main())
