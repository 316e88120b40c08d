"""A symptom that fires opens an incident, worsens it, or ends it; each carries its pages."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from ebank_sentinel.incidents import notices
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.facts import titles
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident, IncidentState
from ebank_sentinel.model.notice import NoticeKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Meaning, Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom


def open_incident(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> Incident:
    """A new incident, with the first step of every group's chain."""
    meaning = _meaning(rule, symptom.held)
    incident_id = _incident_id(world, symptom)
    incident = Incident(
        id=incident_id,
        code=_free_code(draft, incident_id),
        state=IncidentState.OPEN,
        rule=rule.id,
        symptom=symptom.id,
        labels=symptom.labels,
        title=titles(world, rule, symptom),
        severity=meaning.severity or rule.severity,
        category=meaning.category or rule.category,
        flags=meaning.flags,
        groups=meaning.groups or (),
        tell=meaning.tell or (),
        since=symptom.onset,
        opened_at=at,
    )
    draft.put_incident(incident)
    draft.log(at, incident.id, Reason.OPENED, f"{rule.id} on {symptom.id.target}: {incident.severity.name}")
    notices.tell_people(
        draft,
        world,
        notices.Call(
            incident=incident,
            rule=rule,
            symptom=symptom,
            kind=NoticeKind.ALARM,
            step="first",
            reason=Reason.FIRST,
            groups=incident.groups,
            tell=incident.tell,
            at=at,
        ),
        now,
    )
    return incident


def worsen(draft: Draft, world: World, rule: Rule, symptom: Symptom, at: datetime, now: datetime) -> None:
    """Apply the rows that hold: severity only rises; who is new is told, and all are when it is graver."""
    incident = draft.incident(symptom.incident or "")
    if incident is None or not symptom.held:
        return
    meaning = _meaning(rule, symptom.held)
    severity = max(incident.severity, meaning.severity or incident.severity)
    graver = severity > incident.severity
    groups, tell = meaning.groups or (), meaning.tell or ()
    worse = replace(
        incident,
        severity=severity,
        category=meaning.category or incident.category,
        flags=incident.flags | meaning.flags,
        groups=(*incident.groups, *(group for group in groups if group not in incident.groups)),
        tell=(*incident.tell, *(group for group in tell if group not in incident.tell)),
    )
    if worse == incident:
        return
    draft.put_incident(worse)
    draft.log(
        at, incident.id, Reason.WORSE, f"{incident.severity.name} to {severity.name}, row {max(symptom.held) + 1}"
    )
    call = notices.Call(
        incident=worse,
        rule=rule,
        symptom=symptom,
        kind=NoticeKind.WORSE if graver else NoticeKind.ALARM,  # to who is new it is an alarm like any other
        step=f"worse-{severity.name}-{max(symptom.held) + 1}",
        reason=Reason.WORSE,
        groups=worse.groups if graver else worse.groups[len(incident.groups) :],
        tell=worse.tell if graver else worse.tell[len(incident.tell) :],
        severity_groups=graver,
        at=at,
    )
    if graver or call.groups or call.tell:  # flags and category alone wake nobody
        notices.tell_people(draft, world, call, now)


def end_incident(draft: Draft, world: World, symptom: Symptom, reason: Reason, at: datetime, now: datetime) -> None:
    """It is over: resolved, or retired. The all-clear goes to whoever got the alarm."""
    incident = draft.incident(symptom.incident or "")
    if incident is None or incident.state is IncidentState.ENDED:
        return
    ended = replace(incident, state=IncidentState.ENDED, ended_at=at, ended_as=reason)
    draft.put_incident(ended)
    draft.log(at, incident.id, reason, f"{incident.rule} on {incident.symptom.target}")
    notices.all_clear(draft, world, ended, symptom, reason, now)


def _meaning(rule: Rule, held: frozenset[int]) -> Meaning:
    """What applies: the rule's own, and over it each row that holds, in order; what a row does not name is kept."""
    severity: Severity = rule.severity
    category, flags, groups, tell = rule.category, rule.flags, rule.groups, rule.tell
    for index in sorted(held):
        if index >= len(rule.rows):
            continue  # the rule lost this row in a reload
        row = rule.rows[index].meaning
        severity = severity.up() if row.severity_up else row.severity or severity
        category = row.category or category
        flags |= row.flags
        groups = groups if row.groups is None else row.groups
        tell = tell if row.tell is None else row.tell
    return Meaning(severity=severity, category=category, flags=flags, groups=groups, tell=tell)


def _incident_id(world: World, symptom: Symptom) -> str:
    """The bank's date and a hash of what opened it: deciding again gives the same id again."""
    cause = "\x1f".join((*symptom.id, symptom.onset.isoformat()))
    digest = hashlib.sha256(cause.encode(errors="replace")).hexdigest()[:12]
    return f"{symptom.onset.astimezone(world.bank.zone):%Y%m%d}-{digest}"


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
