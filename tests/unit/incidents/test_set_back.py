"""The wall clock is set back by an hour: whatever waits, waits no longer for it."""

from __future__ import annotations

from datetime import timedelta

from ebank_sentinel.model.item import SetBack
from support.deciding import at
from support.fleet import MINUTE, Fleet

HOUR = 3600.0


def set_back(story: Fleet, second: float) -> None:
    """It was `second` until just now."""
    now = at(second - HOUR)
    item = SetBack(by=timedelta(hours=1), after=now - timedelta(seconds=1), at=now)
    story.decide(item, now=second - HOUR)


def test_a_branch_that_began_to_fail_before_is_told_when_its_hold_is_over() -> None:
    story = Fleet()
    story.go(0, story.of(0, 0))
    set_back(story, 2 * MINUTE)
    story.passes(5 * MINUTE + 2 - HOUR)
    assert story.shown == ["dark branch=0-0 link III"]
    assert [one.since for one in story.open] == [min(one.onset for one in story.ledger.symptoms.values())]


def test_an_all_clear_does_not_wait_for_the_hour_and_goes_to_everybody_who_was_told_since() -> None:
    story = Fleet()
    story.go(0, story.of(0, 0))
    story.passes(6 * MINUTE)
    story.accept_all(6 * MINUTE)
    set_back(story, 7 * MINUTE)
    story.signal(8 * MINUTE - HOUR, rule="ups", key="u", branch="0-0")
    story.accept_all(8 * MINUTE - HOUR)
    assert story.shown == ["dark branch=0-0 power III"]
    story.paged()
    story.go(9 * MINUTE - HOUR, story.of(0, 0), holds=False)
    story.signal(9 * MINUTE - HOUR, rule="ups", key="u", holds=False, branch="0-0")
    story.passes(11 * MINUTE - HOUR)
    assert (story.open, story.ledger.symptoms) == ([], {})
    assert story.paged() == ["wang resolved resolved", "zhao resolved resolved"]


def test_what_began_by_the_clock_as_it_is_now_keeps_its_moment() -> None:
    item = SetBack(by=timedelta(hours=1), after=at(0), at=at(1))
    assert [item.moved(at(second)) for second in (0.5, 1, 3601)] == [at(0.5), at(1), at(1)]
