"""All rules of the bank: settings enter, checked; rules to decide with and one watch per probe leave."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ebank_sentinel.errors import Problem
from ebank_sentinel.model.rule import Meaning, Row, Rule, Text, Words
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.template import placeholders
from ebank_sentinel.rules.condition import Condition, ConditionError, Names, parse
from ebank_sentinel.rules.settings import RuleSettings, WorseSettings
from ebank_sentinel.rules.watch import Asked, Watch

NO_DATA = "no_data"
"""As a whole `when`: it holds while the target is not read."""

TEXT_NAMES = frozenset({"eta"})
"""What a text may name beside fields and labels."""

TITLE_COLUMNS = 24
IMPACT_COLUMNS = 32
"""Widths on a screen (a Chinese character takes two) over which `check` warns: a phone shows little."""

_BRACES = re.compile(r"\{\{|\}\}|(\{[^{}]*\})")

Locate: TypeAlias = Callable[[Sequence[str | int], str], Problem]
"""Puts a reason at its place in the file: the path within the rule, and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchable:
    """What rules must know of a probe."""

    every: timedelta
    fields: Mapping[str, type]
    body: bool = False  # `body.x.y` is there
    labels: Collection[str] | None = None  # None: its series bring their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rule as it was written, and how to point at it."""

    settings: RuleSettings
    locate: Locate
    first_checks: tuple[str, ...] = ()  # of its runbook


@dataclass(slots=True)
class RuleBook:
    """The rules by id, and what watches each probe."""

    rules: dict[str, Rule] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)  # by probe
    dormant: dict[str, str] = field(default_factory=dict)  # rule id -> what it needs
    notices: list[str] = field(default_factory=list)


def build(
    written: Iterable[Written], probes: Mapping[str, Watchable], times: Sequence[str], *, place: str = ""
) -> tuple[RuleBook, list[Problem]]:
    """Check every rule against the probes and times that there are; all problems at once."""
    book = RuleBook()
    problems: list[Problem] = []
    asked: dict[str, list[Asked]] = {}
    ids: dict[str, Problem] = {}  # where each was first given
    for entry in written:
        settings = entry.settings
        if settings.id in ids:
            first = ids[settings.id]
            reason = f"another rule has the id {settings.id!r}: first in {first.file}:{first.line}"
            problems.append(entry.locate(["id"], reason))
            continue
        ids[settings.id] = entry.locate(["id"], "")
        probe = probes.get(settings.watch)
        if probe is None:
            if settings.needs:
                book.dormant[settings.id] = settings.needs
                continue
            reason = f"there is no probe {settings.watch!r}{_closest(settings.watch, probes)}"
            problems.append(entry.locate(["watch"], f"{reason}; or say `needs:` what is to be wired up"))
            continue
        reader = _Reader(entry, probe, times)
        rule = reader.rule(place)
        book.notices += reader.notices
        if reader.problems:
            problems += reader.problems
            book.dormant[settings.id] = "its mistakes to be mended"  # its id is taken all the same
            continue
        book.rules[rule.id] = rule
        asked.setdefault(rule.watch, []).append(reader.asked(rule))
    book.watches = {probe: Watch.of(questions, times) for probe, questions in asked.items()}
    return book, problems


