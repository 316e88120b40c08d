"""The desk: decide, commit, act; and what holds when one of the three fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ebank_sentinel.desk import CLAIM_EVERY, MOST_ITEMS, Desk
from ebank_sentinel.errors import RequestError, StoreDamaged, StoreError, StoreLost, StoreRefused
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.item import Heartbeat, Item
from ebank_sentinel.model.ledger import Delta
from ebank_sentinel.model.page import Outcome, Page, PageState
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from support.driven_clock import DrivenClock, eventually
from support.gated_store import GatedStore
from support.small_world import SmallBank, delivered

FULL = StoreRefused("the disk is full")


@dataclass
class Office:
    """A desk over a real store, with a clock that the test drives; what it sends is only noted."""

    clock: DrivenClock
    store: GatedStore
    bank: SmallBank = field(default_factory=SmallBank)
    metrics: Metrics = field(default_factory=Metrics)
    sent: list[Page] = field(default_factory=list)
    rebuilt: int = 0

    def __post_init__(self) -> None:
        self.stored_when_sent: list[bool] = []
        self.desk = Desk(
            store=self.store,
            world=self.bank.world,
            send=self.send,
            on_rebuilt=self.on_rebuilt,
            clock=self.clock,
            metrics=self.metrics,
        )

    def send(self, pages: Iterable[Page]) -> None:
        for page in pages:
            self.sent.append(page)
            self.stored_when_sent.append(any(page.id in delta.pages for delta in self.store.commits))

    def on_rebuilt(self) -> None:
        self.rebuilt += 1

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def put(self, *items: Item) -> None:
        self.desk.put(*items)
        await self.desk.settle()

    async def fails(self, key: str = "A1", rule: str = "dead") -> None:
        await self.put(self.bank.change(key, self.now, **{rule: True}))

    async def recovers(self, key: str = "A1", rule: str = "dead") -> None:
        await self.put(self.bank.change(key, self.now, **{rule: False}))

    async def passes(self, seconds: float) -> None:
        """Time passes second by second; what it wakes is decided before the next one."""
        for _ in range(round(seconds)):
            await self.clock.advance(1)
            await eventually(lambda: not self.desk.busy)

    async def busy_for(self, seconds: float) -> None:
        """The desk is held up by a commit while time passes; what has fallen due waits, until the next `put`."""
        self.store.open.clear()
        attempts = self.store.attempts
        self.desk.put(Heartbeat(request="busy", target=TargetId("batch", "batch"), at=self.now))
        await eventually(lambda: self.store.attempts > attempts)
        await self.clock.stall(seconds)
        self.store.open.set()

    def code(self) -> str:
        [incident] = self.desk.ledger.incidents.values()
        return incident.code

    def steps(self) -> list[str]:
        return [page.step for page in self.sent]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    store = GatedStore(tmp_path / "sentinel.db")
    office = Office(DrivenClock(), store)
    await office.desk.start()
    running = asyncio.create_task(office.desk.run())
    yield office
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await store.inner.close()


def count(office: Office, name: str) -> float:
    return office.metrics.registry.get_sample_value(name) or 0.0


# -- decide, commit, act ------------------------------------------------------------------------------


async def test_nothing_is_sent_and_memory_is_as_it_was_until_the_store_has_it(office: Office) -> None:
    office.store.open.clear()
    office.desk.put(office.bank.change("A1", office.now, dead=True))
    await eventually(lambda: office.store.attempts == 1)
    assert (office.sent, office.desk.ledger.incidents) == ([], {})
    office.store.open.set()
    await office.desk.settle()
    assert (len(office.sent), len(office.desk.ledger.incidents)) == (1, 1)
    assert office.stored_when_sent == [True]


async def test_a_caller_is_answered_after_the_commit(office: Office) -> None:
    await office.fails()
    office.store.open.clear()
    asking = asyncio.create_task(office.desk.ask(office.bank.ack(office.code(), office.now)))
    await eventually(lambda: office.store.attempts == 2)
    assert not asking.done()
    office.store.open.set()
    assert (await asking).title == "Acknowledged"


async def test_what_arrives_during_a_commit_is_the_next_batch(office: Office) -> None:
    office.store.open.clear()
    office.desk.put(office.bank.change("A1", office.now, dead=True))
    await eventually(lambda: office.store.attempts == 1)
    office.desk.put(*(office.bank.change(f"B{number}", office.now, dead=True) for number in range(20)))
    office.store.open.set()
    await office.desk.settle()
    assert [len(delta.incidents) for delta in office.store.commits] == [1, 20]


async def test_a_storm_is_cut_into_batches_so_that_an_ack_is_not_behind_all_of_it(office: Office) -> None:
    items = [office.bank.change(f"A{number}", office.now, dead=True) for number in range(MOST_ITEMS * 2 + 1)]
    await office.put(*items)
    assert [len(delta.incidents) for delta in office.store.commits] == [MOST_ITEMS, MOST_ITEMS, 1]


async def test_a_timer_does_not_run_ahead_of_an_item_that_still_waits(office: Office) -> None:
    await office.fails(rule="slow")
    start = office.now
    await office.busy_for(4 * 60)
    storm = [office.bank.change(f"B{number}", office.now, dead=True) for number in range(MOST_ITEMS)]
    recovery = office.bank.change("A1", start + timedelta(seconds=175), slow=False)
    await office.put(*storm, recovery)  # it comes in the second batch, and the hold of 3 minutes is over by the first
    assert [page for page in office.sent if "slow" in page.message.short] == []


async def test_a_client_that_hung_up_does_not_stop_what_it_asked_for(office: Office) -> None:
    await office.fails()
    office.store.open.clear()
    asking = asyncio.create_task(office.desk.ask(office.bank.ack(office.code(), office.now)))
    await eventually(lambda: office.store.attempts == 2)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    office.store.open.set()
    await office.desk.settle()
    [incident] = office.desk.ledger.incidents.values()
    assert incident.ack is not None
    await office.fails("A2")
    assert len(office.desk.ledger.incidents) == 2


async def test_fifty_acks_at_once_have_one_winner_and_fifty_clear_answers(office: Office) -> None:
    await office.fails()
    code = office.code()
    answers = await asyncio.gather(*(office.desk.ask(office.bank.ack(code, office.now)) for _ in range(50)))
    assert sorted({answer.title for answer in answers}) == ["Acknowledged", "Already acknowledged"]
    assert sum(answer.title == "Acknowledged" for answer in answers) == 1


async def test_callers_that_wait_when_the_desk_ends_are_told_so(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "sentinel.db")
    office = Office(DrivenClock(), store)
    running = asyncio.create_task(office.desk.run())
    store.open.clear()
    beat = Heartbeat(request="r", target=TargetId("batch", "batch"), at=office.now)
    asking = asyncio.create_task(office.desk.ask(beat))
    await eventually(lambda: store.attempts == 1)
    running.cancel()
    with pytest.raises(RequestError, match="not known whether"):
        await asking
    await store.inner.close()


# -- the outbox ---------------------------------------------------------------------------------------


async def test_a_page_that_failed_for_now_is_sent_again_at_its_time_under_its_id(office: Office) -> None:
    await office.fails()
    [page] = office.sent
    await office.put(delivered(page.id, office.now, Outcome.RETRY))
    assert len(office.sent) == 1
    await office.passes(2)
    assert [one.id for one in office.sent] == [page.id, page.id]
    assert office.sent[1].attempts == 1


async def test_a_wall_clock_that_is_set_back_does_not_hold_up_a_retry(office: Office) -> None:
    await office.fails()
    [page] = office.sent
    await office.put(delivered(page.id, office.now, Outcome.RETRY))
    office.clock.step_wall(-3600)
    await office.passes(2)
    assert len(office.sent) == 2


async def test_a_wall_clock_that_is_set_back_does_not_hold_up_a_first_attempt(office: Office) -> None:
    change = office.bank.change("A1", office.now, dead=True)
    office.clock.step_wall(-3600)
    await office.put(change)
    assert office.steps() == ["first"]


async def test_an_all_clear_waits_behind_its_alarm_over_every_retry(office: Office) -> None:
    await office.fails()
    [alarm] = office.sent
    await office.passes(1)
    await office.recovers()
    assert office.steps() == ["first"]
    for _ in range(3):
        await office.put(delivered(alarm.id, office.now, Outcome.RETRY))
        await office.passes(61)
    assert set(office.steps()) == {"first"}
    await office.put(delivered(alarm.id, office.now))
    assert office.steps()[-1] == "resolved"
    assert office.steps().count("resolved") == 1


async def test_a_lease_that_ran_out_is_claimed_again(office: Office) -> None:
    await office.fails()
    await office.passes(59)  # nothing is heard of the page: whoever had it is gone
    assert len(office.sent) == 1
    await office.passes(CLAIM_EVERY.total_seconds())
    assert [page.id for page in office.sent] == [office.sent[0].id] * 2


@pytest.mark.parametrize("refusing", [False, True])
async def test_a_lock_that_is_gone_ends_the_desk_though_nothing_happens(tmp_path: Path, refusing: bool) -> None:
    store = GatedStore(tmp_path / "sentinel.db")
    office = Office(DrivenClock(), store)
    await office.desk.start()
    running = asyncio.create_task(office.desk.run())
    if refusing:
        store.error = FULL
        await office.fails()
        await office.passes(3)
        assert office.desk.refusing
        store.error = None
    (tmp_path / "sentinel.db.lock").unlink()
    await office.clock.advance(CLAIM_EVERY.total_seconds())
    with pytest.raises(StoreLost, match="was removed"):
        await asyncio.wait_for(running, 10)
    await store.inner.close()


async def test_a_lock_that_is_gone_ends_the_desk_before_anything_more_is_decided_or_set_aside(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "sentinel.db")
    office = Office(DrivenClock(), store)
    await office.desk.start()
    running = asyncio.create_task(office.desk.run())
    (tmp_path / "sentinel.db.lock").unlink()
    office.desk.put(office.bank.change("A1", office.now, dead=True))
    with pytest.raises(StoreLost):
        await asyncio.wait_for(running, 10)
    assert office.sent == []
    assert store.attempts == 1
    assert count(office, "sentinel_desk_items_rejected_total") == 0
    await store.inner.close()


async def test_a_lapsed_page_whose_delivery_waits_to_be_decided_is_not_sent_again(office: Office) -> None:
    await office.fails()
    [page] = office.sent
    await office.clock.stall(59)
    await office.desk.settle()
    claim, reached = office.store.claim, asyncio.Event()

    async def slow_claim(node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
        pages = await claim(node, now, until, orphaned=orphaned)
        reached.set()
        if pages:
            office.desk.put(delivered(page.id, office.now))  # comes in while the claim is under way
        return pages

    office.store.claim = slow_claim  # type: ignore[method-assign]
    await office.passes(20)
    assert reached.is_set()
    assert len(office.sent) == 1


async def test_at_the_start_what_an_earlier_process_left_is_sent_under_its_id(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.db"
    clock = DrivenClock()
    first = Office(clock, GatedStore(path))
    running = asyncio.create_task(first.desk.run())
    await first.fails()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await first.store.inner.close()
    second = Office(clock, GatedStore(path), bank=SmallBank(node="node-b"))
    await second.desk.start()
    assert [page.id for page in second.sent] == [page.id for page in first.sent]
    assert {page.lease_owner for page in second.desk.ledger.pages.values()} == {"node-b"}
    await second.store.inner.close()


# -- while the store refuses --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [FULL, StoreDamaged("sentinel.db is damaged")], ids=["full", "damaged"])
async def test_grave_pages_go_out_unsaved_once_and_are_written_when_the_store_is_back(
    office: Office, error: StoreError
) -> None:
    office.store.error = error
    await office.fails()
    await office.passes(5)
    assert [(page.unsaved, page.step) for page in office.sent] == [(True, "first")]
    assert (office.desk.refusing, office.desk.ledger.incidents) == (True, {})
    assert count(office, "sentinel_store_refusing") == 1
    office.store.error = None
    await office.passes(2)
    assert (office.desk.refusing, len(office.sent)) == (False, 1)
    assert count(office, "sentinel_store_refusing") == 0
    stored = await office.store.load()
    assert [(page.id, page.unsaved) for page in stored.pages.values()] == [(office.sent[0].id, True)]
    assert list(stored.incidents) == list(office.desk.ledger.incidents)


async def test_a_mild_page_waits_until_it_is_written(office: Office) -> None:
    office.store.error = FULL
    await office.fails(rule="dirty")
    await office.passes(5)
    assert office.sent == []
    office.store.error = None
    await office.passes(2)
    assert [page.unsaved for page in office.sent] == [False]
    assert office.stored_when_sent == [True]


async def test_callers_get_503_and_nothing_of_what_they_asked_is_done(office: Office) -> None:
    await office.fails()
    office.store.error = FULL
    ask = office.bank.ack(office.code(), office.now)
    with pytest.raises(RequestError, match="nothing was changed") as refused:
        await office.desk.ask(ask)
    assert refused.value.status == 503
    with pytest.raises(RequestError, match="nothing was changed"):
        await office.desk.ask(replace(ask, request="another"))
    office.store.error = None
    await office.passes(2)
    [incident] = office.desk.ledger.incidents.values()
    assert incident.ack is None
    assert (await office.desk.ask(replace(ask, request="again"))).status == 200


async def test_a_request_that_nobody_waits_for_is_kept(office: Office) -> None:
    office.store.error = FULL
    target = TargetId("batch", "batch")
    await office.put(Heartbeat(request="armed batch", target=target, at=office.now))
    office.store.error = None
    await office.passes(2)
    assert target in (await office.store.load()).heartbeats


async def test_it_goes_on_deciding_a_whole_story_while_the_store_refuses(office: Office) -> None:
    office.store.error = FULL
    await office.fails()
    [alarm] = office.sent
    await office.put(delivered(alarm.id, office.now, Outcome.RETRY))
    await office.passes(1)
    await office.recovers()
    await office.passes(2)
    assert office.steps() == ["first", "first"], "tried again, and the all-clear waits behind it"
    await office.put(delivered(alarm.id, office.now))
    assert office.steps() == ["first", "first", "resolved"]
    await office.put(delivered(office.sent[-1].id, office.now))
    office.store.error = None
    await office.passes(2)
    assert len(office.sent) == 3
    stored = await office.store.inner.read(lambda history: history.pages(limit=10))
    assert [(page.step, page.state, page.unsaved) for page in stored] == [
        ("first", PageState.ACCEPTED, True),
        ("resolved", PageState.ACCEPTED, True),
    ]
    assert office.desk.ledger.incidents == {}


async def test_what_was_paged_is_not_forgotten_when_the_world_changes_before_it_is_written(office: Office) -> None:
    await office.fails(rule="slow")
    await office.clock.stall(3 * 60 - 1)
    office.bank.change("A1", office.now, slow=True)  # it was read just now
    office.store.error = FULL
    await office.passes(2)
    assert office.steps() == ["first"]
    office.bank.readings.clear()  # as after a reload: decided now, the hold would find no reading
    await office.passes(5)
    office.store.error = None
    await office.passes(2)
    stored = await office.store.load()
    assert [page.id for page in stored.pages.values()] == [office.sent[0].id]


async def test_a_retry_of_a_page_that_was_stored_before_goes_on(office: Office) -> None:
    await office.fails()
    await office.put(delivered(office.sent[0].id, office.now, Outcome.RETRY))
    office.store.error = FULL
    await office.fails("A2")
    await office.passes(3)
    assert len(office.sent) == 3
    assert len({page.id for page in office.sent}) == 2


async def test_a_store_that_refuses_is_asked_about_once_a_second_and_says_since_when(office: Office) -> None:
    office.store.error = FULL
    await office.fails()
    before = office.store.attempts
    await office.passes(10)
    assert 9 <= office.store.attempts - before <= 11
    office.store.error = None
    await office.passes(2)
    reasons = [event.reason for delta in office.store.commits for event in delta.events]
    assert reasons.count(Reason.UNSAVED) == 1
    assert not office.desk.busy


async def test_one_part_that_cannot_be_stored_does_not_keep_the_rest_out_for_ever(office: Office) -> None:
    office.store.error = FULL
    await office.fails("A1")
    await office.fails("bad")
    await office.fails("A2")
    office.store.error = None
    office.store.chokes_on = has("bad")
    await office.passes(2)
    assert not office.desk.refusing
    stored = await office.store.load()
    assert {incident.symptom.key for incident in stored.incidents.values()} == {"A1", "A2"}
    assert count(office, "sentinel_desk_items_rejected_total") == 1


# -- what cannot be decided or stored -----------------------------------------------------------------


def has(key: str) -> Callable[[Delta], bool]:
    def holds(delta: Delta) -> bool:
        return any(incident.symptom.key == key for incident in delta.incidents.values())

    return holds


async def test_one_bad_item_is_set_aside_and_the_others_are_stored(office: Office) -> None:
    office.store.chokes_on = has("bad")
    await office.put(*(office.bank.change(key, office.now, dead=True) for key in ("A1", "bad", "A2")))
    assert {incident.symptom.key for incident in office.desk.ledger.incidents.values()} == {"A1", "A2"}
    assert count(office, "sentinel_desk_items_rejected_total") == 1
    assert office.rebuilt == 1, "the ledger came from the store anew, so masks are forgotten"
    assert office.desk.ledger == await office.store.load()


async def test_a_bad_request_is_answered_with_500(office: Office) -> None:
    await office.fails()
    office.store.chokes_on = lambda delta: any(incident.ack for incident in delta.incidents.values())
    answer: Answer = await office.desk.ask(office.bank.ack(office.code(), office.now))
    assert (answer.status, answer.detail) == (500, "the log says why")


async def test_item_by_item_they_are_still_taken_in_the_order_of_their_time(office: Office) -> None:
    await office.fails(rule="slow")
    start = office.now
    await office.busy_for(4 * 60)
    office.store.chokes_on = has("bad")
    await office.put(
        office.bank.change("bad", start + timedelta(seconds=185), dead=True),
        office.bank.change("A1", start + timedelta(seconds=175), slow=False),  # it is older than the hold's end
    )
    assert [page.message.short for page in office.sent] == []
    assert office.desk.ledger.symptoms == {}


async def test_a_store_that_begins_to_refuse_half_way_keeps_the_rest(office: Office) -> None:
    seen: list[Delta] = []

    def chokes(delta: Delta) -> bool:
        seen.append(delta)
        if len(seen) == 3:  # the whole batch, then A1 alone, then A2 alone
            office.store.error = FULL
            raise FULL
        return len(seen) == 1

    office.store.chokes_on = chokes
    await office.put(*(office.bank.change(key, office.now, dead=True) for key in ("A1", "A2", "A3")))
    assert (office.desk.refusing, [page.unsaved for page in office.sent]) == (True, [False, True, True])
    office.store.error = None
    await office.passes(2)
    assert len((await office.store.load()).incidents) == 3
    assert len(office.sent) == 3


async def test_a_timer_that_cannot_be_decided_is_postponed_and_harms_no_other(office: Office) -> None:
    await office.put(
        office.bank.change("bad", office.now, slow=True),
        office.bank.change("A1", office.now, slow=True),
    )
    office.store.chokes_on = has("bad")
    await office.passes(2 * 60 + 55)
    for key in ("bad", "A1"):
        office.bank.change(key, office.now, slow=True)  # both are still read
    await office.passes(10)
    assert [incident.symptom.key for incident in office.desk.ledger.incidents.values()] == ["A1"]
    attempts = office.store.attempts
    await office.fails("A2")
    assert len(office.desk.ledger.incidents) == 2
    assert office.store.attempts == attempts + 1, "the bad one is not tried with every batch"
    office.store.chokes_on = lambda _: False
    await office.fails("bad", rule="slow")
    assert len(office.desk.ledger.incidents) == 3


# -- the watchdog -------------------------------------------------------------------------------------


async def test_progress_is_seen_while_nothing_waits_or_something_was_decided(office: Office) -> None:
    assert office.desk.progresses()
    await office.fails()
    assert office.desk.progresses()
    office.store.open.clear()
    office.desk.put(office.bank.change("A2", office.now, dead=True))
    await eventually(lambda: office.store.attempts == 2)
    office.desk.progresses()
    assert not office.desk.progresses(), "a commit hangs, and nothing is decided"
    office.store.open.set()
    await office.desk.settle()
    assert office.desk.progresses()


async def test_a_desk_that_refuses_for_long_still_progresses(office: Office) -> None:
    office.store.error = FULL
    await office.fails()
    for _ in range(3):
        await office.passes(10)
        assert office.desk.progresses()


async def test_settle_returns_at_once_when_nothing_waits(office: Office) -> None:
    async with asyncio.timeout(5):
        await office.desk.settle()
    assert not office.desk.busy


async def test_a_storms_timers_are_taken_in_parts_and_nobody_waits_behind_all_of_them(office: Office) -> None:
    many = MOST_ITEMS * 2 + 100
    start = office.now
    await office.put(
        *(
            office.bank.change(f"A{number:04}", start + timedelta(milliseconds=number), slow=True)
            for number in range(many)
        )
    )
    for target, reading in office.bank.readings.items():
        office.bank.readings[target] = replace(reading, at=start + timedelta(minutes=3))
    await office.busy_for(4 * 60)  # all holds are over by then
    decided = len(office.store.commits)
    await eventually(lambda: len(office.desk.ledger.incidents) == many)
    parts = [len(delta.incidents) for delta in office.store.commits[decided:] if delta.incidents]
    assert sum(parts) == many
    assert len(parts) >= 3
    assert max(parts) <= MOST_ITEMS + 1
    opened = [incident.opened_at for delta in office.store.commits for incident in delta.incidents.values()]
    assert opened == sorted(opened)


async def test_what_happened_among_a_storms_timers_is_decided_in_its_place(office: Office) -> None:
    many = MOST_ITEMS + 200
    start = office.now
    keys = [f"A{number:04}" for number in range(many)]
    await office.put(
        *(office.bank.change(key, start + timedelta(milliseconds=index), slow=True) for index, key in enumerate(keys))
    )
    for target, reading in office.bank.readings.items():
        office.bank.readings[target] = replace(reading, at=start + timedelta(minutes=3))
    store = office.store
    store.open.clear()
    attempts = store.attempts
    office.desk.put(Heartbeat(request="busy", target=TargetId("batch", "batch"), at=office.now))
    await eventually(lambda: store.attempts > attempts)
    await office.clock.stall(4 * 60)
    for index in (3, many - 1):  # one second before their hold was over
        office.desk.put(office.bank.change(keys[index], start + timedelta(seconds=179), slow=False))
    store.open.set()
    await eventually(lambda: not office.desk.busy and len(office.desk.ledger.incidents) == many - 2)
    assert {incident.symptom.key for incident in office.desk.ledger.incidents.values()} == {
        *keys[:3],
        *keys[4:-1],
    }
