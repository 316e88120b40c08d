"""A decision in the making: reads through to the ledger, keeps what is new to itself.

The ledger is never touched: dropping a draft is all that a failed commit needs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from ebank_sentinel.model.census import Census
from ebank_sentinel.model.incident import Event, Incident, Place
from ebank_sentinel.model.ledger import Delta, Ledger, Timer, TimerId, TimerKind
from ebank_sentinel.model.page import Delivery, Page
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.symptom import Symptom, SymptomId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller is told about its request, once it is safe."""

    status: int  # as HTTP has them
    title: str
    detail: str
    subject: str = ""  # id of the incident or page that it is about


@dataclass(slots=True)
class Draft:
    """An overlay over the ledger."""

    ledger: Ledger
    symptoms: dict[SymptomId, Symptom | None] = field(default_factory=dict)
    timers: dict[TimerId, Timer | None] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    heartbeats: dict[TargetId, datetime] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    firings: dict[SymptomId, tuple[datetime, ...]] = field(default_factory=dict)
    census: Census = field(init=False)
    answers: dict[str, Answer] = field(default_factory=dict)  # by request
    _pages_of: dict[str, set[str]] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    _places: dict[Place, str] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)
    _agenda: list[tuple[datetime, TimerId]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.census = self.ledger.census.fork()

    def begin(self, now: datetime) -> None:
        """Take up what is due by now."""
        self._agenda = [(timer.due, timer.id) for timer in self.ledger.due(now)]
        heapq.heapify(self._agenda)

    def take_due(self, until: datetime) -> Iterator[Timer]:
        """The timers that are due, in order of time, each taken away; those set meanwhile included."""
        while self._agenda and self._agenda[0][0] <= until:
            due, timer_id = heapq.heappop(self._agenda)
            timer = self.timer(timer_id)
            if timer is not None and timer.due == due:
                self.timers[timer_id] = None
                yield timer

    def timer(self, timer_id: TimerId) -> Timer | None:
        """A timer as it stands now."""
        return self.timers[timer_id] if timer_id in self.timers else self.ledger.timers.get(timer_id)

    def set_timer(self, timer: Timer) -> None:
        """Start it, or move it. One that stands just so is left alone."""
        if self.timer(timer.id) != timer:
            self.timers[timer.id] = timer
            heapq.heappush(self._agenda, (timer.due, timer.id))

    def drop_timer(self, timer_id: TimerId) -> None:
        """Forget it."""
        if self.timer(timer_id) is not None:
            self.timers[timer_id] = None

    def symptom(self, symptom_id: SymptomId) -> Symptom | None:
        """A symptom as it stands now."""
        return self.symptoms[symptom_id] if symptom_id in self.symptoms else self.ledger.symptoms.get(symptom_id)

    def symptom_ids(self) -> set[SymptomId]:
        """Every symptom that there is now."""
        ids = set(self.ledger.symptoms) | set(self.symptoms)
        return {symptom_id for symptom_id in ids if self.symptom(symptom_id) is not None}

    def put_symptom(self, symptom: Symptom) -> None:
        """Set a symptom; one that stands just so is left alone."""
        known = self.symptom(symptom.id)
        if known != symptom:
            self.census.move(known, symptom)
            self.symptoms[symptom.id] = symptom

    def drop_symptom(self, symptom_id: SymptomId) -> None:
        """It is over."""
        self.census.move(self.symptom(symptom_id), None)
        self.symptoms[symptom_id] = None

    def fired(self, symptom: SymptomId) -> tuple[datetime, ...]:
        """When it fired, as far back as anybody counts; the oldest first."""
        known = self.firings.get(symptom)
        return self.ledger.firings.get(symptom, ()) if known is None else known

    def members(self, incident: str) -> AbstractSet[SymptomId]:
        """The symptoms of an incident."""
        return self.census.members(incident)

    def incident(self, incident_id: str) -> Incident | None:
        """An incident by id, open or ended in this very decision."""
        return (
            self.incidents.get(incident_id)
            or self.ledger.incidents.get(incident_id)
            or self.ledger.kept.get(incident_id)
        )

    def open_incidents(self) -> list[Incident]:
        """Every incident that is open now, by id."""
        return [one for _, one in sorted({**self.ledger.incidents, **self.incidents}.items()) if one.is_open]

    def open_incident(self, id_or_code: str) -> Incident | None:
        """An open incident by its id or its code, or the one that took that over."""
        by_code = self._codes.get(id_or_code) or self.ledger.incident_by_code.get(id_or_code)
        incident = self.incident(by_code or id_or_code)
        while incident is not None and incident.into is not None:
            incident = self.incident(incident.into)
        return incident if incident is not None and incident.is_open else None

    def code_is_free(self, code: str) -> bool:
        """No incident in memory has it."""
        return code not in self._codes and code not in self.ledger.incident_by_code

    def at_place(self, place: Place) -> Incident | None:
        """The incident that is open at a place, or that may come back there."""
        incident_id = self._places.get(place) or self.ledger.place_of.get(place)
        return None if incident_id is None else self.incident(incident_id)

    def remembers(self, ended: Incident, at: datetime) -> bool:
        """Whether what ended may come back: memory lets go of it with what took it over, wherever batches are cut."""
        one: Incident | None = ended
        while one is not None and one.into is not None:
            one = self.incident(one.into)
        if one is None or one.ended_at is None or one.ended_at >= at:
            return one is not None
        return self.timer(TimerId(TimerKind.FORGET, (one.id,))) is not None

    def put_incident(self, incident: Incident) -> None:
        """Set an incident."""
        self.incidents[incident.id] = incident
        self._codes[incident.code] = incident.id
        self._places[incident.place] = incident.id
        if incident.into is not None:
            self._taken.setdefault(incident.into, set()).add(incident.id)

    def just_taken(self, incident_id: str) -> list[Incident]:
        """What an incident has taken over in this very decision, and what that had: all of it."""
        found = []
        for one in map(self.incident, sorted(self._taken.get(incident_id, ()))):
            if one is not None and one.into == incident_id:
                found += [one, *self.just_taken(one.id)]
        return found

    def page(self, page_id: str) -> Page | None:
        """A page as it stands now."""
        return self.pages.get(page_id) or self.ledger.pages.get(page_id)

    def pages_of(self, cause: str) -> list[Page]:
        """The pages of a cause, the oldest first."""
        ids = self.ledger.pages_of.get(cause, set()) | self._pages_of.get(cause, set())
        found = [page for page in map(self.page, ids) if page is not None]
        return sorted(found, key=lambda page: (page.created_at, page.id))

    def all_pages(self) -> Iterator[Page]:
        """Every page in memory, in no order."""
        yield from self.pages.values()
        yield from (page for page_id, page in self.ledger.pages.items() if page_id not in self.pages)

    def put_page(self, page: Page) -> None:
        """Set a page."""
        self.pages[page.id] = page
        self._pages_of.setdefault(page.cause, set()).add(page.id)

    def log(self, at: datetime, incident: str | None, reason: Reason, detail: str) -> None:
        """A line of history: every decision names its reason."""
        self.events.append(Event(at=at, incident=incident, reason=reason, detail=detail))

    def delta(self) -> Delta:
        """What is to be committed: only what differs from the ledger."""
        return Delta(
            symptoms={key: value for key, value in self.symptoms.items() if self.ledger.symptoms.get(key) != value},
            timers={key: value for key, value in self.timers.items() if self.ledger.timers.get(key) != value},
            incidents=dict(self.incidents),
            pages=dict(self.pages),
            heartbeats=dict(self.heartbeats),
            firings=dict(self.firings),
            events=tuple(self.events),
            deliveries=tuple(self.deliveries),
            apart=dict(self.census.apart),
        )
