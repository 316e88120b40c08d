"""The play against a teller: it speaks the daemon's API and pages over the wire, but knows the script by heart."""

from __future__ import annotations

import asyncio
import io
import json
import random
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import aiosmtplib
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.bank_servers import serve
from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.http_receivers import sms_gateway, webhook_receiver
from ebank_sentinel.demo.lines import Lines
from ebank_sentinel.demo.mail_receiver import MailReceiver
from ebank_sentinel.demo.play import Play
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.demo.programs import running
from ebank_sentinel.demo.receivers import Inbox
from ebank_sentinel.demo.script import (
    EVENTS,
    TROUBLES,
    ExpectedPage,
    Timeline,
    expected_incidents,
    expected_pages,
    is_all_clear,
)
from ebank_sentinel.demo.sentinel_api import SentinelApi
from ebank_sentinel.demo.shows import JsonLines, Show
from ebank_sentinel.demo.stage import Stage
from ebank_sentinel.demo.verdict import Difference
from ebank_sentinel.demo.view import View
from support.demo_bank import DIRECTORY, TERMINALS
from support.driven_clock import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXPECTED = expected_pages(DIRECTORY)
INCIDENTS = expected_incidents()
SECONDS = 1.5


class Teller:
    """Lists pages and incidents as the daemon does, and sends each page where it belongs."""

    def __init__(self, session: aiohttp.ClientSession, *, sms: int, mail: int, hook: int) -> None:
        self._session = session
        self._ports = {"sms": sms, "mail": mail, "hook": hook}
        self._pages: list[dict[str, str]] = []
        self.reported: list[object] = []
        self.ended: list[str] = []
        self._incidents: dict[str, dict[str, object]] = {}

    def app(self) -> web.Application:
        async def pages(_request: web.Request) -> web.Response:
            return web.json_response({"pages": self._pages})

        async def incidents(request: web.Request) -> web.Response:
            ended_too = request.query.get("ended") == "true"
            rows = [row for row in self._incidents.values() if ended_too or row["state"] != "ended"]
            return web.json_response({"incidents": rows})

        async def symptoms(_request: web.Request) -> web.Response:
            return web.json_response({"symptoms": []})

        async def report(request: web.Request) -> web.Response:
            self.reported.append(await request.json())
            return web.json_response({"code": "4821", "ask": ["请问是什么时候发生的?"]})

        async def end(request: web.Request) -> web.Response:
            self.ended.append(request.match_info["incident"])
            return web.json_response({})

        app = web.Application()
        app.add_routes([web.post("/api/v1/incidents/{incident}/end", end)])
        app.add_routes([web.get("/api/v1/pages", pages), web.get("/api/v1/incidents", incidents)])
        app.add_routes([web.get("/api/v1/symptoms", symptoms), web.post("/api/v1/reports", report)])
        return app

    async def send(self, page: ExpectedPage, *, times: int = 1) -> None:
        """Make a page and send it: more than once for a repeat of the same."""
        incident = f"{page.rule}-{page.about}"
        row = {
            "id": str(uuid.uuid4()),
            "incident": incident,
            "code": "4821",
            "rule": page.rule,
            "severity": "III",
            "category": "system",
            "reason": page.reason,
            "recipient": "whoever",
            "address": "" if page.channel == "hook" else page.to,
            "channel": page.channel,
            "text": f"【示例银行】{page}",
        }
        self._pages.append(row)
        self._incidents[incident] = incident_of(page)
        for _ in range(times):
            await getattr(self, f"_{page.channel}")(row)

    async def _sms(self, row: dict[str, str]) -> None:
        query = {"username": "bank", "password": "right", "to": row["address"], "text": row["text"]}
        url = f"http://127.0.0.1:{self._ports['sms']}/cgi-bin/sendsms"
        async with self._session.get(url, params=query) as answer:
            assert answer.status == 202

    async def _mail(self, row: dict[str, str]) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "sentinel@bank.example", row["address"], "[三级] #4821"
        mail["X-Ebank-Sentinel-Page"] = row["id"]
        mail.set_content(row["text"])
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=self._ports["mail"])

    async def _hook(self, row: dict[str, str]) -> None:
        now, raw = datetime.now(UTC), json.dumps(row, ensure_ascii=False)
        headers = {
            "webhook-id": row["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(row["id"], now, raw),
        }
        url = f"http://127.0.0.1:{self._ports['hook']}/hook"
        async with self._session.post(url, data=raw.encode(), headers=headers) as answer:
            assert answer.status == 204


def incident_of(page: ExpectedPage) -> dict[str, object]:
    """The incident that a page is about, as the API lists it."""
    trouble = next((trouble for trouble in TROUBLES if trouble.about == page.about), None)
    into = next((other for other in TROUBLES if trouble and other.about == trouble.into), None)
    ended = is_all_clear(page.reason) or into is not None
    name, _, value = page.about.partition("=")
    return {
        "id": f"{page.rule}-{page.about}",
        "code": "4821",
        "state": "ended" if ended else "open",
        "rule": page.rule,
        "target": {"probe": "@report" if page.about == "report" else "p", "key": page.about},
        "over": name if value else "",
        "scope": {name: value} if value else {},
        "severity": trouble.severity if trouble else "III",
        "category": trouble.category if trouble else "system",
        "since": "2026-12-10T03:09:00Z",
        "ended_at": "2026-12-10T03:10:00Z" if ended else None,
        "ended_as": trouble.end.value if trouble and ended else None,
        "into": f"{into.rule}-{into.about}" if into else None,
        "into_code": "4821" if into else None,
    }


@asynccontextmanager
async def theatre(tmp_path: Path) -> AsyncIterator[tuple[Stage, Teller]]:
    clock, inbox = SystemClock(), Inbox()
    told = {"clock": clock, "on_arrival": inbox.arrive, "on_refusal": inbox.refuse}
    api, sms, mail, hook = free_ports(4, dice=random.SystemRandom())
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        teller = Teller(session, sms=sms, mail=mail, hook=hook)
        gateway = sms_gateway(user="bank", password="right", **told)  # type: ignore[arg-type]  # a mapping has one type
        for app, port in (
            (teller.app(), api),
            (gateway, sms),
            (webhook_receiver(secret=SECRET, **told), hook),  # type: ignore[arg-type]  # as above
        ):
            await stack.enter_async_context(serve(app, port=port))
        await stack.enter_async_context(MailReceiver(clock=clock, on_arrival=inbox.arrive).serve(port=mail))
        program = await stack.enter_async_context(
            running("the daemon", ["sleep", "60"], log=tmp_path / "log", clock=clock),
        )
        bank = Bank(clock, TERMINALS)
        stage = Stage(
            bank=bank,
            lines=Lines(bank, {}),
            inbox=inbox,
            directory=DIRECTORY,
            api=SentinelApi(session, port=api),
            daemon=program,
            with_prometheus=False,
        )
        yield stage, teller


class LastFrame(JsonLines):
    """Prints as `--json` does, and keeps the last frame."""

    view: View | None = None

    def update(self, view: View) -> None:
        self.view = view


async def performed(tmp_path: Path, pages: Iterable[ExpectedPage], *, times: int = 1) -> tuple[Difference, list[str]]:
    """Play while the teller sends these pages; what `--json` prints is the second."""
    out = io.StringIO()
    difference = await played(tmp_path, pages, times=times, show=JsonLines(out))
    return difference, out.getvalue().splitlines()


async def played(
    tmp_path: Path, pages: Iterable[ExpectedPage], *, times: int = 1, show: Show, all_incidents: bool = True
) -> Difference:
    """Play while the teller sends these pages."""
    async with theatre(tmp_path) as (stage, teller):
        play = Play(
            stage=stage,
            timeline=Timeline(SECONDS),
            show=show,
            clock=SystemClock(),
            expected=EXPECTED,
            incidents=INCIDENTS if all_incidents else (),
            late_seconds=1.0,
        )
        performance = asyncio.create_task(play.perform())
        for page in pages:
            await teller.send(page, times=times)
        return await performance


async def test_when_all_pages_come_each_is_a_line_and_there_is_no_difference(tmp_path: Path) -> None:
    difference, lines = await performed(tmp_path, EXPECTED)
    assert difference.lines() == []
    records = [json.loads(line) for line in lines]
    assert len(records) == len(EXPECTED)
    assert list(records[0]) == [
        "at",
        "to",
        "channel",
        "incident",
        "rule",
        "severity",
        "category",
        "reason",
        "text",
    ]
    assert {record["channel"] for record in records} == {"sms", "mail", "hook"}


async def test_a_page_that_is_sent_twice_under_one_id_counts_once(tmp_path: Path) -> None:
    difference, lines = await performed(tmp_path, EXPECTED, times=2)
    assert difference.lines() == []
    assert len(lines) == len(EXPECTED)


async def test_the_last_frame_shows_every_incident_as_ended(tmp_path: Path) -> None:
    show = LastFrame(io.StringIO())
    assert not await played(tmp_path, EXPECTED, show=show)
    assert show.view is not None
    assert [row.state for row in show.view.incidents] == ["ended"] * len(INCIDENTS)
    assert all(row.ended_at is not None for row in show.view.incidents)


async def test_a_page_that_never_comes_is_missed(tmp_path: Path) -> None:
    difference, _ = await performed(tmp_path, EXPECTED[1:])
    assert difference.missing == (EXPECTED[0],)
    assert not difference.incidents_missing
    assert difference.surplus == ()


async def test_a_page_that_nobody_expected_is_found(tmp_path: Path) -> None:
    stray = ExpectedPage("+8613800000008", "sms", "atm-cash-low", "A0101", "first")
    difference, _ = await performed(tmp_path, [*EXPECTED, stray])
    assert difference.missing == ()
    assert difference.surplus == (stray,)


async def test_the_script_leaves_the_bank_as_it_was(tmp_path: Path) -> None:
    async with theatre(tmp_path) as (stage, _):
        bank = stage.bank
        before = (bank.success, bank.dead, bank.on_battery, bank.switch_answers)
        play = Play(
            stage=stage,
            timeline=Timeline(SECONDS),
            show=JsonLines(io.StringIO()),
            clock=SystemClock(),
            expected=(),
            incidents=(),
        )
        difference = await play.perform()
        assert (difference.missing, difference.surplus) == ((), ())
        assert list(play.happened) == [event.name for event in EVENTS]
        bank = stage.bank
        assert (bank.success, bank.dead, bank.on_battery, bank.switch_answers) == before


async def test_what_a_person_reports_is_said_with_what_is_asked_back_and_what_nobody_can_do_is_told(
    tmp_path: Path,
) -> None:
    show = LastFrame(io.StringIO())
    async with theatre(tmp_path) as (stage, teller):
        play = Play(
            stage=stage,
            timeline=Timeline(SECONDS, [event for event in EVENTS if event.name in {"taken", "phishing"}]),
            show=show,
            clock=SystemClock(),
            expected=(),
            incidents=(),
        )
        await play.perform()
    assert play.undone == {"taken": "there is no open incident atm-dark on region=east"}
    assert show.view is not None
    assert show.view.said == "林洁 reports phishing: #4821; asked back: 请问是什么时候发生的?"
    (report,) = teller.reported
    assert isinstance(report, dict)
    assert set(report) == {"type", "place", "note", "reporter"}  # no time, no impact: those are asked back


async def test_who_wants_to_take_an_incident_waits_until_it_is_there(tmp_path: Path) -> None:
    about = next(page for page in EXPECTED if page.about == "report")
    async with theatre(tmp_path) as (stage, teller):
        play = Play(
            stage=stage,
            timeline=Timeline(SECONDS, [event._replace(share=0) for event in EVENTS if event.name == "closed"]),
            show=JsonLines(io.StringIO()),
            clock=SystemClock(),
            expected=(),
            incidents=(),
        )
        performance = asyncio.create_task(play.perform())
        await eventually(lambda: "closed" in play.undone)
        await teller.send(about)
        await performance
    assert play.undone == {}
    assert teller.ended == ["phishing-reported-report"]
