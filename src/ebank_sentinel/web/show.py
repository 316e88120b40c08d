"""Values become JSON: what the API says of incidents, symptoms and pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from ebank_sentinel.model.incident import Event, Incident
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.rule import in_language
from ebank_sentinel.model.symptom import Symptom


class Bank(Protocol):
    """What an incident is shown with."""

    @property
    def language(self) -> str:
        """The bank's."""
        ...

    def group_title(self, group: str) -> str:
        """A group's name in the bank's language."""
        ...

    def number_of(self, incident: Incident) -> str:
        """The figure of an open incident, as of its last reading."""
        ...


def incident_json(incident: Incident, bank: Bank, into: Incident | None) -> dict[str, Any]:
    """An incident. `into`: the one that took it over."""
    ack = incident.ack
    return {
        "id": incident.id,
        "code": incident.code,
        "state": incident.state.value,
        "rule": incident.rule,
        "over": incident.over,
        "scope": dict(incident.scope),
        "into": incident.into,
        "into_code": None if into is None else into.code,
        "reopened": incident.reopened,
        "target": {"probe": incident.symptom.probe, "key": incident.symptom.key},
        "labels": dict(incident.labels),
        "severity": incident.severity.name,
        "category": incident.category,
        "flags": sorted(incident.flags),
        "groups": list(incident.groups),
        "group_titles": {group: bank.group_title(group) for group in (*incident.groups, *incident.tell)},
        "tell": list(incident.tell),
        "title": in_language(incident.title, bank.language),
        "number": bank.number_of(incident),
        "since": json_moment(incident.since),
        "opened_at": json_moment(incident.opened_at),
        "ended_at": json_moment(incident.ended_at),
        "ended_as": incident.ended_as.value if incident.ended_as is not None else None,
        "ack": None
        if ack is None
        else {"person": ack.person, "name": ack.name, "at": json_moment(ack.at), "note": ack.note},
    }


def symptom_json(symptom: Symptom) -> dict[str, Any]:
    """A symptom."""
    return {
        "rule": symptom.id.rule,
        "probe": symptom.id.probe,
        "key": symptom.id.key,
        "state": symptom.state.value,
        "known": symptom.known,
        "onset": json_moment(symptom.onset),
        "incident": symptom.incident,
        "labels": dict(symptom.labels),
    }


def page_json(page: Page, incident: Incident | None) -> dict[str, Any]:
    """A page, and the incident that it is about."""
    return {
        "id": page.id,
        "incident": page.cause,
        "code": incident.code if incident is not None else None,
        "rule": incident.rule if incident is not None else None,
        "category": incident.category if incident is not None else None,
        "severity": page.severity.name,
        "step": page.step,
        "reason": page.reason.value,
        "recipient": page.recipient,
        "address": page.address,
        "channel": page.channel,
        "state": page.state.value,
        "attempts": page.attempts,
        "text": page.message.short,
        "created_at": json_moment(page.created_at),
        "unsaved": page.unsaved,
    }


def event_json(event: Event) -> dict[str, Any]:
    """A line of history."""
    return {"at": json_moment(event.at), "reason": event.reason.value, "detail": event.detail}


def json_moment(moment: datetime | None) -> str | None:
    """As all of the API writes it."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
