from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.demo.traffic import LoginTraffic

changes = st.lists(
    st.tuples(st.floats(min_value=0.1, max_value=30), st.floats(min_value=0, max_value=1)),
    max_size=6,
)


def traffic_of(steps: list[tuple[float, float]]) -> tuple[LoginTraffic, float]:
    traffic = LoginTraffic(start=0.0, per_second=40, success=0.98)
    at = 0.0
    for seconds, success in steps:
        at += seconds
        traffic.change(at=at, success=success)
    return traffic, at


@given(changes, st.lists(st.floats(min_value=0, max_value=60), min_size=2))
def test_the_counters_never_fall_and_successes_never_exceed_attempts(
    steps: list[tuple[float, float]], moments: list[float]
) -> None:
    traffic, end = traffic_of(steps)
    seen = [traffic.counters(end + moment) for moment in sorted(moments)]
    assert seen == sorted(seen)
    assert all(0 <= ok <= attempts for attempts, ok in seen)


@given(changes)
def test_the_rate_is_that_of_the_last_change_once_the_window_is_past_it(steps: list[tuple[float, float]]) -> None:
    traffic, end = traffic_of(steps)
    _, rate = traffic.window(end + 5, 5)
    assert rate == pytest.approx(steps[-1][1] if steps else 0.98, abs=1e-6)


def test_a_window_over_a_change_weighs_both_sides() -> None:
    traffic = LoginTraffic(start=0.0, per_second=40, success=1.0)
    traffic.change(at=100.0, success=0.5)
    attempts, rate = traffic.window(102.5, 5)
    assert attempts == pytest.approx(200)
    assert rate == pytest.approx(0.75)


def test_windows_are_full_from_the_first_moment() -> None:
    attempts, rate = LoginTraffic(start=7.0, per_second=40, success=0.98).window(7.0, 5)
    assert attempts == pytest.approx(200)
    assert rate == pytest.approx(0.98)
