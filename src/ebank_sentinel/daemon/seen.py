"""What an explanation looks at: one moment of the flow, frozen, and how its times and places are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.localtime import wall_time
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.rule import FLEET, Meaning
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.rules.watch import Watch
from ebank_sentinel.web.show import json_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One moment."""

    world: World
    draft: Draft  # over the newest ledger; nothing is put into it
    watches: Mapping[str, Watch]
    targets: Mapping[TargetId, Target]  # of the probe that is asked for: listed, found, or with a symptom
    every: timedelta | None  # its interval; None: there is no such probe, or it is told to us
    active: frozenset[str]  # named times that cover now
    now: datetime

    @classmethod
    def of(cls, flow: Flow, now: datetime, probe: str = "") -> Seen:
        """As the flow is now, with the targets of one probe."""
        world, ledger, policy = flow.world(), flow.desk.newest, flow.policy
        if ledger.census.counted != world.relations.counted:  # a reload that nothing was decided upon yet
            ledger = ledger.copy()
            ledger.count_by(world.relations.counted)
        symptoms = (one for one in ledger.symptoms.values() if one.id.probe == probe)
        with_symptoms = {one.id.target: Target(id=one.id.target, labels=one.labels) for one in symptoms}
        found = {one.id: one for one in flow.evaluator.targets(probe)}
        return cls(
            world=world,
            draft=Draft(ledger),
            watches=policy.watches,
            targets={**with_symptoms, **found, **policy.targets.get(probe, {})},
            every=policy.intervals.get(probe),
            active=policy.times.active(now),
            now=now,
        )

    @property
    def ledger(self) -> Ledger:
        """What it is about."""
        return self.draft.ledger

    def moment(self, moment: datetime) -> str:
        """By the bank's clock, with the day."""
        return f"{wall_time(moment, self.world.bank.zone):%m-%d %H:%M:%S}"

    def code(self, incident_id: str | None) -> str:
        """How people call an incident; "" when it is not known any more."""
        incident = None if incident_id is None else self.draft.incident(incident_id)
        return "" if incident is None else incident.code


def incident_in_short(incident: Incident) -> dict[str, object]:
    """An incident that another one names."""
    return {
        "id": incident.id,
        "code": incident.code,
        "state": incident.state.value,
        "rule": incident.rule,
        "where": where_is(incident),
        "severity": incident.severity.name,
        "ended_as": None if incident.ended_as is None else incident.ended_as.value,
        "ended_at": json_moment(incident.ended_at),
    }


def where_is(incident: Incident) -> str:
    """Its scope in words."""
    if not incident.over:
        return str(incident.symptom.target)
    return ", ".join(f"{label} {value}" for label, value in incident.scope.items()) or f"the whole {FLEET}"


def says(meaning: Meaning) -> str:
    """What a row names, in the words of a rule file."""
    severity = "up" if meaning.severity_up else "" if meaning.severity is None else meaning.severity.name
    return named(
        severity=severity, category=meaning.category, flags=meaning.flags, groups=meaning.groups, tell=meaning.tell
    )


def named(
    *,
    severity: Severity | str | None,
    category: str | None,
    flags: Iterable[str],
    groups: Iterable[str] | None,
    tell: Iterable[str] | None,
) -> str:
    """`severity II, category link, groups technical+logistics`."""
    written = {
        "severity": severity.name if isinstance(severity, Severity) else severity,
        "category": category,
        "flags": "+".join(sorted(flags)),
        "groups": "+".join(groups or ()),
        "tell": "+".join(tell or ()),
    }
    return ", ".join(f"{key} {value}" for key, value in written.items() if value) or "other words"
