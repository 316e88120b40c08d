"""The doors for what is told instead of read: alerts, reports, and that an incident is over."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from aiohttp import web

from ebank_sentinel.clock import Clock
from ebank_sentinel.errors import RequestError
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.model.incident import Event, Incident
from ebank_sentinel.model.item import Asked, End, Pushed
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.symptom import SymptomId
from ebank_sentinel.model.told import Alert, Report
from ebank_sentinel.state.history import History
from ebank_sentinel.web import alerts as alerts_body
from ebank_sentinel.web import asked
from ebank_sentinel.web import reports as reports_body

_Result = TypeVar("_Result")

_log = structlog.get_logger()


class Program(Protocol):
    """What these doors need of the program behind them."""

    @property
    def ledger(self) -> Ledger:
        """What is open."""
        ...

    @property
    def language(self) -> str:
        """The bank's."""
        ...

    @property
    def report_types(self) -> Collection[str]:
        """The types of reports that rules name."""
        ...

    @property
    def place_labels(self) -> Collection[str]:
        """Labels that say where something is."""
        ...

    def of_alerts(self, request: str, alerts: Sequence[Alert], at: datetime) -> Pushed:
        """For the desk."""
        ...

    def of_report(self, request: str, report: Report, at: datetime) -> Pushed:
        """For the desk."""
        ...

    def groups_paged(self, incident: Incident) -> tuple[str, ...]:
        """Every group that must answer; the owner first."""
        ...

    def group_title(self, group: str) -> str:
        """A group's name in the bank's language."""
        ...

    async def ask(self, item: Asked) -> Answer:
        """Through the desk. Raises RequestError."""
        ...

    async def read(self, query: Callable[[History], _Result]) -> _Result:
        """From the store. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDoors:
    """The handlers."""

    program: Program
    clock: Clock
    _reporting: asyncio.Lock = field(default_factory=asyncio.Lock)  # one key cannot be two reports

    async def alerts(self, request: web.Request) -> web.Response:
        """Alerts as Alertmanager's API takes them: all are safe, or none is taken."""
        asked.query(request, ())
        now = self.clock.now()
        alerts = alerts_body.alerts(await asked.json_value(request), now)
        item = self.program.of_alerts(secrets.token_hex(16), alerts, now)
        unmatched = [
            alert
            for alert, signal in zip(alerts, item.signals, strict=True)
            if not alert.resolved and not any(truth.holds for truth in signal.change.truths.values())
        ]
        if unmatched:
            names = sorted({alert.labels.get("alertname", "") for alert in unmatched})
            _log.warning("alerts came that no rule takes", count=len(unmatched), alertnames=names[:10])
        if item.signals:
            taken(await self.program.ask(item))
        resolved = sum(alert.resolved for alert in alerts)
        counts = {"taken": len(alerts), "firing": len(alerts) - resolved, "resolved": resolved}
        return web.json_response({**counts, "unmatched": len(unmatched)})

    async def report(self, request: web.Request) -> web.Response:
        """A person reports something. The same key again is the same report, and gets the same answer."""
        asked.query(request, ())
        now = self.clock.now()
        body = await asked.json_object(request)
        key = request.headers.get("Idempotency-Key")
        report = reports_body.report(body, key, now, places=self.program.place_labels)
        item = self.program.of_report(secrets.token_hex(16), report, now)
        async with self._reporting:
            line = await self._line_of(report)
            if line is None:
                if not any(truth.holds for truth in item.signals[0].change.truths.values()):
                    words = reports_body.nobody(report, self.program.report_types)
                    raise RequestError(422, "Nobody would be told", words)
                taken(await self.program.ask(item))
                line = await self._line_of(report)
            elif not line.detail.startswith(str(report.id)):
                detail = "this Idempotency-Key was used for another report: take a new key for a new one"
                raise RequestError(409, "Key used before", detail)
        return web.json_response(self._reported(report, await self._incident(item, line)))

    async def end(self, request: web.Request) -> web.Response:
        """A person ends what was reported, or referred."""
        body = await asked.json_object(request)
        asked.only(body, "person", "note")
        answer = await self.program.ask(
            End(
                request=secrets.token_hex(16),
                incident=request.match_info["incident"],
                person=asked.text(body, "person"),
                note=asked.text(body, "note", required=False),
                at=self.clock.now(),
            )
        )
        return web.json_response(taken(answer))

    async def _line_of(self, report: Report) -> Event | None:
        """What the history says of a report with this key."""
        return await self.program.read(lambda history: history.reported(f"{report.id.key}-"))

    async def _incident(self, item: Pushed, line: Event | None) -> Incident | None:
        """The incident that a report is part of by now."""
        change = item.signals[0].change
        ids = [SymptomId(rule, *change.target.id) for rule in change.truths]
        symptoms = [self.program.ledger.symptoms[one] for one in ids if one in self.program.ledger.symptoms]
        logged = None if line is None else line.incident
        incident = await self._by_id(next((one.incident for one in symptoms if one.incident), logged))
        while incident is not None and incident.into is not None:
            incident = await self._by_id(incident.into)
        return incident

    async def _by_id(self, wanted: str | None) -> Incident | None:
        return None if wanted is None else await self.program.read(lambda history: history.incident(wanted))

    def _reported(self, report: Report, incident: Incident | None) -> dict[str, Any]:
        groups = () if incident is None else self.program.groups_paged(incident)
        tell = () if incident is None else incident.tell
        return {
            "report": str(report.id),
            "incident": None if incident is None else incident.id,
            "code": None if incident is None else incident.code,
            "severity": None if incident is None else incident.severity.name,
            "state": None if incident is None else incident.state.value,
            "groups": list(groups),
            "tell": list(tell),
            "group_titles": {group: self.program.group_title(group) for group in (*groups, *tell)},
            "missing": list(report.missing),
            "ask": reports_body.ask(report, self.program.language),
            "notes": reports_body.notes(report, self.program.report_types),
        }


def taken(answer: Answer) -> dict[str, str]:
    """The answer as JSON. Raises RequestError for one that says no."""
    if answer.status >= 400:
        raise RequestError(answer.status, answer.title, answer.detail)
    return {"title": answer.title, "detail": answer.detail, "subject": answer.subject}
