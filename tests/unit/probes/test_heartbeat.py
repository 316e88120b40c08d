"""Jobs that call: up while the last call is recent enough."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ebank_sentinel.model.reading import ProbeError
from ebank_sentinel.probes.heartbeat import in_hours
from ebank_sentinel.probes.kind import ProbeFailure
from support.driven_clock import DrivenClock
from support.probing import TARGET, probing


async def test_a_job_is_up_until_its_time_is_over() -> None:
    clock = DrivenClock()
    last = clock.now()
    async with probing({"heartbeat": {"within": "26h"}}, clock=clock, last_beat=lambda _: last) as prober:
        await clock.advance(26 * 3600)
        (reading,) = await prober.read(TARGET)  # type: ignore[misc]
        assert reading.up
        assert reading.fields == {"age_s": 26 * 3600}
        await clock.advance(180)
        (reading,) = await prober.read(TARGET)  # type: ignore[misc]
    assert not reading.up
    assert reading.error is ProbeError.SILENT
    assert reading.detail == "no heartbeat for 26h3m (limit 26h)"
    assert reading.fields == {"age_s": 26 * 3600 + 180}


async def test_before_the_first_call_nothing_is_known() -> None:
    async with probing({"heartbeat": {"within": "26h"}}, last_beat=lambda _: None) as prober:
        outcome = await prober.read(TARGET)
    assert not isinstance(outcome, ProbeFailure)
    assert not outcome


async def test_a_clock_that_stepped_back_makes_no_age_negative() -> None:
    clock = DrivenClock()
    last = clock.now()
    clock.step_wall(-3600)
    async with probing({"heartbeat": {"within": "1h"}}, clock=clock, last_beat=lambda _: last) as prober:
        (reading,) = await prober.read(TARGET)  # type: ignore[misc]
    assert reading.up
    assert reading.fields == {"age_s": 0}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (90, "1m30s"), (3600, "1h"), (93_780, "26h3m"), (3661, "1h1m"), (59, "59s")]
)
def test_a_span_is_told_in_hours(seconds: int, words: str) -> None:
    assert in_hours(timedelta(seconds=seconds)) == words
