"""From the first failing reading to the end: each transition of a symptom, and what never fires or clears."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.ledger import TimerKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.symptom import SymptomState
from support.deciding import LOGIN, SmallBank, Story, at, rule, target

FIRST = "wang sms first first"
RESOLVED = "wang sms resolved resolved"


class TestHold:
    def test_a_failure_shorter_than_for_is_nothing(self) -> None:
        story = Story()
        story.fails(0)
        story.passes(170)
        story.works(175)
        story.passes(1000)
        assert (story.sent(), story.events, story.ledger.symptoms, story.ledger.timers) == ([], [], {}, {})

    def test_a_failure_that_lasts_opens_one_incident_when_its_for_is_over(self) -> None:
        story = Story()
        story.fails(0)
        story.passes(179)
        assert story.sent() == []
        story.passes(180)
        assert story.sent() == [FIRST]
        assert (story.incident.since, story.incident.opened_at) == (at(0), at(180))
        story.passes(1000)
        assert len(story.pages) == 1

    def test_without_for_it_fires_at_the_first_reading(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        assert story.sent() == [FIRST]

    def test_a_reading_that_changes_late_fires_by_itself(self) -> None:
        """The timer was lost on the way; whether the hold is over is asked of the onset."""
        story = Story()
        story.fails(0)
        story.ledger.timers.clear()
        story.fails(200)
        assert story.incident.opened_at == at(200)

    def test_an_incident_says_where_it_is_what_it_is_and_whose(self) -> None:
        story = Story(None, rule(hold=0, tell=("business",), flags=frozenset({"degraded"})))
        story.decide(story.change(0, *(True,), of=target("login", service="login")), now=0)
        incident = story.incident
        assert (incident.symptom.rule, incident.labels) == ("login-low", {"service": "login"})
        assert (incident.category, incident.severity.name, set(incident.flags)) == ("system", "III", {"degraded"})
        assert (incident.groups, incident.tell, incident.title["en"]) == (
            ("technical",),
            ("business",),
            "Logins failing",
        )

    def test_its_id_is_the_banks_date_and_the_same_when_decided_again(self) -> None:
        one, other = Story(None, rule(hold=0)), Story(None, rule(hold=0))
        for story in (one, other):
            story.fails(0)
        assert one.incident == other.incident
        assert one.incident.id.startswith("20261210-")
        assert one.pages == other.pages

    def test_two_targets_are_two_incidents_with_codes_of_their_own(self) -> None:
        story = Story(None, rule(hold=0))
        for key in "ab":
            story.fails(0, of=target(key))
        assert len({incident.code for incident in story.incidents.values()}) == 2


class TestRead:
    """A hold counts only if the target was read within two intervals of 15 s before it was over."""

    @pytest.mark.parametrize(("last_read", "fires"), [(180, True), (150, True), (149, False)])
    def test_a_hold_fires_only_on_what_was_read(self, last_read: float, fires: bool) -> None:
        story = Story()
        story.fails(0)
        story.bank.reads(LOGIN, at(last_read), {})
        story.bank.since[LOGIN.id] = at(0)
        story.silently(180)
        assert (story.sent() == [FIRST]) is fires
        assert (Reason.UNREAD.value in story.reasons()) is not fires

    def test_a_reading_after_a_gap_does_not_prove_what_was_before_it(self) -> None:
        """A machine that slept wakes with a hold long over and a reading that says all is well."""
        story = Story()
        story.fails(0)
        story.decide(story.change(600, *(False,)), now=600)
        assert story.sent() == []
        assert story.symptom is None

    def test_what_still_fails_after_a_gap_fires(self) -> None:
        story = Story()
        story.fails(0)
        story.silently(590)
        story.fails(600)
        assert story.sent() == [FIRST]
        assert story.incident.since == at(0)

    def test_a_reading_that_is_merely_late_delays_the_page_and_does_not_lose_it(self) -> None:
        """No change may follow: the truth is as it was. So the hold asks again an interval later."""
        story = Story()
        story.fails(0)
        story.bank.reads(LOGIN, at(140), {})
        story.bank.since[LOGIN.id] = at(0)
        story.silently(180)
        assert story.sent() == []
        story.bank.reads(LOGIN, at(181), {})
        story.passes(400)
        assert story.sent() == [FIRST]

    def test_a_clear_after_asks_again_too(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.works(30)
        story.silently(90)
        assert story.sent() == [FIRST]
        story.bank.reads(LOGIN, at(91), {})
        story.passes(200)
        assert story.incident.state is IncidentState.ENDED

    def test_a_sleep_of_days_does_not_spin(self) -> None:
        story = Story()
        story.fails(0)
        story.silently(10 * 86400)
        assert len(story.reasons(Reason.UNREAD)) == 1
        assert len(story.ledger.timers) == 1

    def test_no_data_needs_no_reading(self) -> None:
        story = Story(None, rule(no_data=True))
        story.decide(story.change(0, *(True,)), now=0)
        story.bank.forget()
        story.silently(180)
        assert story.sent() == [FIRST]


class TestClearing:
    @pytest.fixture
    def open_story(self) -> Story:
        story = Story(None, rule(hold=0, clear=60))
        story.fails(0)
        story.accept_all(1)
        return story

    def test_it_ends_once_it_stayed_clear_for_a_while(self, open_story: Story) -> None:
        open_story.works(100)
        open_story.passes(159)
        assert open_story.sent() == [FIRST]
        open_story.passes(160)
        assert open_story.sent() == [FIRST, RESOLVED]
        incident = open_story.incident
        assert (incident.state, incident.ended_at, incident.ended_as) == (IncidentState.ENDED, at(160), Reason.RESOLVED)
        assert (open_story.ledger.symptoms, open_story.ledger.timers, open_story.ledger.incidents) == ({}, {}, {})

    def test_what_fails_again_meanwhile_goes_on_without_a_word(self, open_story: Story) -> None:
        open_story.works(100)
        open_story.fails(130)
        open_story.passes(1000)
        assert open_story.sent() == [FIRST]
        assert open_story.symptom is not None
        assert (open_story.symptom.state, open_story.symptom.onset) == (SymptomState.FIRING, at(0))
        assert open_story.ledger.timers == {}

    def test_its_clearing_begins_anew_each_time(self, open_story: Story) -> None:
        open_story.works(100)
        open_story.fails(130)
        open_story.works(150)
        open_story.passes(209)
        assert open_story.sent() == [FIRST]
        open_story.passes(210)
        assert open_story.sent() == [FIRST, RESOLVED]

    def test_what_fails_after_its_end_is_another_incident(self, open_story: Story) -> None:
        open_story.works(100)
        open_story.passes(160)
        open_story.fails(170)
        assert len(open_story.incidents) == 2
        assert open_story.sent() == [FIRST, RESOLVED, FIRST]

    def test_a_series_that_left_clears_like_any_other(self, open_story: Story) -> None:
        """`present` is False: the rule does not hold, and the prober goes on saying so while the symptom is there."""
        open_story.works(100)
        open_story.passes(170)
        assert open_story.sent() == [FIRST, RESOLVED]


class TestUnknown:
    def test_what_is_pending_waits_and_does_not_fire(self) -> None:
        story = Story()
        story.fails(0)
        story.unknown(60)
        story.passes(1000)
        assert story.sent() == []
        assert story.symptom is not None
        assert (story.symptom.state, story.symptom.known) == (SymptomState.PENDING, False)
        assert story.reasons(Reason.UNREAD) == ["login-low on login: not read when its hold was over"]

    def test_and_fires_at_once_when_it_is_known_again_after_its_time(self) -> None:
        story = Story()
        story.fails(0)
        story.unknown(60)
        story.silently(1000)
        story.fails(1010)
        assert (story.incident.since, story.incident.opened_at) == (at(0), at(1010))

    def test_what_fires_goes_on_firing(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.unknown(60)
        story.passes(5000)
        assert story.incident.state is IncidentState.OPEN
        assert story.sent() == [FIRST]

    def test_what_is_clearing_does_not_end_until_it_is_read(self) -> None:
        story = Story(None, rule(hold=0, clear=60))
        story.fails(0)
        story.works(30)
        story.unknown(60)
        story.passes(5000)
        assert story.incident.state is IncidentState.OPEN
        story.works(5010)
        assert story.incident.ended_at == at(5010)

    def test_it_clears_by_readings_alone(self) -> None:
        story = Story(None, rule(hold=0, clear=60))
        story.fails(0)
        story.unknown(60)
        story.works(90)
        story.passes(150)
        assert story.incident.ended_at == at(150)

    def test_where_that_is_unknown_keeps_the_state_too(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.decide(story.change(30, *(False,), counts=None), now=30)
        assert story.symptom is not None
        assert (story.symptom.state, story.symptom.known) == (SymptomState.FIRING, False)

    def test_nothing_begins_unknown(self) -> None:
        story = Story(None, rule(hold=0))
        story.unknown(0)
        story.decide(story.change(1, *(True,), counts=None), now=1)
        assert story.ledger.symptoms == {}


class TestWhere:
    def test_a_target_that_does_not_count_has_no_symptoms(self) -> None:
        story = Story(None, rule(hold=0))
        story.decide(story.change(0, *(True,), counts=False), now=0)
        assert story.ledger.symptoms == {}

    def test_what_no_longer_counts_while_pending_is_forgotten(self) -> None:
        story = Story()
        story.fails(0)
        story.decide(story.change(30, *(True,), counts=False), now=30)
        assert (story.ledger.symptoms, story.ledger.timers, story.events) == ({}, {}, [])

    def test_what_no_longer_counts_while_firing_ends_as_retired(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.decide(story.change(30, *(True,), counts=False), now=30)
        assert (story.incident.ended_as, story.incident.ended_at) == (Reason.RETIRED, at(30))
        assert story.sent() == [FIRST, "wang sms retired retired"]


class TestTimers:
    def test_each_timer_is_a_row_that_goes_with_its_symptom(self) -> None:
        story = Story()
        story.fails(0)
        ((timer_id, timer),) = story.ledger.timers.items()
        assert (timer_id.kind, timer_id.subject) == (TimerKind.HOLD, ("login-low", "login", "login"))
        assert timer.due - timer.onset == timedelta(seconds=180)
        story.works(30)
        assert story.ledger.timers == {}

    def test_a_symptom_that_flaps_for_ever_does_not_fill_the_memory(self) -> None:
        story = Story(SmallBank(), rule(hold=86400))
        for second in range(0, 6000, 2):
            story.decide(story.change(second, *(True,)), now=second)
            story.decide(story.change(second + 1, *(False,)), now=second + 1)
        assert len(story.ledger._agenda) <= 1002
        assert story.ledger.next_due() is None
