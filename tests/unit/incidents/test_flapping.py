"""What comes back: soon after its end it is the same incident, and whoever owns it learns how often."""

from __future__ import annotations

from datetime import timedelta

from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Meaning, Row
from ebank_sentinel.model.severity import Severity
from support.deciding import rule
from support.fleet import MINUTE, Fleet

HOUR = timedelta(hours=1)
COUNTED = Row(
    hold=timedelta(), meaning=Meaning(severity_up=True, tell=("business",)), count=3, within=timedelta(days=7)
)


def jammed() -> Fleet:
    one = rule(
        "jam",
        hold=0,
        clear=60,
        watch="atm",
        severity=Severity.IV,
        groups=("vendor",),
        reopen_within=HOUR,
        rows=(COUNTED,),
    )
    return Fleet(one)


def flips(story: Fleet, second: float, holds: bool) -> None:
    one = story.fleet[0]
    story.decide(story.change(second, holds, holds, of=one, rule="jam"), now=second)


class TestFlapping:
    def test_back_within_the_hold_it_is_the_same_incident_and_its_people_are_told_so_once(self) -> None:
        story = jammed()
        flips(story, 0, True)
        story.accept_all(0)
        first = story.open[0]
        flips(story, 60, False)
        story.passes(180)
        assert story.shown == []
        story.accept_all(180)
        assert story.paged() == ["li first first", "li resolved resolved"]
        flips(story, 10 * MINUTE, True)
        assert [one.id for one in story.open] == [first.id]
        assert story.open[0].reopened == 1
        assert story.paged() == ["li reopened-1 reopened"]

    def test_once_it_flaps_it_is_well_only_after_the_hold_and_no_flip_pages(self) -> None:
        story = jammed()
        flips(story, 0, True)
        flips(story, 60, False)
        story.passes(180)
        story.accept_all(180)
        flips(story, 600, True)
        story.accept_all(600)
        story.paged()
        for second in range(700, 2500, 300):
            flips(story, second, False)
            story.passes(second + 120)
            flips(story, second + 150, True)
        assert len(story.open) == 1
        told = story.paged()
        assert told == ["li worse-III-1 worse", "zhao worse-III-1 worse"]  # the third time, and nothing for the others
        flips(story, 3000, False)
        story.accept_all(3000)
        story.passes(3000 + 3600 - 1)
        assert len(story.open) == 1
        story.passes(3000 + 3601)
        assert story.shown == []
        assert set(story.paged()) == {"li resolved-1 resolved", "zhao resolved-1 resolved"}

    def test_back_after_the_hold_it_is_another_incident(self) -> None:
        story = jammed()
        flips(story, 0, True)
        flips(story, 60, False)
        story.passes(180)
        flips(story, 2 * 3600, True)
        assert len(story.incidents) == 2
        assert story.open[0].reopened == 0
        assert len(story.ledger.kept) == 0

    def test_the_third_time_within_the_week_tells_its_owner(self) -> None:
        story = jammed()
        for day in range(3):
            flips(story, day * 86_400, True)
            flips(story, day * 86_400 + 60, False)
            story.passes(day * 86_400 + 4000)
        reasons = [one.severity.name for one in story.incidents.values()]
        assert reasons == ["IV", "IV", "III"]

    def test_a_restart_forgets_neither_the_count_nor_the_incident(self) -> None:
        story = jammed()
        for second in (0, 3 * 86_400):
            flips(story, second, True)
            flips(story, second + 60, False)
            story.passes(second + 300)
        story.restarts()
        flips(story, 3 * 86_400 + 900, True)
        assert story.open[0].reopened == 1
        assert story.open[0].severity is Severity.III


class TestCountedRule:
    def test_it_opens_from_the_third_time(self) -> None:
        story = Fleet(rule("jam", hold=0, clear=15, watch="atm", groups=("vendor",), count=3, within=HOUR))
        for second in (0, 100, 200):
            story.go(second, story.fleet[:1], rule="jam")
            if second < 200:
                assert story.shown == []
                story.go(second + 20, story.fleet[:1], rule="jam", holds=False)
                story.passes(second + 60)
        assert story.shown == ["jam A-0-0-0 system III"]
        assert len(story.reasons(Reason.COUNTED)) == 2

    def test_times_too_far_apart_do_not_count(self) -> None:
        story = Fleet(rule("jam", hold=0, clear=15, watch="atm", groups=("vendor",), count=3, within=HOUR))
        for second in (0, 100, 3800):
            story.go(second, story.fleet[:1], rule="jam")
            story.go(second + 20, story.fleet[:1], rule="jam", holds=False)
            story.passes(second + 60)
        assert not story.incidents
