"""What memory holds of the store, and a change of it. Memory only ever moves by a committed Delta."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.model.census import Census, Counted, Standing, census_of
from ebank_sentinel.model.incident import Event, Incident, Place
from ebank_sentinel.model.page import Delivery, Page
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.symptom import Symptom, SymptomId


class TimerKind(enum.StrEnum):
    """What falls due."""

    HOLD = "hold"  # the `for` of a rule (row -1) or of a `worse` row
    CLEAR = "clear"  # the `clear_after` of a rule
    WIDTH = "width"  # what began to fail in a scope has had one interval to be joined by the rest
    NARROW = "narrow"  # a wide incident has been below half of its share for `clear_after`
    STAND = "stand"  # the parent has been over for a while: what still fails stands on its own
    UNTIL = "until"  # an alert ends by itself unless it is told again
    FORGET = "forget"  # an ended incident cannot come back any more
    NEXT_CHANNEL = "next_channel"  # `first_of` goes on when the channel stayed silent
    DIGEST = "digest"  # `during` begins: what was held goes out


class TimerId(NamedTuple):
    """What a timer is known by: there is one of a kind for a subject."""

    kind: TimerKind
    subject: tuple[str, ...]  # a SymptomId, a TargetId, a Place, (page or incident id,), or (recipient, channel)
    row: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that falls due. A row of the store, so that a restart forgets none."""

    id: TimerId
    onset: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Delta:
    """What one decision changes: the new row by key, None where a row goes. Appended rows by themselves."""

    symptoms: Mapping[SymptomId, Symptom | None] = field(default_factory=dict)
    timers: Mapping[TimerId, Timer | None] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    heartbeats: Mapping[TargetId, datetime] = field(default_factory=dict)
    firings: Mapping[SymptomId, tuple[datetime, ...]] = field(default_factory=dict)  # the oldest first; () forgets
    events: tuple[Event, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    apart: Mapping[tuple[str, TargetId], Standing | None] = field(default_factory=dict)  # of memory alone

    def __bool__(self) -> bool:
        return self.lasting or bool(self.apart)

    @property
    def lasting(self) -> bool:
        """There is something for the store in it."""
        return bool(
            self.symptoms
            or self.timers
            or self.incidents
            or self.pages
            or self.heartbeats
            or self.firings
            or self.events
            or self.deliveries
        )


@dataclass(slots=True)
class Ledger:
    """Everything that a decision may look at: the open part of what the store holds.

    The tables are the truth; the rest are indexes over them that `apply` keeps.
    """

    symptoms: dict[SymptomId, Symptom] = field(default_factory=dict)
    timers: dict[TimerId, Timer] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)  # open ones
    pages: dict[str, Page] = field(default_factory=dict)  # of open incidents, and whatever is not final
    heartbeats: dict[TargetId, datetime] = field(default_factory=dict)
    firings: dict[SymptomId, tuple[datetime, ...]] = field(default_factory=dict)
    kept: dict[str, Incident] = field(default_factory=dict)  # ended ones that may come back, or that others took over

    census: Census = field(default_factory=lambda: Census(Counted()))
    place_of: dict[Place, str] = field(default_factory=dict)  # -> the incident that is open there, or was and is kept
    pages_of: dict[str, set[str]] = field(default_factory=dict)  # by cause
    incident_by_code: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)  # -> those that it took over; may name what is gone
    # A heap that may hold what is gone: what it is asked changes its order, and nothing else.
    _agenda: list[tuple[datetime, TimerId]] = field(default_factory=list, compare=False)

    def apply(self, delta: Delta) -> None:
        """Move to the state after a commit. Nothing here can fail half-way."""
        self._set_symptoms(delta)
        for timer_id, timer in delta.timers.items():
            self._set_timer(timer_id, timer)
        for page in delta.pages.values():
            self.pages[page.id] = page
            self.pages_of.setdefault(page.cause, set()).add(page.id)
        # First what is open, then what was taken over: whatever ends by itself takes what it had with it.
        for incident in sorted(delta.incidents.values(), key=lambda one: (not one.is_open, one.into is None)):
            self._set_incident(incident)
        for timer_id, timer in delta.timers.items():
            if timer is None and timer_id.kind is TimerKind.FORGET:
                self._forget(timer_id.subject[0])
        self.heartbeats.update(delta.heartbeats)
        self._thin_agenda()
        for cause in {page.cause for page in delta.pages.values()} | set(delta.incidents):
            self._forget_settled(cause)

    def _set_symptoms(self, delta: Delta) -> None:
        for symptom_id, symptom in delta.symptoms.items():
            self.census.move(self.symptoms.get(symptom_id), symptom)
            if symptom is None:
                self.symptoms.pop(symptom_id, None)
            else:
                self.symptoms[symptom_id] = symptom
        for (rule, target), standing in delta.apart.items():
            self.census.put_apart(rule, target, standing)
            if standing is None:
                del self.census.apart[rule, target]
        for symptom_id, moments in delta.firings.items():
            self.firings[symptom_id] = moments
            if not moments:
                del self.firings[symptom_id]

    def copy(self) -> Ledger:
        """One that moves by itself from here on; the values are frozen, and shared."""
        return Ledger(
            symptoms=dict(self.symptoms),
            timers=dict(self.timers),
            incidents=dict(self.incidents),
            pages=dict(self.pages),
            heartbeats=dict(self.heartbeats),
            firings=dict(self.firings),
            kept=dict(self.kept),
            census=census_of(self.census.counted, iter(self.symptoms.values()), self.census),
            place_of=dict(self.place_of),
            pages_of={cause: set(ids) for cause, ids in self.pages_of.items()},
            incident_by_code=dict(self.incident_by_code),
            _taken={taker: set(ids) for taker, ids in self._taken.items()},
            _agenda=list(self._agenda),
        )

    def with_only(self, timer: Timer) -> Ledger:
        """The same with one timer alone, to see whether that one can be decided."""
        return replace(self, timers={timer.id: timer}, _agenda=[(timer.due, timer.id)])

    def count_by(self, counted: Counted) -> None:
        """Count by what the rules ask for now; nothing happens while that is the same."""
        if counted != self.census.counted:
            self.census = census_of(counted, iter(self.symptoms.values()), self.census)

    def due(self, now: datetime, most: int | None = None) -> list[Timer]:
        """The timers that are due, the earliest first; no more than `most` of them."""
        found: list[Timer] = []
        while self._agenda and self._agenda[0][0] <= now and (most is None or len(found) < most):
            due, timer_id = heapq.heappop(self._agenda)
            timer = self.timers.get(timer_id)
            if timer is not None and timer.due == due:
                found.append(timer)
        for timer in found:
            heapq.heappush(self._agenda, (timer.due, timer.id))
        return found

    def next_due(self) -> datetime | None:
        """When the next timer falls due."""
        while self._agenda:
            due, timer_id = self._agenda[0]
            timer = self.timers.get(timer_id)
            if timer is not None and timer.due == due:
                return due
            heapq.heappop(self._agenda)
        return None

    def _set_timer(self, timer_id: TimerId, timer: Timer | None) -> None:
        if timer is None:
            self.timers.pop(timer_id, None)
            return
        known = self.timers.get(timer_id)
        self.timers[timer_id] = timer
        if known is None or known.due != timer.due:
            heapq.heappush(self._agenda, (timer.due, timer_id))

    def _thin_agenda(self) -> None:
        """Timers that went long before they were due (a symptom that flaps) must not fill the memory."""
        if len(self._agenda) > 2 * len(self.timers) + 1000:
            self._agenda = [(timer.due, timer.id) for timer in self.timers.values()]
            heapq.heapify(self._agenda)

    def _set_incident(self, incident: Incident) -> None:
        known_id = self.place_of.get(incident.place, "")
        known = self.incidents.get(known_id) or self.kept.get(known_id)
        older = known is None or (not known.is_open and known.opened_at <= incident.opened_at)
        if incident.is_open or older:  # a start reads them in no order
            self.place_of[incident.place] = incident.id
        self.incident_by_code[incident.code] = incident.id
        if incident.is_open:
            self.incidents[incident.id] = incident
            self.kept.pop(incident.id, None)
            return
        self.incidents.pop(incident.id, None)
        self.kept[incident.id] = incident
        if incident.into is not None:
            self._taken.setdefault(incident.into, set()).add(incident.id)
        if incident.into is None and TimerId(TimerKind.FORGET, (incident.id,)) not in self.timers:
            self._forget(incident.id)

    def _forget(self, incident_id: str) -> None:
        """An ended incident leaves memory, and with it those that it had taken over."""
        incident = self.kept.pop(incident_id, None)
        if incident is None:
            return
        if self.place_of.get(incident.place) == incident.id:
            del self.place_of[incident.place]
        if self.incident_by_code.get(incident.code) == incident.id:
            del self.incident_by_code[incident.code]
        for taken in self._taken.pop(incident_id, ()):
            if taken in self.kept and self.kept[taken].into == incident_id:
                self._forget(taken)

    def _forget_settled(self, cause: str) -> None:
        """Pages of an ended cause leave memory once every one of them is final."""
        if cause in self.incidents:
            return
        ids = self.pages_of.get(cause, set())
        if all(self.pages[page_id].state.final for page_id in ids):
            for page_id in ids:
                del self.pages[page_id]
            self.pages_of.pop(cause, None)
