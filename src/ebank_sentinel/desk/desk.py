"""The desk: items enter from all sides; each batch is decided, committed, and only then acted upon.

One batch is in flight; what arrives meanwhile is the next, so group commit needs no code of its own.
Memory (`ledger`) changes after the commit and holds what the store holds. While the store refuses, deciding
goes on upon a copy: callers get 503, pages of I to III go out marked unsaved, and everything that was
decided is written, as it was decided, as soon as the store takes it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.desk.ahead import Ahead, merged
from ebank_sentinel.desk.outgoing import Outgoing
from ebank_sentinel.errors import RequestError, StoreDamaged, StoreError, StoreLost, StoreRefused
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.incidents.world import World
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.incident import Event
from ebank_sentinel.model.item import Asked, Delivered, Item
from ebank_sentinel.model.ledger import Delta, Ledger, Timer
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity

_log = structlog.get_logger()

MOST_ITEMS = 500
"""So many items in a batch: more wait for the next, so that an ack is never behind 50,000 changes."""

MOST_LINES = 50
"""So many lines of one decision are logged one by one: a storm must not fill the journal."""

CLAIM_EVERY = timedelta(seconds=15)
"""How often pages whose lease ran out are claimed again."""

REFUSED_PAUSE = 1.0
"""Seconds between two attempts to write while the store refuses."""

POSTPONED = timedelta(minutes=1)
"""A timer that cannot be decided is tried again after so long: it must not take the others down with it."""


class Store(Protocol):
    """What the desk needs of a store. Every method may raise a StoreError, or StoreLost, which ends the desk."""

    async def load(self) -> Ledger:
        """Everything that is open."""
        ...

    async def commit(self, delta: Delta) -> None:
        """One transaction, durable when this returns."""
        ...

    async def claim(self, node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
        """Lease to `node` what nobody alive has leased: compare-and-set."""
        ...


class Desk:
    """Owns the ledger. Nothing else changes it, and it changes only by what was committed."""

    def __init__(
        self,
        *,
        store: Store,
        world: Callable[[], World],
        send: Callable[[Iterable[Page]], None],
        on_rebuilt: Callable[[], None],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.ledger = Ledger()
        self._store = store
        self._world = world
        self._send = send
        self._on_rebuilt = on_rebuilt  # the ledger came from the store anew: masks must be forgotten
        self._clock = clock
        self._metrics = metrics
        self._queue: list[Item] = []
        self._ahead: Ahead | None = None  # only while the store refuses
        self._callers: dict[str, asyncio.Future[Answer]] = {}
        self._outgoing = Outgoing(lambda: self.newest, clock)
        self._next_claim = clock.monotonic() + CLAIM_EVERY.total_seconds()
        self._wake = asyncio.Event()
        self._deciding = False
        self._idle = asyncio.Event()
        self._turns = self._turned_before = 0

    @property
    def refusing(self) -> bool:
        """The store refuses at present."""
        return self._ahead is not None

    @property
    def busy(self) -> bool:
        """Something waits to be decided, or is being committed."""
        return self._deciding or bool(self._queue)

    def progresses(self) -> bool:
        """Whether anything was decided since the last time that this was asked, or nothing waits."""
        turned, self._turned_before = self._turns != self._turned_before, self._turns
        return turned or not self.busy

    async def settle(self) -> None:
        """Return once nothing waits to be decided."""
        while self.busy:
            self._idle.clear()
            await self._idle.wait()

    async def start(self) -> None:
        """Take over what an earlier process left: its state, and the pages that it had leased."""
        now, world = self._clock.now(), self._world()
        await self._store.claim(world.node, now, now + world.lease, orphaned=True)
        self.ledger = await self._store.load()
        self._release(self._outgoing.due(self.ledger.pages.values(), now))

    def put(self, *items: Item) -> None:
        """Hand in what happened; returns at once."""
        if items:
            self._queue.extend(items)
            self._wake.set()

    async def ask(self, item: Asked) -> Answer:
        """Hand in a request, and wait until its answer is safe. Raises RequestError 503 while the store refuses."""
        if self.refusing:
            raise _unavailable()
        future = asyncio.get_running_loop().create_future()
        self._callers[item.request] = future
        self.put(item)
        try:
            answer: Answer = await future
        finally:
            self._callers.pop(item.request, None)
        return answer

    async def run(self) -> None:
        """Decide batch after batch, until cancelled."""
        try:
            while True:
                await self._wait()
                self._wake.clear()
                self._deciding = True
                try:
                    await self._turn()
                finally:
                    self._deciding = False
                    self._turns += 1
                    self._idle.set()
        finally:
            for future in self._callers.values():
                if not future.done():
                    future.set_exception(RequestError(503, "Stopping", "it is not known whether this was done"))

    async def _turn(self) -> None:
        """One batch: decide, commit, then act; then whatever else has fallen due."""
        now = self._clock.now()
        timers = self.newest.due(now, MOST_ITEMS + 1)
        if len(timers) <= MOST_ITEMS:
            batch = self._queue[:MOST_ITEMS]
            del self._queue[:MOST_ITEMS]
        else:  # so many timers are due that they are taken in parts, and with each part what happened before its end
            now = timers[-1].due
            batch = [item for item in self._queue if item.at <= now][:MOST_ITEMS]
            chosen = {id(item) for item in batch}
            self._queue = [item for item in self._queue if id(item) not in chosen]
        # Timers run no further than what is known: an item that waits may concern them.
        until = min((item.at for item in self._queue), default=now)
        if not await self._attempt(batch, min(now, until)):
            await self._one_by_one(batch, min(now, until))
        await self._catch_up()
        self._release(self._outgoing.due_again())
        await self._claim_lapsed()

    # -- decide and commit ------------------------------------------------------------------------

    async def _attempt(self, batch: Sequence[Item], now: datetime, only: Timer | None = None) -> bool:
        """Decide, commit, act. False: it failed for a reason of its own, and nothing was changed."""
        if self.refusing:
            batch = [item for item in batch if not self._turned_away(item)]
        try:
            await self._decide(batch, now, only)
        except (StoreRefused, StoreDamaged) as error:
            self._go_ahead(error)
            return await self._attempt(batch, now, only)
        except StoreLost:
            raise  # another process may decide too: this one must end, and nothing is set aside
        except Exception:  # noqa: BLE001 - one bad item must not end the desk
            _log.exception("could not be decided or stored", items=[repr(item)[:200] for item in batch[:3]])
            return False
        return True

    async def _decide(self, batch: Sequence[Item], now: datetime, only: Timer | None) -> None:
        world = self._world()
        ledger = self.newest if only is None else self.newest.with_only(only)
        ledger.count_by(world.relations.counted)
        draft = decide(ledger, batch, world, now)
        delta = draft.delta()
        if delta:
            await self._write(delta)
        self._metrics.batch_items.observe(len(batch))
        for event in delta.events:
            self._metrics.decisions.labels(event.reason.value).inc()
        for event in delta.events[:MOST_LINES]:
            _log.info("decided", reason=event.reason.value, incident=event.incident, detail=event.detail)
        if len(delta.events) > MOST_LINES:
            rest = Counter(event.reason.value for event in delta.events[MOST_LINES:])
            _log.info("decided more: each is in the history of its incident", **rest)
        for request, answer in draft.answers.items():
            self._answer(request, answer)
        self._release(self._outgoing.due(delta.pages.values(), now))

    async def _write(self, delta: Delta) -> None:
        """To the store, and only then to memory; while the store refuses, to the copy."""
        if self._ahead is not None:
            self._ahead.add(delta)
            return
        if delta.lasting:
            with self._metrics.commit.time():
                await self._store.commit(delta)
        self.ledger.apply(delta)

    @property
    def newest(self) -> Ledger:
        """What the next decision looks at: `ledger`, or the copy that goes on while the store refuses."""
        return self.ledger if self._ahead is None else self._ahead.ledger

    async def _one_by_one(self, batch: Sequence[Item], now: datetime) -> None:
        """One bad item must not fail the rest: it is set aside and reported. Then begin anew from the store.

        In the order of their time, each after the timers that fell due before it.
        """
        for item in [*sorted(batch, key=lambda item: item.at), None]:
            at = now if item is None else min(item.at, now)
            if not await self._attempt([], at):
                await self._timers_one_by_one(at)
            if item is not None and not await self._attempt([item], at):
                _log.error("an item was set aside", item=repr(item)[:500])
                self._metrics.items_rejected.inc()
                if isinstance(item, Asked):
                    self._answer(item.request, Answer(status=500, title="Set aside", detail="the log says why"))
        if self.refusing:
            return  # what memory holds is all that there is now
        try:
            self.ledger = await self._store.load()
        except StoreError as error:
            _log.error("the ledger could not be read anew: memory goes on as it is", error=str(error))
        else:
            self._on_rebuilt()

    async def _timers_one_by_one(self, now: datetime) -> None:
        """A timer that cannot be decided is postponed, so that the others run."""
        for timer in self.newest.due(now):
            if not await self._attempt([], now, timer):
                _log.error("a timer was postponed", timer=repr(timer.id)[:500])
                self._metrics.items_rejected.inc()
                later = Delta(timers={timer.id: replace(timer, due=now + POSTPONED)})
                try:
                    await self._write(later)
                except StoreError:
                    self.newest.apply(later)

    def _answer(self, request: str, answer: Answer) -> None:
        future = self._callers.get(request)
        if future is not None and not future.done():
            future.set_result(answer)

    # -- while the store refuses ------------------------------------------------------------------

    def _go_ahead(self, error: StoreError) -> None:
        """The store refuses: from here on a copy of the ledger moves on."""
        _log.error("the store refuses: pages of I to III go out unsaved, requests get 503", error=str(error))
        self._metrics.store_refusing.set(1)
        event = Event(at=self._clock.now(), incident=None, reason=Reason.UNSAVED, detail=str(error))
        self._ahead = Ahead(self.ledger, self._clock.monotonic() + REFUSED_PAUSE)
        self._ahead.add(Delta(events=(event,)))

    def _turned_away(self, item: Item) -> bool:
        """Whether it is a request: its caller is told at once that it was not done."""
        future = self._callers.get(item.request) if isinstance(item, Asked) else None
        if future is not None and not future.done():
            future.set_exception(_unavailable())
        return future is not None

    async def _catch_up(self) -> None:
        """Try to write what was decided meanwhile; when the store takes it, memory moves on to the copy."""
        ahead = self._ahead
        if ahead is None or self._clock.monotonic() < ahead.next_attempt:
            return
        try:
            await self._store.commit(merged(ahead.unwritten))
        except (StoreRefused, StoreDamaged):
            ahead.next_attempt = self._clock.monotonic() + REFUSED_PAUSE
            return
        except StoreError:
            _log.exception("what was decided meanwhile cannot be written at once: it is written part by part")
            if not await self._write_parts(ahead):
                return
        self.ledger, self._ahead = ahead.ledger, None
        self._metrics.store_refusing.set(0)
        _log.warning("the store is back, everything is written", decisions=len(ahead.unwritten))
        pages = [self.ledger.pages[page_id] for page_id in ahead.withheld if page_id in self.ledger.pages]
        self._release(self._outgoing.due(pages, self._clock.now()))

    async def _write_parts(self, ahead: Ahead) -> bool:
        """One after the other; a part that cannot be written is set aside and reported. False: it refuses again."""
        while ahead.unwritten:
            try:
                await self._store.commit(ahead.unwritten[0])
            except (StoreRefused, StoreDamaged):
                ahead.next_attempt = self._clock.monotonic() + REFUSED_PAUSE
                return False
            except StoreError:
                _log.exception("a decision was set aside: it cannot be stored")
                self._metrics.items_rejected.inc()
            del ahead.unwritten[0]
        return True

    # -- pages ------------------------------------------------------------------------------------

    def _release(self, pages: Sequence[Page]) -> None:
        """Send. While the store refuses, only what is grave, and marked: the rest goes once it is written."""
        if self._ahead is not None:
            self._ahead.withheld += [page.id for page in pages if page.severity < Severity.III]
            pages = [replace(page, unsaved=True) for page in pages if page.severity >= Severity.III]
            self._ahead.add(Delta(pages={page.id: page for page in pages}))
        if pages:
            self._send(pages)

    async def _claim_lapsed(self) -> None:
        """A lease that ran out is claimed again, and its page re-sent under the same id."""
        if self.refusing or self._clock.monotonic() < self._next_claim:
            return
        self._next_claim = self._clock.monotonic() + CLAIM_EVERY.total_seconds()
        now, world = self._clock.now(), self._world()
        try:
            claimed = await self._store.claim(world.node, now, now + world.lease, orphaned=False)
        except StoreError as error:
            _log.warning("leases were not looked at", error=str(error))
            return
        self.ledger.apply(Delta(pages={page.id: page for page in claimed}))
        # Of some the last attempt has ended, and waits to be decided: they are not sent for nothing.
        ended = {item.delivery.page for item in self._queue if isinstance(item, Delivered)}
        self._release(self._outgoing.due([page for page in claimed if page.id not in ended], now))

    # -- waiting ----------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until something comes in, or something falls due."""
        if self._queue:
            return
        moment = self._clock.monotonic()
        waits = []
        if (attempt := self._outgoing.next_attempt()) is not None:
            waits.append(attempt - moment)
        waits.append((self._next_claim if self._ahead is None else self._ahead.next_attempt) - moment)
        if (timer := self.newest.next_due()) is not None:
            waits.append((timer - self._clock.now()).total_seconds())
        if min(waits) <= 0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(min(waits)))
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            woken.cancel()


def _unavailable() -> RequestError:
    return RequestError(503, "The store refuses", "nothing was changed: the store cannot be written now, try again")
