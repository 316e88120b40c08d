"""Which symptoms belong together: one enters; its parents, its children, its co-signals, its whole leave.

Only finders: nothing is changed here. `same` names labels that two targets must both have, with one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident, Place
from ebank_sentinel.model.rule import FLEET, Rule
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState

BEFORE_PARENT = timedelta(minutes=10)
"""A child that failed longer than this before its parent did not fail because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCause:
    """A row of `because` that holds, and the symptoms that say so."""

    index: int
    seen: tuple[Symptom, ...]


def agree(same: Iterable[str], one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two targets are in the same place."""
    return all(bool(one.get(label)) and one.get(label) == other.get(label) for label in same)


def parent_of(draft: Draft, rule: Rule, symptom: Symptom) -> Symptom | None:
    """The parent that explains a symptom: one whose incident is open, else one that is not confirmed yet."""
    waiting: Symptom | None = None
    for relation in rule.unless:
        for parent in _of_rule(draft, relation.rule):
            if not agree(relation.same, parent.labels, symptom.labels) or not may_cause(parent, symptom):
                continue
            if parent.incident is not None and parent.incident != symptom.incident:
                return parent
            if parent.state is SymptomState.PENDING and parent.known:
                waiting = waiting or parent
    return waiting


def children_of(draft: Draft, world: World, parent: Symptom) -> Iterator[tuple[Rule, Symptom]]:
    """The symptoms that a parent explains, whatever their state."""
    for child_rule, relation in world.relations.children.get(parent.id.rule, ()):
        rule = world.rules[child_rule]
        for child in _where(draft, world, child_rule, relation.same, parent.labels):
            if may_cause(parent, child):
                yield rule, child


def under(draft: Draft, world: World, parent: SymptomId) -> list[tuple[Rule, Symptom]]:
    """The symptoms that stand under a parent, or wait for it."""
    found: dict[SymptomId, tuple[Rule, Symptom]] = {}
    for child_rule, _ in world.relations.children.get(parent.rule, ()):
        for child in _of_rule(draft, child_rule):
            if child.under == parent:
                found[child.id] = (world.rules[child_rule], child)
    return [found[symptom_id] for symptom_id in sorted(found)]


def may_cause(parent: Symptom, child: Symptom) -> bool:
    """Whether the child failed no earlier than shortly before the parent."""
    return child.id != parent.id and child.onset >= parent.onset - BEFORE_PARENT


def cause_of(draft: Draft, rule: Rule, labels: Mapping[str, str], since: datetime) -> SeenCause | None:
    """The first row of `because` that holds for an incident with these labels, begun then."""
    for index, cause in enumerate(rule.because):
        seen = tuple(
            symptom
            for symptom in _of_rule(draft, cause.seen)
            if (symptom.known or symptom.state is SymptomState.FIRING)  # it was seen, and fell silent with the rest
            and agree(cause.same, symptom.labels, labels)
            and abs(symptom.onset - since) <= cause.within
        )
        if seen:
            return SeenCause(index=index, seen=seen)
    return None


def explained_by(draft: Draft, world: World, signal: Symptom) -> Iterator[tuple[Rule, Incident]]:
    """The open incidents about which a symptom says what they really are."""
    found: dict[str, tuple[Rule, Incident]] = {}
    for asker, _, cause in world.relations.explains.get(signal.id.rule, ()):
        rule = world.rules[asker]
        for symptom in _where(draft, world, asker, cause.same, signal.labels):
            incident = None if symptom.incident is None else draft.incident(symptom.incident)
            if (
                incident is not None
                and incident.is_open
                and incident.rule == asker
                and agree(cause.same, signal.labels, incident.labels)
                and abs(signal.onset - incident.since) <= cause.within
            ):
                found[incident.id] = (rule, incident)
    for incident_id in sorted(found):
        yield found[incident_id]


def whole_of(draft: Draft, whole: Rule, symptom: Symptom) -> list[Symptom] | None:
    """All that fires of a rule's parts around a symptom; None while one part is missing."""
    if not agree(whole.same, symptom.labels, symptom.labels):
        return None
    parts: list[Symptom] = []
    for part in whole.all_of:
        firing = [
            one
            for one in _of_rule(draft, part)
            if one.state is SymptomState.FIRING
            and agree(whole.same, one.labels, symptom.labels)
            and abs(one.onset - symptom.onset) <= whole.within
        ]
        if not firing:
            return None
        parts += firing
    return sorted(parts, key=lambda one: (one.onset, one.id))


def whole_place(whole: Rule, labels: Mapping[str, str]) -> Place:
    """Where the incident of a rule of parts is."""
    if not whole.same:
        return Place(whole.id, FLEET, "")
    return Place(whole.id, "+".join(whole.same), "+".join(labels.get(label, "") for label in whole.same))


def _of_rule(draft: Draft, rule: str) -> Iterator[Symptom]:
    for symptom_id in sorted(draft.census.of_rule(rule)):
        symptom = draft.symptom(symptom_id)
        if symptom is not None:
            yield symptom


def _where(draft: Draft, world: World, rule: str, same: Iterable[str], labels: Mapping[str, str]) -> Iterator[Symptom]:
    """The symptoms of a rule that agree with labels; those of one counted scope alone, where that is enough."""
    same = tuple(same)
    counted = world.relations.counted.labels.get(rule, ())
    narrow = next((label for label in same if label in counted), None)
    if narrow is not None and labels.get(narrow):
        scope = draft.census.scope(Place(rule, narrow, labels[narrow]))
        ids = sorted(symptom_id for _, symptom_id in scope.failing)
        if scope.explained:  # those are in no list
            ids = sorted(draft.census.of_rule(rule))
    else:
        ids = sorted(draft.census.of_rule(rule))
    for symptom_id in ids:
        symptom = draft.symptom(symptom_id)
        if symptom is not None and agree(same, symptom.labels, labels):
            yield symptom
