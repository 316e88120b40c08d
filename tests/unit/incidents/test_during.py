"""Pages that wait for their time: held, dropped when it is over before, sent alone or several as one list."""

from __future__ import annotations

import pytest

from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.page import Outcome, PageState
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from support.deciding import MAIL, SMS_THEN_MAIL, SmallBank, Story, at, row, rule, seconds, target


class TestDuring:
    """Severity IV waits for `business`, which begins at second 3600."""

    @pytest.fixture
    def night(self) -> Story:
        story = Story(SmallBank(opens_at={"business": at(3600)}), rule(hold=0, severity=Severity.IV))
        story.bank.roster.severities[Severity.IV] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="business")
        return story

    def test_outside_it_a_page_waits_and_it_is_said(self, night: Story) -> None:
        night.fails(0)
        assert [page.state for page in night.pages.values()] == [PageState.HELD]
        assert night.reasons(Reason.DURING) == ["wang by mail: until 12-09 20:00Z"]
        night.passes(3599)
        assert night.sent() == []

    def test_one_that_waited_alone_goes_out_as_it_is(self, night: Story) -> None:
        night.fails(0)
        night.passes(3600)
        assert night.sent() == ["wang mail first first"]
        (page,) = night.pages.values()
        assert (page.created_at, page.due, page.lease_until) == (at(3600), at(3600), at(3660))

    def test_several_go_out_as_one_list(self, night: Story) -> None:
        for second, key in enumerate("abc"):
            night.fails(second, of=target(key))
        night.passes(3600)
        assert night.sent() == ["wang mail digest digest"]
        assert [page.state for page in night.pages.values()].count(PageState.MERGED) == 3
        digest = list(night.pages.values())[-1]
        assert all(incident.code in digest.message.body for incident in night.incidents.values())

    def test_what_is_over_before_it_went_out_is_dropped(self, night: Story) -> None:
        night.fails(0)
        night.works(30)
        night.passes(4000)
        assert [page.state for page in night.pages.values()] == [PageState.DROPPED]
        assert night.reasons(Reason.ENDED) == ["wang by mail: over before it went out"]

    def test_the_all_clear_goes_to_who_read_the_list(self, night: Story) -> None:
        for second, key in enumerate("ab"):
            night.fails(second, of=target(key))
        night.passes(3600)
        night.works(3700, of=target("a"))
        night.passes(3800)
        assert night.sent() == ["wang mail digest digest", "wang mail resolved resolved"]

    def test_within_it_a_page_goes_at_once(self, night: Story) -> None:
        night.fails(4000)
        assert night.sent() == ["wang mail first first"]

    def test_a_time_that_never_comes_again_holds_nothing(self, night: Story) -> None:
        night.bank.opens_at["business"] = at(-1)
        night.fails(0)
        assert night.sent() == ["wang mail first first"]

    def test_two_times_each_release_their_own(self, night: Story) -> None:
        """One recipient and channel, two severities that wait for different times."""
        night.bank.opens_at["later"] = at(7200)
        night.bank.rules["other"] = rule("other", hold=0)
        night.bank.roster.severities[Severity.III] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="later")
        night.fails(0)
        night.fails(1, rule="other")
        night.passes(3600)
        assert night.sent() == ["wang mail first first"]
        night.passes(7199)
        assert len(night.sent()) == 1
        night.passes(7200)
        assert len(night.sent()) == 2

    def test_a_page_that_waited_over_a_long_weekend_is_not_given_up_at_its_first_attempt(self, night: Story) -> None:
        night.bank.opens_at["business"] = at(3 * 86400)
        night.fails(0)
        night.decide(now=3 * 86400)
        (page,) = night.pages.values()
        night.delivered(3 * 86400 + 1, page, Outcome.RETRY)
        assert night.pages[page.id].state is PageState.READY

    def test_it_goes_on_to_the_next_channel_like_any_other(self, night: Story) -> None:
        night.bank.roster.severities[Severity.IV] = SeverityPolicy(
            via=(SMS_THEN_MAIL,), wait=seconds(60), during="business"
        )
        for second, key in enumerate("ab"):
            night.fails(second, of=target(key))
        night.passes(3600)
        (digest,) = [page for page in night.pages.values() if page.step == "digest"]
        night.delivered(3601, digest, Outcome.FAILED)
        assert night.sent() == ["wang sms digest digest", "wang mail digest next_channel"]

    def test_what_gets_worse_meanwhile_does_not_wait(self, night: Story) -> None:
        night.bank.rules = {"login-low": rule(hold=0, severity=Severity.IV, rows=(row(60, severity=Severity.III),))}
        night.fails(0, True)
        night.passes(60)
        assert night.sent() == ["wang sms worse-III-1 worse"]
