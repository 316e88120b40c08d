"""Programs that the demo runs beside itself: a command line enters, a running process with its log leaves.

What was started here ends here, by its own process id, however the demo ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.folder import DemoFolder
from ebank_sentinel.errors import SentinelError

_GRACE_SECONDS = 15.0
"""How long a program may take to end: the daemon's own drain takes at most 10."""

_POLL_SECONDS = 0.1

_LAST_LINES = 15


class ProgramFailed(SentinelError):
    """A program that the demo needs did not start, or ended by itself: its last lines are in the text."""


class Program:
    """A process that runs until the demo is over."""

    def __init__(self, *, name: str, process: asyncio.subprocess.Process, log: Path, clock: Clock) -> None:
        self.name = name
        self.process = process
        self._log = log
        self._clock = clock

    def check(self) -> None:
        """Raises ProgramFailed when it ended although nobody asked it to."""
        if self.process.returncode is not None:
            raise ProgramFailed(self._obituary(f"ended by itself with status {self.process.returncode}"))

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until it says that it is ready. Raises ProgramFailed when it ends instead, or takes too long."""
        give_up = self._clock.monotonic() + seconds
        while not await ready():
            self.check()
            if self._clock.monotonic() > give_up:
                raise ProgramFailed(self._obituary(f"was not ready after {seconds:.0f} s"))
            await self._clock.sleep(_POLL_SECONDS)

    async def stop(self) -> int:
        """SIGTERM, and after a while SIGKILL: returns the exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                async with asyncio.timeout(_GRACE_SECONDS):
                    await self.process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
        return await self.process.wait()

    def _obituary(self, what: str) -> str:
        """What happened, and what the program said last."""
        try:
            said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        except OSError:
            said = []
        return "\n".join([f"{self.name} {what}; its log is {self._log}", *(f"  {line}" for line in said)])


@asynccontextmanager
async def running(name: str, command: Sequence[str], *, log: Path, clock: Clock) -> AsyncIterator[Program]:
    """Run a program for as long as the block does, its output in a log. Raises ProgramFailed when it cannot start."""
    with log.open("ab") as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C of the terminal is for the demo, which then ends it in order
            )
        except OSError as error:
            raise ProgramFailed(f"{name} cannot be started: {error.strerror}") from None
    program = Program(name=name, process=process, log=log, clock=clock)
    try:
        yield program
    finally:
        await asyncio.shield(program.stop())


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What is run beside the simulated bank."""

    daemon: Callable[[DemoFolder], Sequence[str]]  # the command line for a folder
    prometheus: str | None  # path of the program; None: there is none, the bank's own figures are probed


def installed() -> Programs:
    """The daemon of this installation, and Prometheus where it is installed."""
    return Programs(daemon=daemon_command, prometheus=shutil.which("prometheus"))


def daemon_command(folder: DemoFolder) -> list[str]:
    """How the daemon itself is run: the same Python, the same installation."""
    return [sys.executable, "-m", "ebank_sentinel", "run", "-c", str(folder.configuration)]


def prometheus_command(program: str, folder: DemoFolder, *, port: int) -> list[str]:
    """How Prometheus is run: its data in the demo's folder, its port on loopback."""
    return [
        program,
        f"--config.file={folder.path / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder.path / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