class _Reader:
    """Reads one rule: what it finds wrong is collected, not raised."""

    def __init__(self, written: Written, probe: Watchable, times: Sequence[str]) -> None:
        self._written = written
        self._settings = written.settings
        self._probe = probe
        self._names = Names(fields=probe.fields, body=probe.body, labels=probe.labels, times=times)
        self._conditions: dict[tuple[str | int, ...], Condition] = {}
        self.problems: list[Problem] = []
        self.notices: list[str] = []

    def rule(self, place: str) -> Rule:
        """The rule to decide with; worthless when there are problems."""
        settings = self._settings
        if settings.where is not None:
            self._parse(("where",), settings.where, reading=False)
        if settings.when != NO_DATA:
            self._parse(("when",), settings.when)
        for index, row in enumerate(settings.worse):
            self._check_row(index, row)
        for key in ("title", "number", "normal", "impact", "say"):
            self._check_text(key, getattr(settings, key))
        return Rule(
            id=settings.id,
            watch=settings.watch,
            hold=settings.hold(),
            clear_after=settings.clear_after or 2 * self._probe.every,
            every=self._probe.every,
            no_data=settings.when == NO_DATA,
            severity=Severity.parse(settings.severity),
            category=settings.category,
            flags=frozenset(settings.flags),
            groups=tuple(settings.groups),
            tell=tuple(settings.tell),
            rows=tuple(_row(row) for row in settings.worse),
            words=Words(
                title=settings.title,
                number=settings.number,
                normal=settings.normal,
                impact=settings.impact,
                say=settings.say,
                runbook=settings.runbook or "",
                first_checks=self._written.first_checks,
            ),
            condition=" ".join(settings.when.split()),
            place=place,
        )

    def asked(self, rule: Rule) -> Asked:
        """The rule's conditions, to be compiled with the others of its probe."""
        rows = tuple(self._conditions.get(("worse", index, "when")) for index in range(len(rule.rows)))
        return Asked(
            rule=rule.id, where=self._conditions.get(("where",)), when=self._conditions.get(("when",)), rows=rows
        )

    def _parse(self, path: tuple[str | int, ...], text: str, *, reading: bool = True) -> None:
        names = self._names if reading else Names(labels=self._names.labels, times=self._names.times, reading=False)
        try:
            self._conditions[path] = parse(text, names)
        except ConditionError as error:
            self._problem(path, str(error))

    def _check_row(self, index: int, row: WorseSettings) -> None:
        if row.when is not None and self._settings.when == NO_DATA:
            self._problem(("worse", index, "when"), "a rule on `no_data` has no reading to ask: give the row a `for`")
        elif row.when is not None:
            self._parse(("worse", index, "when"), row.when)
        elif row.for_ is None:
            self._problem(("worse", index), "a row needs `when` or `for`: as it stands it holds whenever the rule does")
        if not (row.severity or row.category or row.flags or row.groups or row.tell):
            self._problem(
                ("worse", index), "a row that changes nothing: give it severity, category, flags, groups or tell"
            )

    def _check_text(self, key: str, text: Text) -> None:
        for language, template in text.items():
            path = (key, language) if language else (key,)
            try:
                names = placeholders(template)
            except ValueError as error:
                self._problem(path, str(error))
                continue
            for name in names:
                self._check_name(path, name)
            limit = {"title": TITLE_COLUMNS, "impact": IMPACT_COLUMNS}.get(key)
            if limit is not None and _columns(template) > limit:
                half = f" ({limit // 2} Chinese characters)" if language.startswith("zh") else ""
                where = self._written.locate(path, "")
                self.notices.append(
                    f"{where.file}:{where.line}:{where.column}: {where.key}: over {limit} columns{half}: "
                    "a phone will cut it"
                )

    def _check_name(self, path: Sequence[str | int], name: str) -> None:
        """A text names fields of the reading, labels, what its body holds, or what is known by then."""
        labels = self._probe.labels
        if labels is None or name.startswith("body."):
            return
        bare = name.removeprefix("label.")
        known = {*labels} if bare != name else {*self._probe.fields, *TEXT_NAMES, *labels}
        if bare not in known:
            what = "label" if bare != name else "field and no label"
            self._problem(path, f"no {what} is named {bare!r}{_closest(bare, known)}")

    def _problem(self, path: Sequence[str | int], reason: str) -> None:
        self.problems.append(self._written.locate(path, reason))


def _row(row: WorseSettings) -> Row:
    named = None if row.severity in (None, "up") else Severity.parse(str(row.severity))
    return Row(
        hold=row.for_ or timedelta(),
        meaning=Meaning(
            severity=named,
            severity_up=row.severity == "up",
            category=row.category,
            flags=frozenset(row.flags),
            groups=None if row.groups is None else tuple(row.groups),
            tell=None if row.tell is None else tuple(row.tell),
        ),
    )


def _columns(text: str) -> int:
    """Width on a screen: what lies beyond Latin, Greek and Cyrillic takes two columns; placeholders none."""
    text = _BRACES.sub(lambda braces: "" if braces[1] else braces[0][0], text)
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)


def _closest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
