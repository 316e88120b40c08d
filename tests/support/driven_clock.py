"""A clock that a test drives: what sleeps on it wakes in order, when the test says that time has passed."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
_ROUNDS = 100_000  # so many turns of the loop without rest mean that something spins


class DrivenClock:
    """A `Clock` whose time stands still until `advance`, `stall` or `step_wall` moves it."""

    def __init__(self, start: datetime = _START) -> None:
        self._wall = start  # what the wall clock says at monotonic zero
        self._monotonic = 0.0
        self._order = itertools.count()  # sleepers of one instant wake in the order in which they lay down
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._wall + timedelta(seconds=self._monotonic)

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has let so many seconds pass."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), waiting))
        await waiting

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return sum(not waiting.done() for _, _, waiting in self._sleepers)

    async def advance(self, seconds: float, *, rest: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let time pass: each sleeper wakes at its own moment, and what it starts runs before the next one wakes.

        `rest` returns when all that has run; without it, when everything waits for time, a socket or a thread.
        """
        rest = rest or settle
        end = self._monotonic + seconds
        await rest()
        while (wake := self._next_wake()) is not None and wake <= end:
            self._monotonic = max(self._monotonic, wake)
            self._wake_due()
            await rest()
        self._monotonic = end

    async def stall(self, seconds: float) -> None:
        """Let time pass in one leap, as for a stopped process: all who are due wake late, and together."""
        await settle()
        self._monotonic += seconds
        self._wake_due()
        await settle()

    def step_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as a time server does; the monotonic one does not notice."""
        self._wall += timedelta(seconds=seconds)

    def _next_wake(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():  # cancelled while asleep
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _wake_due(self) -> None:
        while (wake := self._next_wake()) is not None and wake <= self._monotonic:
            heapq.heappop(self._sleepers)[2].set_result(None)


async def settle() -> None:
    """Let everything run that can run without time passing. Sockets and threads may need `eventually`."""
    ready: object = getattr(asyncio.get_running_loop(), "_ready", None)  # what is to run next; private, but for ever
    for turn in range(_ROUNDS):
        await asyncio.sleep(0)
        if turn >= 2 and not ready:  # two turns more let a socket that is ready be polled
            return
    raise AssertionError(f"the loop did not come to rest in {_ROUNDS} turns: something spins")


async def eventually(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait in real time for what a socket or a thread brings about. Fails when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come to hold within {seconds:g} s")
        await asyncio.sleep(0.002)
