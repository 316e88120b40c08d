"""Every route there is, on one screen."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.aiohttp import make_aiohttp_handler

from ebank_sentinel.clock import Clock
from ebank_sentinel.errors import ConfigError, RequestError
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Acknowledge, Asked, Heartbeat, TestPage
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.web import access, asked, explain, openapi, show, told
from ebank_sentinel.web.alerts import MOST_BODY as MOST_ALERTS_BODY
from ebank_sentinel.web.listener import Room
from ebank_sentinel.web.problems import add_headers, problems

MOST_SYMPTOMS = 10
"""Of an incident: a wide one has thousands, and who looks wants to see where it began."""

ALERTS_PATH = "/api/v1/alerts"

MOST_BODY = 256 * 1024
"""Bytes of a request body: only alerts need more."""


class Program(told.Program, explain.Program, Protocol):
    """What the doors need of the program behind them."""

    def not_ready(self) -> str | None:
        """Why requests should go elsewhere; None when they should not."""
        ...

    def notice(self) -> str:
        """What deserves a look although it is ready; "" when nothing does."""
        ...

    def takes_heartbeats(self, target: TargetId) -> bool:
        """Whether there is such a heartbeat probe."""
        ...

    async def reload(self) -> None:
        """Raises ConfigError: then nothing has changed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The handlers."""

    program: Program
    clock: Clock

    async def healthy(self, _request: web.Request) -> web.Response:
        """The process turns."""
        return web.Response(text="ebank-sentinel is healthy.\n")

    async def ready(self, _request: web.Request) -> web.Response:
        """It takes what it is given."""
        reason = self.program.not_ready()
        if reason is not None:
            raise RequestError(503, "Not ready", reason)
        notice = self.program.notice()
        return web.Response(text=f"ebank-sentinel is ready{f': {notice}' if notice else ''}.\n")

    async def reload(self, request: web.Request) -> web.Response:
        """All of the new configuration, or nothing of it."""
        asked.query(request, ())
        try:
            await self.program.reload()
        except ConfigError as error:
            raise RequestError(422, "The configuration does not hold", str(error)) from None
        return web.Response(text="reloaded\n")

    async def openapi(self, request: web.Request) -> web.Response:
        """What this API is."""
        asked.query(request, ())
        return web.json_response(openapi.document())

    async def incidents(self, request: web.Request) -> web.Response:
        """Open incidents, newest first; with `?ended=true` ended ones too."""
        query = asked.query(request, ("ended", "limit"))
        ended, limit = asked.flag(query, "ended"), asked.limit(query)
        found = await self.program.read(lambda history: history.incidents(ended=ended, limit=limit))
        wider = [incident.into for incident in found if incident.into is not None]
        into = await self.program.read(lambda history: history.causes(wider))
        return web.json_response({"incidents": [self._incident(incident, into) for incident in found]})

    async def incident(self, request: web.Request) -> web.Response:
        """One incident with its history and its pages."""
        asked.query(request, ())
        wanted = request.match_info["incident"]
        found = await self.program.read(lambda history: history.incident(wanted))
        if found is None:
            raise RequestError(404, "No such incident", f"no incident has the code or id {wanted[:40]!r}")
        events = await self.program.read(lambda history: history.events(found.id))
        pages = await self.program.read(lambda history: history.pages(cause=found.id, limit=asked.MOST_ROWS))
        into = await self.program.read(lambda history: history.causes([] if found.into is None else [found.into]))
        symptoms = self.program.ledger.symptoms
        members = [symptoms[one] for one in self.program.ledger.census.members(found.id) if one in symptoms]
        return web.json_response(
            {
                **self._incident(found, into),
                "symptom_count": len(members),
                "symptoms": [
                    show.symptom_json(symptom)
                    for symptom in heapq.nsmallest(MOST_SYMPTOMS, members, key=lambda one: (one.onset, one.id))
                ],
                "events": [show.event_json(event) for event in events],
                "pages": [show.page_json(page, found) for page in pages],
            }
        )

    async def acknowledge(self, request: web.Request) -> web.Response:
        """A person takes an incident."""
        body = await asked.json_object(request)
        asked.only(body, "person", "note")
        return await self._ask(
            Acknowledge(
                request=secrets.token_hex(16),
                incident=request.match_info["incident"],
                person=asked.text(body, "person"),
                note=asked.text(body, "note", required=False),
                at=self.clock.now(),
            )
        )

    async def symptoms(self, request: web.Request) -> web.Response:
        """Every symptom there is: what fails now, and what is about to."""
        asked.query(request, ())
        found = sorted(self.program.ledger.symptoms.values(), key=lambda symptom: symptom.onset)
        return web.json_response({"symptoms": [show.symptom_json(symptom) for symptom in found]})

    async def pages(self, request: web.Request) -> web.Response:
        """Pages made since a moment (`?since=2026-11-22T03:00:00Z`), oldest first."""
        query = asked.query(request, ("since", "limit"))
        since, limit = asked.moment(query, "since"), asked.limit(query)
        found = await self.program.read(lambda history: history.pages(since=since, limit=limit))
        causes = await self.program.read(lambda history: history.causes([page.cause for page in found]))
        return web.json_response({"pages": [show.page_json(page, causes.get(page.cause)) for page in found]})

    async def test_page(self, request: web.Request) -> web.Response:
        """A test page to a person, on every channel."""
        body = await asked.json_object(request)
        asked.only(body, "person")
        person = asked.text(body, "person")
        return await self._ask(TestPage(request=secrets.token_hex(16), person=person, at=self.clock.now()))

    async def heartbeat(self, request: web.Request) -> web.Response:
        """A job says that it is alive. What it sends along is not looked at."""
        probe = request.match_info["probe"]
        target = TargetId(probe, request.match_info.get("key", probe))
        if not self.program.takes_heartbeats(target):
            raise RequestError(404, "No such heartbeat", f"no heartbeat probe listens for {str(target)[:80]!r}")
        return await self._ask(Heartbeat(request=secrets.token_hex(16), target=target, at=self.clock.now()))

    def _incident(self, incident: Incident, wider: Mapping[str, Incident]) -> dict[str, Any]:
        return show.incident_json(incident, self.program, wider.get(incident.into or ""))

    async def _ask(self, item: Asked) -> web.Response:
        answer = await self.program.ask(item)
        return web.json_response(told.taken(answer), status=answer.status)


def build(
    program: Program,
    *,
    clock: Clock,
    registry: CollectorRegistry,
    token: Callable[[], str | None],
    hosts: Callable[[], frozenset[str]],
    room: Room,
) -> web.Application:
    """The application. `room` keeps count of its connections."""
    doors = Doors(program=program, clock=clock)
    told_doors = told.ToldDoors(program=program, clock=clock)
    explain_door = explain.ExplainDoor(program=program, clock=clock)
    guards = [problems, access.guard(token, hosts), asked.larger({ALERTS_PATH: MOST_ALERTS_BODY}), room.answering]
    app = web.Application(middlewares=guards, client_max_size=MOST_BODY)
    app.on_response_prepare.append(add_headers)
    app.add_routes(
        [
            web.get("/-/healthy", doors.healthy),
            web.get("/-/ready", doors.ready),
            web.post("/-/reload", doors.reload),
            web.get("/metrics", make_aiohttp_handler(registry)),
            web.get("/api/v1/openapi.json", doors.openapi),
            web.get("/api/v1/incidents", doors.incidents),
            web.get("/api/v1/incidents/{incident}", doors.incident),
            web.post("/api/v1/incidents/{incident}/ack", doors.acknowledge),
            web.post("/api/v1/incidents/{incident}/end", told_doors.end),
            web.post(ALERTS_PATH, told_doors.alerts),
            web.post("/api/v1/reports", told_doors.report),
            web.get("/api/v1/explain", explain_door.explain),
            web.get("/api/v1/symptoms", doors.symptoms),
            web.get("/api/v1/pages", doors.pages),
            web.post("/api/v1/pages/test", doors.test_page),
            web.post("/api/v1/heartbeats/{probe}", doors.heartbeat),
            web.post("/api/v1/heartbeats/{probe}/{key}", doors.heartbeat),
        ]
    )
    return app
