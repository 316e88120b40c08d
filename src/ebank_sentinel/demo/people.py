"""What people of the story do: a report, an ack, an end. Data enters; the daemon's API is asked, words leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ebank_sentinel.demo.directory import Directory
from ebank_sentinel.demo.sentinel_api import ApiUnavailable, IncidentRow, SentinelApi


class NotYet(ApiUnavailable):
    """The incident that somebody means is not there: on a busy machine it may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """Somebody answers for an incident."""

    person: str  # as Directory knows them
    rule: str
    about: str
    note: str

    async def ask(self, api: SentinelApi, incidents: Iterable[IncidentRow], directory: Directory) -> str:
        """Raises ApiUnavailable."""
        person, incident = directory.person(self.person), _open(incidents, self.rule, self.about)
        await api.acknowledge(incident.id, person=person.id, note=self.note)
        return f"{person.name} takes #{incident.code}: {self.note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Somebody tells what they saw, as far as they know it."""

    person: str
    body: Mapping[str, object] = field(default_factory=dict)

    async def ask(self, api: SentinelApi, _incidents: Iterable[IncidentRow], directory: Directory) -> str:
        """Raises ApiUnavailable."""
        name = directory.person(self.person).name
        answer = await api.report({**self.body, "reporter": name})
        asked = f"asked back: {' '.join(answer.ask)}" if answer.ask else "nothing is missing"
        return f"{name} reports {self.body['type']}: #{answer.code}; {asked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Somebody ends what was reported: no reading ever will."""

    person: str
    rule: str
    about: str
    note: str

    async def ask(self, api: SentinelApi, incidents: Iterable[IncidentRow], directory: Directory) -> str:
        """Raises ApiUnavailable."""
        person, incident = directory.person(self.person), _open(incidents, self.rule, self.about)
        await api.end(incident.id, person=person.id, note=self.note)
        return f"{person.name} ends #{incident.code}: {self.note}"


Deed = Takes | Reports | Ends
"""Something that a person does."""


def _open(incidents: Iterable[IncidentRow], rule: str, about: str) -> IncidentRow:
    """The one that they mean. Raises NotYet when it is not there."""
    for row in incidents:
        if row.state != "ended" and row.rule == rule and row.subject == about:
            return row
    raise NotYet(f"there is no open incident {rule} on {about}")
