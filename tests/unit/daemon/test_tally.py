"""What is remembered of channels, probes and the store: minutes, not a history."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ebank_sentinel.daemon.tally import Lately, Sent, Tally, TimedStore
from ebank_sentinel.errors import StoreRefused
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.incident import Event
from ebank_sentinel.model.ledger import Delta
from ebank_sentinel.model.page import Delivery, Message, Outcome, Page
from ebank_sentinel.model.reading import ProbeError, Target, TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.probes.kind import ProbeFailure
from support.driven_clock import DrivenClock
from support.gated_store import GatedStore

LOGIN = Target(id=TargetId("login", "login"))


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def tally(clock: DrivenClock) -> Tally:
    tally = Tally(Metrics(), clock)
    tally.watch({"login": timedelta(seconds=30), "certificate": timedelta(hours=1)})
    return tally


def page(number: int, channel: str, at: datetime) -> Page:
    return Page(
        id=f"page-{number}",
        cause="cause",
        step="first",
        recipient="wang",
        channel=channel,
        address="",
        reason=Reason.FIRST,
        severity=Severity.III,
        message=Message(short="", subject="", body="", thread=""),
        created_at=at,
        due=at,
    )


def sends(tally: Tally, clock: DrivenClock, *outcomes: Outcome, channel: str = "sms") -> None:
    for number, outcome in enumerate(outcomes):
        tally.goes_out([page(number, channel, clock.now())])
        tally.delivered(Delivery(page=f"page-{number}", at=clock.now(), outcome=outcome))


async def test_an_attempt_that_failed_for_now_failed(tally: Tally, clock: DrivenClock) -> None:
    sends(tally, clock, Outcome.ACCEPTED, Outcome.FAILED, Outcome.RETRY)
    sends(tally, clock, Outcome.ACCEPTED, channel="mail")
    assert (tally.sent("sms"), tally.sent("mail"), tally.sent("hook")) == (Sent(1, 2), Sent(1, 0), Sent(0, 0))


async def test_what_was_sent_is_forgotten_after_five_minutes(tally: Tally, clock: DrivenClock) -> None:
    sends(tally, clock, Outcome.FAILED)
    await clock.advance(200)
    sends(tally, clock, Outcome.ACCEPTED)
    await clock.advance(100)
    assert tally.sent("sms") == Sent(1, 1)
    await clock.advance(1)
    assert tally.sent("sms") == Sent(1, 0)


async def test_the_worst_lateness_is_that_of_the_probes_last_interval(tally: Tally, clock: DrivenClock) -> None:
    for late in (0.1, 7.5, 0.2):
        tally.started("login", late)
    tally.started("certificate", 9.0)
    assert tally.probe("login")[0] == 7.5
    await clock.advance(31)
    assert (tally.probe("login")[0], tally.probe("certificate")[0]) == (0.0, 9.0)
    tally.started("login", 0.3)
    assert tally.probe("login")[0] == 0.3


async def test_what_a_probe_that_is_seldom_read_missed_is_kept_for_an_interval_of_it(
    tally: Tally, clock: DrivenClock
) -> None:
    for probe in ("login", "certificate"):
        target = Target(id=TargetId(probe, probe))
        tally.skipped(target)
        tally.failed(target, ProbeFailure(probe=probe, at=clock.now(), error=ProbeError.DNS, detail="no such host"))
    assert (tally.probe("login"), tally.probe("certificate")) == ((0.0, 1, 1), (0.0, 1, 1))
    await clock.advance(301)
    assert (tally.probe("login"), tally.probe("certificate")) == ((0.0, 0, 0), (0.0, 1, 1))
    await clock.advance(3300)
    assert tally.probe("certificate") == (0.0, 0, 0)


async def test_a_reload_forgets_nothing_of_what_stays_and_all_of_what_goes(tally: Tally) -> None:
    for probe in ("login", "certificate"):
        tally.skipped(Target(id=TargetId(probe, probe)))
    tally.watch({"login": timedelta(seconds=30)})
    assert (tally.probe("login")[1], tally.probe("certificate")[1]) == (1, 0)
    tally.skipped(Target(id=TargetId("certificate", "certificate")))  # it was under way
    tally.watch({"login": timedelta(seconds=10), "certificate": timedelta(hours=1)})
    assert (tally.probe("login")[1], tally.probe("certificate")[1]) == (0, 0)


async def test_a_commit_that_is_refused_took_its_time_too(tally: Tally, clock: DrivenClock, tmp_path: Path) -> None:
    gated = GatedStore(tmp_path / "sentinel.db")
    store = TimedStore(gated, tally, clock)
    delta = Delta(events=(Event(at=clock.now(), incident=None, reason=Reason.UNSAVED, detail=""),))

    async def slowly(delta: Delta) -> None:
        assert delta
        await clock.advance(4)
        raise StoreRefused("the disk is full")

    await store.commit(delta)
    assert tally.slowest_commit() == 0.0
    gated.commit = slowly  # type: ignore[method-assign]
    with pytest.raises(StoreRefused):
        await store.commit(delta)
    assert tally.slowest_commit() == 4.0
    assert (await store.load()).incidents == {}
    await clock.advance(301)
    assert tally.slowest_commit() == 0.0
    await gated.inner.close()


def test_however_much_happens_little_is_remembered() -> None:
    lately = Lately(300)
    for moment in range(100_000):
        lately.add(moment / 100)
    assert lately.total(1000.0) == pytest.approx(30_000, abs=500)
    assert len(lately._slices) <= 61
