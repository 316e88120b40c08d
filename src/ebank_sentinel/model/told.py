"""What was told to us instead of read: alerts of another system, and reports of people, as their doors take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

LACKS = "missing"
"""The value of a report that names what it lacks, joined by commas; it is no value for texts."""

TIME_FORMAT = "%Y-%m-%d %H:%M"
"""How the value `time` of a report is written, by the bank's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert, as Alertmanager's API takes it."""

    labels: Mapping[str, str]  # they are its identity
    values: Mapping[str, str] = field(default_factory=dict)  # annotations, and the labels once more, for texts
    resolved: bool = False
    until: datetime | None = None  # when it ends unless it is told again; None: nobody said so


class ReportId(NamedTuple):
    """What a report is known by, over restarts: the same key again is the same report."""

    key: str  # of whoever reports, as a hash
    content: str  # what was reported, as a hash

    def __str__(self) -> str:
        return f"{self.key}-{self.content}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a person reports."""

    id: ReportId
    type: str
    place: str = ""
    time: datetime | None = None  # when it happened; None: the reporter did not say
    impact: str = ""
    reporter: str = ""
    note: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # names of what the reporter did not say, and should
