"""A reload changes what belongs together: nothing is lost under a rule that explains it no longer, or stays open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.item import Reloaded
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule, Width
from support.deciding import at, rule
from support.fleet import ALL, BRANCH, MINUTE, REGION, Fleet, dark, switch, ups

HOUR = 3600.0

PARTS = (rule("low", hold=0, watch="login"), rule("waf", hold=0, watch="waf"))
WHOLE = rule("attack", hold=0, watch="", all_of=("low", "waf"), same=("service",), within=timedelta(minutes=5))


def reloads(story: Fleet, second: float, *rules: Rule) -> None:
    """Other rules; each target is read again a little later, as before."""
    story.bank.rules = {one.id: one for one in rules}
    story.decide(Reloaded(at=at(second)), now=second)


def a_dark_branch() -> Fleet:
    story = Fleet()
    story.go(0, story.of(0, 0))
    story.passes(6 * MINUTE)
    story.accept_all(6 * MINUTE)
    assert story.shown == ["dark branch=0-0 link III"]
    story.paged()
    return story


@pytest.mark.parametrize("widths", [(), (REGION, ALL), (replace(BRANCH, over="switch", at_least=9), ALL)])
def test_the_row_of_an_open_incident_is_taken_away_and_what_fails_is_on_its_own(widths: tuple[Width, ...]) -> None:
    story = a_dark_branch()
    reloads(story, 7 * MINUTE, dark(widens=widths), ups(), switch())
    assert [one.ended_as for one in story.incidents.values() if not one.is_open] == [Reason.RETIRED]
    assert story.shown == [f"dark A-0-0-{number} device IV" for number in range(3)]
    assert story.paged() == ["li narrowed narrowed"] * 3 + ["wang retired retired", "zhao retired retired"]


def test_a_row_that_moved_is_still_the_one_of_the_incident() -> None:
    story = a_dark_branch()
    story.bank.rules["dark"] = dark(widens=(replace(BRANCH, over="switch", at_least=90), BRANCH, ALL))
    story.decide(Reloaded(at=at(7 * MINUTE)), now=7 * MINUTE)
    assert [one.row for one in story.open] == [1]
    assert story.paged() == []
    story.go(8 * MINUTE, story.of(0, 0), holds=False)
    story.passes(20 * MINUTE)
    assert (story.open, story.ledger.symptoms) == ([], {})


@pytest.mark.parametrize("gone", ["unless", "unless and its rule"])
def test_a_child_whose_parent_explains_it_no_longer_stands_on_its_own(gone: str) -> None:
    story = Fleet()
    story.signal(0, rule="switch", key="sw", switch="sw1")
    story.passes(MINUTE)
    story.go(MINUTE, story.of(0, 0))
    story.passes(8 * MINUTE)
    assert story.shown == ["switch sw system I"]
    rest = () if gone == "unless and its rule" else (switch(),)
    reloads(story, 9 * MINUTE, dark(unless=()), ups(), *rest)
    assert story.shown[-1] == "dark branch=0-0 link III"
    if rest:
        story.signal(10 * MINUTE, rule="switch", key="sw", switch="sw1", holds=False)
    story.passes(30 * MINUTE)
    assert story.shown == ["dark branch=0-0 link III"]


def test_a_child_that_waited_for_a_parent_goes_on_by_its_next_reading() -> None:
    story = Fleet(dark(), ups(), switch(hold=HOUR))
    story.signal(0, rule="switch", key="sw", switch="sw1")
    story.go(1, story.of(0, 0))
    story.passes(10 * MINUTE)
    assert story.shown == []
    reloads(story, 10 * MINUTE, dark(unless=()), ups(), switch(hold=HOUR))
    assert story.shown == []
    story.go(11 * MINUTE, story.of(0, 0))
    assert story.shown == ["dark branch=0-0 link III"]


@pytest.mark.parametrize("other", [replace(WHOLE, same=()), replace(WHOLE, all_of=("low", "other")), None])
def test_a_whole_of_other_parts_gives_those_that_it_had_back(other: Rule | None) -> None:
    story = Fleet(*PARTS, WHOLE)
    for part in PARTS:
        story.signal(0, rule=part.id, key=part.id, service="pay")
    assert story.shown == ["attack service=pay system III"]
    reloads(story, MINUTE, *PARTS, *([other] if other else []), rule("other", watch="waf"))
    assert [one.ended_as for one in story.incidents.values() if one.rule == "attack" and one.scope] == [Reason.RETIRED]
    again = ["attack fleet system III"] if other is not None and not other.same else []
    assert sorted(story.shown) == (again or ["low low system III", "waf waf system III"])
    assert all(one.incident in story.ledger.incidents for one in story.ledger.symptoms.values())


def test_what_was_handed_to_the_police_is_not_over_because_it_became_narrower() -> None:
    handed = dark(referred=True, hold=0, because=(), unless=())
    story = Fleet(handed)
    story.go(0, story.of(0, 0))
    story.passes(2 * MINUTE)
    story.go(3 * MINUTE, story.of(0, 0), holds=False)
    story.passes(60 * MINUTE)
    assert [one.state for one in story.open] == [IncidentState.REFERRED]
    reloads(story, 61 * MINUTE, replace(handed, widens=()))
    assert [one.state for one in story.open] == [IncidentState.REFERRED]
