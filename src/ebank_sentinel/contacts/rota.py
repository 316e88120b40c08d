"""A rota and a moment enter; who has the turn in each layer that covers it leaves, first on call, then next.

Turns of days and weeks hand over at the same hour on the wall, whatever daylight saving does; turns of
hours count hours that pass. A wall time that comes twice means its first, so no handover happens twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.contacts.settings import LayerSettings, RotaSettings
from ebank_sentinel.model.localtime import instant, wall_time
from ebank_sentinel.model.times import NamedTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A layer, or an override, at one moment."""

    layer: int  # 1 is the first; 0 is an override
    order: tuple[str, ...]  # ids: whose turn it is, then who would come next; nobody twice
    since: datetime
    until: datetime


class Rota:
    """Layers of people who take turns, and overrides."""

    def __init__(self, settings: RotaSettings, *, zone: ZoneInfo, times: NamedTimes) -> None:
        self._layers = [_Layer(number, layer, zone, times) for number, layer in enumerate(settings.layers, start=1)]
        self._overrides = [
            Shift(layer=0, order=(one.person,), since=instant(one.from_, zone), until=instant(one.to, zone))
            for one in settings.overrides
        ]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who ever has a turn, in order."""
        layers = [person for layer in self._layers for person in layer.people]
        return tuple(dict.fromkeys((*layers, *(person for one in self._overrides for person in one.order))))

    def shifts(self, at: datetime) -> list[Shift]:
        """Who covers the moment: the first is on call, the second is next. Empty: a gap."""
        shifts = [shift for layer in self._layers if (shift := layer.shift(at)) is not None]
        first = shifts[0] if shifts else None
        for override in self._overrides:
            if override.since <= at < override.until:
                order = override.order if first is None else (*override.order, *first.order)
                return [replace(override, order=tuple(dict.fromkeys(order))), *shifts[1:]]
        if first is not None:
            since = max((first.since, *(one.until for one in self._overrides if one.until <= at)))
            until = min((first.until, *(one.since for one in self._overrides if one.since > at)))
            shifts[0] = replace(first, since=since, until=until)
        return shifts

    def gaps(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The times between two moments that nobody covers, in order."""
        moment, gap = begin, None
        while moment < end:
            covered = bool(self.shifts(moment))
            if covered and gap is not None:
                yield gap, moment
            gap = None if covered else gap or moment
            moment = min((change for change in self._changes(moment) if change > moment), default=end)
        if gap is not None:
            yield gap, end

    def _changes(self, after: datetime) -> Iterator[datetime]:
        """When covering may begin or end; handovers do not change it."""
        for layer in self._layers:
            yield from layer.changes(after)
        for override in self._overrides:
            yield from (override.since, override.until)


class _Layer:
    def __init__(self, number: int, settings: LayerSettings, zone: ZoneInfo, times: NamedTimes) -> None:
        self._number = number
        self.people = tuple(settings.people)
        self._from = settings.from_
        self._begin = instant(settings.from_, zone)
        self._turn = settings.every
        self._during = settings.during
        self._zone = zone
        self._times = times

    def shift(self, at: datetime) -> Shift | None:
        """The turn at a moment; None when the layer does not cover it."""
        if at < self._begin or (self._during is not None and not self._times.covers(self._during, at)):
            return None
        turn = self._number_of_turn(at)
        mine = turn % len(self.people)
        since, until = self._clip(self._start_of(turn), self._start_of(turn + 1), at)
        order = tuple(dict.fromkeys((*self.people[mine:], *self.people[:mine])))
        return Shift(layer=self._number, order=order, since=since, until=until)

    def changes(self, after: datetime) -> Iterator[datetime]:
        """When this layer may next begin or end to cover."""
        yield self._begin
        if self._during is not None:
            boundary = self._times.next_boundary(after, [self._during])
            if boundary is not None:
                yield boundary

    def _number_of_turn(self, at: datetime) -> int:
        if not self._turn.days:
            return (at - self._begin) // self._turn.elapsed
        turn = (wall_time(at, self._zone) - self._from) // timedelta(days=self._turn.days)
        # Around a change of daylight saving the wall is an hour off what the instants say.
        while self._start_of(turn) > at:
            turn -= 1
        while self._start_of(turn + 1) <= at:
            turn += 1
        return turn

    def _start_of(self, turn: int) -> datetime:
        if self._turn.days:
            return instant(self._from + timedelta(days=self._turn.days * turn), self._zone)
        return self._begin + self._turn.elapsed * turn

    def _clip(self, since: datetime, until: datetime, at: datetime) -> tuple[datetime, datetime]:
        """The part of the turn that lies in `during` around the moment."""
        if self._during is None:
            return since, until
        boundary = self._times.next_boundary(since, [self._during])
        while boundary is not None and boundary <= at:
            since = boundary
            boundary = self._times.next_boundary(since, [self._during])
        return since, until if boundary is None else min(until, boundary)
