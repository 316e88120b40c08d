"""Who gets a page, on which channel, and the word for why; who gets none, and the word for that."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from ebank_sentinel.model.contact import Via
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Message, Outcome, Page, PageState
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.wording import render
from support.deciding import (
    HOOK,
    LOGIN,
    MAIL,
    NODE,
    SHANGHAI,
    SMS,
    SMS_THEN_MAIL,
    Story,
    at,
    row,
    rule,
    seconds,
    target,
)


def opened(*via: Via, severity: Severity = Severity.III, **changed: Any) -> Story:
    """A story whose incident is open, with the channels that its severity takes."""
    story = Story(None, rule(hold=0, severity=severity, **changed))
    if via:
        policy = story.bank.roster.severities[severity]
        story.bank.roster.severities[severity] = replace(policy, via=via)
    story.fails(0)
    return story


def page_to(story: Story, recipient: str, channel: str = "sms") -> Page:
    return next(page for page in story.pages.values() if (page.recipient, page.channel) == (recipient, channel))


class TestSteps:
    def test_each_group_is_called_and_the_owner_is_first(self) -> None:
        story = opened(groups=("business", "technical"))
        assert story.sent() == ["li sms first first", "wang sms first first"]

    def test_who_is_in_two_groups_gets_one_page_a_channel(self) -> None:
        story = opened(groups=("technical", "both"))
        assert story.sent() == ["wang sms first first", "li sms first first"]
        assert story.reasons(Reason.DUPLICATE) == ["wang by sms: both"]

    def test_who_must_answer_and_is_told_as_well_gets_the_alarm(self) -> None:
        assert opened(tell=("both",)).sent() == ["wang sms first first", "li sms first tell"]

    def test_a_severity_calls_groups_of_its_own(self) -> None:
        story = opened(MAIL, severity=Severity.II)
        assert story.sent() == ["wang mail first first", "zhao mail first first"]

    def test_a_step_may_say_its_own_channels(self) -> None:
        story = Story(None, rule(hold=0))
        story.bank.roster.via["technical"] = (MAIL,)
        story.fails(0)
        assert story.sent() == ["wang mail first first"]

    def test_all_of_via_are_used_at_once(self) -> None:
        assert opened(SMS, MAIL).sent() == ["wang sms first first", "wang mail first first"]

    def test_a_channel_with_an_address_of_its_own_gets_one_page_for_all(self) -> None:
        story = opened(SMS, HOOK, groups=("both",))
        assert story.sent() == ["wang sms first first", "hook hook first first", "li sms first first"]
        assert page_to(story, "hook", "hook").address == ""

    def test_a_label_of_the_incident_leads_to_its_people(self) -> None:
        story = Story(None, rule(hold=0))
        story.fails(0, of=target("login", person="li"))
        assert story.sent() == ["li sms first first"]

    def test_a_page_is_leased_to_this_node_from_its_first_moment(self) -> None:
        page = page_to(opened(), "wang")
        assert (page.lease_owner, page.lease_until, page.state) == (NODE, at(60), PageState.READY)
        assert (page.address, page.due, page.severity) == ("+8613800000001", at(0), Severity.III)

    def test_each_reads_it_in_his_own_language(self) -> None:
        story = opened(groups=("both",))
        assert page_to(story, "wang").message.short.startswith("【示例银行】三级 登录失败 成功率62%")
        assert page_to(story, "li").message.short.startswith("[示例银行] Level III Logins failing success 62%")

    def test_each_is_told_who_else_knows_and_why_it_is_he(self) -> None:
        body = page_to(opened(SMS, MAIL, groups=("both",)), "li", "mail").message.body
        assert "王芳" in body
        assert "on call in both" in body


class TestNobody:
    def test_a_group_that_leads_to_nobody_is_said_and_the_others_are_told(self) -> None:
        story = opened(groups=("nobody", "technical"))
        assert story.sent() == ["wang sms first first"]
        assert story.reasons(Reason.NOBODY) == ["nobody leads to nobody"]

    def test_a_step_that_leads_to_nobody_at_all_is_said_as_a_whole(self) -> None:
        story = opened(groups=("nobody",))
        assert story.pages == {}
        assert story.reasons(Reason.NOBODY) == ["nobody leads to nobody", "the whole step leads to nobody"]

    def test_without_an_address_for_the_channel_another_channel_is_better_than_none(self) -> None:
        story = opened(SMS, groups=("command",))
        assert story.sent() == ["zhao mail first first"]
        assert story.reasons(Reason.NO_ADDRESS) == ["zhao by sms"]

    def test_a_webhook_does_not_count_as_having_reached_the_person(self) -> None:
        assert opened(SMS, HOOK, groups=("command",)).sent() == ["hook hook first first", "zhao mail first first"]

    def test_who_has_no_address_at_all_gets_nothing_and_it_is_said(self) -> None:
        story = Story(None, rule(hold=0))
        story.bank.roster.people["wang"] = replace(story.bank.roster.people["wang"], addresses={})
        story.fails(0)
        assert story.sent() == []
        assert story.reasons(Reason.NO_ADDRESS, Reason.NOBODY) == [
            "wang by sms",
            "wang: no channel that is configured has an address of theirs",
            "the whole step leads to nobody",
        ]


class TestFirstOf:
    @pytest.fixture
    def trying(self) -> Story:
        return opened(SMS_THEN_MAIL)

    def test_only_the_first_is_tried_at_first(self, trying: Story) -> None:
        assert trying.sent() == ["wang sms first first"]
        assert page_to(trying, "wang").next_channels == ("mail",)

    def test_the_next_after_a_failure_for_good(self, trying: Story) -> None:
        trying.delivered(5, page_to(trying, "wang"), Outcome.FAILED)
        assert trying.sent() == ["wang sms first first", "wang mail first next_channel"]
        mail = page_to(trying, "wang", "mail")
        assert (mail.address, mail.created_at, mail.message) == (
            "wang@bank.example",
            at(5),
            page_to(trying, "wang").message,
        )

    def test_the_next_beside_it_after_two_minutes_without_acceptance(self, trying: Story) -> None:
        trying.delivered(5, page_to(trying, "wang"), Outcome.RETRY)
        trying.passes(119)
        assert len(trying.sent()) == 1
        trying.passes(120)
        assert trying.sent() == ["wang sms first first", "wang mail first next_channel"]
        assert page_to(trying, "wang").state is PageState.READY

    def test_not_after_it_was_accepted(self, trying: Story) -> None:
        trying.accept_all(5)
        assert trying.ledger.timers == {}
        trying.passes(500)
        assert len(trying.sent()) == 1

    def test_a_failure_after_the_two_minutes_tries_nothing_twice(self, trying: Story) -> None:
        trying.passes(120)
        trying.delivered(130, page_to(trying, "wang"), Outcome.FAILED)
        assert len(trying.sent()) == 2
        assert trying.reasons(Reason.DUPLICATE) == ["wang by mail: first"]

    def test_a_channel_without_address_is_left_out_from_the_start(self) -> None:
        story = opened(Via(channels=("sms", "mail")), groups=("command",))
        assert story.sent() == ["zhao mail first first"]

    def test_a_channel_whose_address_went_in_a_reload_is_passed_over(self) -> None:
        story = opened(Via(channels=("sms", "hook", "mail")))
        del story.bank.channels["hook"]
        story.delivered(5, page_to(story, "wang"), Outcome.FAILED)
        assert story.sent() == ["wang sms first first", "wang mail first next_channel"]
        assert story.reasons(Reason.NO_ADDRESS) == ["wang by hook"]

    def test_nothing_is_tried_once_it_is_over(self, trying: Story) -> None:
        """In the decision that ends it, and in any later one: the ledger has forgotten the incident by then."""
        trying.works(10)
        trying.passes(70)
        trying.delivered(80, page_to(trying, "wang"), Outcome.FAILED)
        trying.passes(500)
        assert [sent for sent in trying.sent() if "mail" in sent] == []
        assert trying.reasons(Reason.ENDED)[0] == "wang: over before mail was tried"


class TestAllClear:
    def end(self, story: Story) -> None:
        story.works(300)
        story.passes(360)

    def test_goes_to_exactly_whom_the_alarm_reached(self) -> None:
        story = opened(SMS, MAIL, groups=("both",), tell=("command",))
        story.delivered(5, page_to(story, "li"), Outcome.FAILED)
        story.delivered(5, page_to(story, "wang"))
        self.end(story)
        told = sorted((page.recipient, page.channel) for page in story.pages.values() if page.step == "resolved")
        assert told == [("li", "mail"), ("wang", "mail"), ("wang", "sms"), ("zhao", "mail")]

    def test_goes_to_who_heard_of_it_only_when_it_got_worse(self) -> None:
        story = opened(rows=(row(60, groups=("business",)),))
        story.fails(1, True)
        story.passes(61)
        self.end(story)
        assert story.sent(since=2) == ["wang sms resolved resolved", "li sms resolved resolved"]

    def test_goes_to_the_address_that_got_the_alarm(self) -> None:
        story = opened()
        story.bank.roster.people["wang"] = replace(story.bank.roster.people["wang"], addresses={"sms": "+86139"})
        self.end(story)
        assert {page.address for page in story.pages.values()} == {"+8613800000001"}

    def test_says_how_long_it_took_and_who_had_it(self) -> None:
        story = opened()
        story.takes(30, "wang", story.incident.code)
        story.works(300, rate=0.98)
        story.passes(360)
        text = list(story.pages.values())[-1].message.short
        assert text == f"【示例银行】已恢复 登录失败 03:00至03:06共6分 成功率98% 接手:王芳 码{story.incident.code}"

    def test_is_not_sent_to_who_had_no_alarm_because_it_failed_afterwards(self) -> None:
        """The alarm was still being tried when it was over. When it fails for good, the all-clear goes with it."""
        story = opened()
        alarm = page_to(story, "wang")
        story.delivered(5, alarm, Outcome.RETRY)
        self.end(story)
        story.delivered(400, alarm, Outcome.FAILED)
        (all_clear,) = [page for page in story.pages.values() if page.step == "resolved"]
        assert all_clear.state is PageState.DROPPED
        assert story.reasons(Reason.ENDED) == ["wang by sms: no alarm arrived there"]

    def test_is_sent_when_another_alarm_of_it_did_arrive(self) -> None:
        story = opened(rows=(row(60, severity=Severity.II),))
        first = page_to(story, "wang")
        story.fails(1, True)
        story.passes(61)
        story.delivered(62, next(page for page in story.pages.values() if page.step == "worse-II-1"))
        self.end(story)
        story.delivered(400, first, Outcome.FAILED)
        all_clear = next(page for page in story.pages.values() if page.step == "resolved" and page.recipient == "wang")
        assert all_clear.state is PageState.READY

    def test_of_what_is_not_watched_any_more_says_so(self) -> None:
        story = opened()
        story.bank.unwatched = {LOGIN.id}
        story.reloads(30)
        assert story.sent(since=1) == ["wang sms retired retired"]
        assert "停止监测" in list(story.pages.values())[-1].message.short

    def test_has_the_incidents_own_words_when_the_rule_is_gone(self) -> None:
        story = opened()
        story.bank.rules = {}
        story.reloads(30)
        assert "登录失败" in list(story.pages.values())[-1].message.short


class TestAttempts:
    def test_what_fails_for_now_waits_longer_each_time_and_at_most_a_minute(self) -> None:
        story = opened()
        page, second, waits = page_to(story, "wang"), 0.0, []
        for _ in range(10):
            second += 100
            story.delivered(second, page, Outcome.RETRY)
            page = story.pages[page.id]
            waits.append((page.due - at(second)).total_seconds())
            assert page.lease_until == page.due + seconds(60)
        assert all(earlier <= later * 1.01 or later > 29 for earlier, later in pairwise(waits))
        assert 0.5 <= waits[0] <= 1
        assert max(waits) <= 60
        assert page.attempts == 10

    def test_a_provider_that_asks_for_more_time_gets_it(self) -> None:
        story = opened()
        story.delivered(5, page_to(story, "wang"), Outcome.RETRY, retry_after=300)
        assert page_to(story, "wang").due == at(305)

    def test_it_is_given_up_after_a_day(self) -> None:
        story = opened(SMS_THEN_MAIL)
        story.delivered(86400, page_to(story, "wang"), Outcome.RETRY)
        assert page_to(story, "wang").state is PageState.READY
        story.delivered(86401, page_to(story, "wang"), Outcome.RETRY)
        assert page_to(story, "wang").state is PageState.FAILED
        assert page_to(story, "wang", "mail").state is PageState.READY

    def test_what_is_final_stays_so(self) -> None:
        story = opened()
        page = page_to(story, "wang")
        story.delivered(5, page)
        story.delivered(6, page, Outcome.FAILED)
        assert page_to(story, "wang").state is PageState.ACCEPTED
        draft = story.delivered(7, page, Outcome.RETRY)
        assert not draft.pages
        assert len(draft.deliveries) == 1


class TestTexts:
    def test_a_field_that_the_reading_lacks_leaves_the_number_out(self) -> None:
        story = Story(None, rule(hold=0, number={"en": "success {ratio:.0%}"}))
        story.fails(0)
        assert "success" not in page_to(story, "wang").message.short

    def test_a_text_may_name_the_error_and_the_labels(self) -> None:
        story = Story(None, rule(hold=0, impact={"en": "{error} at {branch}, {label.branch}, {nothing}, back {eta}"}))
        story.bank.roster.groups["technical"] = ("li",)
        story.fails(0, of=target("a", branch="0001"))
        assert "at 0001, 0001, ?, back to be confirmed" in page_to(story, "li").message.short

    def test_the_place_is_topologys_when_every_label_is_there_and_else_the_key(self) -> None:
        story = Story(None, rule(hold=0, place="{name} {address}"))
        story.fails(0, of=target("A1", name="徐汇支行", address="漕溪北路1号"))
        story.fails(0, of=target("A2", name="徐汇支行"))
        texts = [page.message.short for page in story.pages.values()]
        assert "徐汇支行 漕溪北路1号" in texts[0]
        assert "影响:徐汇支行 A2手机" in texts[1]

    def test_a_key_that_the_place_names_already_is_not_named_twice(self) -> None:
        story = Story(None, rule(hold=0, place="{branch_name} {terminal}"))
        story.fails(0, of=target("A1", terminal="A1"))
        assert "影响:A1手机" in next(iter(story.pages.values())).message.short

    def test_a_text_that_cannot_be_rendered_goes_out_in_plain_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> Message:
            raise RuntimeError

        monkeypatch.setattr("ebank_sentinel.paging.wording._render", broken)
        story = opened()
        assert f"三级 login-low 2026-12-09 19:00 码{story.incident.code}" in page_to(story, "wang").message.short

    def test_the_facts_of_a_page_are_those_of_its_moment(self) -> None:
        seen: list[Notice] = []
        story = Story(None, rule(hold=0, runbook="docs/x.md", first_checks=("look",), say={"en": "soon"}))

        def words(notice: Notice, language: str, replies: bool) -> Message:
            seen.append(notice)
            return render(notice, language=language, replies=replies, zone=SHANGHAI)

        story.bank.words = words
        story.fails(0)
        (facts,) = seen
        assert (facts.threshold, facts.runbook, facts.first_checks, facts.say) == (
            "rate < 0.95",
            "docs/x.md",
            ("look",),
            "soon",
        )
        assert facts.readings == (("rate", "0.62"),)
        assert facts.groups == ("technical:zh-CN",)
