"""Rows of `worse`: each from its own onset, the last that holds applies, severity only rises."""

from __future__ import annotations

from typing import Any

import pytest

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.ledger import TimerKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Row
from ebank_sentinel.model.severity import Severity
from support.deciding import EVERY, Story, at, row, rule

WORSE = row(120, severity=Severity.II, flags=frozenset({"outage"}))


def story_of(*rows: Row, hold: float = 0, **changed: Any) -> Story:
    return Story(None, rule(hold=hold, rows=rows, **changed))


def rows_due(story: Story) -> list[int]:
    return sorted(timer.row for timer in story.ledger.timers if timer.kind is TimerKind.HOLD)


class TestOnset:
    def test_a_row_holds_from_its_own_onset(self) -> None:
        story = story_of(WORSE)
        story.fails(0, False)
        story.fails(300, True)
        story.passes(419)
        assert story.severity == "III"
        story.passes(420)
        assert story.severity == "II"
        assert story.sent() == ["wang sms first first", "wang sms worse-II-1 worse", *COMMAND_FALLBACK]

    def test_a_row_that_stops_holding_begins_anew(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.fails(60, False)
        story.fails(90, True)
        story.passes(209)
        assert story.severity == "III"
        story.passes(210)
        assert story.severity == "II"

    def test_a_row_without_hold_applies_at_once(self) -> None:
        story = story_of(row(severity=Severity.II))
        story.fails(0, False)
        story.fails(30, True)
        assert story.severity == "II"

    def test_a_row_that_holds_from_the_start_opens_with_its_meaning(self) -> None:
        story = story_of(row(severity=Severity.II))
        story.fails(0, True)
        assert story.severity == "II"
        assert [page.step for page in story.pages.values()] == ["first", "first"]

    def test_a_row_whose_hold_ends_before_the_rules_own_opens(self) -> None:
        story = story_of(row(60, severity=Severity.II), hold=600)
        story.fails(0, True)
        story.passes(60)
        assert (story.incident.opened_at, story.incident.severity) == (at(60), Severity.II)
        assert story.ledger.timers == {}
        story.passes(2000)
        assert len(story.incidents) == 1

    def test_rows_wait_while_it_clears(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.works(60)
        assert rows_due(story) == []
        story.fails(90, True)
        story.passes(209)
        assert story.severity == "III"
        story.passes(210)
        assert story.severity == "II"

    def test_a_row_that_is_unknown_keeps_its_age_and_does_not_apply(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.fails(60, None)
        story.passes(400)
        assert story.severity == "III"
        story.fails(410, True)
        assert story.severity == "II"

    def test_a_row_that_applies_goes_on_applying_while_unknown(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.passes(120)
        story.fails(130, None)
        assert story.symptom is not None
        assert set(story.symptom.held) == {0}

    def test_a_row_counts_only_what_was_read(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.silently(120)
        assert story.severity == "III"
        assert story.reasons(Reason.UNREAD) == ["login-low on login: not read when its hold was over"]


class TestMeaning:
    def test_what_a_row_does_not_name_is_kept(self) -> None:
        story = story_of(WORSE, tell=("business",), flags=frozenset({"degraded"}))
        story.fails(0, True)
        story.passes(120)
        incident = story.incident
        assert (incident.category, incident.groups, incident.tell) == ("system", ("technical",), ("business",))
        assert sorted(incident.flags) == ["degraded", "outage"]

    def test_the_last_row_that_holds_applies(self) -> None:
        story = story_of(row(severity=Severity.II, category="link"), row(category="power"))
        story.fails(0, True, True)
        assert (story.incident.severity, story.incident.category) == (Severity.II, "power")

    def test_up_is_one_level_above_what_applied_before(self) -> None:
        story = story_of(row(severity=Severity.II), row(60, up=True))
        story.fails(0, True, True)
        story.passes(60)
        assert story.severity == "I"

    def test_up_stops_at_the_gravest(self) -> None:
        story = story_of(row(up=True), severity=Severity.I)
        story.fails(0, True)
        assert story.severity == "I"

    def test_severity_only_rises(self) -> None:
        story = story_of(row(severity=Severity.I), row(60, severity=Severity.IV))
        story.fails(0, True, True)
        story.passes(60)
        assert story.severity == "I"
        story.fails(100, False, False)
        assert story.severity == "I"


class TestWhoIsTold:
    def test_a_graver_one_is_told_to_all_who_knew_and_who_is_new(self) -> None:
        story = story_of(row(60, severity=Severity.II, groups=("business",)), tell=("both",))
        story.fails(0, True)
        before = len(story.pages)
        story.passes(60)
        told = [(page.recipient, page.reason) for page in list(story.pages.values())[before:]]
        assert told == [("wang", Reason.WORSE), ("li", Reason.WORSE), ("zhao", Reason.WORSE)]
        assert story.incident.groups == ("technical", "business")

    def test_a_new_group_alone_is_told_alone(self) -> None:
        story = story_of(row(60, groups=("technical", "business")))
        story.fails(0, True)
        story.passes(60)
        assert story.sent(since=1) == ["li sms worse-III-1 worse"]

    def test_to_a_new_group_it_is_an_alarm_and_no_rise(self) -> None:
        story = story_of(row(60, groups=("technical", "business")))
        story.fails(0, True)
        story.passes(60)
        told = next(page for page in story.pages.values() if page.recipient == "li")
        assert "三级" in told.message.short or "Level III" in told.message.short
        assert "升为" not in told.message.short
        assert "raised" not in told.message.short

    def test_a_new_notice_alone_is_told_alone(self) -> None:
        story = story_of(row(60, tell=("business",)))
        story.fails(0, True)
        story.passes(60)
        assert story.sent(since=1) == ["li sms worse-III-1 worse"]

    def test_flags_and_category_alone_wake_nobody(self) -> None:
        story = story_of(row(60, category="link", flags=frozenset({"outage"})))
        story.fails(0, True)
        story.passes(60)
        assert story.incident.category == "link"
        assert story.sent(since=1) == []
        assert story.reasons(Reason.WORSE) == ["III to III, row 1"]
        assert Reason.NOBODY.value not in story.reasons()

    def test_nothing_new_is_not_told_again(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.passes(120)
        count = len(story.pages)
        story.works(130)
        story.fails(150, True)
        story.passes(600)
        assert len(story.pages) == count

    def test_the_text_says_that_it_was_raised(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True)
        story.passes(120)
        page = next(page for page in story.pages.values() if page.step == "worse-II-1")
        assert page.message.short.startswith(
            "【示例银行】升为二级 登录失败 成功率62%(平时98%) 03:00起 影响:全行手机网银登不上"
        )


class TestReload:
    def test_a_row_that_was_taken_away_does_nothing_any_more(self) -> None:
        story = story_of(row(60, severity=Severity.II), hold=600)
        story.fails(0, True)
        story.bank.rules = {"login-low": rule(hold=600)}
        story.reloads(30)
        story.fails(40)
        story.passes(300)
        assert story.sent() == []
        assert rows_due(story) == [-1]

    def test_nor_does_one_that_goes_before_its_target_is_read_again(self) -> None:
        story = story_of(row(60, severity=Severity.II), hold=600, no_data=True)
        story.decide(story.change(0, *(True, True)), now=0)
        story.bank.rules = {"login-low": rule(hold=600, no_data=True)}
        story.reloads(30)
        story.silently(60)
        assert story.sent() == []

    def test_a_row_whose_for_became_longer_is_kept_to(self) -> None:
        story = story_of(WORSE, no_data=True)
        story.decide(story.change(0, *(True, True)), now=0)
        story.bank.rules = {"login-low": rule(hold=0, rows=(row(300, severity=Severity.II),), no_data=True)}
        story.reloads(30)
        story.silently(299)
        assert story.severity == "III"
        story.silently(300)
        assert story.severity == "II"

    def test_a_change_that_was_under_way_may_know_other_rows(self) -> None:
        story = story_of(WORSE)
        story.fails(0, True, True, True)
        story.fails(10)
        assert story.incident.state is IncidentState.OPEN


COMMAND_FALLBACK = ["zhao mail worse-II-1 worse"]
"""Severity II calls the command group by sms; its leader has only a mail address."""


@pytest.mark.parametrize("second", [0, 60, 119])
def test_severity_is_never_below_that_of_the_rule(second: float) -> None:
    story = story_of(WORSE, severity=Severity.II)
    story.fails(0, True)
    story.passes(second)
    draft: Draft = story.silently(second + EVERY.total_seconds() / 100)
    assert story.severity == "II"
    assert not draft.pages
