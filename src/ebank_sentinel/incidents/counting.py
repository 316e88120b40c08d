"""How many of a scope fail: a row of `widens` and the census enter, a verdict with its figures leaves.

A row counts the targets on which `when` holds, with onsets within its `within` of the newest. Its base is what
could fail now: the targets of known state that count, less those that failed before or fail under a parent.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.census import Failing
from ebank_sentinel.model.incident import Incident, Place
from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.model.rule import FLEET, Rule, Width
from ebank_sentinel.model.symptom import SymptomState

_EPSILON = 1e-9
"""20 % of 5 is 1, whatever binary fractions make of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a row says of a scope, and by which figures."""

    place: Place
    count: int  # so many fail together
    before: int  # so many failed before them: they are no part of it
    base: int  # targets that could fail now
    needed: int  # so many must fail together
    total: int  # targets of the scope that count
    no_data: int
    scattered: str = ""  # the label of which too few values fail
    confirmed: bool = False  # the hold of one of them is over

    @property
    def enough(self) -> bool:
        """So many fail together that it would hold, were there data."""
        return self.count >= self.needed and not self.scattered and self.confirmed

    @property
    def lost(self) -> bool:
        """Half of the scope has no data: nothing is concluded."""
        return self.no_data > 0 and 2 * self.no_data >= self.total

    @property
    def holds(self) -> bool:
        """It is an incident of this scope."""
        return self.enough and not self.lost

    def counted(self, draft: Draft) -> Sequence[Failing]:
        """What fails together, the oldest first."""
        return draft.census.scope(self.place).failing[self.before :]


def place_of(rule: Rule, width: Width, labels: Mapping[str, str]) -> Place | None:
    """The scope that a target is in; None when it lacks the label."""
    if width.over == FLEET:
        return Place(rule.id, FLEET, "")
    value = labels.get(width.over)
    return Place(rule.id, width.over, value) if value else None


def judge(
    draft: Draft, world: World, rule: Rule, width: Width, place: Place, at: datetime, *, confirmed: bool = False
) -> Verdict:
    """Count a scope. `confirmed`: it is known already that one of its symptoms fires."""
    scope = draft.census.scope(place)
    failing, before = scope.failing, 0
    if failing and width.within is not None:
        before = bisect_left(failing, failing[-1][0] - width.within, key=_onset)
    count = len(failing) - before
    total = max(world.targets_in(rule.watch, place.over, place.value) - scope.not_counted, len(failing))
    base = max(total - scope.no_data - scope.explained - before, count)
    needed = _needed(width, base)
    enough = count >= needed
    return Verdict(
        place=place,
        count=count,
        before=before,
        base=base,
        needed=needed,
        total=total,
        no_data=scope.no_data,
        scattered=_scattered(draft, width, failing, before) if enough else "",
        confirmed=confirmed or (enough and _confirmed(draft, rule, failing[before], at)),
    )


def below_half(draft: Draft, world: World, rule: Rule, incident: Incident) -> bool:
    """Whether fewer than half of what it needed fail now. What has no data counts as it did before."""
    if not 0 <= incident.row < len(rule.widens):
        return True  # a reload took the row away
    failing = _together(draft, rule, incident)
    return failing < _needed(rule.widens[incident.row], _base(draft, world, rule, incident, failing)) / 2


def figures(draft: Draft, world: World, rule: Rule, incident: Incident) -> Mapping[str, Scalar]:
    """What a text of a wide incident may name: how many fail, of how many."""
    if not incident.over or not 0 <= incident.row < len(rule.widens):
        return {}
    failing = _together(draft, rule, incident)
    base = _base(draft, world, rule, incident, failing)
    return {"failing": failing, "base": base, "share": failing / base if base else 0.0}


def _together(draft: Draft, rule: Rule, incident: Incident) -> int:
    """How many fail in a wide incident, with those that are not confirmed yet, without those that failed before."""
    members = draft.census.holding(incident.id, rule.id)
    if not incident.is_open:
        return members
    failing = draft.census.scope(incident.place).failing
    return max(members, len(failing) - bisect_left(failing, incident.since, key=_onset))


def _base(draft: Draft, world: World, rule: Rule, incident: Incident, failing: int) -> int:
    """How many targets of a wide incident's scope could fail now; `failing` of them do, and belong to it."""
    scope = draft.census.scope(incident.place)
    total = world.targets_in(rule.watch, incident.place.over, incident.place.value)
    others = max(len(scope.failing) - failing, 0)
    return max(total - scope.not_counted - scope.no_data - scope.explained - others, failing)


def _needed(width: Width, base: int) -> int:
    return max(math.ceil(width.share * base - _EPSILON), width.at_least)


def _confirmed(draft: Draft, rule: Rule, oldest: Failing, at: datetime) -> bool:
    onset, symptom_id = oldest
    symptom = draft.symptom(symptom_id)
    return onset + rule.hold <= at or (symptom is not None and symptom.state is SymptomState.FIRING)


def _scattered(draft: Draft, width: Width, failing: Sequence[Failing], before: int) -> str:
    """The first label of `spread` of which too few values fail."""
    for label, least in width.spread.items():
        values: set[str] = set()
        for index in range(before, len(failing)):
            symptom = draft.symptom(failing[index][1])
            if symptom is not None and label in symptom.labels:
                values.add(symptom.labels[label])
                if len(values) >= least:
                    break
        if len(values) < least:
            return label
    return ""


def _onset(entry: Failing) -> datetime:
    return entry[0]
