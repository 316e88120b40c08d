"""Where symptoms stand: each symptom that moves enters; what fails together, in which scope and incident, leaves.

Nothing in here is a truth of its own: it follows from the symptoms and from what is known of their targets. A fork
sees through to its origin and keeps its changes to itself, as a decision in the making does with the ledger.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from ebank_sentinel.model.incident import Place
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.model.symptom import Symptom, SymptomId

K = TypeVar("K")
V = TypeVar("V")


class Apart(enum.StrEnum):
    """Why a target does not count in a share."""

    NO_DATA = "no_data"
    NOT_COUNTED = "not_counted"  # `where` does not hold


class Standing(NamedTuple):
    """A target that does not count, and in which scopes it does not."""

    apart: Apart
    places: tuple[Place, ...]


Failing: TypeAlias = tuple[datetime, SymptomId]
"""Onset and symptom: they are kept in this order."""


@dataclass(slots=True)
class Scope:
    """What fails in a scope, for one rule. Read it only: it is a part of the census."""

    failing: list[Failing] = field(default_factory=list)  # known, pending or firing, and explained by no parent
    explained: int = 0  # failing as well, under a parent
    no_data: int = 0
    not_counted: int = 0

    def copy(self) -> Scope:
        """One that moves by itself."""
        return Scope(list(self.failing), self.explained, self.no_data, self.not_counted)


NOTHING = Scope()


class _Layer(Generic[K, V]):
    """A dictionary over another one: what is changed is copied first."""

    __slots__ = ("_make", "_origin", "own")

    def __init__(self, make: type[V], origin: Mapping[K, V] | None) -> None:
        self._make = make
        self._origin: Mapping[K, V] = {} if origin is None else origin
        self.own: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        value = self.own.get(key)
        return value if value is not None else self._origin.get(key)

    def mine(self, key: K) -> V:
        """The value, to be changed."""
        value = self.own.get(key)
        if value is None:
            origin = self._origin.get(key)
            value = self.own[key] = self._make() if origin is None else origin.copy()  # type: ignore[attr-defined]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What must be counted: it follows from the rules."""

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # rule -> the labels that it widens over
    related: frozenset[str] = frozenset()  # rules that others ask for, or that ask for others

    def places(self, rule: str, labels: Mapping[str, str]) -> tuple[Place, ...]:
        """The scopes that a target with these labels is in, for a rule."""
        found = []
        for over in self.labels.get(rule, ()):
            value = "" if over == FLEET else labels.get(over)
            if value is not None and (value or over == FLEET):
                found.append(Place(rule, over, value))
        return tuple(found)


