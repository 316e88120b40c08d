"""What watches one probe: its rules' conditions enter, a mask per reading leaves, and what a mask means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ebank_sentinel.model.item import RuleTruth, Truth
from ebank_sentinel.model.reading import Reading
from ebank_sentinel.rules.compiled import UNKNOWN, Mask, bits, both, fuse, truth_of
from ebank_sentinel.rules.condition import Condition

MOST_MEANINGS = 1000
"""Masks whose meaning is remembered: in a storm thousands of targets have one of a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The conditions of one rule. None: `where` is always true; `when` is `no_data`; a row is as `when`."""

    rule: str
    where: Condition | None
    when: Condition | None
    rows: tuple[Condition | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the answers of one rule stand in the mask."""

    rule: str
    where: int | None  # None: always true
    when: int
    rows: tuple[int, ...]
    no_data: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The rules of one probe as one function."""

    _fused: Mask
    _places: tuple[_Place, ...]
    _no_data: int  # the bits of `when: no_data`, as they are while there is none
    _unknown: int  # the bits of everything that only a reading can answer, all unknown
    times: frozenset[str]  # named times that a condition asks for
    every_time: bool  # `now in label.x` stands somewhere: any named time may matter
    asked: Mapping[str, Asked]  # the conditions by rule, to be explained
    known_times: tuple[str, ...]
    _meant: dict[int, Mapping[str, RuleTruth]] = field(default_factory=dict)  # masks whose meaning is known already

    @classmethod
    def of(cls, questions: Sequence[Asked], times: Sequence[str]) -> Watch:
        """Compile the rules of a probe."""
        conditions: list[tuple[Condition, int | None]] = []
        index: dict[str, tuple[int | None, int | None, list[int | None]]] = {}

        def add(condition: Condition | None, parent: int | None = None) -> int | None:
            if condition is None:
                return None
            conditions.append((condition, parent))
            return len(conditions) - 1

        for asked in questions:
            where, when = add(asked.where), add(asked.when)
            index[asked.rule] = (where, when, [add(row, when) for row in asked.rows])
        following = len(conditions)
        places: list[_Place] = []
        no_data = unknown = 0
        for asked in questions:
            where, when, rows = index[asked.rule]
            if when is None:  # `no_data` has a place in the mask, but no condition
                when, following = following, following + 1
                no_data |= bits(when, truth=True)
            else:
                unknown |= bits(when, UNKNOWN)
            resolved = tuple(when if row is None else row for row in rows)
            for row in rows:
                unknown |= 0 if row is None else bits(row, UNKNOWN)
            places.append(_Place(rule=asked.rule, where=where, when=when, rows=resolved, no_data=asked.when is None))
        return cls(
            _fused=fuse(conditions, times),
            _places=tuple(places),
            _no_data=no_data,
            _unknown=unknown,
            times=frozenset(name for condition, _ in conditions for name in condition.times),
            every_time=any(condition.every_time for condition, _ in conditions),
            asked={asked.rule: asked for asked in questions},
            known_times=tuple(times),
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that watch."""
        return tuple(place.rule for place in self._places)

    def mask(self, reading: Reading, active: frozenset[str]) -> int:
        """What the rules say of a reading; `active` are the names of the times that cover now."""
        if reading.present:
            return self._fused(reading, active)
        return self._of_labels(reading, active)  # nothing of what is asked about the reading holds

    def mask_without_data(self, nothing: Reading, active: frozenset[str]) -> int:
        """What they say while a target is not read: labels and times are known, the rest is not.

        A series that left a complete answer (`present` is False) is not missed.
        """
        no_data = self._no_data if nothing.present else 0
        return self._of_labels(nothing, active) | self._unknown | no_data

    def truths(self, mask: int) -> Mapping[str, RuleTruth]:
        """What a mask means, rule by rule."""
        known = self._meant.get(mask)
        if known is None:
            if len(self._meant) >= MOST_MEANINGS:
                self._meant.clear()
            known = self._meant[mask] = self._truths(mask)
        return known

    def _truths(self, mask: int) -> Mapping[str, RuleTruth]:
        answers: dict[str, RuleTruth] = {}
        for place in self._places:
            holds = truth_of(mask, place.when)
            rows = tuple(_row(mask, place, row, holds) for row in place.rows)
            counts = True if place.where is None else truth_of(mask, place.where)
            answers[place.rule] = RuleTruth(counts, holds, rows)
        return answers

    def unknown_rules(self, masks: Sequence[int]) -> frozenset[str]:
        """The rules that are unknown on every one of several targets."""
        common = -1
        for mask in masks:
            common &= mask
        if common == -1:
            return frozenset()
        return frozenset(place.rule for place in self._places if truth_of(common, place.when) is UNKNOWN)

    def _of_labels(self, reading: Reading, active: frozenset[str]) -> int:
        mask = 0
        whole = self._fused(reading, active)
        for place in self._places:
            if place.where is not None:
                mask |= bits(place.where, truth_of(whole, place.where))
        return mask


def _row(mask: int, place: _Place, row: int, holds: Truth) -> Truth:
    return holds if row == place.when else both(holds, truth_of(mask, row))
