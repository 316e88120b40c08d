"""Where a symptom belongs: one that fires enters; it joins an incident, or one opens at the widest scope that holds.

In this order: under its parent (`unless`), to the incident that it explains (`because`), to a whole of which it is
a part (`all_of`), to the widest scope of which enough fails (`widens`), to an incident of its own. Afterwards what
it explains itself is taken over. When an incident ends, whatever still fires in it is placed anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents import kinship, notices, recurring
from ebank_sentinel.incidents.counting import below_half
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.opening import Start, absorb, end_incident, learn_cause, open_incident
from ebank_sentinel.incidents.weighing import weigh, weigh_around
from ebank_sentinel.incidents.widening import common, due_of, narrowest, widen
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Ack, Incident, IncidentState, Place
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState

AFTER_PARENT = timedelta(minutes=10)
"""A child that still fails so long after its parent ended stands on its own."""


def fire(
    draft: Draft,
    world: World,
    rule: Rule,
    symptom: Symptom,
    at: datetime,
    now: datetime,
    *,
    reason: Reason = Reason.FIRST,
    ack: Ack | None = None,
) -> None:
    """Its hold is over, or what it was part of is: find where it belongs. `ack`: of what it was part of."""
    if symptom.under is not None and draft.timer(_stand(symptom.under)) is not None:
        draft.put_symptom(symptom)
        return  # its parent was over just now
    parent = kinship.parent_of(draft, rule, symptom)
    if parent is not None and parent.incident is None:
        draft.put_symptom(replace(symptom, under=parent.id))
        weigh_around(draft, world, rule, symptom.labels, at, more=False)
        return  # the parent is not confirmed yet
    first = symptom.fired_at is None
    if first:
        recurring.record(draft, rule, symptom.id, at)
        symptom = replace(symptom, fired_at=at)
    symptom = replace(symptom, state=SymptomState.FIRING, under=None if parent is None else parent.id)
    draft.put_symptom(symptom)
    weigh_around(draft, world, rule, symptom.labels, at, more=parent is None)
    if parent is not None and parent.incident is not None:
        _join(draft, symptom, parent.incident, Reason.PARENT_DOWN, at)
    elif rule.count and not recurring.often_enough(draft, rule, symptom.id, at):
        if first:
            times = recurring.times(draft, symptom.id, rule.within, at)
            draft.log(at, None, Reason.COUNTED, f"{_name(symptom)}: {times} of {rule.count}")
        return
    else:
        _own(draft, world, rule, symptom, at, now, reason=reason, ack=ack)
    _take_children(draft, world, symptom.id, at, now)
    _make_whole(draft, world, rule, symptom.id, at, now)


def widen_early(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """A target more fails: the widest row may hold at once; narrower ones wait one interval for the rest to follow."""
    weigh_around(draft, world, rule, symptom.labels, at, more=True)
    if rule.widens and kinship.parent_of(draft, rule, symptom) is None:  # what a parent explains is no wider than that
        widen(draft, world, rule, symptom.labels, at, now, rows=(len(rule.widens) - 1,))
        place = narrowest(rule, symptom.labels)
        timer_id = None if place is None else TimerId(TimerKind.WIDTH, place)
        if timer_id is not None and rule.settle and draft.timer(timer_id) is None:
            draft.set_timer(Timer(id=timer_id, onset=at, due=at + rule.settle))
    for other, incident in kinship.explained_by(draft, world, symptom):
        learn_cause(draft, world, other, incident, at, now)


def on_stand(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """The parent has been over for a while: what still fails stands on its own."""
    children = kinship.under(draft, world, SymptomId(*timer.id.subject))
    for _, child in children:
        draft.put_symptom(replace(child, under=None))
    for rule, child in children:
        _again(draft, world, rule, child.id, timer.due, now, Reason.RETURNED, None)


def on_narrow(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """A wide incident was below half of its share for long enough: what still fails is on its own again."""
    incident = draft.incident(timer.id.subject[0])
    rule = None if incident is None else world.rules.get(incident.rule)
    if incident is None or not incident.is_open or rule is None or not below_half(draft, world, rule, incident):
        return
    members = [one for one in map(draft.symptom, draft.members(incident.id)) if one is not None]
    remaining = sum(one.holds and one.id.rule == rule.id for one in members)
    end_incident(draft, world, incident, Reason.RESOLVED, timer.due, now, remaining=remaining)
    _release(draft, world, members, timer.due, now, Reason.NARROWED, incident.ack)


def leave(draft: Draft, world: World, symptom: Symptom, reason: Reason, at: datetime, now: datetime) -> None:
    """A symptom is over, and gone already: those under it are free, and its incident may be over too."""
    _free_children(draft, world, symptom, at)
    incident = None if symptom.incident is None else draft.incident(symptom.incident)
    if incident is None or not incident.is_open:
        return
    if incident.state is IncidentState.REFERRED and reason is Reason.RESOLVED:
        return  # a person ends it
    rule = world.rules.get(incident.rule)
    wanted = rule.all_of if rule is not None and rule.all_of else (incident.rule,)
    left = draft.members(incident.id)
    if all(any(one.rule == part for one in left) for part in wanted):
        weigh(draft, world, symptom, at)
        return
    members = [one for one in map(draft.symptom, left) if one is not None]
    end_incident(draft, world, incident, reason, at, now)
    _release(draft, world, members, at, now, Reason.RETURNED, incident.ack)


def reload(draft: Draft, world: World, at: datetime, now: datetime) -> None:
    """Rules changed: what explains a symptom no longer frees it, and an incident that no rule asks for is over.

    What of it still fails is placed anew. What waits for its hold is left to its next reading.
    """
    freed: list[tuple[Rule, Symptom]] = []
    for symptom_id in sorted(draft.symptom_ids()):
        symptom, rule = draft.symptom(symptom_id), world.rules.get(symptom_id.rule)
        if symptom is None or rule is None or symptom.under is None:
            continue
        if symptom.under.rule not in {parent.rule for parent in rule.unless}:
            free = replace(symptom, under=None, incident=None)
            draft.put_symptom(free)
            freed.append((rule, free))
    for incident in draft.open_incidents():
        members = [one for one in map(draft.symptom, draft.members(incident.id)) if one is not None]
        row = _row_now(world, incident, members)
        if row is None:
            end_incident(draft, world, incident, Reason.RETIRED, at, now)
            why = Reason.RETURNED if incident.row == -1 else Reason.NARROWED
            _release(draft, world, members, at, now, why, incident.ack)
        elif row != incident.row:
            draft.put_incident(replace(incident, row=row))
    for rule, child in freed:
        if child.state is SymptomState.FIRING:
            _again(draft, world, rule, child.id, at, now, Reason.RETURNED, None)


def _row_now(world: World, incident: Incident, members: Iterable[Symptom]) -> int | None:
    """Which row of its rule's `widens` an incident is of, now that the rules changed; None: it is over."""
    rule = world.rules.get(incident.rule)
    if rule is None:
        return None
    rows = [index for index, width in enumerate(rule.widens) if width.over == incident.over]
    if not incident.over or (incident.state is IncidentState.REFERRED and not rows):
        return -1  # what was handed over ends by a person
    if incident.row == -1:
        whole = set(rule.all_of) <= {one.id.rule for one in members} if rule.all_of else False
        return -1 if whole and kinship.whole_place(rule, incident.labels) == incident.place else None
    return incident.row if incident.row in rows else max(rows, default=None)


