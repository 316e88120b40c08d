"""Tracks enter; the Changes that their readings make leave, without reading what cannot change anything.

Between two changes a target is read again and again, and nothing comes of it: so nothing is simulated reading
by reading. When the last reading was, since when they follow each other, and when their absence is noticed are
worked out instead, by the same rules and the same masks as in the Evaluator.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ebank_sentinel.model.item import Change
from ebank_sentinel.model.reading import Reading, TargetId
from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.rules.evaluator import FORGET_AFTER, STALE_AFTER
from ebank_sentinel.rules.watch import Watch
from ebank_sentinel.trial.case import Track

_NEVER = datetime.min.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)
"""Silence is looked for once a second, and at each probe once an interval."""


@dataclass(slots=True)
class _Slot:
    """A target that is expected, or was read, in this life of the program."""

    track: Track
    mask: int | None = None
    starts: Sequence[datetime] = field(default_factory=list)

    def last_read(self, every: timedelta, alive: datetime, now: datetime) -> tuple[int, datetime] | None:
        """The span and the moment of the last reading by now, since the program runs."""
        index = bisect_right(self.starts, now) - 1
        while index >= 0:
            at = self.last_of(index, every, now)
            if at is not None:
                return (index, at) if at >= alive else None
            index -= 1
        return None

    def last_of(self, index: int, every: timedelta, now: datetime) -> datetime | None:
        """The last reading of a span by now; None when it has none."""
        span = self.track.spans[index]
        if span.reading is None:
            return None
        count = (now - span.at) // every
        if index + 1 < len(self.track.spans):
            until = self.track.spans[index + 1].at  # a reading at that very moment is of the next span
            count = min(count, math.ceil((until - span.at) / every) - 1)
        return span.at + count * every


class Playback:
    """All targets of a test, in one life of the program after the other."""

    def __init__(
        self,
        tracks: Sequence[Track],
        watches: Mapping[str, Watch],
        intervals: Mapping[str, timedelta],
        times: NamedTimes,
    ) -> None:
        self._tracks = tuple(track for track in tracks if track.target.id.probe in watches)
        self._watches = watches
        self._intervals = intervals
        self._times = times
        self._slots: dict[TargetId, _Slot] = {}
        self._alive = _NEVER  # since when the program runs
        self.now = _NEVER
        self._arrived = itertools.count(1)

    # -- what a decision asks -----------------------------------------------------------------------

    def latest(self, target: TargetId) -> Reading | None:
        """The last reading of a target since the start."""
        slot = self._slots.get(target)
        last = None if slot is None else slot.last_read(self._intervals[target.probe], self._alive, self.now)
        if slot is None or last is None:
            return None
        reading = slot.track.spans[last[0]].reading
        return None if reading is None else replace(reading, at=last[1])

    def unbroken_since(self, target: TargetId) -> datetime | None:
        """Since when its readings have followed each other within two intervals; None while there is none."""
        slot = self._slots.get(target)
        every = self._intervals[target.probe]
        last = None if slot is None else slot.last_read(every, self._alive, self.now)
        if slot is None or last is None:
            return None
        index, _ = last
        first = self._first_of(slot, index, self._alive)
        while index > 0:
            before = slot.last_read(every, self._alive, first - timedelta(microseconds=1))
            if before is None or first - before[1] > STALE_AFTER * every:
                break
            index = before[0]
            first = self._first_of(slot, index, self._alive)
        return first

    def targets_in(self, probe: str, over: str, value: str) -> int:
        """How many targets of a probe that finds them have a label of a value."""
        targets = (slot.track.target for slot in self._slots.values() if slot.track.target.id.probe == probe)
        return sum(over == FLEET or target.labels.get(over) == value for target in targets)

    # -- one life of the program ---------------------------------------------------------------------

    def begin(self, now: datetime, open_targets: Sequence[TargetId]) -> None:
        """The program starts: nothing was read yet. Series that have a symptom are expected again."""
        self._alive = self.now = now
        again = set(open_targets)
        self._slots = {
            track.target.id: self._slot(track) for track in self._tracks if track.listed or track.target.id in again
        }

    def moments(self, until: datetime) -> list[tuple[datetime, str]]:
        """When something may change in this life, up to `until`: each with the probe that is to be looked at."""
        found: set[tuple[datetime, str]] = set()
        for track in self._tracks:
            found |= {(at, track.target.id.probe) for at in self._turns(track, until)}
        for at in self._boundaries(until):
            for probe in self._named_times():
                found |= {(at, probe), (self._scan(probe, at), probe)}
        return sorted(found)

    def changes(self, now: datetime, probes: set[str]) -> Iterator[Change]:
        """What is not as it was, on the targets of these probes."""
        self.now = now
        active = self._times.active(now)
        for track in self._tracks:
            if track.target.id.probe in probes and not track.stand_in:
                yield from self._change(track, now, active)
        for track in self._tracks:
            if track.target.id.probe in probes and track.stand_in:
                yield from self._stand_in(track, now, active)

    def _change(self, track: Track, now: datetime, active: frozenset[str]) -> Iterator[Change]:
        target = track.target
        probe = target.id.probe
        every = self._intervals[probe]
        slot = self._slots.get(target.id)
        last = (slot or self._slot(track)).last_read(every, self._alive, now)
        if slot is None:
            if last is None or now - last[1] > FORGET_AFTER:
                return
            slot = self._slots[target.id] = self._slot(track)
        silent = now - (last[1] if last is not None else self._alive)
        reading = track.spans[last[0]].reading if last is not None else None
        if reading is not None and last is not None and silent <= STALE_AFTER * every:
            if slot.mask is None or last[1] == now or self._watches[probe].times or self._watches[probe].every_time:
                mask = self._watches[probe].mask(reading, active)
                if mask != slot.mask:
                    yield self._moved(slot, mask, now, reading)
        elif silent > STALE_AFTER * every and now == self._scan(probe, now - _SECOND):
            nothing = Reading(target=target, at=now, up=False, present=reading is None or reading.present)
            mask = self._watches[probe].mask_without_data(nothing, active)
            if mask != slot.mask:
                yield self._moved(slot, mask, now, None)
            elif silent > FORGET_AFTER and not track.listed:
                del self._slots[target.id]

    def _stand_in(self, track: Track, now: datetime, active: frozenset[str]) -> Iterator[Change]:
        """It stands for its probe until that found a target; then its silence means nothing any more."""
        probe = track.target.id.probe
        slot = self._slots.get(track.target.id)
        if slot is None:
            return
        others = [one for one in self._slots.values() if one.track.target.id.probe == probe and one is not slot]
        if not any(one.last_read(self._intervals[probe], self._alive, now) for one in others):
            yield from self._change(track, now, active)
            return
        del self._slots[track.target.id]
        nothing = Reading(target=track.target, at=now, up=True, present=False)
        yield self._moved(slot, self._watches[probe].mask(nothing, active), now, nothing)

    def _moved(self, slot: _Slot, mask: int, now: datetime, reading: Reading | None) -> Change:
        slot.mask = mask
        target = slot.track.target
        return Change(
            target=target,
            at=now,
            truths=self._watches[target.id.probe].truths(mask),
            values=reading.fields if reading is not None else {},
            seq=next(self._arrived),
        )

    # -- when ----------------------------------------------------------------------------------------

    def _turns(self, track: Track, until: datetime) -> Iterator[datetime]:
        """The first reading of each span, and when silence after its last one is noticed."""
        slot = self._slot(track)
        probe = track.target.id.probe
        every = self._intervals[probe]
        silent_from = [self._alive]
        for index, span in enumerate(track.spans):
            last = slot.last_of(index, every, until)
            if span.reading is None or last is None or last < self._alive or span.at > until:
                continue
            yield self._first_of(slot, index, self._alive)
            silent_from.append(last)
        following = [span.at for span in track.spans if span.reading is not None]
        for moment in silent_from:
            noticed = self._scan(probe, moment + STALE_AFTER * every)
            if not any(moment < at < noticed for at in following):
                yield noticed
                yield self._scan(probe, moment + FORGET_AFTER)

    def _scan(self, probe: str, after: datetime) -> datetime:
        """When silence is looked for next at a probe, behind a moment."""
        step = timedelta(seconds=max(1, math.ceil(self._intervals[probe].total_seconds())))
        first = self._alive + _SECOND
        if after < first:
            return first
        return first + ((after - first) // step + 1) * step

    def _first_of(self, slot: _Slot, index: int, alive: datetime) -> datetime:
        """The first reading of a span, since the program runs."""
        span = slot.track.spans[index]
        every = self._intervals[slot.track.target.id.probe]
        return span.at if span.at >= alive else span.at + math.ceil((alive - span.at) / every) * every

    def _named_times(self) -> set[str]:
        """The probes whose rules ask for named times."""
        probes = {track.target.id.probe for track in self._tracks}
        return {probe for probe in probes if self._watches[probe].times or self._watches[probe].every_time}

    def _boundaries(self, until: datetime) -> Iterator[datetime]:
        """When a named time that is asked for begins or ends."""
        asking = [self._watches[probe] for probe in self._named_times()]
        if not asking:
            return
        every = any(watch.every_time for watch in asking)
        names = None if every else frozenset(name for watch in asking for name in watch.times)
        at = self._times.next_boundary(self._alive, names)
        while at is not None and at <= until:
            yield at
            at = self._times.next_boundary(at, names)

    @staticmethod
    def _slot(track: Track) -> _Slot:
        return _Slot(track, starts=[span.at for span in track.spans])
