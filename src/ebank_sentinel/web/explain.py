"""The door that says why: a target or an incident is asked for, what was decided about it and why leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aiohttp import web

from ebank_sentinel.clock import Clock
from ebank_sentinel.errors import RequestError
from ebank_sentinel.model.incident import Event, Incident
from ebank_sentinel.state.history import History
from ebank_sentinel.web import asked, show
from ebank_sentinel.web.reasons import NOT_PAGED, sentence

_Result = TypeVar("_Result")

MOST_TAKEN = 100
"""Incidents that one took over: of thousands the first are enough to see what it was."""


class Program(show.Bank, Protocol):
    """What this door needs of the program behind it."""

    def explain_target(self, probe: str, key: str | None, at: datetime) -> dict[str, Any]:
        """What is known of a target, and what each rule makes of it. Raises RequestError 404."""
        ...

    def explain_incident(self, incident: Incident, at: datetime) -> dict[str, Any]:
        """Which rows apply to it, where it is, and what it is made of."""
        ...

    async def read(self, query: Callable[[History], _Result]) -> _Result:
        """From the store. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainDoor:
    """The handler."""

    program: Program
    clock: Clock

    async def explain(self, request: web.Request) -> web.Response:
        """`?probe=NAME&target=KEY`, or `?incident=ID`."""
        query = asked.query(request, ("probe", "target", "incident"))
        probe, incident = query.get("probe"), query.get("incident")
        if incident and not (query.keys() & {"probe", "target"}):
            return web.json_response(await self._incident(incident))
        if probe and incident is None:
            return web.json_response(self.program.explain_target(probe, query.get("target"), self.clock.now()))
        raise RequestError(400, "Bad query", "ask for `incident`, or for a `probe` and its `target`")

    async def _incident(self, wanted: str) -> dict[str, Any]:
        read = self.program.read
        found = await read(lambda history: history.incident(wanted))
        if found is None:
            raise RequestError(404, "No such incident", f"no incident has the code or id {wanted[:40]!r}")
        events = await read(lambda history: history.events(found.id))
        pages = await read(lambda history: history.pages(cause=found.id, limit=asked.MOST_ROWS))
        wider = await read(lambda history: history.causes([] if found.into is None else [found.into]))
        taken = await read(lambda history: history.taken_over(found.id, limit=MOST_TAKEN))
        shown = show.incident_json(found, self.program, wider.get(found.into or ""))
        return {
            **shown,
            **self.program.explain_incident(found, self.clock.now()),
            "taken_over": [show.incident_json(one, self.program, found) for one in taken],
            "events": [self._event(event) for event in events],
            "not_paged": [self._event(event) for event in events if event.reason in NOT_PAGED],
            "pages": [show.page_json(page, found) for page in pages],
        }

    def _event(self, event: Event) -> dict[str, Any]:
        words = {language: sentence(event.reason, language) for language in ("en", "zh")}
        return {**show.event_json(event), "means": sentence(event.reason, self.program.language), "words": words}
