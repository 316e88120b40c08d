"""What the doors see of the program: questions and requests enter, facts and answers leave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ebank_sentinel.config import Config
from ebank_sentinel.daemon.explain_incident import explain_incident
from ebank_sentinel.daemon.explain_target import explain_target, find_target
from ebank_sentinel.daemon.intake import Intake
from ebank_sentinel.daemon.seen import Seen
from ebank_sentinel.errors import RequestError
from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.facts import number
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Asked, Pushed
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.rule import OWN, PUSHED
from ebank_sentinel.model.told import Alert, Report
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.state.history import History
from ebank_sentinel.state.sqlite import SqliteStore

_Result = TypeVar("_Result")


class Front:
    """Implements `web.Program`."""

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        flow: Flow,
        store: SqliteStore,
        stopping: Callable[[], bool],
        notice: Callable[[], str],
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self._config = config  # the one that runs now
        self._flow = flow
        self._store = store
        self._stopping = stopping
        self._notice = notice
        self._reload = reload

    @property
    def ledger(self) -> Ledger:
        """What is open."""
        return self._flow.desk.ledger

    @property
    def language(self) -> str:
        """The bank's."""
        return self._config().settings.bank.language

    def hosts(self) -> frozenset[str]:
        """Names under which people's browsers know us."""
        external = urlsplit(self._config().settings.external_url).hostname
        return frozenset({"localhost", external or "localhost"})

    def not_ready(self) -> str | None:
        """Why requests should go elsewhere."""
        if self._stopping():
            return "it is stopping"
        return "the store refuses writes" if self._flow.desk.refusing else None

    def notice(self) -> str:
        """What deserves a look although it is ready; "" when nothing does."""
        return self._notice()

    def takes_heartbeats(self, target: TargetId) -> bool:
        """Whether a heartbeat probe listens for this."""
        probe = self._config().probes.get(target.probe)
        return probe is not None and probe.kind == "heartbeat" and self._flow.policy.watched(target)

    def number_of(self, incident: Incident) -> str:
        """The figure of an open incident, as of its last reading."""
        rule = self._config().book.rules.get(incident.rule)
        if rule is None:
            return ""
        return number(Draft(self.ledger), self._flow.world(), rule, incident, self.language)

    @property
    def report_types(self) -> Collection[str]:
        """The types of reports that rules name."""
        return self._config().book.told.types

    @property
    def place_labels(self) -> Collection[str]:
        """Labels that say where something is."""
        return self._config().topology.place_labels

    def of_alerts(self, request: str, alerts: Sequence[Alert], at: datetime) -> Pushed:
        """For the desk."""
        return self._intake().alerts(request, alerts, at)

    def of_report(self, request: str, report: Report, at: datetime) -> Pushed:
        """For the desk."""
        return self._intake().report(request, report, at)

    def groups_paged(self, incident: Incident) -> tuple[str, ...]:
        """Those of the rule, and those that its severity adds."""
        added = self._config().roster.severity(incident.severity).groups
        return tuple(dict.fromkeys((*incident.groups, *added)))

    def explain_target(self, probe: str, key: str | None, at: datetime) -> dict[str, Any]:
        """What is known of a target, and what each rule makes of it. Raises RequestError 404."""
        seen = Seen.of(self._flow, at, probe)
        probes = {*self._config().probes, *PUSHED, *(own for own in OWN if own in seen.watches)}
        return explain_target(seen, find_target(seen, probe, key, probes))

    def explain_incident(self, incident: Incident, at: datetime) -> dict[str, Any]:
        """Which rows apply to it, where it is, and what it is made of."""
        return explain_incident(Seen.of(self._flow, at), incident)

    def group_title(self, group: str) -> str:
        """A group's name."""
        return self._config().roster.group_title(group, self.language)

    def _intake(self) -> Intake:
        config = self._config()
        locate = self._flow.policy.locate
        return Intake(told=config.book.told, locate=locate, language=self.language, zone=config.zone)

    async def ask(self, item: Asked) -> Answer:
        """Through the desk. Raises RequestError."""
        if self._stopping():
            raise RequestError(503, "Stopping", "nothing was changed: the program is stopping, try again in a moment")
        return await self._flow.desk.ask(item)

    async def read(self, query: Callable[[History], _Result]) -> _Result:
        """From the store. Raises StoreError."""
        return await self._store.read(query)

    async def reload(self) -> None:
        """Raises ConfigError: then nothing has changed."""
        if self._stopping():
            raise RequestError(503, "Stopping", "nothing was changed: the program is stopping")
        await self._reload()
