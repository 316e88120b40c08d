"""How wide an incident is: what fails in a scope enters; the incident of the widest scope that holds leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from ebank_sentinel.incidents import kinship
from ebank_sentinel.incidents.counting import Verdict, judge, place_of
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.opening import Start, open_incident
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Ack, Incident, Place
from ebank_sentinel.model.ledger import Timer
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import Symptom


def on_width(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """What began to fail in a scope had its interval to be joined by the rest: see how wide it is."""
    place = Place(*timer.id.subject)
    rule = world.rules.get(place.rule)
    failing = draft.census.scope(place).failing
    if rule is None or not failing:
        return
    newest = draft.symptom(failing[-1][1])
    if newest is None:
        return
    if newest.onset + rule.settle > timer.due:  # a later one has an interval of its own
        draft.set_timer(replace(timer, due=newest.onset + rule.settle))
    if kinship.parent_of(draft, rule, newest) is None:
        widen(draft, world, rule, newest.labels, timer.due, now, rows=range(len(rule.widens)))


def widen(
    draft: Draft,
    world: World,
    rule: Rule,
    labels: Mapping[str, str],
    at: datetime,
    now: datetime,
    *,
    rows: Iterable[int],
    confirmed: bool = False,
    reason: Reason = Reason.FIRST,
    ack: Ack | None = None,
) -> Incident | None:
    """The incident of the widest scope that holds: the one that is open there, or a new one. None: none holds."""
    for index in sorted(rows, reverse=True):
        place = place_of(rule, rule.widens[index], labels)
        if place is None:
            continue
        known = draft.at_place(place)
        if known is not None and known.is_open:
            return known
        verdict = judge(draft, world, rule, rule.widens[index], place, at, confirmed=confirmed)
        if verdict.holds:
            return _open_wide(draft, world, rule, index, verdict, at, now, reason, ack)
        if verdict.enough:
            detail = f"{rule.id} over {place.over} {place.value}: {verdict.no_data} of {verdict.total} have no data"
            draft.log(at, None, Reason.MONITORING_LOST, detail)
    return None


def _open_wide(
    draft: Draft,
    world: World,
    rule: Rule,
    index: int,
    verdict: Verdict,
    at: datetime,
    now: datetime,
    reason: Reason,
    ack: Ack | None,
) -> Incident:
    """One incident for all that fails together; it takes over the narrower ones of the same rule."""
    counted = [one for _, one in verdict.counted(draft)]
    symptoms = [one for one in map(draft.symptom, counted) if one is not None]
    taken: dict[str, Incident] = {}
    for incident_id in dict.fromkeys(one.incident for one in symptoms if one.incident is not None):
        incident = draft.incident(incident_id)
        if incident is not None and incident.is_open and incident.rule == rule.id:
            taken[incident.id] = incident
    labels = common(symptoms)
    if verdict.place.value:
        labels[verdict.place.over] = verdict.place.value
    start = Start(
        rule=rule,
        symptom=symptoms[0],
        labels=labels,
        over=verdict.place.over,
        row=index,
        taken=taken.values(),
        reason=Reason.WIDENED if taken and reason is Reason.FIRST else reason,
        ack=ack,
        at=at,
    )
    return open_incident(draft, world, start, now)


def narrowest(rule: Rule, labels: Mapping[str, str]) -> Place | None:
    """The narrowest scope that a target is in."""
    return next((place for width in rule.widens if (place := place_of(rule, width, labels))), None)


def is_wide(draft: Draft, rule: Rule, symptom: Symptom) -> bool:
    """Whether an incident of one of its scopes is open already."""
    places = (place_of(rule, width, symptom.labels) for width in rule.widens)
    known = (draft.at_place(place) for place in places if place is not None)
    return any(incident is not None and incident.is_open for incident in known)


def due_of(rule: Rule, symptom: Symptom, at: datetime) -> datetime:
    """When a pending symptom is confirmed: by its own `for`, or at once by a row of `worse` that held for its own.

    A rule that widens waits at least one interval for the others of a scope.
    """
    due = at if symptom.held else symptom.onset + rule.hold
    return max(due, symptom.onset + rule.settle) if rule.widens else due


def common(symptoms: Iterable[Symptom]) -> dict[str, str]:
    """The labels on which all agree."""
    common: dict[str, str] | None = None
    for symptom in symptoms:
        if common is None:
            common = dict(symptom.labels)
        for label in [label for label, value in common.items() if symptom.labels.get(label) != value]:
            del common[label]
    return common or {}
