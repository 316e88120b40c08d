"""The clock that the other tests lean on."""

from __future__ import annotations

import asyncio

from support.driven_clock import DrivenClock


async def test_sleepers_wake_in_order_at_their_own_moment() -> None:
    clock = DrivenClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper("slow", 2.5)), asyncio.create_task(sleeper("quick", 1, 1, 1))]
    await clock.advance(2)
    assert woken == [("quick", 1.0), ("quick", 2.0)]
    await clock.advance(1)
    assert woken[2:] == [("slow", 2.5), ("quick", 3.0)]
    assert all(task.done() for task in tasks)
    assert clock.monotonic() == 3


async def test_after_a_stall_all_wake_late_and_together() -> None:
    clock = DrivenClock()
    woken: list[float] = []

    async def sleeper(nap: float) -> None:
        await clock.sleep(nap)
        woken.append(clock.monotonic())

    tasks = [asyncio.create_task(sleeper(nap)) for nap in (3, 1, 2)]
    await clock.stall(60)
    assert woken == [60, 60, 60]
    assert all(task.done() for task in tasks)


async def test_a_cancelled_sleeper_holds_nobody_up() -> None:
    clock = DrivenClock()
    task = asyncio.create_task(clock.sleep(5))
    await clock.advance(1)
    assert clock.sleepers == 1
    task.cancel()
    await clock.advance(10)
    assert clock.sleepers == 0
    assert task.cancelled()


async def test_a_step_of_the_wall_clock_moves_no_interval() -> None:
    clock = DrivenClock()
    before = clock.now()
    clock.step_wall(3600)
    assert (clock.now() - before).total_seconds() == 3600
    assert clock.monotonic() == 0
