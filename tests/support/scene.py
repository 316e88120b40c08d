"""Where a story takes place: what is watched, who receives, and the files between them, on loopback.

Expectations are exact: a page that no `expect_pages` names fails the test, at the next one or at its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from support.bank_files import BankFiles
from support.real import free_port
from support.receivers import Got, Receivers
from support.target_server import TargetServer

_TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """For a process that imports what the test imports."""
    paths = (str(_TESTS), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything but the daemon itself."""

    files: BankFiles
    target: TargetServer
    receivers: Receivers
    url: str  # of the daemon's doors
    session: aiohttp.ClientSession
    log: list[dict[str, Any]] = field(default_factory=list)  # what the daemon said, line by line
    _expected: Counter[Got] = field(default_factory=Counter)

    @property
    def unread(self) -> list[Got]:
        """What arrived since the last expectation, repeats included."""
        return list((Counter(self.receivers.got) - self._expected).elements())

    def expect_pages(self, *lines: str, may_repeat: bool = False) -> None:
        """Exactly these pages arrived since the last time, each line as `WHO CHANNEL BEGINNING OF THE TEXT`.

        `may_repeat`: a page that arrived more than once under one id counts once; without it that fails.
        """
        new = self.unread
        arrived = Counter(self.receivers.got)
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
        wrong = [f"missing:    {line}" for line in missing]
        wrong += [f"unexpected: {got} ({got.id})" for got in new]
        assert not wrong, "\n".join(["not the pages that were expected:", *wrong, self.shown_log()])
        ids = {got.id: str(got) for got in arrived}
        assert len(ids) == len(arrived), "two different pages have one id"

    async def pages_arrive(self, *lines: str, seconds: float = 20.0) -> None:
        """As `expect_pages`, waiting in real time until so many pages have arrived."""
        deadline = time.monotonic() + seconds
        # Three receivers of three kinds: asking them is simpler than an event for each.
        while len(self.unread) < len(lines) and time.monotonic() < deadline:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)
        self.expect_pages(*lines)

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

    async def until(self, path: str, holds: Callable[[dict[str, Any]], bool], *, seconds: float = 20.0) -> None:
        """Ask in real time until the answer is as wanted."""
        deadline = time.monotonic() + seconds
        while not holds(answer := await self.get(path)):
            assert time.monotonic() < deadline, f"{path} still answers {json.dumps(answer, ensure_ascii=False)}"
            await asyncio.sleep(0.05)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> tuple[int, str]:
        """Status and text of what the API answers."""
        async with self.session.post(self.url + path, json=body) as response:
            return response.status, await response.text()

    def take_log_line(self, line: str) -> None:
        """One line as the daemon wrote it."""
        try:
            self.log.append(json.loads(line))
        except ValueError:
            self.log.append({"event": line.rstrip(), "exception": "this line is not JSON"})

    def shown_log(self) -> str:
        """The end of its log, for who looks at a failure."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.log[-30:])

    def holds(self) -> None:
        """What every fault must leave behind: no exception in the log, every line of it JSON, a store that is sound."""
        raised = [line for line in self.log if "exception" in line or line.get("level") == "critical"]
        assert not raised, json.dumps(raised, ensure_ascii=False, indent=1)
        with closing(sqlite3.connect(self.files.store)) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


AnyScene = TypeVar("AnyScene", bound=Scene)


@asynccontextmanager
async def set_up(kind: type[AnyScene], folder: Path, **files: Any) -> AsyncIterator[AnyScene]:
    """Servers that run and files that are written; `files` are those of `BankFiles.write`."""
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
        yield kind(files=bank, target=target, receivers=receivers, url=f"http://{listen}", session=session)
