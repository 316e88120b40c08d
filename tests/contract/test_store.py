"""What every store promises. A second backend joins by one more line in BACKENDS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebank_sentinel.errors import StoreError
from ebank_sentinel.model.incident import Ack, Event, Incident, IncidentState
from ebank_sentinel.model.ledger import Delta, Ledger, Timer, TimerId, TimerKind
from ebank_sentinel.model.page import Delivery, Message, Outcome, Page, PageState, page_id
from ebank_sentinel.model.reading import Scalar, TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState
from ebank_sentinel.state.sqlite import SqliteStore

NOW = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


async def sqlite(folder: Path) -> SqliteStore:
    return SqliteStore.open(folder / "sentinel.db")


BACKENDS: dict[str, Callable[[Path], Awaitable[SqliteStore]]] = {"sqlite": sqlite}


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await BACKENDS[request.param](tmp_path)
    yield opened
    await opened.close()


# -- values -------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
maybe_moments = st.none() | moments
labels = st.dictionaries(names, words, max_size=3)
scalars: st.SearchStrategy[Scalar] = (
    words | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)
symptom_ids = st.builds(SymptomId, names, names, names)
severities = st.sampled_from(Severity)
rows = st.integers(0, 9)

symptoms = st.builds(
    Symptom,
    id=symptom_ids,
    state=st.sampled_from(SymptomState),
    onset=moments,
    known=st.just(False),  # what a start knows
    rows=st.dictionaries(rows, moments, max_size=3),
    held=st.frozensets(rows, max_size=3),
    fired_at=maybe_moments,
    clearing_since=maybe_moments,
    incident=st.none() | names,
    labels=labels,
    values=st.dictionaries(names, scalars, max_size=3),
)
timer_ids = st.builds(
    TimerId, st.sampled_from([TimerKind.HOLD, TimerKind.CLEAR]), symptom_ids, st.integers(-1, 9)
) | st.builds(
    TimerId, st.sampled_from([TimerKind.NEXT_CHANNEL, TimerKind.DIGEST]), st.tuples(names, words), st.just(-1)
)
timers = st.builds(Timer, id=timer_ids, onset=moments, due=moments)
acks = st.builds(Ack, person=names, name=words, at=moments, note=words)
incidents = st.builds(
    Incident,
    id=names,
    code=st.from_regex(r"[0-9]{4}", fullmatch=True),
    state=st.just(IncidentState.OPEN),
    symptom=symptom_ids,
    labels=labels,
    title=labels,
    severity=severities,
    category=names,
    flags=st.frozensets(names, max_size=3),
    groups=st.lists(names, max_size=3).map(tuple),
    tell=st.lists(names, max_size=3).map(tuple),
    since=moments,
    opened_at=moments,
    ended_at=maybe_moments,
    ended_as=st.none() | st.sampled_from(Reason),
    ack=st.none() | acks,
)
messages = st.builds(
    Message,
    short=words,
    subject=words,
    body=words,
    thread=words,
    payload=st.dictionaries(names, scalars | st.lists(scalars, max_size=2), max_size=3),
)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    cause, step, recipient, channel = (draw(names) for _ in range(4))
    return Page(
        id=page_id(cause, step, recipient, channel),
        cause=cause,
        step=step,
        recipient=recipient,
        channel=channel,
        address=draw(words),
        reason=draw(st.sampled_from(Reason)),
        severity=draw(severities),
        message=draw(messages),
        created_at=draw(moments),
        state=draw(st.sampled_from([PageState.READY, PageState.HELD])),
        due=draw(moments),
        lease_owner=draw(words),
        lease_until=draw(maybe_moments),
        attempts=draw(st.integers(0, 10_000)),
        next_channels=tuple(draw(st.lists(names, max_size=2))),
        unsaved=draw(st.booleans()),
    )


def by(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Any, Any]]:
    return st.lists(values, max_size=3).map(lambda found: {getattr(one, key): one for one in found})


events = st.builds(Event, at=moments, incident=st.none() | names, reason=st.sampled_from(Reason), detail=words)
deltas = st.builds(
    Delta,
    symptoms=by("id", symptoms),
    timers=by("id", timers),
    incidents=by("id", incidents),
    pages=by("id", pages()),
    heartbeats=st.dictionaries(st.builds(TargetId, names, names), moments, max_size=2),
    events=st.lists(
        st.builds(Event, at=moments, incident=st.none() | names, reason=st.sampled_from(Reason), detail=words),
        max_size=2,
    ).map(tuple),
    deliveries=st.lists(
        st.builds(
            Delivery,
            page=names,
            at=moments,
            outcome=st.sampled_from(Outcome),
            detail=words,
            retry_after=st.none() | st.floats(0, 1e6),
        ),
        max_size=2,
    ).map(tuple),
)


def ledger_of(*changes: Delta) -> Ledger:
    ledger = Ledger()
    for delta in changes:
        ledger.apply(delta)
    return ledger


def tables_of(ledger: Ledger) -> tuple[object, ...]:
    return (ledger.symptoms, ledger.timers, ledger.incidents, ledger.pages, ledger.heartbeats)


def page(name: str = "p", **changes: Any) -> Page:
    made = Page(
        id=page_id(name, "first", "wang.fang", "sms"),
        cause=name,
        step="first",
        recipient="wang.fang",
        channel="sms",
        address="+8613800000001",
        reason=Reason.FIRST,
        severity=Severity.II,
        message=Message(short="二级 登录失败", subject="s", body="b", thread=name),
        created_at=NOW,
        due=NOW,
        lease_owner="a",
        lease_until=NOW + LEASE,
    )
    return replace(made, **changes)


def incident(name: str = "20261210-aaaa", **changes: Any) -> Incident:
    made = Incident(
        id=name,
        code="4821",
        state=IncidentState.OPEN,
        rule="dead",
        symptom=SymptomId("dead", "atm", name),
        severity=Severity.II,
        category="device",
        since=NOW,
        opened_at=NOW,
    )
    return replace(made, **changes)


# -- commit and load ----------------------------------------------------------------------------------


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(first=deltas, second=deltas)
def test_what_is_committed_is_what_a_start_finds(
    first: Delta, second: Delta, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def story() -> None:
        folder = tmp_path_factory.mktemp("store")
        for backend in BACKENDS.values():
            store = await backend(folder)
            try:
                await store.commit(first)
                await store.commit(second)
                assert tables_of(await store.load()) == tables_of(ledger_of(first, second))
            finally:
                await store.close()

    asyncio.run(story())


async def test_a_row_is_replaced_by_its_key_and_goes_when_it_is_told_to(store: SqliteStore) -> None:
    symptom = Symptom(id=SymptomId("dead", "atm", "A1"), state=SymptomState.PENDING, onset=NOW, known=False)
    timer = Timer(id=TimerId(TimerKind.HOLD, symptom.id), onset=NOW, due=NOW)
    await store.commit(Delta(symptoms={symptom.id: symptom}, timers={timer.id: timer}))
    moved = replace(symptom, state=SymptomState.FIRING)
    later = replace(timer, due=NOW + LEASE)
    await store.commit(Delta(symptoms={symptom.id: moved}, timers={timer.id: later}))
    ledger = await store.load()
    assert (ledger.symptoms, ledger.timers) == ({symptom.id: moved}, {timer.id: later})
    await store.commit(Delta(symptoms={symptom.id: None}, timers={timer.id: None}))
    ledger = await store.load()
    assert (ledger.symptoms, ledger.timers, ledger.next_due()) == ({}, {}, None)


async def test_a_known_symptom_is_not_known_after_a_start(store: SqliteStore) -> None:
    symptom = Symptom(id=SymptomId("dead", "atm", "A1"), state=SymptomState.FIRING, onset=NOW, known=True)
    await store.commit(Delta(symptoms={symptom.id: symptom}))
    assert (await store.load()).symptoms[symptom.id].known is False


async def test_a_start_finds_all_pages_of_what_is_open_and_of_what_has_a_page_to_be_sent(
    store: SqliteStore,
) -> None:
    ended = incident("ended", state=IncidentState.ENDED, ended_at=NOW, ended_as=Reason.RESOLVED)
    kept = {
        "accepted": page("open", state=PageState.ACCEPTED),
        "all-clear": page("ended", step="resolved", id="r"),
        "its alarm": page("ended", id="o", step="x", state=PageState.ACCEPTED),  # an all-clear asks whether it arrived
        "alone": page("config-1", id="c"),
    }
    gone = {"old": page("over", id="v", state=PageState.ACCEPTED), "sent": page("t", state=PageState.FAILED)}
    every = {one.id: one for one in (*kept.values(), *gone.values())}
    await store.commit(Delta(incidents={"open": incident("open"), "ended": ended}, pages=every))
    ledger = await store.load()
    assert list(ledger.incidents) == ["open"]
    assert set(ledger.pages) == {one.id for one in kept.values()}


async def test_a_change_whose_last_row_cannot_be_written_leaves_nothing(store: SqliteStore) -> None:
    await store.commit(Delta(incidents={"a": incident("a")}))
    bad = Delivery(
        page="\ud800",
        at=NOW,  # a lone surrogate is no text
        outcome=Outcome.ACCEPTED,
    )
    change = Delta(
        incidents={"a": incident("a", severity=Severity.I), "b": incident("b")}, pages={"p": page()}, deliveries=(bad,)
    )
    with pytest.raises(StoreError):
        await store.commit(change)
    ledger = await store.load()
    assert (ledger.incidents, ledger.pages) == ({"a": incident("a")}, {})
    await store.commit(replace(change, deliveries=()))
    assert len((await store.load()).incidents) == 2


@pytest.mark.parametrize(
    "delta",
    [
        Delta(heartbeats={TargetId("batch", "batch"): NOW.replace(tzinfo=None)}),
        Delta(events=(Event(at=NOW, incident="\udfff", reason=Reason.FIRST, detail=""),)),
        Delta(pages={"p": page(message=Message(short="", subject="", body="", thread="", payload={"x": object()}))}),
        Delta(pages={"p": page(attempts=2**70)}),
    ],
    ids=["naive moment", "lone surrogate", "no JSON", "too large"],
)
async def test_what_cannot_be_stored_is_an_error_of_its_own_and_not_a_refusal(store: SqliteStore, delta: Delta) -> None:
    with pytest.raises(StoreError) as failed:
        await store.commit(delta)
    assert type(failed.value) is StoreError
    await store.commit(Delta(pages={"p": page()}))


# -- claims -------------------------------------------------------------------------------------------


async def test_of_two_claimers_one_wins_each_page(store: SqliteStore) -> None:
    await store.commit(Delta(pages={one.id: one for one in (page(str(number)) for number in range(50))}))
    later = NOW + LEASE
    first, second = await asyncio.gather(
        store.claim("b", later, later + LEASE, orphaned=False), store.claim("c", later, later + LEASE, orphaned=False)
    )
    assert sorted(map(len, (first, second))) == [0, 50]
    assert {one.lease_owner for one in first + second} == {
        one.lease_owner for one in (await store.load()).pages.values()
    }


@pytest.mark.parametrize(
    ("changes", "claimed"),
    [
        ({}, False),
        ({"lease_until": NOW}, True),
        ({"lease_until": None}, True),
        ({"lease_until": NOW, "due": NOW + timedelta(seconds=1)}, False),
        ({"lease_until": NOW, "state": PageState.HELD}, False),
        ({"lease_until": NOW, "state": PageState.ACCEPTED}, False),
        ({"lease_until": NOW, "state": PageState.FAILED}, False),
    ],
    ids=["leased", "lapsed", "never leased", "not due", "held", "accepted", "failed"],
)
async def test_a_page_is_claimed_when_it_is_due_and_nobody_alive_has_it(
    store: SqliteStore, changes: dict[str, Any], claimed: bool
) -> None:
    await store.commit(Delta(incidents={"p": incident("p")}, pages={"p": page(**changes)}))
    found = await store.claim("a", NOW, NOW + LEASE, orphaned=False)
    assert [(one.lease_owner, one.lease_until) for one in found] == ([("a", NOW + LEASE)] if claimed else [])


async def test_a_start_takes_over_what_dead_nodes_leased_due_or_not(store: SqliteStore) -> None:
    mine = page("mine", lease_owner="b")
    later = page("later", due=NOW + LEASE)
    await store.commit(Delta(pages={one.id: one for one in (mine, later, page("held", state=PageState.HELD))}))
    found = await store.claim("b", NOW, NOW + LEASE, orphaned=True)
    assert [(one.cause, one.lease_owner, one.due) for one in found] == [("later", "b", NOW + LEASE)]


# -- history ------------------------------------------------------------------------------------------


async def test_history_shows_ended_incidents_only_when_asked_and_the_newest_first(store: SqliteStore) -> None:
    old = incident("old", state=IncidentState.ENDED, ended_at=NOW, ended_as=Reason.RESOLVED)
    new = incident("new", opened_at=NOW + LEASE, code="1111")
    await store.commit(Delta(incidents={"old": old, "new": new}))
    assert await store.read(lambda history: history.incidents(ended=False, limit=10)) == [new]
    assert await store.read(lambda history: history.incidents(ended=True, limit=10)) == [new, old]
    assert await store.read(lambda history: history.incidents(ended=True, limit=1)) == [new]


async def test_a_code_finds_the_open_incident_before_an_ended_one_that_had_it(store: SqliteStore) -> None:
    ended = incident("ended", state=IncidentState.ENDED, opened_at=NOW + LEASE)
    await store.commit(Delta(incidents={"open": incident("open"), "ended": ended}))
    found = await store.read(lambda history: history.incident("4821"))
    assert found is not None
    assert found.id == "open"
    assert await store.read(lambda history: history.incident("ended")) == ended
    assert await store.read(lambda history: history.incident("' OR 1=1--")) is None


async def test_an_incidents_history_is_in_the_order_of_writing(store: SqliteStore) -> None:
    lines = [Event(at=NOW, incident="a", reason=reason, detail=reason.value) for reason in Reason]
    await store.commit(Delta(events=tuple(lines)))
    await store.commit(Delta(events=(Event(at=NOW, incident=None, reason=Reason.TEST, detail=""),)))
    assert await store.read(lambda history: history.events("a")) == lines


async def test_pages_are_found_by_cause_or_by_time_the_oldest_first(store: SqliteStore) -> None:
    made = [page(str(number), created_at=NOW + number * LEASE) for number in range(3)]
    await store.commit(Delta(incidents={"1": incident("1")}, pages={one.id: one for one in made}))
    assert await store.read(lambda history: history.pages(since=NOW + LEASE, limit=10)) == made[1:]
    assert await store.read(lambda history: history.pages(cause="1", limit=10)) == [made[1]]
    assert list(await store.read(lambda history: history.causes(["1", "2"]))) == ["1"]
    assert await store.read(lambda history: history.causes([])) == {}


async def test_reading_does_not_wait_for_the_writer(store: SqliteStore) -> None:
    writing = asyncio.gather(*(store.commit(Delta(pages={"p": page(attempts=number)})) for number in range(50)))
    for _ in range(20):
        assert len(await store.read(lambda history: history.pages(limit=10))) <= 1
    await writing


async def test_fifty_commits_at_once_are_all_kept(store: SqliteStore) -> None:
    await asyncio.gather(*(store.commit(Delta(incidents={str(n): incident(str(n))})) for n in range(50)))
    assert len((await store.load()).incidents) == 50


async def test_nothing_is_committed_after_the_close(tmp_path: Path) -> None:
    for name, backend in BACKENDS.items():
        (tmp_path / name).mkdir()
        store = await backend(tmp_path / name)
        await store.commit(Delta(incidents={"a": incident("a")}))
        await store.close()
        again = await backend(tmp_path / name)
        assert list((await again.load()).incidents) == ["a"]
        await again.close()
