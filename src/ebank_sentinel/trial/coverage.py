"""What the tests reached enters; the rules and rows that none of them did leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ebank_sentinel.model.rule import Rule
from ebank_sentinel.trial.reach import Reached, parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of the rules of one or several configurations."""

    reached: tuple[Reached, ...]
    missing: tuple[Reached, ...]
    dormant: tuple[str, ...]  # rules that wait for a probe: no test can reach them

    @property
    def percent(self) -> float:
        """Of all rules and rows; rounded down, so that 100 is all of them."""
        whole = len(self.reached) + len(self.missing)
        return 100.0 if not self.missing else int(1000 * len(self.reached) / whole) / 10


def coverage_of(books: Iterable[tuple[Mapping[str, Rule], Iterable[str]]], reached: Iterable[Reached]) -> Coverage:
    """`books`: rules, and the ids of those that are dormant, of each configuration."""
    every: dict[Reached, None] = {}
    dormant: dict[str, None] = {}
    for rules, sleeping in books:
        every |= dict.fromkeys(part for rule in rules.values() for part in parts_of(rule))
        dormant |= dict.fromkeys(sleeping)
    hit = set(reached)
    return Coverage(
        reached=tuple(part for part in every if part in hit),
        missing=tuple(part for part in every if part not in hit),
        dormant=tuple(dormant),
    )
