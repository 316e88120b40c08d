"""Who a step leads to: what contacts/ answers, and incidents/ asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

ABOUT_US = "technical"
"""The group that is told when the program itself is in trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be paged."""

    id: str
    name: str
    language: str  # "zh-CN", "en"
    addresses: Mapping[str, str] = field(default_factory=dict)  # kind of address (sms, voice, email) -> address
    superior: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """One entry of `via`: a single channel, or `first_of` several in order."""

    channels: tuple[str, ...]  # one: just send; several: the next after a permanent failure or 2 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The first step of a group's chain, worked out for one moment."""

    group: str  # after `use`/`else`: the group that is really meant
    people: tuple[Person, ...]  # in order, nobody twice, nobody who is away unless all are
    via: tuple[Via, ...] | None  # the step's own; None: what the severity takes
    why: str  # in words: "on call in technical (rota technical, until Mon 09:00)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPolicy:
    """A line of severities.yaml."""

    via: tuple[Via, ...]
    wait: timedelta
    groups: tuple[str, ...] = ()  # added to those of the rule
    during: str | None = None  # a named time; outside it pages wait and go out as one list
