"""What enters the desk. Items are values: what they mean is decided in incidents/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from ebank_sentinel.model.page import Delivery
from ebank_sentinel.model.reading import Scalar, Target, TargetId

Truth: TypeAlias = bool | None
"""Three-valued: None is unknown."""


class RuleTruth(NamedTuple):
    """What one rule says of one reading."""

    counts: Truth  # `where`
    holds: Truth  # `when`, or "there is no data" for `when: no_data`
    rows: tuple[Truth, ...]  # `worse`; each already joined with `holds`


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A target's truths are not what they were, or are known for the first time since the start."""

    target: Target
    at: datetime
    truths: Mapping[str, RuleTruth]  # by rule id, all rules that watch the probe
    values: Mapping[str, Scalar] = field(default_factory=dict)  # the reading's fields, for texts
    seq: int = 0  # order of arrival: tells two changes of one instant apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """An alert or a report as it came in, and what the rules say of it."""

    change: Change
    until: datetime | None = None  # when it ends by itself, unless it is told again; None: only when told


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Alerts or a report: all are taken, in one commit, or none is."""

    request: str  # unique: the answer is filed under it
    at: datetime
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A person says that an incident is over: for what was reported, and what was referred."""

    request: str  # unique: the answer is filed under it
    incident: str  # id or code
    person: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person takes an incident."""

    request: str  # unique: the answer is filed under it
    incident: str  # id or code
    person: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A job says that it is alive."""

    request: str  # unique: the answer is filed under it
    target: TargetId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An attempt to send a page came to an end."""

    delivery: Delivery
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPage:
    """Somebody wants to see that a person can be reached, on every channel."""

    request: str  # unique: the answer is filed under it
    person: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The program has something to say about itself to a group."""

    request: str  # unique: the answer is filed under it
    group: str
    detail: str  # one line
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """Rules or targets changed: what is no longer watched ends as retired."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBack:
    """The wall clock was set back."""

    by: timedelta
    after: datetime  # by the clock as it is now: moments from then until `at` are of this clock already
    at: datetime

    def moved(self, moment: datetime) -> datetime:
        """A moment of before as this clock would have given it."""
        return moment if self.after <= moment <= self.at else moment - self.by


Item: TypeAlias = (
    Change | Pushed | End | Acknowledge | Heartbeat | Delivered | TestPage | Announcement | Reloaded | SetBack
)

Asked: TypeAlias = Pushed | End | Acknowledge | Heartbeat | TestPage | Announcement
"""Items whose sender waits for an answer."""
