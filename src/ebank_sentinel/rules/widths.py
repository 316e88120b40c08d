"""The `widens` rows of a rule and the bank's levels enter; every row that cannot be leaves as a reason at its path."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.rules.condition import closest
from ebank_sentinel.rules.rows import WidthSettings

Reason: TypeAlias = tuple[tuple[str | int, ...], str]
"""Where it is wrong within the rule, and what."""


def check_widths(
    rows: Sequence[WidthSettings], labels: Collection[str] | None, levels: Sequence[str] | None
) -> Iterator[Reason]:
    """What is wrong with the scopes of the rows.

    `labels`: of the targets, None when only they can tell. `levels`: narrow to wide, None when they could not be read.
    """
    widest: WidthSettings | None = None
    for index, row in enumerate(rows):
        path = ("widens", index, "over")
        reason = _no_scope(row.over, labels, levels)
        if reason is not None:
            yield path, reason
        elif widest is not None and _is_narrower(row.over, widest.over, levels):
            yield path, f"rows go from narrow to wide: put {row.over} before {widest.over}"
        elif _rank(row.over, levels) is not None:
            widest = row
        yield from (
            (("widens", index, "spread", label), wrong)
            for label in row.spread
            if (wrong := _no_spread(label, row.over, labels, levels)) is not None
        )


def _no_scope(over: str, labels: Collection[str] | None, levels: Sequence[str] | None) -> str | None:
    """Why there is no such scope."""
    if over == FLEET:
        return None
    if levels and over == levels[0]:
        wider = levels[1] if len(levels) > 1 else FLEET
        return f"{over} is the narrowest level, and a rule speaks of each by itself anyway: begin with {wider}"
    return _no_label(over, labels, [FLEET])


def _no_spread(label: str, over: str, labels: Collection[str] | None, levels: Sequence[str] | None) -> str | None:
    """Why a row cannot ask for several values of this label."""
    if label == FLEET:
        return "there is one fleet: name a label that has several values"
    if label == over:
        return f"a scope has one {over}: name a narrower label"
    if _is_narrower(over, label, levels):
        return f"{label} is wider than {over}: name a narrower label"
    return _no_label(label, labels, [])


def _no_label(name: str, labels: Collection[str] | None, more: Collection[str]) -> str | None:
    if labels is None or name in labels:
        return None
    return f"no target has a label {name!r}{closest(name, [*labels, *more])}"


def _is_narrower(one: str, other: str, levels: Sequence[str] | None) -> bool:
    """Whether both are levels, and the first is inside the other."""
    ranks = _rank(one, levels), _rank(other, levels)
    return ranks[0] is not None and ranks[1] is not None and ranks[0] < ranks[1]


def _rank(over: str, levels: Sequence[str] | None) -> int | None:
    """How wide a level is; None: no level."""
    if over == FLEET:
        return len(levels or ())
    return None if levels is None or over not in levels else levels.index(over)
