from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.demo.directory import read_directory, read_terminals
from ebank_sentinel.demo.folder import BANK
from ebank_sentinel.demo.script import (
    DEAD_TERMINALS,
    END_CAPTION,
    EVENTS,
    SHORTEST_SECONDS,
    TROUBLES,
    Timeline,
    expected_pages,
)
from ebank_sentinel.model.reason import Reason

lengths = st.floats(min_value=SHORTEST_SECONDS, max_value=3600)


def test_the_dead_atms_are_of_one_branch_and_one_vendor_and_it_has_others_that_live() -> None:
    terminals = read_terminals(BANK)
    dead = [terminal for terminal in terminals if terminal.terminal in DEAD_TERMINALS]
    assert len(dead) == 2
    assert len({(terminal.branch, terminal.vendor) for terminal in dead}) == 1
    assert sum(terminal.branch == dead[0].branch for terminal in terminals) == 5


def test_the_bank_has_sixty_atms_in_twelve_branches_over_three_regions() -> None:
    terminals = read_terminals(BANK)
    assert len({terminal.terminal for terminal in terminals}) == len(terminals) == 60
    assert len({terminal.branch for terminal in terminals}) == 12
    assert len({terminal.region for terminal in terminals}) == 3


def test_every_expected_page_is_expected_once() -> None:
    expected = expected_pages(read_directory(BANK))
    assert set(Counter(expected).values()) == {1}


def test_whoever_gets_an_alarm_gets_its_all_clear_on_the_same_channel_and_nobody_else_does() -> None:
    expected = expected_pages(read_directory(BANK))
    alarmed = {page[:4] for page in expected if page.reason != Reason.RESOLVED}
    cleared = {page[:4] for page in expected if page.reason == Reason.RESOLVED}
    assert alarmed == cleared


def test_all_three_channels_and_all_four_reasons_are_seen() -> None:
    expected = expected_pages(read_directory(BANK))
    assert {page.channel for page in expected} == {"sms", "mail", "hook"}
    assert {page.reason for page in expected} == {"first", "worse", "tell", "resolved"}


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
def test_the_last_event_leaves_time_for_the_all_clears(seconds: float) -> None:
    timeline = Timeline(seconds)
    window_seconds, clear_after_seconds = 5, 3
    assert seconds - timeline.at(EVENTS[-1]) >= window_seconds + clear_after_seconds + 3


@given(lengths)
def test_the_grave_row_holds_only_after_the_mild_one_has_fired(seconds: float) -> None:
    timeline = Timeline(seconds)
    failing, worse = (timeline.at(event) for event in EVENTS if event.name in {"failing", "worse"})
    assert worse - failing >= 2 + 4  # seconds: until the rate is below its threshold, and the hold


@pytest.mark.parametrize(
    ("elapsed", "now", "then", "wait"),
    [
        (0.0, EVENTS[0].caption, EVENTS[1].caption, 6.0),
        (6.0, EVENTS[1].caption, EVENTS[2].caption, 9.0),
        (50.0, EVENTS[-1].caption, END_CAPTION, 10.0),
        (99.0, EVENTS[-1].caption, END_CAPTION, 0.0),
    ],
)
def test_the_caption_says_what_happens_now_and_next(elapsed: float, now: str, then: str, wait: float) -> None:
    *captions, seconds = Timeline(60).captions(elapsed)
    assert captions == [now, then]
    assert seconds == pytest.approx(wait)
