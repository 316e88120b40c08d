"""The flow on one screen: readings go in, pages come out, and what a policy says of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from ebank_sentinel.clock import Clock
from ebank_sentinel.incidents.world import Bank
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.pipeline import Flow, Policy
from ebank_sentinel.rules.condition import Names, parse
from ebank_sentinel.rules.watch import Asked, Watch
from support.deciding import EVERY, SHANGHAI, START, SmallBank, rule, target
from support.driven_clock import DrivenClock, eventually
from support.gated_store import GatedStore

NAMES = Names(fields={"rate": float}, times=("night",))
TIMES = NamedTimes.parse({"night": "22:00-04:00"}, zone=SHANGHAI)  # it is 03:00 there when a test begins


def policy(
    *rules: tuple[Rule, str], listed: tuple[Target, ...] | None = (target("a"), target("b")), probe: str = "login"
) -> Policy:
    """Rules with their conditions on one probe; `listed` None: the probe finds its targets."""
    plain = SmallBank()
    questions = [
        Asked(rule=one.id, where=None, when=None if one.no_data else parse(text, NAMES), rows=()) for one, text in rules
    ]
    return Policy(
        bank=Bank(name="示例银行", language="zh-CN", zone=SHANGHAI),
        rules={one.id: one for one, _ in rules},
        watches={probe: Watch.of(questions, ("night",))},
        intervals={probe: EVERY},
        targets={} if listed is None else {probe: {one.id: one for one in listed}},
        roster=plain.roster,
        channels=plain.channels,
        finders={probe: target(probe, probe=probe)} if listed is None else {},
        services={},
        times=TIMES,
        locate=lambda found: found,
    )


LOW = rule("low", hold=60, clear=30)
SILENT = rule("silent", hold=0, clear=30, no_data=True)
NIGHTLY = rule("nightly", hold=0, clear=30)
PLAIN = policy((LOW, "rate < 0.95"))


@dataclass
class Running:
    """A flow over a real store, with a clock that the test drives."""

    clock: DrivenClock
    store: GatedStore
    flow: Flow = field(init=False)
    sent: list[Page] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        clock: Clock = self.clock
        self.flow = Flow(
            PLAIN, store=self.store, send=self.sent.extend, clock=clock, metrics=self.metrics, node="node-a"
        )

    async def reads(self, rate: float | None, *keys: str, present: bool = True) -> None:
        fields: Mapping[str, Scalar] = {} if rate is None else {"rate": rate}
        for key in keys or ("a",):
            reading = Reading(target=target(key), at=self.clock.now(), up=True, fields=fields, present=present)
            self.flow.on_readings(reading.target, [reading])
        await self.flow.desk.settle()

    async def goes_on(self, rate: float, seconds: float) -> None:
        """The target is read as the interval says."""
        for _ in range(int(seconds / EVERY.total_seconds())):
            await self.passes(EVERY.total_seconds())
            await self.reads(rate)

    async def passes(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await eventually(lambda: not self.flow.desk.busy)

    async def adopts(self, other: Policy) -> None:
        self.flow.adopt(other)
        await self.flow.desk.settle()

    def pages(self) -> list[str]:
        return [f"{page.recipient} {page.step}" for page in self.sent]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    store = GatedStore(tmp_path / "sentinel.db")
    running = Running(DrivenClock(START), store)
    await running.flow.desk.start()
    tasks = [asyncio.create_task(running.flow.desk.run()), asyncio.create_task(running.flow.watch_silence())]
    yield running
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await store.inner.close()


async def test_a_healthy_reading_ends_before_the_desk(running: Running) -> None:
    await running.reads(0.99)
    await running.goes_on(0.98, 120)
    assert (running.store.commits, running.sent) == ([], [])
    count = running.metrics.registry.get_sample_value
    assert count("sentinel_probes_total", {"probe": "login", "outcome": "up"}) == 9
    assert count("sentinel_mask_changes_total", {"probe": "login"}) == 1


async def test_from_a_failing_reading_to_a_page_and_back(running: Running) -> None:
    await running.reads(0.5)
    await running.goes_on(0.5, 60)
    assert running.pages() == ["wang first"]
    alarm = running.sent[0]
    running.flow.on_delivery(Delivery(page=alarm.id, at=running.clock.now(), outcome=Outcome.ACCEPTED))
    await running.reads(0.99)
    await running.goes_on(0.99, 45)
    assert running.pages() == ["wang first", "wang resolved"]
    assert running.flow.desk.ledger.symptoms == {}


async def test_a_clock_that_is_set_back_by_an_hour_delays_no_page_and_no_all_clear(running: Running) -> None:
    await running.reads(0.5)
    await running.goes_on(0.5, 30)
    running.clock.step_wall(-3600)
    await running.goes_on(0.5, 30)
    assert running.pages() == ["wang first"]
    running.flow.on_delivery(Delivery(page=running.sent[0].id, at=running.clock.now(), outcome=Outcome.ACCEPTED))
    await running.reads(0.99)
    running.clock.step_wall(-3600)
    await running.goes_on(0.99, 45)
    assert running.pages() == ["wang first", "wang resolved"]


async def test_silence_after_the_clock_was_set_back_is_noticed(running: Running) -> None:
    await running.reads(0.5)
    running.clock.step_wall(-3600)
    await running.passes(60)
    (symptom,) = running.flow.desk.ledger.symptoms.values()
    assert symptom.known is False


async def test_silence_is_noticed_and_neither_fires_nor_clears(running: Running) -> None:
    await running.reads(0.5)
    await running.passes(1000)
    (symptom,) = running.flow.desk.ledger.symptoms.values()
    assert (symptom.known, running.sent) == (False, [])


async def test_a_machine_that_slept_does_not_page_for_what_nobody_saw(running: Running) -> None:
    await running.reads(0.5)
    await running.clock.stall(600)
    await running.reads(0.99)
    await running.goes_on(0.99, 60)
    assert running.sent == []


async def test_a_boundary_of_a_named_time_asks_again(running: Running) -> None:
    await running.adopts(policy((NIGHTLY, "now not in night and rate < 0.95")))
    await running.reads(0.5)
    await running.goes_on(0.5, 3585)
    await running.passes(15)
    assert running.sent == []
    running.flow.on_boundary()
    await running.flow.desk.settle()
    assert running.pages() == ["wang first"]


class TestAdopting:
    async def test_what_is_gone_is_retired_and_what_stays_keeps_its_age(self, running: Running) -> None:
        await running.reads(0.5, "a", "b")
        await running.passes(10)
        await running.adopts(policy((LOW, "rate < 0.95"), listed=(target("a"),)))
        assert [key.key for key in running.flow.desk.ledger.symptoms] == ["a"]
        await running.reads(0.5)
        await running.goes_on(0.5, 60)
        (incident,) = running.flow.desk.ledger.incidents.values()
        assert (incident.since, incident.opened_at) == (START, START + timedelta(seconds=60))

    async def test_bits_that_moved_fire_nothing(self, running: Running) -> None:
        """The first reading after it is compared by rule id."""
        await running.reads(0.99)
        other = rule("other", hold=0)
        await running.adopts(policy((other, "rate < 0.5"), (LOW, "rate < 0.95")))
        await running.reads(0.99)
        assert (running.sent, running.flow.desk.ledger.symptoms) == ([], {})

    async def test_a_target_whose_probe_was_under_way_does_not_come_back(self, running: Running) -> None:
        await running.adopts(policy((NIGHTLY, "rate < 0.95"), listed=(target("b"),)))
        await running.reads(0.5, "a")
        assert running.flow.desk.ledger.symptoms == {}

    async def test_a_symptom_whose_series_never_comes_again_is_still_waited_for(self, running: Running) -> None:
        series = policy((NIGHTLY, "rate < 0.95"), listed=None)
        await running.adopts(series)
        await running.reads(0.5)
        await running.adopts(series)
        await running.passes(60)
        (symptom,) = running.flow.desk.ledger.symptoms.values()
        assert symptom.known is False
        assert running.flow.open_targets("login") == [target("a")]
        await running.reads(None, present=False)
        await running.passes(15)
        await running.reads(None, present=False)
        await running.passes(15)
        assert running.flow.desk.ledger.symptoms == {}


async def test_a_desk_that_began_anew_from_the_store_forgets_the_masks(running: Running) -> None:
    await running.adopts(policy((NIGHTLY, "rate < 0.95")))
    await running.reads(0.99)
    before = running.flow.evaluator
    running.store.chokes_on = lambda delta: bool(delta.symptoms)
    await running.reads(0.5)
    assert running.flow.evaluator is not before
    running.store.chokes_on = lambda _: False
    await running.reads(0.5)
    assert running.pages() == ["wang first"]


class TestWatched:
    def test_a_listed_target_is_watched_while_its_probe_lists_it(self) -> None:
        assert PLAIN.watched(TargetId("login", "a"))
        assert not PLAIN.watched(TargetId("login", "c"))

    def test_any_target_of_a_probe_that_finds_its_own_is(self) -> None:
        assert policy((LOW, "rate < 0.95"), listed=None).watched(TargetId("login", "whatever"))

    def test_none_of_a_probe_that_is_gone_is(self) -> None:
        assert not replace(PLAIN, intervals={}).watched(TargetId("login", "a"))


async def test_a_reload_does_not_hide_that_a_target_is_silent(running: Running) -> None:
    quiet = policy((SILENT, ""), listed=(target("a"),))
    await running.adopts(quiet)
    await running.reads(0.99)
    for _ in range(5):  # somebody reloads more often than silence takes to be noticed
        await running.passes(EVERY.total_seconds())
        await running.adopts(quiet)
    assert running.pages() == ["wang first"]


async def test_a_probe_that_finds_its_targets_stands_for_them_until_it_found_the_first(tmp_path: Path) -> None:
    store, clock = GatedStore(tmp_path / "sentinel.db"), DrivenClock(START)
    running = Running(clock, store)
    running.flow = Flow(
        policy((SILENT, ""), listed=None),
        store=store,
        send=running.sent.extend,
        clock=clock,
        metrics=running.metrics,
        node="node-a",
    )
    await running.flow.desk.start()
    tasks = [asyncio.create_task(running.flow.desk.run()), asyncio.create_task(running.flow.watch_silence())]
    await running.passes(4 * EVERY.total_seconds())
    assert running.pages() == ["wang first"], "its server is dead from the start, and somebody hears of it"
    for page in running.sent:
        running.flow.on_delivery(Delivery(page=page.id, at=clock.now(), outcome=Outcome.ACCEPTED))
    own = target("login")
    for _ in range(4):
        await running.passes(EVERY.total_seconds())
        series = Reading(target=target("branch=1"), at=clock.now(), up=True, fields={"rate": 0.99})
        running.flow.on_readings(own, [series])
        await running.flow.desk.settle()
    assert running.pages() == ["wang first", "wang resolved"]
    assert not running.flow.evaluator.stands_in(own.id)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.inner.close()
