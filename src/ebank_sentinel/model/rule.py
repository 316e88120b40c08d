"""A rule, ready to decide with: what a symptom means, whom it concerns, what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ebank_sentinel.model.severity import Severity

SETTLE = 1.1
"""Intervals after a first failing reading by which every other target of a scope was read."""

FLEET = "fleet"
"""The widest scope: all targets of a probe."""

ALERTS = "@alert"
REPORTS = "@report"
OWN_CHANNELS = "@own.channels"
OWN_PROBES = "@own.probes"
OWN_STORE = "@own.store"
OWN_RULES = "@own.rules"
"""Stand where a probe stands in a TargetId. No file can give this name to a probe: `@` is not allowed there."""

PUSHED = frozenset({ALERTS, REPORTS})
OWN = frozenset({OWN_CHANNELS, OWN_PROBES, OWN_STORE, OWN_RULES})

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
class Words:
    """What an incident says to people. Empty: nothing, or what applied before."""

    title: Text = field(default_factory=dict)
    number: Text = field(default_factory=dict)  # the figure that tells how bad it is
    normal: Text = field(default_factory=dict)  # what that figure is on a good day
    impact: Text = field(default_factory=dict)
    say: Text = field(default_factory=dict)  # what customer service tells customers
    runbook: str = ""  # path of the page, as the rule file gives it
    first_checks: tuple[str, ...] = ()  # the first three checks of the runbook

    def over(self, before: Words) -> Words:
        """These words, and those of before where these say nothing."""
        return Words(
            title=self.title or before.title,
            number=self.number or before.number,
            normal=self.normal or before.normal,
            impact=self.impact or before.impact,
            say=self.say or before.say,
            runbook=self.runbook or before.runbook,
            first_checks=self.first_checks or before.first_checks,
        )


NO_WORDS = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a symptom means while a row holds. None: what applied before is kept."""

    severity: Severity | None = None
    severity_up: bool = False  # `severity: up`: one level above what applied before
    category: str | None = None
    flags: frozenset[str] = frozenset()  # added to those that applied before
    groups: tuple[str, ...] | None = None
    tell: tuple[str, ...] | None = None
    words: Words = NO_WORDS  # texts that replace the rule's own, where they are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of `worse`: it holds from its own onset, and implies the rule."""

    hold: timedelta  # `for`
    meaning: Meaning
    count: int = 0  # it holds from the n-th firing on the same target within `within`; 0: times do not matter
    within: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """A row of `widens`: where enough of a scope's targets fail together, they are one incident of that scope."""

    over: str  # the label whose value is the scope, or FLEET
    share: float  # of the targets that could fail, 0 to 1; 0: only `at_least` counts
    at_least: int
    within: timedelta | None  # onsets lie so close together; None: however far apart
    spread: Mapping[str, int] = field(default_factory=dict)  # label -> so many values of it at least
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A row of `because`: a symptom of another rule, seen in the same place, says what it really is."""

    seen: str  # the other rule
    same: tuple[str, ...]  # labels that agree; none: anywhere
    within: timedelta  # between the two onsets
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A row of `unless`: while the parent fires in the same place, the symptom is part of the parent's incident."""

    rule: str
    same: tuple[str, ...]  # labels that agree; none: anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityBy:
    """`severity: {label: ..., value: I, else: IV}`: a pushed alert brings its own."""

    label: str
    by_value: Mapping[str, Severity]
    otherwise: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Maps a condition on a probe's readings, or what was pushed, to a symptom, and says what that means."""

    id: str
    watch: str  # name of a probe; ALERTS, REPORTS or one of OWN; "" for a rule of parts
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
    words: Words = NO_WORDS
    condition: str = ""  # `when` as written, for people
    place: str = ""  # topology's `place` template
    severity_by: SeverityBy | None = None
    count: int = 0  # it opens an incident from the n-th firing on the same target within `within`; 0: from the first
    within: timedelta = timedelta()  # of `count`, or between the onsets of `all_of`
    reopen_within: timedelta = timedelta()  # back so soon after its end, it is the same incident
    referred: bool = False  # crime or terror: its incidents are `referred`, and end by a person
    widens: tuple[Width, ...] = ()  # narrow to wide
    because: tuple[Cause, ...] = ()  # the first that is seen applies
    unless: tuple[Parent, ...] = ()
    all_of: tuple[str, ...] = ()  # the rules whose symptoms together are this one
    same: tuple[str, ...] = ()  # labels on which the symptoms of `all_of` agree; none: anywhere

    @property
    def pushed(self) -> bool:
        """Its symptoms are told to us: they need no reading, and end when we are told so."""
        return self.watch in PUSHED

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """What its rows change, one after the other: `worse`, `widens`, `because`."""
        wide, caused = (row.meaning for row in self.widens), (row.meaning for row in self.because)
        return (*(row.meaning for row in self.rows), *wide, *caused)

    @property
    def settle(self) -> timedelta:
        """How long what begins to fail in a scope waits for the rest: one interval, and a tenth for slow answers."""
        return self.every * SETTLE

    def severity_of(self, labels: Mapping[str, str]) -> Severity:
        """The severity of a target with these labels, before any row."""
        if self.severity_by is None:
            return self.severity
        return self.severity_by.by_value.get(labels.get(self.severity_by.label, ""), self.severity_by.otherwise)

    @property
    def longest_count(self) -> timedelta:
        """How far back firings on a target must be remembered; zero when nothing counts them."""
        return max(
            [self.within] * bool(self.count) + [row.within for row in self.rows if row.count], default=timedelta()
        )
