"""Values become rows, and rows values: nothing else knows both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from ebank_sentinel.model.incident import Ack, Event, Incident, IncidentState, Place
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.page import Delivery, Message, Page, PageState
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import PUSHED
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState

Row: TypeAlias = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def symptom_row(symptom: Symptom) -> Row:
    """A row of `symptoms`. Whether it is known is not kept: after a start nothing is."""
    return {
        **symptom.id._asdict(),
        "state": symptom.state.value,
        "onset": symptom.onset,
        "rows": [[row, (onset - _EPOCH) // _MICROSECOND] for row, onset in sorted(symptom.rows.items())],
        "held": sorted(symptom.held),
        "fired_at": symptom.fired_at,
        "clearing_since": symptom.clearing_since,
        "incident": symptom.incident,
        "under": list(symptom.under) if symptom.under is not None else None,
        "labels": dict(symptom.labels),
        "values": dict(symptom.values),
    }


def symptom_of(row: Mapping[str, Any]) -> Symptom:
    """A symptom as it is after a start: not known until its target is read."""
    return Symptom(
        id=SymptomId(row["rule"], row["probe"], row["key"]),
        state=SymptomState(row["state"]),
        onset=row["onset"],
        known=row["probe"] in PUSHED,  # what was told to us needs no reading
        rows={index: _EPOCH + onset * _MICROSECOND for index, onset in row["rows"]},
        held=frozenset(row["held"]),
        fired_at=row["fired_at"],
        clearing_since=row["clearing_since"],
        incident=row["incident"],
        under=SymptomId(*row["under"]) if row["under"] is not None else None,
        labels=row["labels"],
        values=row["values"],
    )


def timer_key(timer_id: TimerId) -> Row:
    """The primary key of a timer."""
    return {"kind": timer_id.kind.value, "subject": json.dumps(timer_id.subject), "row": timer_id.row}


def timer_row(timer: Timer) -> Row:
    """A row of `timers`."""
    return {**timer_key(timer.id), "onset": timer.onset, "due": timer.due}


def timer_of(row: Mapping[str, Any]) -> Timer:
    """A timer."""
    kind = TimerKind(row["kind"])
    parts = tuple(json.loads(row["subject"]))
    subject = _SUBJECTS[kind](*parts) if kind in _SUBJECTS else parts
    return Timer(id=TimerId(kind, subject, row["row"]), onset=row["onset"], due=row["due"])


_SUBJECTS: Mapping[TimerKind, Callable[..., tuple[str, ...]]] = {
    TimerKind.HOLD: SymptomId,
    TimerKind.CLEAR: SymptomId,
    TimerKind.STAND: SymptomId,
    TimerKind.WIDTH: Place,
    TimerKind.UNTIL: TargetId,
}
"""What the parts of a timer's subject are; else just those parts."""


def firings_row(symptom: SymptomId, moments: Sequence[datetime]) -> Row:
    """A row of `firings`."""
    return {**symptom._asdict(), "moments": [(moment - _EPOCH) // _MICROSECOND for moment in moments]}


def firings_of(row: Mapping[str, Any]) -> tuple[SymptomId, tuple[datetime, ...]]:
    """When a symptom fired."""
    moments = tuple(_EPOCH + moment * _MICROSECOND for moment in row["moments"])
    return SymptomId(row["rule"], row["probe"], row["key"]), moments


def incident_row(incident: Incident) -> Row:
    """A row of `incidents`."""
    ack = incident.ack
    return {
        "id": incident.id,
        "code": incident.code,
        "state": incident.state.value,
        "rule": incident.rule,
        "began_with": incident.symptom.rule,
        "probe": incident.symptom.probe,
        "key": incident.symptom.key,
        "over": incident.over,
        "row": incident.row,
        "cause": incident.cause,
        "into": incident.into,
        "reopened": incident.reopened,
        "turn": incident.turn,
        "labels": dict(incident.labels),
        "title": dict(incident.title),
        "severity": incident.severity.name,
        "category": incident.category,
        "flags": sorted(incident.flags),
        "groups": list(incident.groups),
        "tell": list(incident.tell),
        "since": incident.since,
        "opened_at": incident.opened_at,
        "ended_at": incident.ended_at,
        "ended_as": incident.ended_as.value if incident.ended_as is not None else None,
        "ack_person": ack.person if ack is not None else None,
        "ack_name": ack.name if ack is not None else None,
        "ack_at": ack.at if ack is not None else None,
        "ack_note": ack.note if ack is not None else None,
    }


def incident_of(row: Mapping[str, Any]) -> Incident:
    """An incident."""
    ack = None
    if row["ack_person"] is not None:
        ack = Ack(person=row["ack_person"], name=row["ack_name"], at=row["ack_at"], note=row["ack_note"])
    return Incident(
        id=row["id"],
        code=row["code"],
        state=IncidentState(row["state"]),
        rule=row["rule"],
        symptom=SymptomId(row["began_with"], row["probe"], row["key"]),
        over=row["over"],
        row=row["row"],
        cause=row["cause"],
        into=row["into"],
        reopened=row["reopened"],
        turn=row["turn"],
        labels=row["labels"],
        title=row["title"],
        severity=Severity.parse(row["severity"]),
        category=row["category"],
        flags=frozenset(row["flags"]),
        groups=tuple(row["groups"]),
        tell=tuple(row["tell"]),
        since=row["since"],
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        ended_as=Reason(row["ended_as"]) if row["ended_as"] is not None else None,
        ack=ack,
    )


def page_row(page: Page) -> Row:
    """A row of `pages`."""
    message = page.message
    return {
        "id": page.id,
        "cause": page.cause,
        "step": page.step,
        "recipient": page.recipient,
        "channel": page.channel,
        "address": page.address,
        "reason": page.reason.value,
        "severity": page.severity.name,
        "message": {
            "short": message.short,
            "subject": message.subject,
            "body": message.body,
            "thread": message.thread,
            "payload": dict(message.payload),
        },
        "created_at": page.created_at,
        "state": page.state.value,
        "due": page.due,
        "lease_owner": page.lease_owner,
        "lease_until": page.lease_until,
        "attempts": page.attempts,
        "next_channels": list(page.next_channels),
        "unsaved": page.unsaved,
    }


def page_of(row: Mapping[str, Any]) -> Page:
    """A page."""
    return Page(
        id=row["id"],
        cause=row["cause"],
        step=row["step"],
        recipient=row["recipient"],
        channel=row["channel"],
        address=row["address"],
        reason=Reason(row["reason"]),
        severity=Severity.parse(row["severity"]),
        message=Message(**row["message"]),
        created_at=row["created_at"],
        state=PageState(row["state"]),
        due=row["due"],
        lease_owner=row["lease_owner"],
        lease_until=row["lease_until"],
        attempts=row["attempts"],
        next_channels=tuple(row["next_channels"]),
        unsaved=row["unsaved"],
    )


def delivery_row(delivery: Delivery) -> Row:
    """A row of `deliveries`."""
    retry_after = None if delivery.retry_after is None else round(delivery.retry_after)
    return {
        "page": delivery.page,
        "at": delivery.at,
        "outcome": delivery.outcome.value,
        "detail": delivery.detail,
        "retry_after": retry_after,
    }


def event_row(event: Event) -> Row:
    """A row of `events`."""
    return {"at": event.at, "incident": event.incident, "reason": event.reason.value, "detail": event.detail}


def event_of(row: Mapping[str, Any]) -> Event:
    """A line of history."""
    return Event(at=row["at"], incident=row["incident"], reason=Reason(row["reason"]), detail=row["detail"])
