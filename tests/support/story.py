"""A story: a scene, and the real daemon as a process whose time the test drives, stops, and kills."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.driven_clock import eventually
from support.scene import Scene, environment, set_up

START = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
"""A Thursday, 11:00 in Shanghai."""

_PATIENCE = 60.0  # real seconds for any one answer of the process


@dataclass(slots=True, kw_only=True)
class Story(Scene):
    """What the test does, in the order in which it does it."""

    now: datetime = START
    program: str = "support.driven_daemon"  # what is run: that, or one that obeys more
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    # -- the process ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the daemon at the story's time, on whatever store there is; its first page has gone out."""
        assert self.process is None, "it runs already"
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.program,
            str(self.files.configuration),
            self.now.isoformat(),
            env=environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read_log(self.process))
        assert await self._answer() == "ready", self.shown_log()
        await self.passes()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self.process is not None
        return self.process.pid

    async def passes(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass while the daemon runs; all that it brings about has happened on return."""
        await self.begins_to_pass(minutes=minutes, seconds=seconds)
        assert await self._answer() == f"now {self.now.isoformat()}", self.shown_log()

    async def tell(self, command: str) -> None:
        """Something else that its program obeys; all that it brings about at once has happened on return."""
        await self._ask(command)
        assert await self._answer() == f"now {self.now.isoformat()}", self.shown_log()

    async def begins_to_pass(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """The same without waiting: for a kill in the middle of it."""
        span = minutes * 60 + seconds
        await self._ask(f"advance {span}")
        self.now += timedelta(seconds=span)

    def passes_without_it(self, *, hours: float = 0, minutes: float = 0) -> None:
        """Let time pass while no daemon runs."""
        assert self.process is None, "it runs"
        self.now += timedelta(hours=hours, minutes=minutes)

    async def stops(self) -> None:
        """SIGTERM: it drains and ends well."""
        assert await self._ends(signal.SIGTERM) == 0, self.shown_log()

    async def is_killed(self) -> None:
        """`kill -9`: it can do nothing any more."""
        assert await self._ends(signal.SIGKILL) == -signal.SIGKILL

    async def reloads(self) -> None:
        """SIGHUP, and whatever comes of it."""
        assert self.process is not None
        loads = ("reloaded", "the configuration does not hold: nothing changed")
        before = sum(line["event"] in loads for line in self.log)
        self.process.send_signal(signal.SIGHUP)
        await eventually(lambda: sum(line["event"] in loads for line in self.log) > before)
        await self.passes()

    # -- inside -----------------------------------------------------------------------------------

    async def _ask(self, command: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n".encode())
        await self.process.stdin.drain()

    async def _answer(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            return (await self.process.stdout.readline()).decode().strip()

    async def _ends(self, number: signal.Signals) -> int:
        process, reading = self.process, self._reading
        assert process is not None
        assert reading is not None
        with suppress(ProcessLookupError):  # it may have ended by itself: then the status says so
            os.kill(process.pid, number)
        async with asyncio.timeout(_PATIENCE):
            status = await process.wait()
            await reading
        self.process = self._reading = None
        return status

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.take_log_line(line.decode())

    async def ends(self) -> None:
        """The end of every story: no page that nobody expected, no exception in the log, a store that is sound."""
        self.expect_no_page()
        if self.process is not None:
            await self.stops()
        self.expect_no_page()
        self.holds()

    async def is_left(self) -> None:
        """However it went: no process stays behind."""
        if self.process is not None:
            await self._ends(signal.SIGKILL)


@asynccontextmanager
async def telling(folder: Path, *, start: datetime = START, **files: Any) -> AsyncIterator[Story]:
    """A story from its start to its end; `files` are those of `BankFiles.write`. The daemon is not started yet."""
    async with set_up(Story, folder, **files) as story:
        story.now = start
        story.receivers.hook.any_time = True  # the daemon signs at the story's time
        try:
            yield story
            await story.ends()
        finally:
            await story.is_left()
