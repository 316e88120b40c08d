"""A rule, ready to decide with: what a symptom means, whom it concerns, what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ebank_sentinel.model.severity import Severity

Text: TypeAlias = Mapping[str, str]
"""A text by language (`zh-CN`, `en`), with `{label}` and `{field}` or `{field:.0%}` in it."""


def in_language(text: Text, language: str) -> str:
    """The text in a language; else in one of the same family; else in the first there is; else ""."""
    if language in text:
        return text[language]
    family = language.split("-", maxsplit=1)[0]
    for name, words in text.items():
        if name.split("-")[0] == family:
            return words
    return next(iter(text.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a symptom means while a row holds. None: what applied before is kept."""

    severity: Severity | None = None
    severity_up: bool = False  # `severity: up`: one level above what applied before
    category: str | None = None
    flags: frozenset[str] = frozenset()  # added to those that applied before
    groups: tuple[str, ...] | None = None
    tell: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of `worse`: it holds from its own onset, and implies the rule."""

    hold: timedelta  # `for`
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Maps a condition on a probe's readings to a symptom, and says what that means."""

    id: str
    watch: str  # name of a probe
    hold: timedelta  # `for`: how long the condition holds before the symptom fires
    clear_after: timedelta  # how long it does not hold before the symptom ends
    every: timedelta  # the interval of its probe: a reading older than two of them is none
    no_data: bool = False  # `when: no_data`: it holds while its target is not read
    severity: Severity
    category: str
    flags: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()  # must answer: a chain each; the first owns the incident
    tell: tuple[str, ...] = ()  # one notice
    rows: tuple[Row, ...] = ()  # `worse`, mildest first
    title: Text = field(default_factory=dict)
    number: Text = field(default_factory=dict)  # the figure that tells how bad it is
    normal: Text = field(default_factory=dict)  # what that figure is on a good day
    impact: Text = field(default_factory=dict)
    say: Text = field(default_factory=dict)  # what customer service tells customers
    runbook: str = ""  # path of the page, as the rule file gives it
    first_checks: tuple[str, ...] = ()  # the first three checks of the runbook
    condition: str = ""  # `when` as written, for people
    place: str = ""  # topology's `place` template
