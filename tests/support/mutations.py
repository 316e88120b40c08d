"""A rule as it was written enters; the same rule with one thing changed leaves, once for each thing.

Every number of a condition, every `for`, severity, list of groups, count and width is changed by an amount that a
slip of the pen would change it by. What means the same as before (at least 2 in 3 different branches) is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.rules.rows import RowSettings, SeverityBySettings, WidthSettings, WorseSettings
from ebank_sentinel.rules.settings import RuleSettings

SEVERITIES = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A rule with one change."""

    settings: RuleSettings
    path: tuple[str | int, ...]  # of what was changed, within the rule
    words: str  # `20% -> 30%`


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """What a change may choose from."""

    groups: Sequence[str]
    levels: Sequence[str]  # of topology, narrow to wide


def mutants_of(rule: RuleSettings, bank: Bank) -> Iterator[Mutant]:
    """Every change of a rule, one at a time."""
    for key in ("where", "when"):
        for new, words in _numbers(getattr(rule, key)):
            yield Mutant(settings=_with(rule, {key: new}), path=(key,), words=words)
    for hold, words in _durations(rule.for_):
        yield Mutant(settings=_with(rule, {"for_": hold}), path=("for",), words=words)
    yield from _count(rule, (), rule)
    yield from _severity_of_rule(rule)
    for groups, words in _lists(rule.groups, bank, may_be_empty=False):
        yield Mutant(settings=_with(rule, {"groups": groups}), path=("groups",), words=words)
    for tell, words in _lists(rule.tell, bank, may_be_empty=True):
        yield Mutant(settings=_with(rule, {"tell": tell}), path=("tell",), words=words)
    for (key, index), row in rule.rows():
        yield from _row(rule, key, index, row, bank)


def _row(rule: RuleSettings, key: str, index: int, row: RowSettings, bank: Bank) -> Iterator[Mutant]:
    """What every row may change, then what is its own."""
    path = (key, index)
    if row.severity is not None:
        other = None if row.severity == "up" else _next(row.severity)
        yield _mutant(rule, path, "severity", other, f"{row.severity} -> {other or 'none'}")
    for name, may_be_empty in (("groups", False), ("tell", True)):
        named = getattr(row, name) or []
        for new, words in _lists(named, bank, may_be_empty=may_be_empty):
            if not (
                isinstance(row, WorseSettings) and _comes_later(rule, row) and _adds_the_same(rule, name, named, new)
            ):
                yield _mutant(rule, path, name, new, words)
    if isinstance(row, WorseSettings):
        for when, words in _numbers(row.when):
            yield _mutant(rule, path, "when", when, words)
        for hold, words in _durations(row.for_):
            yield _mutant(rule, path, "for_", hold, words)
        yield from _count(rule, path, row)
    elif isinstance(row, WidthSettings):
        yield from _width(rule, path, row, bank)


def _comes_later(rule: RuleSettings, row: WorseSettings) -> bool:
    """It holds at no opening, so that it only adds to the groups that the incident has by then."""
    return row.when is None and row.count is None and row.for_ is not None and row.for_ > rule.hold()


def _adds_the_same(rule: RuleSettings, name: str, groups: Sequence[str], changed: Sequence[str]) -> bool:
    had = getattr(rule, name)
    return [one for one in groups if one not in had] == [one for one in changed if one not in had]


def _width(rule: RuleSettings, path: tuple[str, int], row: WidthSettings, bank: Bank) -> Iterator[Mutant]:
    for share in [] if row.share is None else [row.share / 2, min(1.0, row.share * 1.5)]:
        if share != row.share:
            yield _mutant(rule, path, "share", share, f"{row.share:.1%} -> {share:.1%}")
    enough = max(row.spread.values(), default=1)  # so many different values are so many targets at least
    for least in (row.at_least - 1, row.at_least + 1):
        if least >= enough:
            yield _mutant(rule, path, "at_least", least, f"{row.at_least} -> {least}")
    for within, words in _durations(row.within):
        yield _mutant(rule, path, "within", within, words)
    for label, many in row.spread.items():
        for other in (many - 1, many + 1):
            if other >= 1:
                yield _mutant(rule, path, "spread", {**row.spread, label: other}, f"{label} {many} -> {other}")
    wider = [*bank.levels[1:], FLEET] if FLEET not in bank.levels else list(bank.levels[1:])
    if row.over in wider:
        at = wider.index(row.over)
        for over in (*wider[at + 1 : at + 2], *wider[max(0, at - 1) : at]):
            yield _mutant(rule, path, "over", over, f"{row.over} -> {over}")


