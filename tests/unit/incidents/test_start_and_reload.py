"""After a start and a reload: nothing fires or clears because somebody looked away, and all keeps its age."""

from __future__ import annotations

import pytest

from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from support.deciding import LOGIN, MAIL, SmallBank, Story, at, rule, seconds, target

FIRST = "wang sms first first"
RESOLVED = "wang sms resolved resolved"


class TestStart:
    """After a start every symptom is unknown, and no target was read."""

    def test_what_recovered_meanwhile_does_not_fire(self) -> None:
        story = Story()
        story.fails(0)
        story.restarts()
        story.silently(600)
        story.works(605)
        story.passes(2000)
        assert story.sent() == []

    def test_what_still_fails_fires_by_its_first_reading(self) -> None:
        story = Story()
        story.fails(0)
        story.restarts()
        story.silently(600)
        assert story.sent() == []
        story.fails(605)
        assert story.sent() == [FIRST]
        assert story.incident.since == at(0)

    def test_what_fires_is_not_cleared_and_not_paged_again(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.restarts()
        story.silently(600)
        story.fails(605)
        story.passes(2000)
        assert story.sent() == [FIRST]

    def test_what_was_clearing_is_settled_by_its_first_reading(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.works(30)
        story.restarts()
        story.silently(600)
        assert story.incident.state is IncidentState.OPEN
        story.works(605)
        assert story.sent() == [FIRST, RESOLVED]

    def test_what_is_read_in_time_keeps_its_hold(self) -> None:
        story = Story()
        story.fails(0)
        story.restarts()
        story.fails(60)
        story.passes(180)
        assert story.incident.opened_at == at(180)


class TestReload:
    def test_what_stays_keeps_its_age(self) -> None:
        story = Story()
        story.fails(0)
        story.reloads(100)
        story.fails(110)
        story.passes(180)
        assert story.incident.opened_at == at(180)

    @pytest.mark.parametrize(("hold", "opened"), [(60, 110), (300, 300)])
    def test_a_for_that_changed_counts_from_the_old_onset(self, hold: float, opened: float) -> None:
        story = Story()
        story.fails(0)
        story.bank.rules = {"login-low": rule(hold=hold)}
        story.reloads(100)
        story.fails(110)
        story.passes(400)
        assert story.incident.opened_at == at(opened)

    def test_a_for_that_became_longer_counts_for_no_data_too(self) -> None:
        story = Story(None, rule(hold=180, no_data=True))
        story.decide(story.change(0, *(True,)), now=0)
        story.bank.rules = {"login-low": rule(hold=300, no_data=True)}
        story.reloads(100)
        story.silently(299)
        assert story.sent() == []
        story.silently(300)
        assert story.sent() == [FIRST]

    def test_a_clear_after_that_became_longer_is_kept_to(self) -> None:
        story = Story(None, rule(hold=0, clear=60, no_data=True))
        story.decide(story.change(0, *(True,)), now=0)
        story.works(100)
        story.bank.rules = {"login-low": rule(hold=0, clear=200, no_data=True)}
        story.reloads(110)
        story.passes(299)
        assert story.sent() == [FIRST]
        story.passes(300)
        assert story.incident.state is IncidentState.ENDED

    def test_a_rule_that_is_gone_retires_what_it_opened(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.bank.rules = {}
        story.reloads(30)
        assert story.sent() == [FIRST, "wang sms retired retired"]
        assert (story.ledger.symptoms, story.ledger.timers) == ({}, {})

    def test_a_rule_that_watches_another_probe_now_retires_what_it_opened(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.bank.rules = {"login-low": rule(watch="atm")}
        story.reloads(30)
        assert story.incident.ended_as is Reason.RETIRED

    def test_a_target_that_is_gone_retires_what_was_open_on_it(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.fails(0, of=target("other"))
        story.bank.unwatched = {LOGIN.id}
        story.reloads(30)
        assert [incident.ended_as for incident in story.incidents.values()] == [Reason.RETIRED, None]

    def test_a_probe_that_was_under_way_brings_no_gone_target_back(self) -> None:
        story = Story(None, rule(hold=0))
        story.bank.unwatched = {LOGIN.id}
        story.fails(30)
        assert story.ledger.symptoms == {}

    def test_a_pending_one_without_rule_is_simply_forgotten(self) -> None:
        story = Story()
        story.fails(0)
        story.bank.rules = {}
        story.reloads(30)
        assert (story.events, story.ledger.symptoms, story.ledger.timers) == ([], {}, {})

    def test_another_rule_of_the_same_target_is_not_touched(self) -> None:
        story = Story(None, rule(), rule("other", hold=0))
        story.fails(0)
        story.fails(0, rule="other")
        story.bank.rules = {"other": rule("other", hold=0)}
        story.reloads(30)
        assert [symptom.rule for symptom in story.ledger.symptoms] == ["other"]


class TestChannelsThatAReloadTookAway:
    """Renaming a channel is what one does while its gateway is down: what waits there must still arrive."""

    def test_a_page_that_waits_goes_on_to_the_channel_with_the_same_address(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.bank.channels = {"mail": story.bank.channels["mail"], "text": story.bank.channels["sms"]}
        story.reloads(30)
        assert story.sent() == [FIRST, "wang text first next_channel"]
        lost, moved = story.pages.values()
        assert (lost.state, moved.state) == (PageState.FAILED, PageState.READY)
        assert moved.address == lost.address
        assert moved.message == lost.message

    def test_a_page_that_is_held_goes_on_waiting_there(self) -> None:
        story = Story(SmallBank(opens_at={"business": at(3600)}), rule(hold=0, severity=Severity.IV))
        story.bank.roster.severities[Severity.IV] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="business")
        story.fails(0)
        story.bank.channels = {"sms": story.bank.channels["sms"], "letters": story.bank.channels["mail"]}
        story.reloads(30)
        assert [(page.channel, page.state) for page in story.pages.values()] == [
            ("mail", PageState.FAILED),
            ("letters", PageState.HELD),
        ]
        story.passes(3600)
        assert story.sent()[-1] == "wang letters first first"

    def test_where_no_channel_reaches_the_person_it_is_said(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0)
        story.bank.channels = {}
        story.reloads(30)
        assert story.reasons(Reason.NO_ADDRESS) == ["wang: the channel sms is gone"]
