"""Readings enter; a Change leaves where a target's truths are not what they were. The healthy path ends here.

Masks live in this memory alone. After a start or a reload they are empty, so the first reading of
each target makes a Change; the desk compares it by rule id, and nothing fires because bits moved.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.model.item import Change
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.rules.watch import Watch

STALE_AFTER = 2
"""Intervals without a reading after which there is no data."""

FORGET_AFTER = timedelta(days=1)
"""A series that nobody lists is forgotten when it was not read for so long: names of series come and go."""

RULE_UNKNOWN_AFTER = 10
"""Intervals on which a condition is unknown on every target before that is reported."""


@dataclass(slots=True)
class _Slot:
    """What is remembered of one target."""

    target: Target
    mask: int | None  # None: not known since the start
    reading: Reading | None
    watched_since: datetime
    unbroken_since: datetime  # the first reading of those that followed each other within two intervals
    listed: bool = False  # its probe names it; else it found it


class Evaluator:
    """All targets that rules watch, each with the mask of its last reading."""

    def __init__(
        self,
        watches: Mapping[str, Watch],
        intervals: Mapping[str, timedelta],
        active: Callable[[datetime], frozenset[str]],
    ) -> None:
        self._watches = watches
        self._intervals = intervals
        self._old_after = {probe: STALE_AFTER * interval for probe, interval in intervals.items()}
        self._active_at = active
        self._slots: dict[TargetId, _Slot] = {}
        self._arrived = itertools.count(1)
        self._all_unknown: dict[str, int] = {}  # rule -> intervals
        self._scanned: dict[str, datetime] = {}
        self._silent: dict[str, tuple[int, int]] = {}  # by probe, of the last scan: not read, and all
        self._awaited: Counter[str] = Counter()  # by probe, of the last scan: not read yet, and in good time still

    def observe(self, reading: Reading) -> Change | None:
        """The healthy path: one mask, one comparison. None when nothing changed, or no rule watches the probe."""
        target = reading.target
        watch = self._watches.get(target.id.probe)
        if watch is None:
            return None
        slot = self._slots.get(target.id)
        if slot is None:
            slot = self._slots[target.id] = _Slot(target, None, None, reading.at, reading.at)
        if slot.reading is None or self._is_old(slot.reading, reading.at):
            slot.unbroken_since = reading.at
        mask = watch.mask(reading, self._active_at(reading.at))
        slot.target = target
        slot.reading = reading
        if mask == slot.mask:
            return None
        slot.mask = mask
        return self._change(slot, reading.at)

    def expect(self, targets: Iterable[Target], now: datetime) -> None:
        """These are to be read from now on: who is not, has no data two intervals later."""
        for target in targets:
            if target.id.probe in self._watches:
                slot = self._slots.setdefault(target.id, _Slot(target, None, None, now, now))
                slot.target, slot.listed = target, True

    def follow(self, before: Evaluator, watched: Callable[[TargetId], bool]) -> None:
        """Take over the targets of another evaluator: masks and readings are forgotten, silence is not."""
        for target_id, old in before._slots.items():
            if target_id.probe in self._watches and watched(target_id):
                since = old.reading.at if old.reading is not None else old.watched_since
                slot = self._slots.setdefault(target_id, _Slot(old.target, None, None, since, since, old.listed))
                slot.watched_since = min(slot.watched_since, since)

    def stands_in(self, target: TargetId) -> bool:
        """Whether a target that a probe did not list or find itself is expected, and was never read."""
        slot = self._slots.get(target)
        return slot is not None and (slot.reading is None or not slot.reading.present)

    def forget(self, target: TargetId) -> None:
        """Expect it no longer."""
        self._slots.pop(target, None)

    def stale(self, now: datetime) -> list[Change]:
        """Changes of the targets that were not read within two intervals. Looks at each probe once an interval."""
        changes: list[Change] = []
        due = {probe for probe in self._watches if self._is_due(probe, now)}
        if not due:
            return changes
        active = self._active_at(now)
        masks: dict[str, list[int]] = {probe: [] for probe in due}
        silent: Counter[str] = Counter()
        awaited: Counter[str] = Counter()
        watched: Counter[str] = Counter()
        for slot in [slot for slot in self._slots.values() if slot.target.id.probe in due]:
            probe = slot.target.id.probe
            last_read = slot.reading.at if slot.reading is not None else slot.watched_since
            left = slot.reading is not None and not slot.reading.present
            watched[probe] += not left
            if now - last_read > self._old_after[probe]:
                silent[probe] += not left
                nothing = Reading(target=slot.target, at=now, up=False, present=not left)
                mask = self._watches[probe].mask_without_data(nothing, active)
                if mask != slot.mask:
                    slot.mask = mask
                    changes.append(self._change(slot, now, values={}))
                elif now - last_read > FORGET_AFTER and not slot.listed:
                    del self._slots[slot.target.id]
            elif slot.reading is None:
                awaited[probe] += 1
            if slot.mask is not None:
                masks[probe].append(slot.mask)
        for probe in due:
            self._count_unknown(probe, masks[probe])
            self._silent[probe] = (silent[probe], watched[probe])
            self._awaited[probe] = awaited[probe]
        return changes

    def set_back(self, moved: Callable[[datetime], datetime]) -> None:
        """The wall clock was set back: what was read before keeps its age."""
        for slot in self._slots.values():
            slot.watched_since, slot.unbroken_since = moved(slot.watched_since), moved(slot.unbroken_since)
            if slot.reading is not None:
                slot.reading = replace(slot.reading, at=moved(slot.reading.at))

    def silent(self, probe: str) -> tuple[int, int]:
        """How many targets of a probe were not read within two intervals, and how many there are; 0, 0: not known."""
        return self._silent.get(probe, (0, 0))

    def begins(self, probe: str) -> bool:
        """Whether it is not known yet which targets of a watched probe are silent: some may still be read in time."""
        return probe in self._watches and (probe not in self._silent or self._awaited[probe] > 0)

    def boundary(self, now: datetime) -> list[Change]:
        """A named time began or ended: ask again whoever names one, with the readings that there are."""
        active = self._active_at(now)
        changes: list[Change] = []
        for slot in self._slots.values():
            watch = self._watches[slot.target.id.probe]
            if slot.reading is None or not (watch.times or watch.every_time) or self._is_old(slot.reading, now):
                continue
            mask = watch.mask(slot.reading, active)
            if mask != slot.mask:
                slot.mask = mask
                changes.append(self._change(slot, now))
        return changes

    def latest(self, target: TargetId) -> Reading | None:
        """The last reading of a target since the start."""
        slot = self._slots.get(target)
        return slot.reading if slot is not None else None

    def unbroken_since(self, target: TargetId) -> datetime | None:
        """Since when its readings have followed each other within two intervals; None while there is none."""
        slot = self._slots.get(target)
        return slot.unbroken_since if slot is not None and slot.reading is not None else None

    def targets_in(self, probe: str, over: str, value: str) -> int:
        """How many targets of a probe have a label of a value; all of them over FLEET."""
        targets = (slot.target for slot in self._slots.values() if slot.target.id.probe == probe)
        return sum(over == FLEET or target.labels.get(over) == value for target in targets)

    def targets(self, probe: str) -> list[Target]:
        """The targets of a probe that a rule watches: those that it lists, and those that it found."""
        return [slot.target for slot in self._slots.values() if slot.target.id.probe == probe]

    def rule_unknown(self) -> frozenset[str]:
        """The rules that were unknown on every target for ten intervals: a typing mistake, or a dead source."""
        return frozenset(rule for rule, count in self._all_unknown.items() if count >= RULE_UNKNOWN_AFTER)

    def _is_old(self, reading: Reading, now: datetime) -> bool:
        return now - reading.at > self._old_after[reading.target.id.probe]

    def _change(self, slot: _Slot, at: datetime, values: Mapping[str, Scalar] | None = None) -> Change:
        assert slot.mask is not None  # noqa: S101 - set by every caller
        if values is None:
            values = slot.reading.fields if slot.reading is not None else {}
        truths = self._watches[slot.target.id.probe].truths(slot.mask)
        return Change(target=slot.target, at=at, truths=truths, values=values, seq=next(self._arrived))

    def _is_due(self, probe: str, now: datetime) -> bool:
        scanned = self._scanned.get(probe)
        if scanned is not None and timedelta() <= now - scanned < self._intervals[probe]:
            return False  # a clock that was put back starts anew
        self._scanned[probe] = now
        return True

    def _count_unknown(self, probe: str, masks: list[int]) -> None:
        unknown = self._watches[probe].unknown_rules(masks)
        for rule in self._watches[probe].rules:
            self._all_unknown[rule] = self._all_unknown.get(rule, 0) + 1 if rule in unknown else 0