def _count(rule: RuleSettings, path: tuple[()] | tuple[str, int], of: RuleSettings | WorseSettings) -> Iterator[Mutant]:
    """How often within how long."""
    if of.count is None:
        return
    for count in (of.count - 1, of.count + 1):
        words = f"{of.count} -> {count}"
        if not path:
            yield Mutant(settings=_with(rule, {"count": count}), path=("count",), words=words)
        else:
            yield _mutant(rule, path, "count", count, words)
    for within, words in _durations(of.within):
        if not path:
            yield Mutant(settings=_with(rule, {"within": within}), path=("within",), words=words)
        else:
            yield _mutant(rule, path, "within", within, words)


def _severity_of_rule(rule: RuleSettings) -> Iterator[Mutant]:
    severity = rule.severity
    if not isinstance(severity, SeverityBySettings):
        other = _next(severity)
        yield Mutant(settings=_with(rule, {"severity": other}), path=("severity",), words=f"{severity} -> {other}")
        return
    for value, level in {**severity.by_value, "else": severity.else_}.items():
        data = {**severity.model_dump(by_alias=True), value: _next(level)}
        changed = SeverityBySettings.model_validate(data)
        words = f"{level} -> {_next(level)}"
        yield Mutant(settings=_with(rule, {"severity": changed}), path=("severity", value), words=words)


def _next(severity: str) -> str:
    """One level graver; of the gravest, one less."""
    at = SEVERITIES.index(severity)
    return SEVERITIES[at - 1] if at else SEVERITIES[1]


def _numbers(condition: str | None) -> Iterator[tuple[str, str]]:
    """The condition with one of its numbers a little less, or a little more."""
    if condition is None or condition == "no_data":
        return
    source = " ".join(condition.split("\n")).strip()
    text = source.encode()  # Python's columns count bytes
    for node in ast.walk(ast.parse(source, mode="eval")):
        if not isinstance(node, ast.Constant) or isinstance(node.value, bool | str | bytes):
            continue
        for value in _beside(node.value):
            start, end = node.col_offset, node.end_col_offset
            new = (text[:start] + str(value).encode() + text[end:]).decode()
            yield new, f"{node.value} -> {value}"


def _beside(value: Any) -> list[float]:
    """A tenth less and more; of a share near 1, half of what is missing; of a small whole number, one."""
    if isinstance(value, int):
        whole = max(1, round(abs(value) / 10))
        return [value - whole, value + whole]
    step = min(value / 10, (1 - value) / 2) if 0 < value < 1 else abs(value) / 10 or 0.1
    return [round(value - step, 6), round(value + step, 6)]


def _durations(duration: timedelta | None) -> Iterator[tuple[timedelta, str]]:
    """A quarter less and more."""
    for factor in [] if duration is None else [0.75, 1.25]:
        assert duration is not None
        new = timedelta(seconds=max(1, round(duration.total_seconds() * factor)))
        if new != duration:
            yield new, f"{format_duration(duration)} -> {format_duration(new)}"


def _lists(groups: Sequence[str], bank: Bank, *, may_be_empty: bool) -> Iterator[tuple[list[str], str]]:
    """The list without one of its groups, with another one instead of its only one, and in another order."""
    for index, group in enumerate(groups):
        rest = [*groups[:index], *groups[index + 1 :]]
        if rest or may_be_empty:
            yield rest, f"without {group}"
        else:
            other = next(one for one in bank.groups if one not in groups)
            yield [other], f"{group} -> {other}"
    if len(groups) > 1 and not may_be_empty:
        yield [*groups[1:], groups[0]], f"{groups[1]} first"


def _mutant(rule: RuleSettings, path: tuple[str, int], name: str, value: object, words: str) -> Mutant:
    key, index = path
    rows = list(getattr(rule, key))
    rows[index] = _with(rows[index], {name: value})
    return Mutant(settings=_with(rule, {key: rows}), path=(*path, name.rstrip("_")), words=words)


def _with(settings: Any, changed: Mapping[str, object]) -> Any:
    return settings.model_copy(update=changed)
