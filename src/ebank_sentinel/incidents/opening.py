"""An incident opens, comes back, becomes worse, takes another one over, ends; each carries its pages."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents import kinship, notices, recurring
from ebank_sentinel.incidents.counting import figures
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.facts import speaker, titles
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Ack, Incident, IncidentState, Place
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.notice import NoticeKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Meaning, Rule
from ebank_sentinel.model.symptom import Symptom, SymptomId

_MOMENT = timedelta(microseconds=1)
"""The smallest time that a store keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What an incident begins with."""

    rule: Rule
    symptom: Symptom  # the earliest: the one that it speaks of
    labels: Mapping[str, str]  # what all of its targets have in common
    over: str = ""
    row: int = -1
    taken: Collection[Incident] = ()  # what it takes over at once
    reason: Reason = Reason.FIRST
    ack: Ack | None = None  # of what it came out of: that person is not paged again
    at: datetime


def open_incident(draft: Draft, world: World, start: Start, now: datetime) -> Incident:
    """A new incident, or one that comes back; with the first step of every group's chain."""
    rule, symptom, at = start.rule, start.symptom, start.at
    cause = kinship.cause_of(draft, rule, start.labels, symptom.onset)
    held = symptom.held | recurring.rows(draft, rule, symptom.id, at)
    meaning = _meaning(rule, start.labels, held=held, row=start.row, cause=-1 if cause is None else cause.index)
    incident = _identified(
        draft,
        world,
        start,
        Incident(
            id="",
            code="",
            state=IncidentState.REFERRED if rule.referred else IncidentState.OPEN,
            rule=rule.id,
            symptom=symptom.id,
            over=start.over,
            row=start.row,
            cause=-1 if cause is None else cause.index,
            labels=start.labels,
            severity=meaning.severity or rule.severity,
            category=meaning.category or rule.category,
            flags=meaning.flags,
            groups=meaning.groups or (),
            tell=meaning.tell or (),
            since=symptom.onset,
            opened_at=at,
        ),
    )
    reason = start.reason
    if incident.turn and reason in (Reason.FIRST, Reason.WIDENED):
        reason = Reason.REOPENED
    draft.put_incident(incident)
    taken = [*start.taken, *_signals(draft, rule, incident, cause)]
    why = Reason.PART_OF if start.row == -1 else Reason.WIDENED
    incident = absorb(draft, world, incident, taken, why, at)
    if start.ack is not None and _answers(world, incident, start.ack, at):
        incident = replace(incident, ack=start.ack)
    incident = replace(incident, title=titles(draft, world, rule, incident, symptom))
    draft.put_incident(incident)
    draft.log(at, incident.id, Reason.OPENED if reason is Reason.FIRST else reason, _what(draft, world, rule, incident))
    if incident.state is IncidentState.REFERRED:
        draft.log(at, incident.id, Reason.REFERRED, "handed to the police under another mechanism: a person ends it")
    call = notices.Call(
        incident=incident,
        rule=rule,
        symptom=symptom,
        kind=NoticeKind.ALARM,
        step=_step("first" if reason is Reason.FIRST else reason.value, incident),
        reason=reason,
        groups=incident.groups,
        tell=incident.tell,
        spared="" if start.ack is None else start.ack.person,
        at=at,
    )
    notices.tell_people(draft, world, call, now)
    notices.tell_joined(draft, world, incident, taken, at, now)
    return incident