def give_up(draft: Draft, world: World, symptom: Symptom, at: datetime, now: datetime) -> None:
    """A pending symptom holds no more, and is gone already: whoever waited for it waits in vain."""
    rule = world.rules.get(symptom.id.rule)
    if rule is not None:
        weigh_around(draft, world, rule, symptom.labels, at, more=False)
    if draft.timer(_stand(symptom.id)) is not None:
        return  # they wait for something else
    free_waiting(draft, world, symptom, at, now)
    newest: dict[Place, tuple[Rule, Symptom]] = {}
    for rule, child in kinship.children_of(draft, world, symptom):
        place = narrowest(rule, child.labels)
        if place is not None and (place not in newest or newest[place][1].onset < child.onset):
            newest[place] = rule, child
    for rule, child in newest.values():  # how wide they are was not asked while it might explain them
        widen_early(draft, world, rule, child, at, now)


def free_waiting(draft: Draft, world: World, parent: Symptom, at: datetime, now: datetime) -> None:
    """A pending parent holds no more, or nobody knows: who waited for it stands on its own."""
    if parent.state is not SymptomState.PENDING or draft.timer(_stand(parent.id)) is not None:
        return
    waiting = kinship.under(draft, world, parent.id)
    for _, child in waiting:
        draft.put_symptom(replace(child, under=None))
    for rule, child in waiting:
        _again(draft, world, rule, child.id, at, now, Reason.FIRST, None)


