"""What memory holds of the store, and a change of it. Memory only ever moves by a committed Delta."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.model.incident import Event, Incident
from ebank_sentinel.model.page import Delivery, Page
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.symptom import Symptom, SymptomId


class TimerKind(enum.StrEnum):
    """What falls due."""

    HOLD = "hold"  # the `for` of a rule (row -1) or of a `worse` row
    CLEAR = "clear"  # the `clear_after` of a rule
    NEXT_CHANNEL = "next_channel"  # `first_of` goes on when the channel stayed silent
    DIGEST = "digest"  # `during` begins: what was held goes out


class TimerId(NamedTuple):
    """What a timer is known by: there is one of a kind for a subject."""

    kind: TimerKind
    subject: tuple[str, ...]  # a SymptomId, (page id,), or (recipient, channel)
    row: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that falls due. A row of the store, so that a restart forgets none."""

    id: TimerId
    onset: datetime
    due: datetime


class Told(NamedTuple):
    """Somebody got an alarm of an incident on a channel, and will get its all-clear there."""

    incident: str
    recipient: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What one decision changes: the new row by key, None where a row goes. Appended rows by themselves."""

    symptoms: Mapping[SymptomId, Symptom | None] = field(default_factory=dict)
    timers: Mapping[TimerId, Timer | None] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    heartbeats: Mapping[TargetId, datetime] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    deliveries: tuple[Delivery, ...] = ()

    def __bool__(self) -> bool:
        return any(
            (self.symptoms, self.timers, self.incidents, self.pages, self.heartbeats, self.events, self.deliveries)
        )


@dataclass(slots=True)
class Ledger:
    """Everything that a decision may look at: the open part of what the store holds."""

    symptoms: dict[SymptomId, Symptom] = field(default_factory=dict)
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)  # open ones
    pages: dict[str, Page] = field(default_factory=dict)  # of open incidents, and whatever is not final
    heartbeats: dict[TargetId, datetime] = field(default_factory=dict)
