"""Calendar jobs: at their moment, once, and one that fails harms no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ebank_sentinel.schedule import Calendar
from support.driven_clock import eventually


@pytest.fixture
async def calendar() -> AsyncIterator[Calendar]:
    calendar = Calendar()
    calendar.start()
    yield calendar
    calendar.stop()


def soon(seconds: float = 0.05) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_a_job_runs_at_its_moment_and_once(calendar: Calendar) -> None:
    ran: list[datetime] = []
    moment = soon()
    calendar.at("a", moment, lambda: ran.append(datetime.now(UTC)))
    await eventually(lambda: bool(ran))
    assert ran[0] >= moment
    assert len(ran) == 1


async def test_a_moment_that_is_past_is_now(calendar: Calendar) -> None:
    ran: list[int] = []
    calendar.at("a", soon(-3600), lambda: ran.append(1))
    await eventually(lambda: bool(ran))
    assert ran == [1]


async def test_a_new_job_takes_the_place_of_the_old_one_of_its_name(calendar: Calendar) -> None:
    ran: list[str] = []
    calendar.at("a", soon(0.2), lambda: ran.append("old"))
    calendar.at("a", soon(), lambda: ran.append("new"))
    calendar.at("b", soon(0.4), lambda: ran.append("other"))
    await eventually(lambda: "other" in ran)
    assert ran == ["new", "other"]


async def test_a_job_may_plan_itself_again(calendar: Calendar) -> None:
    ran: list[int] = []

    def again() -> None:
        ran.append(1)
        if len(ran) < 3:
            calendar.at("a", soon(), again)

    calendar.at("a", soon(), again)
    await eventually(lambda: len(ran) == 3)
    assert ran == [1, 1, 1]


async def test_a_job_that_fails_harms_no_other(calendar: Calendar) -> None:
    ran: list[int] = []

    def fails() -> None:
        raise ValueError("odd")

    calendar.at("a", soon(), fails)
    calendar.at("b", soon(), lambda: ran.append(1))
    await eventually(lambda: bool(ran))
    assert ran == [1]


async def test_nothing_runs_after_the_stop(calendar: Calendar) -> None:
    ran: list[int] = []
    calendar.at("a", soon(0.1), lambda: ran.append(1))
    calendar.stop()
    calendar.stop()
    other = Calendar()
    other.start()
    done: list[int] = []
    other.at("c", soon(0.3), lambda: done.append(1))
    await eventually(lambda: done == [1])
    assert ran == []
    other.stop()
