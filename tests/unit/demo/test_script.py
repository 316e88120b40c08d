from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.demo.script import (
    BRANCH,
    END_CAPTION,
    EVENTS,
    REGION,
    SHORTEST_SECONDS,
    TERMINAL,
    TROUBLES,
    Timeline,
    expected_incidents,
    expected_pages,
    is_all_clear,
)
from support.demo_bank import DIRECTORY, TERMINALS

lengths = st.floats(min_value=SHORTEST_SECONDS, max_value=3600)


def test_the_bank_has_sixty_live_atms_in_twenty_four_branches_over_five_regions() -> None:
    live = [terminal for terminal in TERMINALS if terminal.live]
    assert len({terminal.terminal for terminal in live}) == len(live) == 60
    assert len({terminal.branch for terminal in live}) == 24
    assert Counter(terminal.region for terminal in live) == dict.fromkeys(
        ("north", "east", "south", "west", "central"), 12
    )


def test_what_fails_is_as_wide_as_the_captions_say() -> None:
    by_name = {terminal.terminal: terminal for terminal in TERMINALS}
    assert by_name[TERMINAL].vendor == "xinghe"
    assert sum(terminal.branch == by_name[TERMINAL].branch for terminal in TERMINALS) == 2
    branch = [terminal for terminal in TERMINALS if terminal.branch == BRANCH]
    assert [terminal.region for terminal in branch] == ["west"] * 3
    assert sum(terminal.region == REGION for terminal in TERMINALS) == 12


def test_the_incidents_are_one_for_each_thing_that_failed_and_what_is_part_of_another_says_so() -> None:
    ends = {incident.about: incident.end for incident in expected_incidents()}
    assert len(ends) == len(TROUBLES)
    assert ends["region=east"] == "part of sw1"
    assert ends["1017-ups"] == "part of branch=1017"
    assert ends["report"] == "closed"
    assert [incident.severity for incident in expected_incidents()] == ["II", "IV", "IV", "III", "II", "III", "I"]


def test_every_expected_page_is_expected_once() -> None:
    expected = expected_pages(DIRECTORY)
    assert set(Counter(expected).values()) == {1}


def test_whoever_gets_an_alarm_gets_its_all_clear_on_the_same_channel_and_nobody_else_does() -> None:
    expected = expected_pages(DIRECTORY)
    parts = {trouble.about for trouble in TROUBLES if trouble.into}
    alarmed = {page[:4] for page in expected if not is_all_clear(page.reason) and page.about not in parts}
    cleared = {page[:4] for page in expected if is_all_clear(page.reason)}
    assert alarmed == cleared


def test_whoever_was_alarmed_by_what_became_part_of_another_hears_of_the_end_of_that() -> None:
    expected = expected_pages(DIRECTORY)
    for trouble in TROUBLES:
        alarmed = {page.to for page in expected if page.about == trouble.about}
        assert not trouble.into or alarmed - {
            page.to for page in expected if page.about == trouble.into and is_all_clear(page.reason)
        } <= {"zhu.qiang@bank.example"}  # who hears of the branch by text message


def test_all_three_channels_and_all_reasons_are_seen() -> None:
    expected = expected_pages(DIRECTORY)
    assert {page.channel for page in expected} == {"sms", "mail", "hook"}
    assert {page.reason for page in expected} == {"first", "worse", "tell", "part_of", "resolved", "closed"}


def test_every_trouble_is_caused_by_an_event_of_the_script() -> None:
    assert {trouble.event for trouble in TROUBLES} <= {event.name for event in EVENTS}


@given(lengths, st.lists(st.floats(min_value=0.01, max_value=0.2), min_size=1, max_size=30))
def test_every_event_happens_once_however_the_time_is_cut(seconds: float, cuts: list[float]) -> None:
    timeline = Timeline(seconds)
    happened, before, at = [], -1.0, 0.0
    for cut in [*cuts, 1.0]:
        happened += timeline.between(before, at)
        before, at = at, min(at + cut * seconds, seconds)
    happened += timeline.between(before, seconds)
    assert [event.name for event in happened] == [event.name for event in EVENTS]


@given(lengths)
def test_the_repair_of_logins_leaves_time_for_its_all_clear(seconds: float) -> None:
    timeline = Timeline(seconds)
    (repaired,) = (timeline.at(event) for event in EVENTS if event.name == "login_back")
    window_seconds, clear_after_seconds = 5, 2
    assert seconds - repaired >= window_seconds + clear_after_seconds + 3


@given(lengths)
def test_the_grave_row_holds_only_after_the_mild_one_has_fired(seconds: float) -> None:
    timeline = Timeline(seconds)
    failing, worse = (timeline.at(event) for event in EVENTS if event.name in {"failing", "worse"})
    assert worse - failing >= 2 + 3  # seconds: until the rate is below its threshold, and the hold


@pytest.mark.parametrize(
    ("elapsed", "now", "then", "wait"),
    [
        (0.0, EVENTS[0].caption, EVENTS[1].caption, 2.0),
        (2.0, EVENTS[1].caption, EVENTS[2].caption, 1.5),
        (55.0, EVENTS[-1].caption, END_CAPTION, 5.0),
        (99.0, EVENTS[-1].caption, END_CAPTION, 0.0),
    ],
)
def test_the_caption_says_what_happens_now_and_next(elapsed: float, now: str, then: str, wait: float) -> None:
    *captions, seconds = Timeline(60).captions(elapsed)
    assert captions == [now, then]
    assert seconds == pytest.approx(wait)
