"""A story: a bank that is watched, receivers that keep what arrives, and the real daemon, whose time the test drives.

Expectations are exact: a page that no `expect_pages` names fails the story, at the next one or at its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from support.bank_files import BankFiles
from support.driven_clock import eventually
from support.real import free_port
from support.receivers import Got, Receivers
from support.target_server import TargetServer

START = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
"""A Thursday, 11:00 in Shanghai."""

_TESTS = Path(__file__).parents[1]
_PATIENCE = 60.0  # real seconds for any one answer of the process


@dataclass(slots=True)
class Story:
    """What the test does, in the order in which it does it."""

    files: BankFiles
    target: TargetServer
    receivers: Receivers
    url: str
    session: aiohttp.ClientSession
    now: datetime = START
    log: list[dict[str, Any]] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None
    _expected: Counter[Got] = field(default_factory=Counter)

    # -- the process ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the daemon at the story's time, on whatever store there is; its first page has gone out."""
        assert self.process is None, "it runs already"
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "support.driven_daemon",
            str(self.files.configuration),
            self.now.isoformat(),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH")))),
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read_log(self.process))
        assert await self._answer() == "ready", self.shown_log()
        await self.passes()

    async def passes(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass while the daemon runs; all that it brings about has happened on return."""
        await self.begins_to_pass(minutes=minutes, seconds=seconds)
        assert await self._answer() == f"now {self.now.isoformat()}", self.shown_log()

    async def begins_to_pass(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """The same without waiting: for a kill in the middle of it."""
        assert self.process is not None
        assert self.process.stdin is not None
        span = minutes * 60 + seconds
        self.process.stdin.write(f"advance {span}\n".encode())
        await self.process.stdin.drain()
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

    # -- what it did ------------------------------------------------------------------------------

    def expect_pages(self, *lines: str, may_repeat: bool = False) -> None:
        """Exactly these pages arrived since the last time, each line as `WHO CHANNEL BEGINNING OF THE TEXT`.

        `may_repeat`: a page that arrived more than once under one id counts once; without it that fails.
        """
        arrived = Counter(self.receivers.got)
        new = list((arrived - self._expected).elements())
        if may_repeat:
            new = [got for got in dict.fromkeys(new) if got not in self._expected]
        self._expected = arrived
        missing = []
        for line in sorted(lines, key=len, reverse=True):
            found = next((got for got in new if str(got).startswith(line)), None)
            if found is None:
                missing.append(line)
            else:
                new.remove(found)
        story = [f"at {self.now.isoformat()}:"]
        story += [f"  missing:    {line}" for line in missing]
        story += [f"  unexpected: {got} ({got.id})" for got in new]
        assert len(story) == 1, "\n".join(story)
        ids = {got.id: str(got) for got in arrived}
        assert len(ids) == len(arrived), "two different pages have one id"

    def expect_no_page(self) -> None:
        """Nothing arrived since the last time."""
        self.expect_pages()

    async def incidents(self, *, ended: bool = False) -> list[dict[str, Any]]:
        """What the API lists."""
        found: list[dict[str, Any]] = (await self.get(f"/api/v1/incidents?ended={str(ended).lower()}"))["incidents"]
        return found

    async def get(self, path: str) -> dict[str, Any]:
        """What the API answers."""
        async with self.session.get(self.url + path) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
            assert response.status == 200, answer
            return answer

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> tuple[int, str]:
        """Status and text of what the API answers."""
        async with self.session.post(self.url + path, json=body) as response:
            return response.status, await response.text()

    def shown_log(self) -> str:
        """The end of its log, for who looks at a failure."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.log[-30:])

    # -- inside -----------------------------------------------------------------------------------

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
            self.log.append(_parsed(line.decode()))

    async def ends(self) -> None:
        """The end of every story: no page that nobody expected, no exception in the log, a store that is sound."""
        self.expect_no_page()
        if self.process is not None:
            await self.stops()
        self.expect_no_page()
        raised = [line for line in self.log if "exception" in line or line.get("level") == "critical"]
        assert not raised, json.dumps(raised, ensure_ascii=False, indent=1)
        with closing(sqlite3.connect(self.files.store)) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    async def is_left(self) -> None:
        """However it went: no process stays behind."""
        if self.process is not None:
            await self._ends(signal.SIGKILL)


def _parsed(line: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": line.rstrip(), "exception": "this line is not JSON"}
    return parsed


@asynccontextmanager
async def telling(folder: Path, *, start: datetime = START, **files: Any) -> AsyncIterator[Story]:
    """A story from its start to its end; `files` are those of `BankFiles.write`. The daemon is not started yet."""
    async with (
        TargetServer().serve() as target,
        Receivers().serve() as receivers,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        listen = f"127.0.0.1:{free_port()}"
        places = {
            "TARGET": f"http://127.0.0.1:{target.port}",
            "SMS": str(receivers.sms.port),
            "MAIL": str(receivers.mail.port),
            "HOOK": str(receivers.hook.port),
            "LISTEN": listen,
        }
        bank = BankFiles(folder=folder, places=places)
        bank.write(**files)
        story = Story(
            files=bank, target=target, receivers=receivers, url=f"http://{listen}", session=session, now=start
        )
        try:
            yield story
            await story.ends()
        finally:
            await story.is_left()
