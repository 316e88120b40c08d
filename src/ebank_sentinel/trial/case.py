"""A test, checked and worked out: what happens when, and what is then the whole truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ebank_sentinel.config import Config
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.told import Alert, Report
from ebank_sentinel.trial.settings import ExpectSettings, PointingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What one target is like from a moment until the next span begins."""

    at: datetime
    reading: Reading | None  # read every interval; None: not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """All that happens to one target."""

    target: Target
    listed: bool  # its probe names it, so it is expected from the start; else it is found with its first reading
    stand_in: bool = False  # stands for a probe that finds its targets, until it found the first
    spans: tuple[Span, ...] = ()  # by time


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert or a report comes in."""

    request: str
    at: datetime
    what: Alert | Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A person takes an incident, or ends it."""

    at: datetime
    which: PointingSettings
    by: str
    note: str
    ends: bool
    place: str  # file:line


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One line of the story as it was written, for the timeline."""

    at: datetime
    kind: str  # "reading", "alert", "report", "person", "restart"
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The whole truth at a moment."""

    at: datetime
    settings: ExpectSettings
    place: str  # file:line


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test."""

    name: str
    place: str  # file:line
    start: datetime
    end: datetime
    targets: Mapping[str, Mapping[TargetId, Target]] = field(default_factory=dict)  # by probe that lists its targets
    tracks: tuple[Track, ...] = ()
    told: tuple[Told, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    restarts: tuple[datetime, ...] = ()
    failing: frozenset[str] = frozenset()  # channels
    expected: tuple[Expected, ...] = ()
    story: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The tests of one file, and the configuration that they test."""

    file: str
    config: Config
    cases: tuple[Case, ...]
