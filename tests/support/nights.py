"""A machine of random nights: what may happen, in whatever order, and what must hold after each of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition
from hypothesis.stateful import rule as action

from ebank_sentinel.model.census import census_of
from ebank_sentinel.model.incident import Incident, IncidentState, Place
from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.ledger import Ledger, TimerId, TimerKind
from ebank_sentinel.model.page import Outcome, Page, PageState
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.reason import ALL_CLEAR, Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom, SymptomState
from support.deciding import at
from support.night import ALERTED, BATTERIES, MACHINES, NIGHT, PARTS, READ, SWITCHES, Night, loaded

BY_KEY = {one.id.key: one for one in (*READ, *ALERTED)}
SCOPES: dict[str, tuple[Target, ...]] = {
    **{one.id.key: (one,) for one in MACHINES},
    **{
        f"{label} {value}": tuple(one for one in MACHINES if one.labels[label] == value)
        for label, value in [
            *(("branch", f"{region}-{one}") for region in "01" for one in "01"),
            *(("region", region) for region in "01"),
        ]
    },
    "fleet": MACHINES,
}
OTHERS = [one.id.key for one in (*SWITCHES, *BATTERIES, *PARTS)]
BRANCHES = [name for name in SCOPES if name.startswith("branch")]
SERVICES = ["", "", "pay", "card"]
WITHOUT = [(), (), ("dark",), ("switch",), ("attack",), ("ups", "waf"), ("jam", "cash", "phishing", "pay-alert")]

waits = st.sampled_from([0, 1, 5, 15, 30, 31, 60, 61, 120, 300])

numbers = st.integers(0, 30)
V = TypeVar("V")


def chosen_of(what: Mapping[str, V], number: int) -> V:
    """One of them."""
    keys = sorted(what)
    return what[keys[number % len(keys)]]


def places_of(ledger: Ledger) -> dict[Place, str]:
    """Who is at a place, or may come back there."""
    return {
        place: one for place, one in ledger.place_of.items() if one in ledger.incidents or ledger.kept[one].into is None
    }


class Nights(RuleBasedStateMachine):
    """One night, or several to which the same happens but for one thing."""

    def __init__(self) -> None:
        super().__init__()
        self.nights = [Night()]
        self.severest: dict[str, Severity] = {}
        self.final: set[str] = set()
        self.steps = 0

    @property
    def night(self) -> Night:
        return self.nights[0]

    def step(self, wait: float) -> None:
        """Time passes for all before something happens."""
        self.steps += 1
        for night in self.nights:
            night.passes_by(wait)

    def happens(self, wait: float, what: Callable[[Night], None]) -> None:
        """The same to all, after a while."""
        self.step(wait)
        for night in self.nights:
            what(night)
            night.flush()

    def restarts(self) -> None:
        """One of them."""
        self.night.starts_anew()

    # -- what happens -----------------------------------------------------------------------------

    @action(
        wait=waits,
        name=st.sampled_from(["dark", "dark", "dark", "dark", "jam", "cash"]),
        scope=st.sampled_from(list(SCOPES)),
        holds=st.sampled_from([True, True, True, False, False, None]),
    )
    def machines(self, wait: float, name: str, scope: str, holds: Truth) -> None:
        """Machines fail, work or tell nothing."""
        self.happens(wait, lambda night: night.becomes(name, SCOPES[scope], holds=holds))

    @action(
        wait=waits,
        scope=st.sampled_from(list(SCOPES)),
        holds=st.booleans(),
        counts=st.sampled_from([False, None, True]),
    )
    def counting(self, wait: float, scope: str, holds: bool, counts: Truth) -> None:
        """Machines do not count any more, or nobody knows whether they do, or they do again."""
        self.happens(wait, lambda night: night.becomes("dark", SCOPES[scope], holds=holds, counts=counts))

    @action(wait=waits, other=st.sampled_from(OTHERS), holds=st.sampled_from([True, True, True, False, False, None]))
    def others(self, wait: float, other: str, holds: Truth) -> None:
        """A switch, batteries, logins, the firewall."""
        self.happens(wait, lambda night: night.becomes(BY_KEY[other].id.probe, [BY_KEY[other]], holds=holds))

    @action(
        wait=waits,
        service=st.sampled_from(SERVICES),
        branch=st.sampled_from(BRANCHES),
        holds=st.sampled_from([True, True, False]),
    )
    def together(self, wait: float, service: str, branch: str, holds: bool) -> None:
        """What belongs together moves together: all of a service, or a branch with its batteries."""

        def happen(night: Night) -> None:
            for part in PARTS:
                if part.labels["service"] == service:
                    night.becomes(part.id.probe, (part,), holds=holds)
            if not service:
                night.becomes("ups", (BY_KEY[branch.replace("branch ", "ups-")],), holds=holds)
                night.becomes("dark", SCOPES[branch], holds=holds)

        self.happens(wait, happen)

    @action(
        wait=waits,
        what=st.sampled_from(["phishing", "phishing", "threat", "f0", "f1"]),
        times=st.integers(1, 3),
        holds=st.booleans(),
        lasts=st.sampled_from([None, 10, 60, 600]),
    )
    def told(self, wait: float, what: str, times: int, holds: bool, lasts: float | None) -> None:
        """Somebody reports something; or an alert is told, or told to be over."""

        def happen(night: Night) -> None:
            if what in BY_KEY:
                night.alerts(BY_KEY[what], holds=holds, lasts=lasts)
            else:
                for _ in range(times):
                    night.reports(what)

        self.happens(wait, happen)

    @precondition(lambda self: self.night.incidents)
    @action(wait=waits, number=numbers, person=st.sampled_from(["wang", "li", "zhao", None]), by_code=st.booleans())
    def people(self, wait: float, number: int, person: str | None, by_code: bool) -> None:
        """Somebody takes an incident that there is or was, or says that it is over."""
        chosen = chosen_of(self.night.incidents, number)
        name = chosen.code if by_code else chosen.id
        self.happens(wait, lambda night: night.ends(name) if person is None else night.acks(name, person))

    @precondition(lambda self: any(page.state is PageState.READY for page in self.night.ledger.pages.values()))
    @action(number=numbers, outcome=st.sampled_from([None, Outcome.ACCEPTED, Outcome.FAILED, Outcome.RETRY]))
    def deliver(self, number: int, outcome: Outcome | None) -> None:
        """A channel says what became of a page; none is sent before an older one to the same place is final."""
        if outcome is None:
            for night in self.nights:
                night.accept_all(night.now)
            return
        first: dict[tuple[str, str, str], Page] = {}
        for page in sorted(self.night.ledger.pages.values(), key=lambda page: (page.created_at, page.id)):
            if page.state is PageState.READY:
                first.setdefault((page.cause, page.recipient, page.channel), page)
        page = chosen_of({page.id: page for page in first.values()}, number)
        self.happens(1, lambda night: night.answers_of(page, outcome))

    @action(wait=waits, without=st.sampled_from(WITHOUT), gone=st.sampled_from(["", "", *SCOPES]), only=st.booleans())
    def start_or_reload(self, wait: float, without: Sequence[str], gone: str, only: bool) -> None:
        """The process ends and starts anew; or other rules, other targets."""
        self.step(wait)
        if only:
            self.restarts()
            return
        rules: list[Rule] = [one for one in NIGHT if one.id not in without and not set(one.all_of) & set(without)]
        for night in self.nights:
            night.reloads_rules(rules, SCOPES.get(gone, ()))

    @precondition(lambda self: self.steps > 30)
    @action()
    def dawn(self) -> None:
        """All recover, all reports are ended, enough time passes: nothing is left."""
        self.step(1)
        self.steps = 0
        for night in self.nights:
            night.dawns()
            ledger = night.ledger
            assert not ledger.incidents
            assert not ledger.symptoms
            assert not ledger.timers
            assert not ledger.kept
            assert not ledger.place_of
            assert not ledger.incident_by_code
            assert not ledger.pages
            self.everybody_knows_that_it_is_over(night)

    def everybody_knows_that_it_is_over(self, night: Night) -> None:
        """Whoever was alarmed has a later all-clear, of that incident or of one that took it over."""
        over: dict[str, set[str]] = {}
        for one, into in night.taken_over:
            over.setdefault(one, set()).add(into)
        for page in night.pages.values():
            if page.state is not PageState.ACCEPTED or page.reason in ALL_CLEAR:
                continue
            told = {page.cause}
            while more := {into for one in told for into in over.get(one, ())} - told:
                told |= more
            failed = any(
                other.cause in told and other.recipient == page.recipient and other.state is PageState.FAILED
                for other in night.pages.values()
            )
            assert failed or any(
                other.cause in told
                and other.recipient == page.recipient
                and other.reason in ALL_CLEAR
                and other.created_at >= page.created_at
                for other in night.pages.values()
            ), f"{page.recipient} was told {page.step} of {night.incidents[page.cause]} and no all-clear"

    # -- what always holds ------------------------------------------------------------------------

    @invariant()
    def always(self) -> None:
        self.what_fires_belongs_to_one_open_incident_or_there_is_a_word_for_why_not()
        self.an_open_incident_has_a_member_or_a_person_ends_it()
        self.there_is_one_open_incident_of_a_place()
        self.whatever_was_taken_over_leads_to_what_took_it()
        self.the_census_is_as_if_counted_from_the_beginning()
        self.memory_holds_what_a_start_would_read()
        self.severity_never_falls()
        self.nobody_is_told_twice_of_one_change_of_an_incident()
        self.what_is_final_stays_final()
        self.a_timer_belongs_to_something()
        self.an_incident_began_before_it_opened_and_opened_before_it_ended()

    def what_fires_belongs_to_one_open_incident_or_there_is_a_word_for_why_not(self) -> None:
        ledger = self.night.ledger
        for symptom in ledger.symptoms.values():
            assert symptom.incident is None or symptom.incident in ledger.incidents
            if symptom.state is SymptomState.FIRING and symptom.incident is None:
                assert self.excused(symptom), symptom
            if symptom.state is SymptomState.PENDING:
                assert symptom.incident is None

    def excused(self, symptom: Symptom) -> bool:
        """Counted only; or its parent is over since a moment, or is not confirmed yet."""
        night, under = self.night, symptom.under
        rule = night.bank.rules[symptom.id.rule]
        if under is not None:
            parent = night.ledger.symptoms.get(under)
            waits = parent is not None and parent.state is SymptomState.PENDING and parent.known
            return waits or TimerId(TimerKind.STAND, under) in night.ledger.timers
        return bool(rule.count)

    def an_open_incident_has_a_member_or_a_person_ends_it(self) -> None:
        ledger = self.night.ledger
        for incident in ledger.incidents.values():
            members = [ledger.symptoms[one] for one in ledger.census.members(incident.id)]
            assert members or incident.state is IncidentState.REFERRED, incident
            assert incident.rule in self.night.bank.rules
            assert incident.into is None

    def there_is_one_open_incident_of_a_place(self) -> None:
        ledger = self.night.ledger
        places = Counter(incident.place for incident in ledger.incidents.values())
        assert all(count == 1 for count in places.values())
        for incident in ledger.incidents.values():
            assert ledger.place_of[incident.place] == incident.id
            assert ledger.incident_by_code[incident.code] == incident.id

    def whatever_was_taken_over_leads_to_what_took_it(self) -> None:
        every = self.night.incidents
        for incident in every.values():
            seen: set[str] = set()
            one: Incident = incident
            while one.into is not None:
                assert not one.is_open
                assert one.id not in seen
                seen.add(one.id)
                one = every[one.into]

    def the_census_is_as_if_counted_from_the_beginning(self) -> None:
        ledger = self.night.ledger
        assert ledger.census == census_of(ledger.census.counted, iter(ledger.symptoms.values()), ledger.census)

    def memory_holds_what_a_start_would_read(self) -> None:
        old, new = self.night.ledger, loaded(self.night)
        assert (old.incidents, old.kept) == (new.incidents, new.kept)
        assert old.incident_by_code == new.incident_by_code
        assert places_of(old) == places_of(new)
        assert self.that_matter(old) == self.that_matter(new)
        assert (old.timers, old.firings) == (new.timers, new.firings)
        assert old.next_due() == new.next_due()

    @staticmethod
    def that_matter(ledger: Ledger) -> dict[str, Page]:
        """Pages that are on their way, and those by which the all-clear will know whom it concerns."""
        since = {one.id: one.opened_at for one in ledger.incidents.values()}
        return {
            page.id: page
            for page in ledger.pages.values()
            if not page.state.final
            or (page.state.reached and page.cause in since and page.created_at >= since[page.cause])
        }

    def severity_never_falls(self) -> None:
        for incident in self.night.incidents.values():
            assert incident.severity >= self.severest.get(incident.id, Severity.IV)
            self.severest[incident.id] = incident.severity

    def nobody_is_told_twice_of_one_change_of_an_incident(self) -> None:
        """Two changes of one moment may be two pages; but who is paged is not told beside that what it is part of."""
        told: dict[tuple[str, str, str, datetime], list[Reason]] = {}
        for page in self.night.pages.values():
            if page.state is not PageState.DROPPED:
                told.setdefault((page.cause, page.recipient, page.channel, page.created_at), []).append(page.reason)
        for key, reasons in told.items():
            alarms = [reason for reason in reasons if reason not in ALL_CLEAR | {Reason.NEXT_CHANNEL}]
            assert len(alarms) == len(set(alarms)), key
            assert Reason.PART_OF not in alarms or len(alarms) == 1, key

    def what_is_final_stays_final(self) -> None:
        for page in self.night.pages.values():
            assert page.state.final or page.id not in self.final
            if page.state.final:
                self.final.add(page.id)

    def a_timer_belongs_to_something(self) -> None:
        ledger = self.night.ledger
        for kind, subject, _ in ledger.timers:
            if kind is TimerKind.NARROW:
                assert subject[0] in ledger.incidents
            elif kind is TimerKind.FORGET:
                assert subject[0] in ledger.kept
            elif kind in (TimerKind.HOLD, TimerKind.CLEAR):
                assert subject in ledger.symptoms

    def an_incident_began_before_it_opened_and_opened_before_it_ended(self) -> None:
        for incident in self.night.incidents.values():
            assert incident.since <= incident.opened_at <= (incident.ended_at or at(self.night.now))