def is_awaiting(draft: Draft, symptom: Symptom) -> bool:
    """Whether a parent is on its way to explain a symptom, or was over a moment ago."""
    if symptom.under is None:
        return False
    parent = draft.symptom(symptom.under)
    pending = parent is not None and parent.state is SymptomState.PENDING and parent.known
    return pending or draft.timer(_stand(symptom.under)) is not None


# -- where it belongs -----------------------------------------------------------------------------


def _own(
    draft: Draft,
    world: World,
    rule: Rule,
    symptom: Symptom,
    at: datetime,
    now: datetime,
    *,
    reason: Reason,
    ack: Ack | None,
) -> None:
    """No parent explains it."""
    for other, incident in kinship.explained_by(draft, world, symptom):
        learn_cause(draft, world, other, incident, at, now)
        cause = next((one for one in other.because if one.seen == rule.id and one.same), None)
        if cause is not None:
            _join(draft, symptom, incident.id, Reason.PART_OF, at)
            return
    for whole_id in world.relations.wholes.get(rule.id, ()):
        known = draft.at_place(kinship.whole_place(world.rules[whole_id], symptom.labels))
        if known is not None and known.is_open:
            _join(draft, symptom, known.id, Reason.PART_OF, at)
            return
    wide = widen(
        draft,
        world,
        rule,
        symptom.labels,
        at,
        now,
        rows=range(len(rule.widens)),
        confirmed=True,
        reason=reason,
        ack=ack,
    )
    if wide is not None:
        _join(draft, symptom, wide.id, Reason.PART_OF, at)
        weigh_around(draft, world, rule, symptom.labels, at, more=True)
        return
    own = draft.at_place(Place.of_target(rule.id, symptom.id.target))
    if own is not None and own.is_open:  # it was referred: it is open without a symptom until a person ends it
        _join(draft, symptom, own.id, Reason.PART_OF, at)
        return
    start = Start(rule=rule, symptom=symptom, labels=symptom.labels, reason=reason, ack=ack, at=at)
    incident = open_incident(draft, world, start, now)
    draft.put_symptom(replace(symptom, incident=incident.id))


def _join(draft: Draft, symptom: Symptom, incident: str, reason: Reason, at: datetime) -> None:
    draft.put_symptom(replace(symptom, incident=incident))
    draft.log(at, incident, reason, _name(symptom))


# -- what belongs to it ---------------------------------------------------------------------------


def _take_children(draft: Draft, world: World, parent_id: SymptomId, at: datetime, now: datetime) -> None:
    """A parent is confirmed: what it explains is part of its incident, open or not; its people are told so once."""
    parent = draft.symptom(parent_id)
    into = None if parent is None or parent.incident is None else draft.incident(parent.incident)
    if parent is None or into is None or parent_id.rule not in world.relations.children:
        return
    draft.drop_timer(_stand(parent_id))
    found = [*kinship.children_of(draft, world, parent), *kinship.under(draft, world, parent_id)]
    children = list({child.id: (rule, child) for rule, child in found}.values())  # those that it had before as well
    ids = {child.id for _, child in children}
    taken: dict[str, Incident] = {}
    for rule, child in children:
        own = None if child.incident is None else draft.incident(child.incident)
        if child.incident == into.id or child.state is SymptomState.CLEARING:
            continue
        if own is not None and own.is_open:
            if own.rule == rule.id and draft.members(own.id) <= ids:
                taken[own.id] = own
            elif own.rule == rule.id:  # it is wider than what the parent explains
                _join(draft, replace(child, under=parent_id), into.id, Reason.PARENT_DOWN, at)
                weigh(draft, world, child, at)
        elif child.state is SymptomState.FIRING:
            _join(draft, replace(child, under=parent_id), into.id, Reason.PARENT_DOWN, at)
        elif child.under == parent_id:
            _again(draft, world, rule, child.id, at, now, Reason.FIRST, None)
    if taken:
        into = draft.incident(into.id) or into
        draft.put_incident(absorb(draft, world, into, taken.values(), Reason.PARENT_DOWN, at, under=parent_id))
        notices.tell_joined(draft, world, into, taken.values(), at, now)


