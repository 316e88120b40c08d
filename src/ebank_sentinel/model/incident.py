"""An incident: at this stage the symptom of one rule on one target, told to people."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomId


class IncidentState(enum.StrEnum):
    """Everything else (detected, acknowledged, ...) is a time stamp."""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """A person took it. Delivery is not an ack."""

    person: str  # id in people.yaml
    name: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is wrong, since when, how grave, whose."""

    id: str  # date and a hash of what opened it: the same cause gets the same id again
    code: str  # digits that a phone shows and a person types; unique among the open ones
    state: IncidentState
    symptom: SymptomId
    labels: Mapping[str, str] = field(default_factory=dict)
    title: Mapping[str, str] = field(default_factory=dict)  # by language, placeholders filled
    severity: Severity  # only rises while open
    category: str
    flags: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()  # the first owns it
    tell: tuple[str, ...] = ()
    since: datetime  # onset of what opened it
    opened_at: datetime
    ended_at: datetime | None = None
    ended_as: Reason | None = None  # resolved or retired
    ack: Ack | None = None

    @property
    def rule(self) -> str:
        """The rule that opened it."""
        return self.symptom.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an incident's history: what was decided, and the word for why."""

    at: datetime
    incident: str | None  # None: it concerns no incident (a page for a broken configuration)
    reason: Reason
    detail: str
