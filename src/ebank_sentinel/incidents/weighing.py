"""Whether a wide incident is still wide: what fails in its scope, or no more, enters; the time after which it ends.

It ends when fewer than half of what it needed have failed for as long as its rule's `clear_after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ebank_sentinel.incidents.counting import below_half, place_of
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident, IncidentState
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import Symptom


def weigh(draft: Draft, world: World, symptom: Symptom, at: datetime) -> None:
    """A member of a wide incident fails no more, or again: start or stop the time after which it ends."""
    incident = None if symptom.incident is None else draft.incident(symptom.incident)
    rule = None if incident is None else world.rules.get(incident.rule)
    if incident is not None and rule is not None and incident.is_open and incident.row != -1:
        _weigh(draft, world, rule, incident, at)


def weigh_around(
    draft: Draft, world: World, rule: Rule, labels: Mapping[str, str], at: datetime, *, more: bool
) -> None:
    """The same for one that is not confirmed: it counts in the wide incidents around it, though it is no member.

    `more`: it has begun to fail, and can only stop that time.
    """
    for width in rule.widens:
        place = place_of(rule, width, labels)
        known = None if place is None else draft.at_place(place)
        if known is None or not known.is_open:
            continue
        if not more or draft.timer(TimerId(TimerKind.NARROW, (known.id,))) is not None:
            _weigh(draft, world, rule, known, at)


def _weigh(draft: Draft, world: World, rule: Rule, incident: Incident, at: datetime) -> None:
    if incident.state is IncidentState.REFERRED:
        return  # a person ends it
    timer_id = TimerId(TimerKind.NARROW, (incident.id,))
    if not below_half(draft, world, rule, incident):
        draft.drop_timer(timer_id)
    elif draft.timer(timer_id) is None:
        wait = max(rule.clear_after, rule.reopen_within) if incident.reopened else rule.clear_after
        draft.set_timer(Timer(id=timer_id, onset=at, due=at + wait))
