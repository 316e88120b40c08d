"""How many probes run at once, and what becomes of one that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from ebank_sentinel.model.reading import ProbeError, Reading, Target, TargetId
from ebank_sentinel.probes.engine import Engine
from ebank_sentinel.probes.kind import ProbeFailure
from support.driven_clock import DrivenClock, settle


def target(number: int, probe: str = "atm") -> Target:
    return Target(id=TargetId(probe, f"A{number}"))


class Slow:
    """A prober that takes ten seconds."""

    def __init__(self, clock: DrivenClock) -> None:
        self.clock = clock
        self.reading: list[Target] = []
        self.most = 0
        self.closed = False

    async def read(self, one: Target) -> Sequence[Reading] | ProbeFailure:
        self.reading.append(one)
        self.most = max(self.most, len(self.reading))
        try:
            await self.clock.sleep(10)
        finally:
            self.reading.remove(one)
        return (Reading(target=one, at=self.clock.now(), up=True),)

    async def close(self) -> None:
        assert not self.reading
        self.closed = True


class Breaks:
    """A prober with a bug."""

    async def read(self, _one: Target) -> Sequence[Reading] | ProbeFailure:
        raise ZeroDivisionError("secret")

    async def close(self) -> None:
        pass


class Fails:
    """A prober whose server is away."""

    def __init__(self, clock: DrivenClock) -> None:
        self.clock = clock

    async def read(self, _one: Target) -> Sequence[Reading] | ProbeFailure:
        return ProbeFailure(probe="sums", at=self.clock.now(), error=ProbeError.REFUSED, detail="away")

    async def close(self) -> None:
        pass


class HalfCharacters:
    """A prober that lets through what no store can hold, among what one can."""

    async def read(self, one: Target) -> Sequence[Reading] | ProbeFailure:
        at = DrivenClock().now()
        half = "a\ud800"
        return (
            Reading(target=one, at=at, up=True),
            Reading(target=Target(id=TargetId("half", half)), at=at, up=True),
            Reading(target=Target(id=one.id, labels={"job": half}), at=at, up=True),
            Reading(target=Target(id=one.id, labels={half: "job"}), at=at, up=True),
            Reading(target=one, at=at, up=True, fields={"value": half}),
            Reading(target=one, at=at, up=False, detail=half),
            Reading(target=one, at=at, up=True, fields={"value": "登录"}),
        )

    async def close(self) -> None:
        pass


class Run:
    """An engine, and what it told."""

    def __init__(self, in_flight: int = 500) -> None:
        self.clock = DrivenClock()
        self.slow = Slow(self.clock)
        self.results: list[tuple[Target, Sequence[Reading]]] = []
        self.failures: list[tuple[Target, ProbeFailure]] = []
        self.skipped: list[Target] = []
        self.engine = Engine(
            {"atm": self.slow, "broken": Breaks(), "sums": Fails(self.clock), "half": HalfCharacters()},
            clock=self.clock,
            on_result=lambda one, readings: self.results.append((one, readings)),
            on_failure=lambda one, failure: self.failures.append((one, failure)),
            on_skip=self.skipped.append,
            in_flight=in_flight,
        )

    def busy(self) -> bool:
        return self.engine.busy


async def test_a_started_target_gives_its_readings_when_the_probe_ends() -> None:
    run = Run()
    run.engine.start(target(1))
    await settle()
    assert run.busy()
    assert run.results == []
    await run.clock.advance(10)
    assert not run.busy()
    ((one, (reading,)),) = run.results
    assert one == target(1)
    assert reading.up


async def test_a_target_that_is_still_being_probed_is_skipped() -> None:
    run = Run()
    run.engine.start(target(1))
    run.engine.start(target(1))
    assert run.skipped == [target(1)]
    await run.clock.advance(10)
    assert len(run.results) == 1
    run.engine.start(target(1))
    assert len(run.skipped) == 1
    await run.engine.close()


async def test_so_many_run_at_once_and_the_rest_wait_in_order() -> None:
    run = Run(in_flight=3)
    for number in range(8):
        run.engine.start(target(number))
    await settle()
    assert len(run.slow.reading) == 3
    await run.clock.advance(30)
    assert run.slow.most == 3
    assert [one for one, _ in run.results] == [target(number) for number in range(8)]


async def test_a_prober_that_raises_is_a_reading_and_a_log_line() -> None:
    run = Run()
    with capture_logs() as lines:
        run.engine.start(target(1, "broken"))
        await settle()
    ((_, (reading,)),) = run.results
    assert reading.error is ProbeError.PROTOCOL
    assert reading.detail == "the probe itself broke: ZeroDivisionError"
    assert lines[0]["exc_info"]
    assert not run.busy()


async def test_a_reading_with_half_a_character_is_lost_alone_and_told() -> None:
    run = Run()
    with capture_logs() as lines:
        run.engine.start(target(1, "half"))
        await settle()
    ((_, readings),) = run.results
    assert [reading.fields for reading in readings] == [{}, {"value": "登录"}]
    assert (lines[0]["log_level"], lines[0]["lost"]) == ("error", 5)


async def test_a_failure_of_the_probe_is_told_and_gives_no_readings() -> None:
    run = Run()
    run.engine.start(target(1, "sums"))
    await settle()
    ((_, failure),) = run.failures
    assert failure.error is ProbeError.REFUSED
    assert run.results == [(target(1, "sums"), ())]


async def test_a_receiver_that_raises_stops_nothing() -> None:
    run = Run()

    def refuses(_one: Target, _readings: Sequence[Reading]) -> None:
        raise ZeroDivisionError

    run.engine._on_result = refuses
    with capture_logs() as lines:
        run.engine.start(target(1))
        await run.clock.advance(10)
    assert lines[0]["log_level"] == "error"
    assert not run.busy()


async def test_draining_begins_nothing_more_and_waits_for_what_is_in_flight() -> None:
    run = Run(in_flight=2)
    for number in range(5):
        run.engine.start(target(number))
    draining = asyncio.create_task(run.engine.drain())
    await settle()
    assert not draining.done()
    await run.clock.advance(10)
    assert draining.done()
    assert len(run.results) == 2
    assert not run.busy()


async def test_replacing_closes_the_old_probers_once_their_readings_are_in() -> None:
    run = Run()
    run.engine.start(target(1))
    await settle()
    other = Slow(run.clock)
    replacing = asyncio.create_task(run.engine.replace({"atm": other}))
    await settle()
    assert run.slow.reading == [target(1)]  # and close() would refuse
    run.engine.start(target(2))
    await settle()
    assert other.reading == [target(2)]
    await run.clock.advance(10)
    assert replacing.done()
    assert run.slow.closed
    assert not other.closed
    run.engine.start(target(1, "sums"))  # still on the wheel, its probe is gone
    assert not run.busy()


async def test_closing_breaks_off_what_is_in_flight() -> None:
    run = Run()
    run.engine.start(target(1))
    await settle()
    await run.engine.close()
    assert run.slow.closed
    assert run.results == []
    assert not run.busy()
