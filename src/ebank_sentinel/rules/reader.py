"""One rule as it was written, and its source, enter; the rule to decide with leaves, and every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ebank_sentinel.errors import Problem
from ebank_sentinel.model.rule import (
    ALERTS,
    PUSHED,
    REPORTS,
    Cause,
    Meaning,
    Parent,
    Row,
    Rule,
    SeverityBy,
    Text,
    Width,
    Words,
)
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.rules.condition import Condition, ConditionError, Names, parse
from ebank_sentinel.rules.matchers import MatcherError, Matchers, parse_matchers
from ebank_sentinel.rules.rows import RowSettings, SeverityBySettings, SourceSettings, Texts, WorseSettings
from ebank_sentinel.rules.settings import RuleSettings
from ebank_sentinel.rules.texts import KEYS, TextNames, check_text
from ebank_sentinel.rules.told import ToldRule
from ebank_sentinel.rules.watch import Asked
from ebank_sentinel.rules.watchable import Watchable
from ebank_sentinel.rules.widths import check_widths

NO_DATA = "no_data"
"""As a whole `when`: it holds while the target is not read."""

LEAST_PARTS = 2
"""Of `all_of`: less is no whole."""

RowPath: TypeAlias = tuple[str, int]
Path: TypeAlias = tuple[str | int, ...]

Locate: TypeAlias = Callable[[Sequence[str | int], str], Problem]
"""Puts a reason at its place in the file: the path within the rule, and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rule as it was written, and how to point at it."""

    settings: RuleSettings
    locate: Locate
    checks: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)  # of its runbook (), and of those of its rows


class Reader:
    """Reads one rule: what it finds wrong is collected, not raised."""

    def __init__(
        self, written: Written, source: str, watched: Watchable, times: Sequence[str], levels: Sequence[str] | None
    ) -> None:
        self._written = written
        self._settings = written.settings
        self._source = source
        self._watched = watched
        self._levels = levels
        self._names = Names(fields=watched.fields, body=watched.body, labels=watched.labels, times=times)
        self._conditions: dict[Path, Condition] = {}
        self._matchers: Matchers | None = None
        self.problems: list[Problem] = []
        self.notices: list[str] = []

    def rule(self, place: str) -> Rule:
        """The rule to decide with; worthless when there are problems."""
        if self._of_parts:
            self._check_parts()
        elif self._settings.watch is None:
            self._problem((), 'needs "watch"; or `all_of`, when it is made of other rules')
        else:
            self._read_conditions()
            self._read_matchers()
            if self._settings.same is not None:
                self._problem(("same",), "`same` belongs to `all_of`: there is none here")
        self._check_reopening()
        self._check_severity()
        self._check_count((), self._settings.count, self._settings.within)
        for path, row in self._settings.rows():
            self._check_row(path, row)
        for where, reason in check_widths(self._settings.widens, self._watched.labels, self._levels):
            self._problem(where, reason)
        self._check_texts()
        return self._built(place)

    def asked(self, rule: Rule) -> Asked:
        """The rule's conditions, to be compiled with the others of its probe."""
        rows = tuple(self._conditions.get(("worse", index, "when")) for index in range(len(rule.rows)))
        return Asked(
            rule=rule.id, where=self._conditions.get(("where",)), when=self._conditions.get(("when",)), rows=rows
        )

    def told(self, rule: Rule) -> ToldRule:
        """The rule, as it is asked about what was told to us."""
        watch = self._settings.watch
        types = watch.report if isinstance(watch, SourceSettings) and watch.report is not None else ()
        return ToldRule(rule=rule.id, rows=len(rule.rows), matchers=self._matchers, types=frozenset(types))

    @property
    def _told(self) -> bool:
        return self._source in PUSHED

    @property
    def _of_parts(self) -> bool:
        return self._settings.all_of is not None

    def _built(self, place: str) -> Rule:
        settings = self._settings
        every = self._watched.every
        words = _words(settings, settings.title, self._written.checks.get((), ()))
        severity, by_value = _severity(settings)
        return Rule(
            id=settings.id,
            watch=self._source,
            hold=settings.hold(),
            clear_after=settings.clear_after or self._clear_after(),
            every=every,
            no_data=settings.when == NO_DATA,
            severity=severity,
            category=settings.category,
            flags=frozenset(settings.flags),
            groups=tuple(settings.groups),
            tell=tuple(settings.tell),
            rows=tuple(
                Row(
                    hold=row.for_ or timedelta(),
                    meaning=self._meaning(("worse", index), row),
                    count=row.count or 0,
                    within=row.within or timedelta(),
                )
                for index, row in enumerate(settings.worse)
            ),
            words=words,
            condition=_condition(settings),
            place=place,
            severity_by=by_value,
            count=settings.count or 0,
            within=settings.within or timedelta(),
            reopen_within=settings.reopen_within or timedelta(),
            referred=settings.referred,
            widens=tuple(
                Width(
                    over=row.over,
                    share=row.share or 0,
                    at_least=row.at_least,
                    within=row.within,
                    spread=row.spread,
                    meaning=self._meaning(("widens", index), row),
                )
                for index, row in enumerate(settings.widens)
            ),
            because=tuple(
                Cause(
                    seen=row.seen,
                    same=tuple(row.same),
                    within=row.within,
                    meaning=self._meaning(("because", index), row),
                )
                for index, row in enumerate(settings.because)
            ),
            unless=tuple(Parent(rule=row.rule, same=tuple(row.same)) for row in settings.unless),
            all_of=tuple(settings.all_of or ()),
            same=tuple(settings.same or ()),
        )

    def _meaning(self, path: RowPath, row: RowSettings) -> Meaning:
        return Meaning(
            severity=None if row.severity in (None, "up") else Severity.parse(str(row.severity)),
            severity_up=row.severity == "up",
            category=row.category,
            flags=frozenset(row.flags),
            groups=None if row.groups is None else tuple(row.groups),
            tell=None if row.tell is None else tuple(row.tell),
            words=_words(row, row.title, self._written.checks.get(path, ())),
        )

    def _read_conditions(self) -> None:
        settings = self._settings
        if self._told:
            for key, text in (("when", settings.when), ("where", settings.where)):
                if text is not None:
                    what = "an alert" if self._source == ALERTS else "a report"
                    self._problem((key,), f"{what} has no reading to ask: what it must be stands in `watch`")
            return
        if settings.where is not None:
            self._parse(("where",), settings.where, reading=False)
        if settings.when is None:
            self._problem((), 'needs "when": the condition, or no_data')
        elif settings.when != NO_DATA:
            self._parse(("when",), settings.when)

    def _parse(self, path: Path, text: str, *, reading: bool = True) -> None:
        names = self._names if reading else Names(labels=self._names.labels, times=self._names.times, reading=False)
        try:
            self._conditions[path] = parse(text, names)
        except ConditionError as error:
            self._problem(path, str(error))

    def _check_parts(self) -> None:
        """What a rule of parts must say, and may not."""
        settings = self._settings
        if len(set(settings.all_of or ())) < LEAST_PARTS:
            self._problem(("all_of",), "a whole has at least two parts: name two rules or more")
        for key, given in (("same", settings.same), ("within", settings.within)):
            if given is None:
                meaning = (
                    "on which labels its parts agree, [] means anywhere" if key == "same" else "how close they begin"
                )
                self._problem((), f'needs "{key}": {meaning}')
        refused = {"watch": settings.watch, "where": settings.where, "when": settings.when, "for": settings.for_}
        for key, value in {**refused, "count": settings.count}.items():
            if value is not None:
                self._problem((key,), f"`{key}` belongs to a rule that watches something: this one is made of others")
        for key, rows in (("worse", settings.worse), ("widens", settings.widens)):
            if rows:
                self._problem((key,), f"a rule of parts has no `{key}`: give it to the parts")

    def _check_reopening(self) -> None:
        settings = self._settings
        clear_after = settings.clear_after or self._clear_after()
        if settings.reopen_within is not None and settings.reopen_within <= clear_after:
            reason = f"must be over {format_duration(clear_after)}: so long it is well before it ends (`clear_after`)"
            self._problem(("reopen_within",), reason)

    def _clear_after(self) -> timedelta:
        """How long it does not hold before it ends, when that is not said. What is told to us ends when we are told."""
        return 2 * self._watched.every

    def _read_matchers(self) -> None:
        watch = self._settings.watch
        if isinstance(watch, SourceSettings) and watch.alert is not None:
            try:
                self._matchers = parse_matchers(watch.alert)
            except MatcherError as error:
                self._problem(("watch", "alert"), str(error))

    def _check_severity(self) -> None:
        if isinstance(self._settings.severity, SeverityBySettings) and self._source != ALERTS:
            self._problem(("severity",), "only an alert brings a severity of its own: write I, II, III or IV")

    def _check_count(self, path: Path, count: int | None, within: timedelta | None) -> None:
        if count is not None and within is None:
            self._problem((*path, "count"), "`count` needs `within`: so many times in which time")
        elif count is None and within is not None and not (self._of_parts and not path):
            self._problem((*path, "within"), "`within` needs `count`: how many times in this time")

    def _check_row(self, path: RowPath, row: RowSettings) -> None:
        if isinstance(row, WorseSettings):
            self._check_worse(path, row)
        if not row.changes:
            what = "give it severity, category, flags, groups, tell or a text"
            self._problem(path, f"a row that changes nothing: {what}")

    def _check_worse(self, path: RowPath, row: WorseSettings) -> None:
        self._check_count(path, row.count, row.within)
        if row.when is not None and self._told:
            self._problem(
                (*path, "when"), "what is told to us has no reading to ask: give the row a `for` or a `count`"
            )
        elif row.when is not None and self._settings.when == NO_DATA:
            self._problem((*path, "when"), "a rule on `no_data` has no reading to ask: give the row a `for`")
        elif row.when is not None:
            self._parse((*path, "when"), row.when)
        elif row.for_ is None and row.count is None and row.within is None:
            self._problem(path, "a row needs `when`, `for` or `count`: as it stands it holds whenever the rule does")

    def _check_texts(self) -> None:
        wide = bool(self._settings.widens)
        names = TextNames(fields=self._watched.fields, labels=self._watched.labels, strict=self._source == REPORTS)
        self._check_words((), self._settings, self._settings.title, names)
        for path, row in self._settings.rows():
            of_row = names if path[0] == "worse" else names.of_scope() if path[0] == "widens" else names.of_either(wide)
            self._check_words(path, row, row.title, of_row)

    def _check_words(self, path: Path, texts: Texts, title: Text, names: TextNames) -> None:
        for key in KEYS:
            text: Text = title if key == "title" else getattr(texts, key)
            for language, template in text.items():
                where = (*path, key, language) if language else (*path, key)
                found = check_text(key, language, template, names)
                for reason in found.reasons:
                    self._problem(where, reason)
                if found.too_wide:
                    place = self._written.locate(where, "")
                    self.notices.append(f"{place.file}:{place.line}:{place.column}: {place.key}: {found.too_wide}")

    def _problem(self, path: Sequence[str | int], reason: str) -> None:
        self.problems.append(self._written.locate(path, reason))


def _words(texts: Texts, title: Text, first_checks: tuple[str, ...]) -> Words:
    return Words(
        title=title,
        number=texts.number,
        normal=texts.normal,
        impact=texts.impact,
        say=texts.say,
        runbook=texts.runbook or "",
        first_checks=first_checks,
    )


def _severity(settings: RuleSettings) -> tuple[Severity, SeverityBy | None]:
    written = settings.severity
    if not isinstance(written, SeverityBySettings):
        return Severity.parse(written), None
    otherwise = Severity.parse(written.else_)
    by_value = {value: Severity.parse(name) for value, name in written.by_value.items()}
    return otherwise, SeverityBy(label=written.label, by_value=by_value, otherwise=otherwise)


def _condition(settings: RuleSettings) -> str:
    """What the rule asks for, on one line, for people."""
    if settings.all_of is not None:
        return " and ".join(settings.all_of)
    watch = settings.watch
    if isinstance(watch, SourceSettings) and watch.own is None:
        if watch.alert is not None:
            return " ".join(watch.alert.split())
        return ", ".join(watch.report) if watch.report is not None else f"no other rule takes this {watch.unmatched}"
    return " ".join((settings.when or "").split())
