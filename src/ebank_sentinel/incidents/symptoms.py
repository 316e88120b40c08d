"""A target's truths enter; its symptoms move: pending, firing, clearing, over.

    no symptom --holds--> pending --`for` is over, and the target was read--> firing
    pending --holds not--> no symptom          firing --holds not--> clearing
    clearing --holds--> firing                 clearing --`clear_after` is over--> no symptom
    any --unknown--> the same, not known       any --no longer counts, or gone--> no symptom (retired)

A timer only wakes: whether a hold is over is asked of the onset and of the rule as it is now, and it counts
only if the target was read around then. What fell due while nobody looked (a stop, an unknown gap) is settled
by the next reading, and never without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents import opening, outbox, placing, recurring, weighing, widening
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.census import Apart
from ebank_sentinel.model.item import Change, Reloaded, RuleTruth
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState

WHOLE_RULE = -1
"""The row number of the rule's own `for`."""

FRESH_INTERVALS = 2
"""A hold fires only if its target was read within so many intervals before it fell due."""


def on_change(draft: Draft, world: World, change: Change, now: datetime) -> None:
    """Move every symptom that the target's new truths move."""
    if not world.watched(change.target.id):
        return  # a probe that was under way when its target was taken from the list
    for rule_id, truth in change.truths.items():
        rule = world.rules.get(rule_id)
        if rule is None:
            continue
        labels = change.target.labels
        moved = bool(rule.widens) and draft.census.set_apart(rule_id, change.target.id, labels, _apart(truth))
        _on_truth(draft, world, rule, change, truth, now)
        if moved:
            weighing.weigh_around(draft, world, rule, labels, change.at, more=False)


def _on_truth(draft: Draft, world: World, rule: Rule, change: Change, truth: RuleTruth, now: datetime) -> None:
    """What one rule says of a target, and what it said before."""
    symptom = draft.symptom(SymptomId(rule.id, *change.target.id))
    if symptom is None and not (truth.counts and truth.holds):
        return
    if symptom is not None and truth.counts is False:
        _retire(draft, world, symptom, change.at, now)
    elif symptom is not None and None in (truth.counts, truth.holds):
        draft.put_symptom(replace(symptom, known=False))
        placing.free_waiting(draft, world, symptom, change.at, now)
    elif truth.holds:
        _holds(draft, world, rule, symptom, change, truth, now)
    elif symptom is not None:
        seen = replace(symptom, labels=change.target.labels, values=change.values or symptom.values)
        holds_not(draft, world, rule, seen, change.at, now)


def _apart(truth: RuleTruth) -> Apart | None:
    """Why the target does not count in a share."""
    if truth.counts is False:
        return Apart.NOT_COUNTED
    return Apart.NO_DATA if None in (truth.counts, truth.holds) else None