def _free_children(draft: Draft, world: World, parent: Symptom, at: datetime) -> None:
    """A parent is over: its children get ten minutes to recover, unless another parent has them."""
    if parent.id.rule not in world.relations.children:
        return
    waits = False
    for rule, child in [*kinship.under(draft, world, parent.id)]:
        free = replace(child, incident=None)
        other = kinship.parent_of(draft, rule, free)
        if other is not None and other.incident is not None and child.state is SymptomState.FIRING:
            _join(draft, replace(child, under=other.id), other.incident, Reason.PARENT_DOWN, at)
            continue
        draft.put_symptom(free)
        waits = True
        if child.state is SymptomState.FIRING:
            draft.log(at, parent.incident, Reason.PARENT_DOWN, f"{_name(child)}: given time after {_name(parent)}")
    for _, child in kinship.children_of(draft, world, parent):
        if child.state is SymptomState.PENDING and child.under is None:
            draft.put_symptom(replace(child, under=parent.id))
            waits = True
    if waits:
        draft.set_timer(Timer(id=_stand(parent.id), onset=at, due=at + AFTER_PARENT))


def _make_whole(draft: Draft, world: World, rule: Rule, symptom_id: SymptomId, at: datetime, now: datetime) -> None:
    """All parts of a rule fire: they are one incident, which takes theirs over."""
    for whole_id in world.relations.wholes.get(rule.id, ()):
        symptom = draft.symptom(symptom_id)
        whole = world.rules[whole_id]
        parts = None if symptom is None else kinship.whole_of(draft, whole, symptom)
        known = draft.at_place(kinship.whole_place(whole, {} if symptom is None else symptom.labels))
        if not parts or (known is not None and known.is_open):
            continue
        taken: dict[str, Incident] = {}
        for part in parts:
            own = None if part.incident is None else draft.incident(part.incident)
            if own is not None and own.is_open and own.rule == part.id.rule:
                taken[own.id] = own
        if {one.rule for one in taken.values()} != set(whole.all_of):
            continue  # a part is explained by something else
        place = kinship.whole_place(whole, parts[0].labels)
        start = Start(
            rule=whole,
            symptom=parts[0],
            labels=common(parts),
            over=place.over,
            taken=taken.values(),
            at=at,
        )
        open_incident(draft, world, start, now)


def _release(
    draft: Draft,
    world: World,
    members: Iterable[Symptom],
    at: datetime,
    now: datetime,
    reason: Reason,
    ack: Ack | None,
) -> None:
    """An incident is over, and these were part of it: each is placed anew, or forgets it."""
    free = sorted(members, key=lambda one: (one.onset, one.id))
    for member in free:
        draft.put_symptom(replace(member, incident=None))
    for member in free:
        rule = world.rules.get(member.id.rule)
        if rule is not None and member.under is None:
            _again(draft, world, rule, member.id, at, now, reason, ack)


def _again(
    draft: Draft,
    world: World,
    rule: Rule,
    symptom_id: SymptomId,
    at: datetime,
    now: datetime,
    reason: Reason,
    ack: Ack | None,
) -> None:
    """Place a symptom anew, if its hold is over and it has not found a place meanwhile."""
    symptom = draft.symptom(symptom_id)
    if symptom is None or symptom.incident is not None or symptom.state is SymptomState.CLEARING:
        return
    timer_id, due = TimerId(TimerKind.HOLD, symptom_id), due_of(rule, symptom, at)
    if symptom.state is SymptomState.FIRING or due <= at:
        draft.drop_timer(timer_id)
        fire(draft, world, rule, symptom, at, now, reason=reason, ack=ack)
    else:
        draft.set_timer(Timer(id=timer_id, onset=symptom.onset, due=due))


def _stand(parent: SymptomId) -> TimerId:
    return TimerId(TimerKind.STAND, parent)


def _name(symptom: Symptom) -> str:
    return f"{symptom.id.rule} on {symptom.id.target}"
