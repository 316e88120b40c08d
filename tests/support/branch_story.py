"""A story at the example bank's branches: machines go dark, lines fail, batteries take over, the collector goes blind.

An ATM that is dark is one for which the gateway of all answers 504; a line that is cut is a port where nobody listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from support.atm_status import whole_status
from support.branch_bank import BranchBank, Terminal
from support.real import free_port
from support.receivers import Receivers
from support.story import START, Story
from support.target_server import TargetServer

_GATEWAY_TIMEOUT = 504


@dataclass(slots=True)
class Lines:
    """Real listeners, each at an address of its own."""

    port: int
    _hosts: dict[str, str] = field(default_factory=dict)
    _open: dict[str, asyncio.Server] = field(default_factory=dict)

    async def mend(self, name: str, host: str = "") -> None:
        """Somebody listens there, from the first time on at the same address."""
        host = self._hosts.setdefault(name, host)
        self._open[name] = await asyncio.start_server(lambda _reader, writer: writer.close(), host, self.port)

    async def cut(self, name: str) -> None:
        """Nobody does."""
        server = self._open.pop(name)
        server.close()
        await server.wait_closed()

    async def cut_all(self) -> None:
        """Nobody does anywhere."""
        for name in list(self._open):
            await self.cut(name)


@dataclass(slots=True, kw_only=True)
class BranchStory(Story):
    """What happens at the branches."""

    bank: BranchBank
    lines: Lines

    def terminals(self, **where: str) -> list[str]:
        """The names of the live ATMs of a branch or a region, in their order."""
        return [
            one.name
            for one in self.bank.terminals
            if one.live and all(getattr(one, name) == value for name, value in where.items())
        ]

    def go_dark(self, *terminals: str) -> None:
        """They do not answer from now on."""
        for terminal in terminals:
            self.target.status[f"/atm/{terminal}"] = _GATEWAY_TIMEOUT

    def answer(self, *terminals: str) -> None:
        """They do."""
        for terminal in terminals:
            del self.target.status[f"/atm/{terminal}"]

    def runs_on(self, branch: str, state: str, *, minutes_left: int = 240) -> None:
        """What the branch's UPS says: mains, engaged or low."""
        self.target.body[f"/ups/{branch}"] = {"state": state, "minutes_left": minutes_left}

    async def goes_blind(self, probe: str) -> None:
        """Our own probe gets no socket any more: it reads nothing."""
        await self.tell(f"blind {probe}")

    async def sees(self, probe: str) -> None:
        """It does again."""
        await self.tell(f"sees {probe}")

    async def takes(self, person: str, place: str) -> None:
        """Somebody acknowledges the open incident of a place, as `shown` names it."""
        (code,) = [one["code"] for one in await self.incidents() if place in _shown(one)]
        status, text = await self.post(f"/api/v1/incidents/{code}/ack", {"person": person})
        assert status == 200, text
        await self.passes()

    async def shown(self) -> list[str]:
        """The open incidents: rule, place, category, severity, and who has it."""
        return sorted(_shown(one) for one in await self.incidents())

    async def ended(self) -> list[str]:
        """Those that are over: rule, place, and as what it ended."""
        found = await self.incidents(ended=True)
        return sorted(f"{_place(one)} {one['ended_as']}" for one in found if one["ended_as"] is not None)


def _place(incident: dict[str, Any]) -> str:
    scope = ",".join(f"{label}={value}" for label, value in incident["scope"].items())
    return f"{incident['rule']} {scope or incident['over'] or incident['target']['key']}"


def _shown(incident: dict[str, Any]) -> str:
    taken = f" {incident['ack']['person']}" if incident["ack"] else ""
    return f"{_place(incident)} {incident['category']} {incident['severity']}{taken}"


@asynccontextmanager
async def at_the_branches(folder: Path, *, start: datetime = START) -> AsyncIterator[BranchStory]:
    """A story from its start to its end, at a bank where all is well. The daemon is not started yet."""
    receivers, lines = Receivers(), Lines(free_port())
    async with (
        TargetServer().serve() as target,
        receivers.serve(),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
    ):
        listen = f"127.0.0.1:{free_port()}"
        places = {
            "TARGET": f"http://127.0.0.1:{target.port}",
            "PORT": str(lines.port),
            "SMS": str(receivers.sms.port),
            "MAIL": str(receivers.mail.port),
            "HOOK": str(receivers.hook.port),
            "LISTEN": listen,
        }
        bank = BranchBank(folder=folder, places=places)
        bank.copy()
        receivers.knows(bank.people)
        receivers.hook.any_time = True  # the daemon signs at the story's time
        story = BranchStory(
            files=bank,
            bank=bank,
            target=target,
            lines=lines,
            receivers=receivers,
            url=f"http://{listen}",
            session=session,
            now=start,
            program="support.branch_daemon",
        )
        all_is_well(story, bank.terminals)
        try:
            for name, host in bank.lines.items():
                await lines.mend(name, host)
            yield story
            await story.ends()
        finally:
            await story.is_left()
            await lines.cut_all()


def all_is_well(story: BranchStory, terminals: Iterable[Terminal]) -> None:
    """Every ATM in service, every branch on mains."""
    for terminal in terminals:
        story.target.body[f"/atm/{terminal.name}"] = whole_status()
        story.runs_on(terminal.branch, "mains")
