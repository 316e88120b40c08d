"""What was told to us instead of read: alerts and reports enter, and the word of a person that it is over."""

from __future__ import annotations

from datetime import datetime

from ebank_sentinel.incidents import opening, reported, symptoms
from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.item import End, Pushed
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import REPORTS
from ebank_sentinel.model.symptom import SymptomId


def on_pushed(draft: Draft, world: World, item: Pushed, now: datetime) -> None:
    """Each signal moves the symptoms of its target; one that ends by itself gets a timer for that."""
    opened = ""
    for signal in item.signals:
        change = signal.change
        symptoms.on_change(draft, world, change, now)
        timer_id = TimerId(TimerKind.UNTIL, change.target.id)
        if signal.until is not None and any(truth.holds for truth in change.truths.values()):
            draft.set_timer(Timer(id=timer_id, onset=change.at, due=max(signal.until, change.at)))
        else:
            draft.drop_timer(timer_id)
        ids = [SymptomId(rule, *change.target.id) for rule in change.truths]
        found = [symptom.incident for symptom in map(draft.symptom, ids) if symptom is not None and symptom.incident]
        opened = opened or next(iter(found), "")
        if change.target.id.probe == REPORTS:
            line = reported.line(change.target.id.key, change.values)
            draft.log(change.at, next(iter(found), None), Reason.REPORTED, line)
    draft.answers[item.request] = Answer(status=200, title="Taken", detail="it is safe", subject=opened)


def on_until(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """An alert was not told again before its end."""
    target = TargetId(*timer.id.subject)
    for rule in world.rules.values():
        symptom = draft.symptom(SymptomId(rule.id, *target))
        if symptom is not None:
            symptoms.holds_not(draft, world, rule, symptom, timer.due, now)


def on_end(draft: Draft, world: World, item: End, now: datetime) -> None:
    """A person ends what has no reading that could: a report, or what was handed to the police."""
    incident = draft.open_incident(item.incident)
    person = world.roster.person(item.person)
    if person is None:
        detail = f"there is no person {item.person!r} in the contacts"
        answer = Answer(status=422, title="Unknown person", detail=detail)
    elif incident is None:
        detail = f"no open incident has the code or id {item.incident!r}: it may have ended"
        answer = Answer(status=404, title="No such open incident", detail=detail)
    else:
        members = [symptom for symptom in map(draft.symptom, sorted(draft.members(incident.id))) if symptom is not None]
        read = [symptom for symptom in members if symptom.id.probe != REPORTS]
        if read and incident.state is not IncidentState.REFERRED:
            detail = f"{incident.code} ends by itself, when {read[0].id.rule} on {read[0].id.target} is well again"
            answer = Answer(status=409, title="Not yours to end", detail=detail, subject=incident.id)
        else:
            symptoms.close(draft, world, members, item.at, now)
            left = draft.incident(incident.id)
            if left is not None and left.is_open:  # nothing fails in it any more, and only a person could end it
                opening.end_incident(draft, world, left, Reason.CLOSED, item.at, now)
            detail = f"{person.id}: {item.note}" if item.note else person.id
            draft.log(item.at, incident.id, Reason.CLOSED, detail)
            answer = Answer(
                status=200, title="Ended", detail=f"{incident.code} was ended by {person.name}", subject=incident.id
            )
    draft.answers[item.request] = answer
