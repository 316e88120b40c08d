"""Whatever happens in whatever order: what always holds of symptoms, incidents, timers and pages.

Readings go through the real evaluator, so a target that is read again and again as before makes no change:
a hold that waits for one in vain would be found here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition
from hypothesis.stateful import rule as action

from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.item import Reloaded
from ebank_sentinel.model.ledger import TimerId, TimerKind
from ebank_sentinel.model.page import Outcome, Page, PageState, page_id
from ebank_sentinel.model.reading import Reading, Scalar, Target
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomId, SymptomState
from ebank_sentinel.rules.condition import Names, parse
from ebank_sentinel.rules.evaluator import Evaluator
from ebank_sentinel.rules.watch import Asked, Watch
from support.deciding import EVERY, MAIL, SMS_THEN_MAIL, SmallBank, Story, at, row, rule, seconds, target

NAMES = Names(fields={"up": bool, "rate": float}, labels=("branch",))
RESTS = frozenset({Reason.RESOLVED, Reason.RETIRED})
TARGETS = [target("a", branch="0001"), target("b", branch="0002")]
WORSE = (row(20, severity=Severity.II), row(60, up=True, groups=("business",)))

LOW = (rule("low", hold=40, clear=20, rows=WORSE), "label.branch == '0001'", "rate < 0.9", ("rate < 0.6", None))
SLOW = (rule("low", hold=90, clear=60, rows=WORSE[:1]), None, "rate < 0.9", ("rate < 0.6",))
MILD = (rule("mild", hold=0, clear=20, severity=Severity.IV), None, "rate < 0.9", ())
SILENT = (rule("silent", hold=30, clear=20, no_data=True), None, None, ())
POLICIES = [(LOW, MILD, SILENT), (SLOW, SILENT), (MILD,)]


@dataclass(slots=True)
class ReadBank(SmallBank):
    """A bank whose readings are those of an evaluator."""

    evaluator: Evaluator = field(default_factory=lambda: Evaluator({}, {}, lambda _: frozenset()))

    def world(self) -> World:
        """As ever, but for the readings."""
        plain = SmallBank.world(self)
        return replace(plain, latest=self.evaluator.latest, unbroken_since=self.evaluator.unbroken_since)


class Deciding(RuleBasedStateMachine):
    """Time only goes forward, in steps; at each step something happens."""

    def __init__(self) -> None:
        super().__init__()
        self.bank = ReadBank(opens_at={"business": at(600)})
        self.bank.roster.severities[Severity.III] = SeverityPolicy(via=(SMS_THEN_MAIL,), wait=seconds(60))
        self.bank.roster.severities[Severity.IV] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="business")
        self.story = Story(self.bank)
        self.now = 0.0
        self.severest: dict[str, Severity] = {}
        self.final: set[str] = set()
        self.adopt(0, ())

    # -- what happens ---------------------------------------------------------------------------

    @action(
        of=st.sampled_from(TARGETS),
        rate=st.sampled_from([0.5, 0.5, 0.8, 0.8, 0.99, 0.99, None, "left"]),
        wait=st.sampled_from([1, 1, 15, 15, 30, 45]),
        times=st.integers(1, 12),
    )
    def read(self, of: Target, rate: float | str | None, wait: int, times: int) -> None:
        """A target is read, perhaps late, and then as often as the interval says with the same result."""
        self.tick(wait)
        for number in range(times):
            if number:
                self.tick(int(EVERY.total_seconds()))
            if of.id not in self.bank.unwatched:
                fields: dict[str, Scalar] = {"rate": rate} if isinstance(rate, float) else {}
                reading = Reading(target=of, at=at(self.now), up=True, fields=fields, present=rate != "left")
                change = self.bank.evaluator.observe(reading)
                if change is not None:
                    self.story.decide(change, now=self.now)

    @action(of=st.sampled_from([10, 10, 40, 100, 300]))
    def silence(self, of: int) -> None:
        """Time passes, and nobody reads anything."""
        self.tick(of)

    @action(of=st.sampled_from([50, 500, 5000]))
    def sleep(self, of: int) -> None:
        """The machine sleeps: nothing is noticed until it wakes."""
        self.now += of

    @action(number=st.sampled_from([0, 0, 0, 1, 2]), gone=st.sampled_from([(), (), (), TARGETS[:1], TARGETS]))
    def adopt(self, number: int, gone: Sequence[Target]) -> None:
        """Another policy is read, and other targets."""
        self.now += 1
        policy = POLICIES[number]
        self.bank.rules = {one.id: one for one, *_ in policy}
        self.bank.unwatched = {one.id for one in gone}
        self.start_evaluator(policy)
        self.story.decide(Reloaded(at=at(self.now)), now=self.now)

    @action()
    def restart(self) -> None:
        """The process ends, and starts with what the store holds."""
        self.now += 1
        self.story.restarts()
        self.start_evaluator([part for part in POLICIES[0] + POLICIES[1] if self.bank.rules.get(part[0].id) == part[0]])

    @precondition(lambda self: any(page.state is PageState.READY for page in self.story.ledger.pages.values()))
    @action(data=st.data(), outcome=st.sampled_from(Outcome))
    def deliver(self, data: st.DataObject, outcome: Outcome) -> None:
        """A channel says what became of a page; the desk sends none before an older one to the same place is final."""
        first: dict[tuple[str, str, str], Page] = {}
        for page in sorted(self.story.ledger.pages.values(), key=lambda page: (page.created_at, page.id)):
            if page.state is PageState.READY:
                first.setdefault((page.cause, page.recipient, page.channel), page)
        self.now += 1
        self.story.delivered(self.now, data.draw(st.sampled_from(list(first.values()))), outcome)

    @precondition(lambda self: self.story.ledger.incidents)
    @action(person=st.sampled_from(["wang", "li", "nobody"]))
    def take(self, person: str) -> None:
        """Somebody takes an incident."""
        self.now += 1
        self.story.takes(self.now, person, min(self.story.ledger.incidents))

    def start_evaluator(self, policy: Iterable[tuple[Rule, str | None, str | None, tuple[str | None, ...]]]) -> None:
        questions = [
            Asked(
                rule=one.id,
                where=None if where is None else parse(where, replace(NAMES, reading=False)),
                when=None if when is None else parse(when, NAMES),
                rows=tuple(None if text is None else parse(text, NAMES) for text in rows),
            )
            for one, where, when, rows in policy
        ]
        self.bank.evaluator = Evaluator({"login": Watch.of(questions, ())}, {"login": EVERY}, lambda _: frozenset())
        watched = [one for one in TARGETS if one.id not in self.bank.unwatched]
        self.bank.evaluator.expect(watched, at(self.now))

    def tick(self, of: int) -> None:
        """Seconds pass as for the daemon: it looks for silence, and timers run when they fall due."""
        end = self.now + of
        while self.now < end:
            self.now = min(self.now + 5, end)
            changes = self.bank.evaluator.stale(at(self.now))
            due = self.story.ledger.next_due()
            if changes or (due is not None and due <= at(self.now)):
                self.story.decide(*changes, now=self.now)

    # -- what always holds ------------------------------------------------------------------------

    @invariant()
    def an_open_incident_and_its_symptom_know_each_other(self) -> None:
        ledger = self.story.ledger
        by_symptom = {symptom.incident: symptom.id for symptom in ledger.symptoms.values() if symptom.incident}
        assert by_symptom == {incident.id: incident.symptom for incident in ledger.incidents.values()}
        for symptom in ledger.symptoms.values():
            assert (symptom.incident is None) == (symptom.state is SymptomState.PENDING)
            assert (symptom.clearing_since is None) == (symptom.state is not SymptomState.CLEARING)

    @invariant()
    def a_symptom_has_a_rule_and_a_target(self) -> None:
        for symptom_id in self.story.ledger.symptoms:
            assert symptom_id.rule in self.bank.rules
            assert symptom_id.target not in self.bank.unwatched

    @invariant()
    def what_waits_for_a_hold_has_a_timer_unless_its_next_reading_is_a_change(self) -> None:
        ledger = self.story.ledger
        kinds = {SymptomState.PENDING: TimerKind.HOLD, SymptomState.CLEARING: TimerKind.CLEAR}
        for symptom in ledger.symptoms.values():
            will_change = not symptom.known or self.bank.evaluator.latest(symptom.id.target) is None
            if symptom.state in kinds and (
                not will_change or (symptom.known and self.bank.rules[symptom.id.rule].no_data)
            ):
                assert TimerId(kinds[symptom.state], symptom.id) in ledger.timers

    @invariant()
    def a_timer_belongs_to_something(self) -> None:
        ledger = self.story.ledger
        for timer_id, timer in ledger.timers.items():
            assert timer.id == timer_id
            if timer_id.kind in (TimerKind.HOLD, TimerKind.CLEAR):
                state = ledger.symptoms[SymptomId(*timer_id.subject)].state
                assert (state is SymptomState.CLEARING) == (timer_id.kind is TimerKind.CLEAR)
                assert state is SymptomState.PENDING or timer_id != TimerId(TimerKind.HOLD, timer_id.subject)
            elif timer_id.kind is TimerKind.NEXT_CHANNEL:
                assert timer_id.subject[0] in self.story.pages

    @invariant()
    def a_page_that_waits_for_its_time_will_be_woken(self) -> None:
        timers = self.story.ledger.timers
        for page in self.story.ledger.pages.values():
            if page.state is PageState.HELD:
                assert timers[TimerId(TimerKind.DIGEST, (page.recipient, page.channel))].due <= page.due

    @invariant()
    def every_open_incident_has_its_pages_or_a_word_for_why_not(self) -> None:
        said = {event.incident for event in self.story.events if event.reason is Reason.NOBODY}
        for incident_id in self.story.ledger.incidents:
            assert self.story.ledger.pages_of.get(incident_id) or incident_id in said

    @invariant()
    def severity_never_falls(self) -> None:
        for incident in self.story.incidents.values():
            assert incident.severity >= self.severest.get(incident.id, Severity.IV)
            self.severest[incident.id] = incident.severity

    @invariant()
    def an_incident_ends_once_and_has_no_code_any_more(self) -> None:
        ledger = self.story.ledger
        still_open = {one.id for one in self.story.incidents.values() if one.state is IncidentState.OPEN}
        assert still_open == set(ledger.incidents)
        assert ledger.incident_by_code == {one.code: one.id for one in ledger.incidents.values()}
        ends = [event.incident for event in self.story.events if event.reason in RESTS and event.detail.count(" on ")]
        assert len(ends) == len(set(ends))

    @invariant()
    def a_page_has_its_own_id_and_what_is_final_stays_final(self) -> None:
        for page in self.story.pages.values():
            assert page.id == page_id(page.cause, page.step, page.recipient, page.channel)
            assert page.state.final or page.id not in self.final
            if page.state.final:
                self.final.add(page.id)
            else:
                assert page.id in self.story.ledger.pages

    @invariant()
    def the_all_clear_goes_to_exactly_whom_the_alarm_reached(self) -> None:
        told: dict[str, set[tuple[str, str]]] = defaultdict(set)
        cleared: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for page in self.story.pages.values():
            who = (page.recipient, page.channel)
            if page.reason in RESTS:
                if page.state is not PageState.DROPPED:
                    cleared[page.cause].add(who)
            elif page.state.reached:
                told[page.cause].add(who)
        for incident in self.story.incidents.values():
            assert cleared[incident.id] == (told[incident.id] if incident.state is IncidentState.ENDED else set())

    @invariant()
    def memory_forgets_what_is_settled(self) -> None:
        ledger = self.story.ledger
        for cause, pages in ledger.pages_of.items():
            assert cause in ledger.incidents or any(not ledger.pages[page].state.final for page in pages)
        assert len(ledger._agenda) <= 2 * len(ledger.timers) + 1000

    @invariant()
    def an_incident_began_before_it_opened_and_opened_before_it_ended(self) -> None:
        for incident in self.story.incidents.values():
            assert incident.since <= incident.opened_at <= (incident.ended_at or at(self.now))
            assert incident.opened_at <= at(self.now) + timedelta(seconds=1)


TestDeciding = Deciding.TestCase
TestDeciding.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
