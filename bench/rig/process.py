"""Programs under measurement: a command enters; a process leaves that is watched, measured, and ended by its pid."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

_TICKS = os.sysconf("SC_CLK_TCK")
_POLL = 0.01  # seconds between two looks whether it is ready: the precision of "ready"


class Died(Exception):
    """A program ended although nobody asked it to, or was not ready in time."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process has used since its start."""

    user: float  # CPU seconds
    system: float  # CPU seconds
    resident: int  # bytes now
    peak: int  # bytes at the most

    @property
    def cpu(self) -> float:
        """CPU seconds in all."""
        return self.user + self.system


class Program:
    """One process, its output in a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, command: Sequence[str], log: Path) -> Program:
        """Start it; its output is appended to `log`."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
            )
        return cls(name, process, log)

    def check(self) -> None:
        """Raises Died when it ended by itself."""
        if self._process.returncode is not None:
            said = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
            raise Died(f"{self.name} ended by itself with status {self._process.returncode}; it said last:\n{said}")

    async def until_ready(self, session: aiohttp.ClientSession, url: str, seconds: float = 30.0) -> float:
        """Monotonic seconds of the first 2xx. Raises Died."""
        give_up = time.monotonic() + seconds
        while True:
            self.check()
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with session.get(url, timeout=aiohttp.ClientTimeout(2)) as answer:
                    if answer.status < 300:
                        return time.monotonic()
            if time.monotonic() > give_up:
                raise Died(f"{self.name} was not ready after {seconds:g} s; its log is {self._log}")
            await asyncio.sleep(_POLL)

    async def kill(self) -> None:
        """SIGKILL, as a crash ends it; one that has ended is fine."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and SIGKILL after 15 s: the exit status."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(15):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()

    def used(self) -> Used:
        """What it has used so far, from /proc."""
        folder = Path("/proc") / str(self._process.pid)
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        status = (folder / "status").read_text()
        return Used(
            user=int(fields[11]) / _TICKS,
            system=int(fields[12]) / _TICKS,
            resident=_kilobytes(status, "VmRSS"),
            peak=_kilobytes(status, "VmHWM"),
        )


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+([0-9]+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def daemon_command(configuration: Path) -> list[str]:
    """How the daemon is run: the same Python, the same installation."""
    return [sys.executable, "-m", "ebank_sentinel", "run", "-c", str(configuration), "--log-level", "warning"]


def answering_command(port: int) -> list[str]:
    """The targets, in a process of their own."""
    return [sys.executable, str(Path(__file__).with_name("answering.py")), str(port)]
