"""All that the contacts' files say, merged and checked: what the roster looks things up in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ebank_sentinel.contacts.rota import Rota
from ebank_sentinel.contacts.settings import EscalationSettings, GroupSettings, StepSettings, ViaEntry
from ebank_sentinel.model.contact import Person, SeverityPolicy, Via
from ebank_sentinel.model.severity import Severity

DEFAULT_ESCALATION = "default"
ON_CALL = EscalationSettings(steps=[StepSettings(page="on_call")])
"""What a group does without an escalation of its own or one named default."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """People, groups, rotas, severities and escalations, by name."""

    people: Mapping[str, Person]
    away: Mapping[str, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)  # by person
    groups: Mapping[str, GroupSettings] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    severities: Mapping[Severity, SeverityPolicy] = field(default_factory=dict)
    escalations: Mapping[str, EscalationSettings] = field(default_factory=dict)
    channels: Mapping[str, str | None] = field(default_factory=dict)  # the kind of address that each takes
    zone: ZoneInfo
    language: str  # the bank's

    def is_away(self, person: str, at: datetime) -> bool:
        """Whether somebody must not be counted on at this moment."""
        return any(start <= at < end for start, end in self.away.get(person, ()))

    def escalation(self, group: str) -> EscalationSettings:
        """The chain that a group's pages follow."""
        name = self.groups[group].escalation or DEFAULT_ESCALATION
        return self.escalations.get(name, ON_CALL)


def via(entries: list[ViaEntry]) -> tuple[Via, ...]:
    """What `via:` says, as the rest of the program has it."""
    return tuple(Via(channels=(one,) if isinstance(one, str) else tuple(one.first_of)) for one in entries)


def labels_in(pattern: str) -> list[str]:
    """The labels that `vendor-{vendor}` names. Raises ValueError for braces that are none."""
    rest = _PLACEHOLDER.sub("", pattern)
    names = [name.removeprefix("label.") for name in _PLACEHOLDER.findall(pattern)]
    if "{" in rest or "}" in rest or not all(re.fullmatch(r"\w[\w.-]*", name) for name in names):
        raise ValueError(f'{pattern!r} does not name a label: write it as in "vendor-{{vendor}}"')
    return names


def filled(pattern: str, labels: Mapping[str, str]) -> str | None:
    """`vendor-{vendor}` with the labels in place; None when one is missing or empty."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        label = labels.get(found[1].removeprefix("label."), "")
        missing = missing or not label
        return label

    text = _PLACEHOLDER.sub(value, pattern)
    return None if missing else text


def may_name(pattern: str, names: Mapping[str, object]) -> Iterator[str]:
    """Those of the names that a pattern could become."""
    literal = [re.escape(part) for part in _PLACEHOLDER.split(pattern)[::2]]
    expression = re.compile(".+".join(literal))
    return (name for name in names if expression.fullmatch(name))