def on_hold(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """A `for` is over: the rule's own, or a row's."""
    symptom, rule = _of_timer(draft, world, timer)
    if symptom is None or rule is None or symptom.state is SymptomState.CLEARING:
        return
    if not _was_read(draft, world, rule, symptom, timer, now):
        draft.log(timer.due, symptom.incident, Reason.UNREAD, f"{_name(symptom.id)}: not read when its hold was over")
        return
    row = timer.id.row
    if row != WHOLE_RULE:
        if row >= len(rule.rows) or row not in symptom.rows:
            return  # a reload took the row away
        due = symptom.rows[row] + rule.rows[row].hold
        if due > timer.due:  # a reload made its `for` longer
            draft.set_timer(replace(timer, due=due))
            return
        symptom = replace(symptom, held=symptom.held | {row})
    _settle(draft, world, rule, symptom, timer.due, now)


def on_clear(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """A `clear_after` is over."""
    symptom, rule = _of_timer(draft, world, timer)
    if symptom is None or rule is None or symptom.clearing_since is None:
        return
    if _was_read(draft, world, rule, symptom, timer, now):
        _clear(draft, world, rule, symptom, timer.due, now)


def on_reloaded(draft: Draft, world: World, reloaded: Reloaded, now: datetime) -> None:
    """What lost its rule or its target ends as retired; what stays keeps its age."""

    def lost(symptom_id: SymptomId) -> bool:
        rule = world.rules.get(symptom_id.rule)
        return rule is None or rule.watch != symptom_id.probe or not world.watched(symptom_id.target)

    for rule_id, target in [*draft.census.all_apart()]:
        if not world.watched(target):
            draft.census.set_apart(rule_id, target, {}, None)
    for symptom_id in sorted(filter(lost, draft.symptom_ids())):
        symptom = draft.symptom(symptom_id)
        if symptom is not None:
            _retire(draft, world, symptom, reloaded.at, now)
    placing.reload(draft, world, reloaded.at, now)
    outbox.leave_lost_channels(draft, world, reloaded.at, now)


def _holds(
    draft: Draft, world: World, rule: Rule, known: Symptom | None, change: Change, truth: RuleTruth, now: datetime
) -> None:
    """The condition holds: begin, go on, or come back from clearing; then see which holds are over."""
    at = change.at
    symptom = known or Symptom(
        id=SymptomId(rule.id, *change.target.id), state=SymptomState.PENDING, onset=at, known=True
    )
    if symptom.state is SymptomState.CLEARING:
        draft.drop_timer(_timer(symptom.id, TimerKind.CLEAR))
        _count_flap(draft, rule, symptom, at)
        symptom = replace(symptom, state=SymptomState.FIRING, clearing_since=None)
    rows, held = _rows(draft, rule, symptom, truth, at)
    symptom = replace(
        symptom,
        known=True,
        rows=rows,
        held=held,
        labels=change.target.labels,
        values=change.values or symptom.values,
    )
    _settle(draft, world, rule, symptom, at, now)
    if known is None:
        placing.widen_early(draft, world, rule, symptom, at, now)
    elif not known.known:
        weighing.weigh_around(draft, world, rule, symptom.labels, at, more=True)


def _count_flap(draft: Draft, rule: Rule, symptom: Symptom, at: datetime) -> None:
    """It comes back from a clearing that would have been its end, had it not come back before: one more time."""
    since, incident = symptom.clearing_since, draft.incident(symptom.incident or "")
    if since is not None and at - since >= rule.clear_after and incident is not None and incident.is_open:
        recurring.record(draft, rule, symptom.id, at)
        if incident.rule == rule.id and not incident.over:
            again = replace(incident, reopened=incident.reopened + 1)
            draft.put_incident(again)
            draft.log(at, incident.id, Reason.REOPENED, f"{_name(symptom.id)}: time {again.reopened + 1}")


def _rows(
    draft: Draft, rule: Rule, symptom: Symptom, truth: RuleTruth, at: datetime
) -> tuple[dict[int, datetime], frozenset[int]]:
    """Each `worse` row holds from its own onset; while it is unknown it keeps its age, and its hold cannot end."""
    rows: dict[int, datetime] = {}
    held: set[int] = set()
    for index, (row, holds) in enumerate(zip(rule.rows, truth.rows, strict=False)):  # they differ just after a reload
        if row.count:
            continue  # it is counted, not timed
        onset = symptom.rows.get(index, at if holds else None)
        timer_id = _timer(symptom.id, TimerKind.HOLD, index)
        if holds is not False and onset is not None:
            rows[index] = onset
            if index in symptom.held or (holds and onset + row.hold <= at):
                held.add(index)
            elif holds:
                draft.set_timer(Timer(id=timer_id, onset=onset, due=onset + row.hold))
                continue
        draft.drop_timer(timer_id)
    for index in symptom.rows.keys() - rows.keys():
        draft.drop_timer(_timer(symptom.id, TimerKind.HOLD, index))
    return rows, frozenset(held)


def _settle(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """Fire when the rule's own hold or any row's is over; else wait for the rule's own."""
    if symptom.state is SymptomState.PENDING:
        due = widening.due_of(rule, symptom, at)
        if symptom.onset + rule.hold <= at < due and widening.is_wide(draft, rule, symptom):
            due = at  # nothing is left to wait for
        timer_id = _timer(symptom.id, TimerKind.HOLD)
        if due > at:
            draft.put_symptom(symptom)
            draft.set_timer(Timer(id=timer_id, onset=symptom.onset, due=due))
        else:
            draft.drop_timer(timer_id)
            placing.fire(draft, world, rule, symptom, at, now)
        return
    draft.put_symptom(symptom)
    if symptom.state is SymptomState.FIRING and _is_homeless(draft, symptom):
        placing.fire(draft, world, rule, symptom, at, now)
    elif symptom.state is SymptomState.FIRING:
        opening.worsen(draft, world, rule, symptom, at, now)
        weighing.weigh(draft, world, symptom, at)


def _is_homeless(draft: Draft, symptom: Symptom) -> bool:
    """Its incident, or the parent that explained it, ended while it was clearing; or it is counted only."""
    incident = None if symptom.incident is None else draft.incident(symptom.incident)
    return (incident is None or not incident.is_open) and not placing.is_awaiting(draft, symptom)


def holds_not(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """The condition does not hold: a pending one is over, a firing one has to stay clear for a while."""
    if symptom.state is SymptomState.PENDING:
        _forget(draft, symptom)
        placing.give_up(draft, world, symptom, at, now)
        return
    for index in symptom.rows:
        draft.drop_timer(_timer(symptom.id, TimerKind.HOLD, index))
    symptom = replace(
        symptom,
        state=SymptomState.CLEARING,
        known=True,
        rows={},
        held=frozenset(),
        clearing_since=symptom.clearing_since or at,
    )
    draft.put_symptom(symptom)
    weighing.weigh(draft, world, symptom, at)
    _clear(draft, world, rule, symptom, at, now)


def close(draft: Draft, world: World, members: Iterable[Symptom], at: datetime, now: datetime) -> None:
    """A person ended it."""
    for symptom in members:
        _end(draft, world, symptom, Reason.CLOSED, at, now)


def _clear(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """End it when its `clear_after` is over; else wait for that."""
    since = symptom.clearing_since or at
    due = since + _clear_after(draft, rule, symptom)
    if due <= at:
        _end(draft, world, symptom, Reason.RESOLVED, at, now)
    else:
        draft.put_symptom(symptom)
        draft.set_timer(Timer(id=_timer(symptom.id, TimerKind.CLEAR), onset=since, due=due))


def _clear_after(draft: Draft, rule: Rule, symptom: Symptom) -> timedelta:
    """What came back once is believed to be well only after the time within which it came back."""
    incident = draft.incident(symptom.incident or "")
    flaps = incident is not None and incident.reopened and not incident.over and incident.rule == rule.id
    return max(rule.clear_after, rule.reopen_within) if flaps else rule.clear_after


def _retire(draft: Draft, world: World, symptom: Symptom, at: datetime, now: datetime) -> None:
    """It is no longer watched: over, and who was alarmed is told so."""
    if symptom.state is SymptomState.PENDING:
        _forget(draft, symptom)
        placing.give_up(draft, world, symptom, at, now)
    else:
        _end(draft, world, symptom, Reason.RETIRED, at, now)


def _end(draft: Draft, world: World, symptom: Symptom, reason: Reason, at: datetime, now: datetime) -> None:
    _forget(draft, symptom)
    placing.leave(draft, world, symptom, reason, at, now)


def _forget(draft: Draft, symptom: Symptom) -> None:
    draft.drop_symptom(symptom.id)
    draft.drop_timer(_timer(symptom.id, TimerKind.CLEAR))
    for row in (WHOLE_RULE, *symptom.rows):
        draft.drop_timer(_timer(symptom.id, TimerKind.HOLD, row))


def _of_timer(draft: Draft, world: World, timer: Timer) -> tuple[Symptom | None, Rule | None]:
    symptom = draft.symptom(SymptomId(*timer.id.subject))
    return symptom, None if symptom is None else world.rules.get(symptom.id.rule)


def _was_read(draft: Draft, world: World, rule: Rule, symptom: Symptom, timer: Timer, now: datetime) -> bool:
    """Whether the target was read within two intervals before the timer fell due.

    If not, but nothing has changed since (a reading is merely late), the timer wakes again: no change may come.
    Where there is no data, or where we are told, no reading is needed.
    """
    if not symptom.known or rule.no_data or rule.pushed:
        return symptom.known
    reading, since = world.latest(symptom.id.target), world.unbroken_since(symptom.id.target)
    if reading is None or since is None:
        return False  # nothing was read since the start: the first reading is a change
    if since <= timer.due <= reading.at + FRESH_INTERVALS * rule.every:
        return True
    draft.set_timer(replace(timer, due=max(now, since) + rule.every))
    return False


def _timer(symptom_id: SymptomId, kind: TimerKind, row: int = WHOLE_RULE) -> TimerId:
    return TimerId(kind, symptom_id, row)


def _name(symptom_id: SymptomId) -> str:
    return f"{symptom_id.rule} on {symptom_id.target}"
