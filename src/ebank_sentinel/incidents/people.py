"""What people and jobs say to us: an ack, a heartbeat. Each gets its answer once it is safe."""

from __future__ import annotations

from dataclasses import replace

from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Ack
from ebank_sentinel.model.item import Acknowledge, Heartbeat
from ebank_sentinel.model.reason import Reason


def on_acknowledge(draft: Draft, world: World, item: Acknowledge) -> None:
    """The first to take an incident has it; whoever comes later is told who that is."""
    incident = draft.open_incident(item.incident)
    person = world.roster.person(item.person)
    if person is None:
        answer = Answer(
            status=422, title="Unknown person", detail=f"there is no person {item.person!r} in the contacts"
        )
    elif incident is None:
        detail = f"no open incident has the code or id {item.incident!r}: it may have ended"
        answer = Answer(status=404, title="No such open incident", detail=detail)
    elif incident.ack is not None:
        at = incident.ack.at.astimezone(world.bank.zone)
        detail = f"{incident.code} was taken by {incident.ack.name} at {at:%H:%M}"
        answer = Answer(status=200, title="Already acknowledged", detail=detail, subject=incident.id)
    else:
        ack = Ack(person=person.id, name=person.name, at=item.at, note=item.note)
        draft.put_incident(replace(incident, ack=ack))
        draft.log(item.at, incident.id, Reason.ACKNOWLEDGED, f"{person.id}: {item.note}" if item.note else person.id)
        detail = f"{incident.code} is taken by {person.name}"
        answer = Answer(status=200, title="Acknowledged", detail=detail, subject=incident.id)
    draft.answers[item.request] = answer


def on_heartbeat(draft: Draft, item: Heartbeat) -> None:
    """The last one counts."""
    known = draft.heartbeats.get(item.target) or draft.ledger.heartbeats.get(item.target)
    if known is None or item.at > known:
        draft.heartbeats[item.target] = item.at
    draft.answers[item.request] = Answer(status=202, title="Heard", detail=f"{item.target} is alive")
