"""An incident: the symptoms that share a cause, at the widest scope that the evidence supports."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomId


class IncidentState(enum.StrEnum):
    """Everything else (detected, acknowledged, ...) is a time stamp."""

    OPEN = "open"
    REFERRED = "referred"  # open, and handed to the police under another mechanism; ends by a person
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """A person took it. Delivery is not an ack."""

    person: str  # id in people.yaml
    name: str
    at: datetime
    note: str = ""


class Place(NamedTuple):
    """A rule and a scope, or a rule and a target."""

    rule: str
    over: str  # label, or FLEET; "": one target
    value: str  # of the label; "" for the fleet; probe and key of one target

    @classmethod
    def of_target(cls, rule: str, target: TargetId) -> Place:
        """That of one target."""
        return cls(rule, "", f"{target.probe}\x1f{target.key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is wrong, since when, how grave, whose."""

    id: str  # date and a hash of what opened it: the same cause gets the same id again
    code: str  # digits that a phone shows and a person types; unique among the open ones
    state: IncidentState
    rule: str  # what it means stands there
    symptom: SymptomId  # the one that it began with
    over: str = ""  # the label whose value is its scope (several as `a+b`), or FLEET; "": the one target
    row: int = -1  # of the rule's `widens`; -1: it is not wide
    cause: int = -1  # row of the rule's `because` that applies; -1: none
    labels: Mapping[str, str] = field(default_factory=dict)  # what all of its targets had in common when it opened
    title: Mapping[str, str] = field(default_factory=dict)  # by language, placeholders filled
    severity: Severity  # only rises while open
    category: str
    flags: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()  # the first owns it
    tell: tuple[str, ...] = ()
    since: datetime  # onset of what opened it
    opened_at: datetime
    ended_at: datetime | None = None
    ended_as: Reason | None = None  # resolved, retired, closed; or why another one took it over
    into: str | None = None  # the incident that took it over
    reopened: int = 0  # so often it came back soon after its end
    turn: int = 0  # so often it was opened again, for whatever reason
    ack: Ack | None = None

    @property
    def is_open(self) -> bool:
        """It is not over."""
        return self.state is not IncidentState.ENDED

    @property
    def scope(self) -> Mapping[str, str]:
        """The labels that name where it is: empty for one target, and for a whole fleet."""
        return {label: self.labels[label] for label in self.over.split("+") if label in self.labels}

    @property
    def place(self) -> Place:
        """What it is the incident of: there is one open incident of a place."""
        if self.over:
            return Place(self.rule, self.over, "+".join(self.labels.get(label, "") for label in self.over.split("+")))
        return Place.of_target(self.rule, self.symptom.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an incident's history: what was decided, and the word for why."""

    at: datetime
    incident: str | None  # None: it concerns no incident (a page for a broken configuration)
    reason: Reason
    detail: str
