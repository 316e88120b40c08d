"""The daemon as people run it, `ebank-sentinel run`, in real time: a scene enters, a process that serves leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scene import Scene, environment, set_up

COMMAND = (sys.executable, "-m", "ebank_sentinel")
_PATIENCE = 30.0  # seconds for anything that a process is asked to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(slots=True, kw_only=True)
class Service(Scene):
    """A daemon that the machine's own clock drives."""

    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and return when it says that it is ready."""
        assert self.process is None, "it runs already"
        self.process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "run",
            "-c",
            str(self.files.configuration),
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        began = len(self.log)
        self._reading = asyncio.create_task(self._read_log(self.process))
        async with asyncio.timeout(_PATIENCE):
            while not any(line["event"] == "ready" for line in self.log[began:]):
                assert self.process.returncode is None, self.shown_log()
                await asyncio.sleep(0.02)

    async def stops(self, *, within: float = 10.0) -> int:
        """SIGTERM; the exit status, in at most so many seconds."""
        async with asyncio.timeout(within):
            return await self._ends(signal.SIGTERM)

    async def command(self, *words: str) -> Ended:
        """Run another verb of the program beside it, on the same configuration."""
        return await command(*words, "-c", str(self.files.configuration))

    async def is_left(self) -> None:
        """However it went: no process stays behind."""
        if self.process is not None:
            await self._ends(signal.SIGKILL)

    async def _ends(self, number: signal.Signals) -> int:
        process, reading = self.process, self._reading
        assert process is not None
        assert reading is not None
        with suppress(ProcessLookupError):  # it may have ended by itself: then the status says so
            os.kill(process.pid, number)
        status = await process.wait()
        await reading
        self.process = self._reading = None
        return status

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.take_log_line(line.decode())


async def command(*words: str, standing_in: Path | None = None) -> Ended:
    """Run the program once, from its start to its end."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        cwd=standing_in,
        env={**environment(), "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(status=process.returncode, out=out.decode(), err=err.decode())


@asynccontextmanager
async def serving(folder: Path, **files: Any) -> AsyncIterator[Service]:
    """A scene with a service that is not started yet; at the end nothing may be left that nobody expected."""
    async with set_up(Service, folder, **files) as service:
        try:
            yield service
            service.expect_no_page()
            if service.process is not None:
                assert await service.stops() == 0, service.shown_log()
            service.expect_no_page()
            service.holds()
        finally:
            await service.is_left()


def one_rule(watch: str, when: str, *more: str, severity: str = "III") -> str:
    """A rule that fires after a second and clears after a second."""
    lines = [
        "  - id: in-trouble",
        "    title: {zh-CN: 出故障, en: In trouble}",
        f"    watch: {watch}",
        f"    when: {when}",
        "    for: 1s",
        "    clear_after: 1s",
        "    category: system",
        f"    severity: {severity}",
        "    groups: [technical]",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"
