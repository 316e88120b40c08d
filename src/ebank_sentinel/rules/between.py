"""What rules say of each other enters; every name that leads nowhere, and every circle, leaves as a problem."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ebank_sentinel.errors import Problem
from ebank_sentinel.rules.condition import closest
from ebank_sentinel.rules.reader import Path, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A rule among others."""

    written: Written
    labels: Collection[str] | None  # of its targets; None: not known


Rules: TypeAlias = Mapping[str, Placed]
"""All that could be read, dormant ones too, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A rule names another one."""

    path: Path  # of the name
    rule: str
    same: tuple[str, ...]
    same_path: Path
    role: str
    binds: bool  # the one cannot be decided without the other


def check_between(rules: Rules, known: Collection[str]) -> Iterator[Problem]:
    """All that is wrong. `known`: ids that stand in a file, also of rules that could not be read."""
    names = {*rules, *known}
    hints: dict[str, str] = {}  # many rules may name the same one wrongly
    for rule_id, placed in rules.items():
        told: set[tuple[Path, str]] = set()
        for mention in mentions(placed):
            if mention.rule == rule_id:
                yield placed.written.locate(mention.path, f"a rule cannot be its own {mention.role}")
                continue
            if mention.rule not in rules and mention.rule not in known:
                if mention.rule not in hints:
                    hints[mention.rule] = closest(mention.rule, names)
                yield placed.written.locate(mention.path, f"there is no rule {mention.rule!r}{hints[mention.rule]}")
                continue
            for path, wrong in _labels(placed, mention, rules.get(mention.rule)):
                if (path, wrong) not in told:  # of a whole, each part asks for the same labels
                    told.add((path, wrong))
                    yield placed.written.locate(path, wrong)
    yield from _circles(rules)


def mentions(placed: Placed) -> Iterator[Mention]:
    """Every other rule that a rule names."""
    settings = placed.written.settings
    for index, part in enumerate(settings.all_of or ()):
        yield Mention(
            path=("all_of", index),
            rule=part,
            same=tuple(settings.same or ()),
            same_path=("same",),
            role="part",
            binds=True,
        )
    for index, parent in enumerate(settings.unless):
        path: Path = ("unless", index)
        yield Mention(
            path=(*path, "rule"),
            rule=parent.rule,
            same=tuple(parent.same),
            same_path=(*path, "same"),
            role="parent",
            binds=True,
        )
    for index, cause in enumerate(settings.because):
        path = ("because", index)
        yield Mention(
            path=(*path, "seen"),
            rule=cause.seen,
            same=tuple(cause.same),
            same_path=(*path, "same"),
            role="cause",
            binds=False,
        )


def _labels(placed: Placed, mention: Mention, other: Placed | None) -> Iterator[tuple[Path, str]]:
    """The labels that must agree, and that one of the two does not have."""
    sides = [(mention.rule, None if other is None else other.labels)]
    if mention.role != "part":  # a whole has no targets of its own
        sides.append((placed.written.settings.id, placed.labels))
    several = len(mention.same) > 1
    for index, label in enumerate(mention.same):
        for rule, labels in sides:
            if labels is not None and label not in labels:
                yield (
                    (*mention.same_path, index) if several else mention.same_path,
                    f"no target of {rule} has a label {label!r}{closest(label, labels)}",
                )


def _circles(rules: Rules) -> Iterator[Problem]:
    """Rules that are parents or parts of each other: none of them could ever be decided first."""
    done: set[str] = set()
    for start in rules:
        trail = {} if start in done else {start: _binding(rules[start])}  # rule -> what it still names, in order
        while trail:
            rule_id, named = next(reversed(trail.items()))
            mention = next(named, None)
            if mention is None:
                done.add(rule_id)
                del trail[rule_id]
            elif mention.rule in trail and mention.rule != rule_id:
                names = list(trail)
                circle = [*names[names.index(mention.rule) :], mention.rule]
                reason = f"these rules wait for each other: {' -> '.join(circle)}"
                yield rules[rule_id].written.locate(mention.path, reason)
            elif mention.rule in rules and mention.rule not in done and mention.rule != rule_id:
                trail[mention.rule] = _binding(rules[mention.rule])


def _binding(placed: Placed) -> Iterator[Mention]:
    return (mention for mention in mentions(placed) if mention.binds)