def worsen(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """Apply the rows that hold: severity only rises; who is new is told, and all are when it is graver."""
    incident = draft.incident(symptom.incident or "")
    if incident is None or not incident.is_open or incident.rule != rule.id or incident.over:
        return  # it is part of something else, which has rows of its own
    held = symptom.held | recurring.rows(draft, rule, symptom.id, at)
    if not held:
        return
    meaning = _meaning(rule, incident.labels, held=held, cause=incident.cause)
    groups, tell = meaning.groups or (), meaning.tell or ()
    worse = replace(
        incident,
        severity=max(incident.severity, meaning.severity or incident.severity),
        category=meaning.category or incident.category,
        flags=incident.flags | meaning.flags,
        groups=(*incident.groups, *(group for group in groups if group not in incident.groups)),
        tell=(*incident.tell, *(group for group in tell if group not in incident.tell)),
    )
    if any(rule.rows[index].meaning.words.title for index in held if index < len(rule.rows)):
        worse = replace(worse, title=titles(draft, world, rule, worse, symptom))
    if worse == incident:
        return
    row = max(held) + 1
    draft.log(at, incident.id, Reason.WORSE, f"{incident.severity.name} to {worse.severity.name}, row {row}")
    step = f"worse-{worse.severity.name}-{row}"
    _put_changed(draft, world, rule, incident, worse, symptom, step, Reason.WORSE, at, now)


def learn_cause(draft: Draft, world: World, rule: Rule, incident: Incident, at: datetime, now: datetime) -> None:
    """A co-signal is seen: what it names replaces what applied, and its own incidents are part of this one."""
    cause = kinship.cause_of(draft, rule, incident.labels, incident.since)
    if cause is None:
        return
    if incident.cause == -1 or cause.index < incident.cause:
        symptom = speaker(draft, incident)
        held = frozenset() if incident.over else symptom.held | recurring.rows(draft, rule, symptom.id, at)
        meaning = _meaning(rule, incident.labels, held=held, row=incident.row, cause=cause.index)
        named = rule.because[cause.index].meaning
        learned = replace(
            incident,
            cause=cause.index,
            severity=max(incident.severity, meaning.severity or incident.severity),
            category=meaning.category or incident.category,
            flags=incident.flags | meaning.flags,
            groups=incident.groups if named.groups is None else named.groups,
            tell=incident.tell if named.tell is None else named.tell,
        )
        learned = replace(learned, title=titles(draft, world, rule, learned, symptom))
        draft.log(at, incident.id, Reason.CAUSE, f"{rule.because[cause.index].seen}: {learned.category}")
        step = _step(f"cause-{cause.index + 1}", incident)
        incident = _put_changed(draft, world, rule, incident, learned, symptom, step, Reason.CAUSE, at, now)
    taken = _signals(draft, rule, incident, cause)
    draft.put_incident(absorb(draft, world, incident, taken, Reason.PART_OF, at))
    notices.tell_joined(draft, world, incident, taken, at, now)


def absorb(
    draft: Draft,
    world: World,
    into: Incident,
    taken: Collection[Incident],
    reason: Reason,
    at: datetime,
    under: SymptomId | None = None,
) -> Incident:
    """Take incidents over, with their symptoms: what they had of severity and acks counts. The taker as it is then."""
    for one in sorted(taken, key=lambda one: one.id):
        for symptom_id in sorted(draft.members(one.id)):
            symptom = draft.symptom(symptom_id)
            if symptom is not None:
                draft.put_symptom(replace(symptom, incident=into.id, under=symptom.under or under))
        draft.drop_timer(TimerId(TimerKind.NARROW, (one.id,)))
        draft.put_incident(replace(one, state=IncidentState.ENDED, ended_at=at, ended_as=reason, into=into.id))
        draft.log(at, one.id, reason, f"part of {into.code}: {_where(into)}")
        draft.log(at, into.id, Reason.PART_OF, f"takes over {one.code}: {_where(one)}")
        into = replace(into, severity=max(into.severity, one.severity))
        if into.ack is None and one.ack is not None and _answers(world, into, one.ack, at):
            into = replace(into, ack=one.ack)
            draft.log(at, into.id, Reason.ACKNOWLEDGED, f"{one.ack.person} took {one.code}, and is asked for this one")
    return into


def end_incident(
    draft: Draft, world: World, incident: Incident, reason: Reason, at: datetime, now: datetime, remaining: int = 0
) -> None:
    """It is over. The all-clear goes to whoever got the alarm. `remaining`: targets of its scope that still fail."""
    ended = replace(incident, state=IncidentState.ENDED, ended_at=at, ended_as=reason)
    rule = world.rules.get(incident.rule)
    draft.drop_timer(TimerId(TimerKind.NARROW, (incident.id,)))
    if rule is not None and rule.reopen_within and reason is Reason.RESOLVED:
        due = at + rule.reopen_within + _MOMENT  # what comes back at its very end still does so within it
        draft.set_timer(Timer(id=TimerId(TimerKind.FORGET, (incident.id,)), onset=at, due=due))
    draft.put_incident(ended)
    draft.log(at, incident.id, reason, _where(incident))
    if remaining:
        draft.log(at, incident.id, Reason.NARROWED, f"{remaining} still fail: each is an incident of its own again")
    notices.all_clear(draft, world, ended, reason, _step(reason.value, incident), now, remaining=remaining)


def _put_changed(
    draft: Draft,
    world: World,
    rule: Rule,
    before: Incident,
    after: Incident,
    symptom: Symptom,
    step: str,
    reason: Reason,
    at: datetime,
    now: datetime,
) -> Incident:
    """Set it; who is new is told, and all are when it is graver. Flags and category alone wake nobody."""
    graver = after.severity > before.severity
    draft.put_incident(after)
    call = notices.Call(
        incident=after,
        rule=rule,
        symptom=symptom,
        kind=NoticeKind.WORSE if graver else NoticeKind.ALARM,  # to who is new it is an alarm like any other
        step=step,
        reason=reason,
        groups=after.groups if graver else tuple(group for group in after.groups if group not in before.groups),
        tell=after.tell if graver else tuple(group for group in after.tell if group not in before.tell),
        severity_groups=graver,
        at=at,
    )
    if graver or call.groups or call.tell:
        notices.tell_people(draft, world, call, now)
    return after


def _meaning(
    rule: Rule, labels: Mapping[str, str], *, held: Collection[int] = (), row: int = -1, cause: int = -1
) -> Meaning:
    """What applies: the rule's own; over it the width, or each `worse` row that holds, in order; then the cause.

    What a row does not name is kept. Rows that a reload took away are passed over.
    """
    rows = [rule.widens[row].meaning] if 0 <= row < len(rule.widens) else []
    if row == -1:
        rows = [rule.rows[index].meaning for index in sorted(held) if index < len(rule.rows)]
    rows += [rule.because[cause].meaning] if 0 <= cause < len(rule.because) else []
    severity, category, flags = rule.severity_of(labels), rule.category, rule.flags
    groups, tell = rule.groups, rule.tell
    for meaning in rows:
        severity = severity.up() if meaning.severity_up else meaning.severity or severity
        category = meaning.category or category
        flags |= meaning.flags
        groups = groups if meaning.groups is None else meaning.groups
        tell = tell if meaning.tell is None else meaning.tell
    return Meaning(severity=severity, category=category, flags=flags, groups=groups, tell=tell)


def _identified(draft: Draft, world: World, start: Start, incident: Incident) -> Incident:
    """With its id and code: those of before, when the same comes back."""
    known, at = draft.at_place(incident.place), start.at
    if known is not None and not known.is_open and draft.remembers(known, at):
        soon = known.ended_at is not None and at <= known.ended_at + start.rule.reopen_within
        flaps = known.into is None and bool(start.rule.reopen_within) and soon
        if flaps or known.since == incident.since:
            draft.drop_timer(TimerId(TimerKind.FORGET, (known.id,)))
            return replace(
                incident,
                id=known.id,
                code=known.code,
                severity=max(known.severity, incident.severity),
                reopened=known.reopened + (1 if flaps else 0),
                turn=known.turn + 1,
            )
    # Of what fired before there may have been an incident, which has left memory: its pages are in the store.
    fired_before = start.symptom.fired_at is not None and start.symptom.fired_at < at
    incident_id = id_of(world, incident.place, incident.since, *([at] if fired_before else []))
    return replace(incident, id=incident_id, code=_free_code(draft, incident_id))


def _signals(draft: Draft, rule: Rule, incident: Incident, cause: kinship.SeenCause | None) -> list[Incident]:
    """The incidents of the co-signals that were seen in the same place: they are part of this one."""
    if cause is None or not rule.because[cause.index].same:
        return []
    found: dict[str, Incident] = {}
    for symptom in cause.seen:
        own = None if symptom.incident is None else draft.incident(symptom.incident)
        if own is not None and own.is_open and own.id != incident.id and own.rule == symptom.id.rule:
            agrees = kinship.agree(rule.because[cause.index].same, own.labels, incident.labels)
            if agrees:
                found[own.id] = own
    return list(found.values())


def _answers(world: World, incident: Incident, ack: Ack, at: datetime) -> bool:
    """Whether somebody who took a part is one of those who must answer for the whole."""
    groups = (*incident.groups, *world.roster.severity(incident.severity).groups)
    steps = (world.roster.first_step(group, incident.labels, at) for group in groups)
    return any(person.id == ack.person for step in steps if step is not None for person in step.people)


def _what(draft: Draft, world: World, rule: Rule, incident: Incident) -> str:
    counted = figures(draft, world, rule, incident)
    many = f", {counted['failing']} of {counted['base']}" if counted else ""
    again = f", time {incident.reopened + 1}" if incident.reopened else ""
    return f"{_where(incident)}: {incident.severity.name}{many}{again}"


def _where(incident: Incident) -> str:
    """The rule and its place, in words of the log."""
    if not incident.over:
        return f"{incident.rule} on {incident.symptom.target}"
    scope = ", ".join(f"{label} {value}" for label, value in incident.scope.items())
    return f"{incident.rule} over {scope or incident.over}"


def _step(name: str, incident: Incident) -> str:
    """A step's name is its own in every turn, so that no page of a later one is taken for one of before."""
    return f"{name}-{incident.turn}" if incident.turn else name


def id_of(world: World, place: Place, *moments: datetime) -> str:
    """The bank's date and a hash of what opened it: deciding again gives the same id again."""
    cause = "\x1f".join((*filter(None, place), *(moment.isoformat() for moment in moments)))
    digest = hashlib.sha256(cause.encode(errors="replace")).hexdigest()[:12]
    return f"{moments[0].astimezone(world.bank.zone):%Y%m%d}-{digest}"


def _free_code(draft: Draft, incident_id: str) -> str:
    """Four digits that no open incident has; five or six when so many are open that four run out."""
    attempt = 0
    while True:
        digits = min(4 + attempt // 16, 9)
        first = 10 ** (digits - 1)
        digest = hashlib.sha256(f"{incident_id}\x1f{attempt}".encode()).digest()
        code = str(first + int.from_bytes(digest[:8], "big") % (9 * first))
        if draft.code_is_free(code):
            return code
        attempt += 1
