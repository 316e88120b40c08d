"""What a file of tests may say. What depends on the configuration that it names is checked in names.py and stage.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import WithJsonSchema

from ebank_sentinel.model.reading import ProbeError
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.settings import DURATION_PATTERN, Name, Strict, parse_duration
from ebank_sentinel.rules.rows import Category, Flag, SeverityName

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Labels = dict[str, str]


def _offset(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if value in ("0s", "0m", "0h", "0ms", "0d"):
        return timedelta()
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no time after the start: it needs a unit, as in 0s, 90s, 5m or 2h30m")  # noqa: TRY004 - pydantic turns only ValueError into a problem
    return parse_duration(value)


Offset = Annotated[
    timedelta,
    BeforeValidator(_offset),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["0s", "90s", "5m", "2h30m"]}),
]
"""A time after the test's start."""


def _start(value: object) -> object:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ValueError(f"{value!r} is no moment of the bank's local time: write it as in 2026-12-10T03:00")
    return moment


Start = Annotated[
    datetime, BeforeValidator(_start), WithJsonSchema({"type": "string", "examples": ["2026-12-10T03:00"]})
]


def _word(kind: str, words: tuple[str, ...]) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and value not in words:
            raise ValueError(f"{value!r} is no {kind}: choose one of {', '.join(words)}")
        return value

    return BeforeValidator(check)


ReasonName = Annotated[str, _word("reason", tuple(reason.value for reason in Reason))]
ErrorName = Annotated[str, _word("error of a reading", tuple(error.value for error in ProbeError))]


class ReadingSettings(Strict):
    """What some targets are like from a moment on; beside these keys: the probe with its targets, and its fields."""

    model_config = ConfigDict(extra="allow")

    at: Offset
    up: bool | None = Field(default=None, description="default: true, or false when there is an error")
    error: ErrorName | None = None
    no_data: bool | float | None = Field(default=None, description="true: not read from now on; a number: the field")
    gone: Literal[True] | None = Field(default=None, description="the series left the answer (`absent: clear` only)")
    fields: dict[str, Any] = Field(default={}, description="fields of the same name as the probe, or as a key of this")
    body: Any = Field(default=None, description="the decoded JSON, where the probe keeps it")


class AlertSettings(Strict):
    """An alert that Prometheus pushes."""

    at: Offset
    labels: Labels = Field(min_length=1)
    annotations: Labels = {}
    ends: Offset | None = Field(default=None, description="it ends then; default: it is told again and again")
    resolved: Literal[True] | None = Field(default=None, description="this one says that it is over")

    @model_validator(mode="after")
    def _ends_later(self) -> AlertSettings:
        if self.ends is not None and self.ends <= self.at:
            raise ValueError("`ends` is a time after the start, as `at` is, and lies behind it")
        return self


class ReportSettings(Strict):
    """What staff or customers tell."""

    at: Offset
    type: str
    time: Literal["unknown"] | None = Field(default=None, description="default: it happens when it is reported")
    place: str = ""
    impact: str = ""
    reporter: str = ""
    note: str = ""
    labels: Labels = {}


class PointingSettings(Strict):
    """One open incident."""

    rule: Name
    scope: Labels | Literal["fleet"] | None = Field(default=None, description="needed where the rule has several open")
    target: str | None = Field(default=None, description="the key of its one target")


class AckSettings(PointingSettings):
    """A person takes an incident."""

    at: Offset
    by: Name
    note: str = ""


class EndSettings(AckSettings):
    """A person says that it is over."""


class IncidentSettings(PointingSettings):
    """An incident that is open; what is not named is not compared."""

    category: Category | None = None
    severity: SeverityName | None = None
    groups: list[Name] | None = None
    tell: list[Name] | None = None
    state: Literal["open", "referred"] | None = None
    ack: Name | Literal[False] | None = Field(default=None, description="who has it; false: nobody")
    flags: list[Flag] | None = None
    title: str | None = Field(default=None, description="part of its title, in any language")
    reopened: int | None = Field(default=None, ge=0, description="so often it came back")
    symptoms: int | None = Field(default=None, ge=1, description="so many symptoms belong to it")


class PageSettings(Strict):
    """A page that was sent; what is not named is not compared."""

    to: Name = Field(description="a person's id, or the channel's name where it has an address of its own")
    channel: Name | None = None
    reason: ReasonName | None = None
    text: str | list[str] | None = Field(default=None, description="stands in what is read there; a list: each of it")
    not_text: str | list[str] | None = Field(default=None, description="does not stand in it")


class ExpectSettings(Strict):
    """The whole truth at a time."""

    at: Offset
    quiet: Literal[True] | None = Field(default=None, description="no incident is open")
    incidents: list[IncidentSettings] | None = Field(default=None, description="all that are open")
    pages: list[PageSettings] | Literal["any"] = Field(
        default=[], description="all that were sent since the entry before, in any order; `any`: not compared"
    )

    @model_validator(mode="after")
    def _says_what_is_open(self) -> ExpectSettings:
        if (self.quiet is None) == (self.incidents is None):
            raise ValueError("say what is open: `quiet: true`, or `incidents:` with every one of them")
        return self


class CaseSettings(Strict):
    """One test. Readings are checked by themselves, against the probe that they name."""

    name: Sentence
    start: Start = Field(description="the bank's local time")
    targets: dict[Name, list[Labels]] = Field(default={}, description="by probe: in place of the configured ones")
    readings: list[Any] = []
    alerts: list[AlertSettings] = []
    reports: list[ReportSettings] = []
    acks: list[AckSettings] = []
    ends: list[EndSettings] = []
    restart: list[Offset] = Field(default=[], description="the program ends and starts anew")
    channels: dict[Name, Literal["fail"]] = Field(default={}, description="every delivery there fails for good")
    expect: list[ExpectSettings] = Field(min_length=1)
    end: Offset | None = Field(
        default=None, description="until then no further page goes out; default: the last expect"
    )

    @model_validator(mode="after")
    def _in_order(self) -> CaseSettings:
        times = [entry.at for entry in self.expect]
        if times != sorted(times):
            raise ValueError("the entries of `expect` stand in the order of their times")
        if self.end is not None and self.end < times[-1]:
            raise ValueError("`end` is before the last entry of `expect`")
        return self


class TestFile(Strict):
    """A file of tests. Each is checked by itself, so that one mistake hides no other."""

    __test__ = False  # no test of pytest

    config: str = Field(min_length=1, description="the sentinel.yaml that is tested, relative to this file")
    tests: list[Any] = Field(min_length=1)