class Census:  # noqa: PLW1641 - it changes: it has no hash
    """Symptoms by scope, by incident and by rule."""

    def __init__(self, counted: Counted, origin: Census | None = None) -> None:
        self.counted = counted
        # A fork has the same class: what is its own is no secret to the other.
        self._scopes: _Layer[Place, Scope] = _Layer(Scope, None if origin is None else origin._scopes.own)  # noqa: SLF001
        self._members: _Layer[str, set[SymptomId]] = _Layer(set, None if origin is None else origin._members.own)  # noqa: SLF001
        self._of_rule: _Layer[str, set[SymptomId]] = _Layer(set, None if origin is None else origin._of_rule.own)  # noqa: SLF001
        self._origin = origin
        self._holding: dict[tuple[str, str], int] = {}
        self.apart: dict[tuple[str, TargetId], Standing | None] = {}

    def fork(self) -> Census:
        """One that sees this, and changes only itself."""
        return Census(self.counted, self)

    def scope(self, place: Place) -> Scope:
        """What fails in a scope."""
        return self._scopes.get(place) or NOTHING

    def members(self, incident: str) -> AbstractSet[SymptomId]:
        """The symptoms of an incident."""
        return self._members.get(incident) or frozenset()

    def holding(self, incident: str, rule: str) -> int:
        """How many of its symptoms of a rule hold at present, or did when there last was data."""
        known = self._holding.get((incident, rule))
        if known is not None:
            return known
        return 0 if self._origin is None else self._origin.holding(incident, rule)

    def of_rule(self, rule: str) -> AbstractSet[SymptomId]:
        """The symptoms of a rule that others ask for, or that asks for others."""
        return self._of_rule.get(rule) or frozenset()

    def standing(self, rule: str, target: TargetId) -> Standing | None:
        """Why a target does not count for a rule; None: it does."""
        key = (rule, target)
        if key in self.apart:
            return self.apart[key]
        return self._origin.apart.get(key) if self._origin is not None else None

    def all_apart(self) -> Iterator[tuple[str, TargetId]]:
        """Every rule and target that does not count for it."""
        before = self._origin.apart if self._origin is not None else {}
        for key in {**before, **self.apart}:
            if self.standing(*key) is not None:
                yield key

    def move(self, old: Symptom | None, new: Symptom | None) -> None:
        """A symptom is not what it was."""
        either = new or old
        if either is None:
            return
        rule = either.id.rule
        if rule in self.counted.labels and _counted_as(old) != _counted_as(new):
            self._count(old, -1)
            self._count(new, 1)
        if rule in self.counted.related and (old is None or new is None):
            ids = self._of_rule.mine(rule)
            ids.discard(either.id) if new is None else ids.add(either.id)
        before = None if old is None else old.incident
        after = None if new is None else new.incident
        if before != after:
            if before is not None:
                self._leave(before, either.id)
            if after is not None:
                self._members.mine(after).add(either.id)
        if old is not None and before is not None and old.holds:
            self._holding[before, rule] = self.holding(before, rule) - 1
            if self._origin is None and not self._holding[before, rule]:
                del self._holding[before, rule]
        if new is not None and after is not None and new.holds:
            self._holding[after, rule] = self.holding(after, rule) + 1

    def set_apart(self, rule: str, target: TargetId, labels: Mapping[str, str], apart: Apart | None) -> bool:
        """A target counts for a rule, or why it does not. Whether that is new."""
        if rule not in self.counted.labels:
            return False
        old = self.standing(rule, target)
        new = None if apart is None else Standing(apart, self.counted.places(rule, labels))
        if old == new:
            return False
        self.put_apart(rule, target, new)
        return True

    def put_apart(self, rule: str, target: TargetId, new: Standing | None) -> None:
        """The same, when it is known already where it counts."""
        for standing, change in ((self.standing(rule, target), -1), (new, 1)):
            for place in standing.places if standing is not None else ():
                scope = self._scopes.mine(place)
                if standing is not None and standing.apart is Apart.NO_DATA:
                    scope.no_data += change
                else:
                    scope.not_counted += change
        self.apart[rule, target] = new

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Census) and self._seen() == other._seen()

    def _seen(self) -> object:
        scopes = {place: scope for place, scope in self._scopes.own.items() if scope != NOTHING}
        members = {incident: ids for incident, ids in self._members.own.items() if ids}
        of_rule = {rule: ids for rule, ids in self._of_rule.own.items() if ids}
        holding = {incident: count for incident, count in self._holding.items() if count}
        return self.counted, scopes, members, of_rule, holding, self.apart

    def _leave(self, incident: str, symptom: SymptomId) -> None:
        members = self._members.mine(incident)
        members.discard(symptom)
        if not members and self._origin is None:
            del self._members.own[incident]

    def _count(self, symptom: Symptom | None, change: int) -> None:
        if symptom is None or not symptom.known or not symptom.holds:
            return
        entry = (symptom.onset, symptom.id)
        for place in self.counted.places(symptom.id.rule, symptom.labels):
            scope = self._scopes.mine(place)
            if symptom.under is not None:
                scope.explained += change
            elif change > 0:
                insort(scope.failing, entry)
            else:
                del scope.failing[bisect_left(scope.failing, entry)]


def _counted_as(symptom: Symptom | None) -> object:
    """What of a symptom matters to a count."""
    if symptom is None or not symptom.known or not symptom.holds:
        return None
    return symptom.onset, symptom.under is None, symptom.labels


def census_of(counted: Counted, symptoms: Iterator[Symptom], before: Census | None = None) -> Census:
    """Counted from the beginning. What is known of targets apart is taken over from before."""
    census = Census(counted)
    for symptom in symptoms:
        census.move(None, symptom)
    if before is not None:
        for (rule, target), standing in before.apart.items():
            if standing is not None and rule in counted.labels:
                places = tuple(place for place in standing.places if place.over in counted.labels[rule])
                census.put_apart(rule, target, standing._replace(places=places))
    return census
