"""What a decision may look at besides the ledger: the policy of the bank, and what was read last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ebank_sentinel.model.contact import Person, SeverityPolicy, Step
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Message
from ebank_sentinel.model.reading import Reading, TargetId
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import Rule, Text
from ebank_sentinel.model.severity import Severity


class Roster(Protocol):
    """Who is meant: contacts/ has it."""

    def first_step(self, group: str, labels: Mapping[str, str], at: datetime) -> Step | None:
        """The first step of the group's chain at a moment; None when it leads to nobody at all."""
        ...

    def severity(self, severity: Severity) -> SeverityPolicy:
        """What a step takes that does not say its own."""
        ...

    def person(self, person_id: str) -> Person | None:
        """A person by id."""
        ...

    def group_title(self, group: str, language: str) -> str:
        """A group's name in a language."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What deciding must know of a channel."""

    address_kind: str | None  # "sms", "email", "voice"; None: it has an address of its own
    replies: bool = False  # who gets a text there can answer it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Who we are."""

    name: str
    language: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Frozen for one decision."""

    node: str  # who decides, and leases the pages
    lease: timedelta
    bank: Bank
    rules: Mapping[str, Rule]
    relations: Relations  # of these rules
    services: Mapping[str, Text] = field(default_factory=dict)  # by name -> title
    roster: Roster
    channels: Mapping[str, ChannelFacts]
    latest: Callable[[TargetId], Reading | None]  # the last reading since the start
    unbroken_since: Callable[[TargetId], datetime | None]  # since when readings have come within two intervals
    targets_in: Callable[[str, str, str], int]  # probe, label (or FLEET), its value -> how many targets there are
    watched: Callable[[TargetId], bool]  # its probe still lists it
    next_start: Callable[[str, datetime], datetime | None]  # when a named time begins again
    covers: Callable[[str, datetime], bool]  # whether a named time covers a moment
    render: Callable[[Notice, str, bool], Message]  # notice, language, replies
