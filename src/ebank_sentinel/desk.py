"""The desk: items enter from all sides; each batch is decided, committed, and only then acted upon.

One batch is in flight; what arrives meanwhile is the next, so group commit needs no code of its own.
Memory changes after the commit and holds what the store holds. While the store refuses, nothing is
forgotten: the batch is kept and decided again and again, and pages of I to III go out from memory,
marked unsaved, under the ids that they will have when the store is back.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.errors import RequestError, StoreError, StoreRefused
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.item import Asked, Item
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.severity import Severity

_log = structlog.get_logger()

MOST_ITEMS = 500
"""So many items in a batch: more wait for the next, so that an ack is never behind 50,000 changes."""

CLAIM_EVERY = timedelta(seconds=15)
"""How often pages whose lease ran out are claimed again."""

REFUSED_PAUSE = 1.0
"""Seconds between two attempts while the store refuses."""


class Store(Protocol):
    """What the desk needs of a store. Every method may raise a StoreError."""

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
        self._kept: list[Item] = []  # of batches that the store refused
        self._unsaved: dict[str, int] = {}  # page sent from memory -> attempts that it had then
        self._callers: dict[str, asyncio.Future[Answer]] = {}
        self._later: list[tuple[datetime, str]] = []  # pages that wait for another attempt
        self._next_claim = clock.now() + CLAIM_EVERY
        self._wake = asyncio.Event()
        self._deciding = False
        self._idle = asyncio.Event()
        self._turns = self._turned_before = 0

    @property
    def refusing(self) -> bool:
        """The store refuses at present."""
        return bool(self._kept)

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
        self._plan(self.ledger.pages.values(), now)

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

    async def _turn(self) -> None:
        """One batch: decide, commit, then act."""
        batch = self._kept + self._queue[:MOST_ITEMS]
        del self._queue[:MOST_ITEMS]
        now = self._clock.now()
        # Timers run no further than what is known: an item that waits may concern them.
        until = min((item.at for item in self._queue), default=now)
        try:
            await self._decide(batch, min(now, until))
        except StoreRefused as error:
            self._keep(batch, error)
            await self._clock.sleep(REFUSED_PAUSE)
        except Exception:  # noqa: BLE001 - one bad item must not end the desk
            _log.exception("a batch failed, its items are tried one by one", items=len(batch))
            await self._one_by_one(batch, min(now, until))
        else:
            self._accepted()
            self._resend_due(now)
            await self._claim_lapsed(now)

    async def _decide(self, batch: Sequence[Item], now: datetime) -> None:
        draft = decide(self.ledger, batch, self._world(), now)
        delta = draft.delta()
        if delta:
            try:
                with self._metrics.commit.time():
                    await self._store.commit(self._marked(delta))
            except StoreRefused:
                self._send_unsaved(draft, now)
                raise
            self.ledger.apply(delta)
        self._metrics.batch_items.observe(len(batch))
        for event in delta.events:
            self._metrics.decisions.labels(event.reason.value).inc()
            _log.info("decided", reason=event.reason.value, incident=event.incident, detail=event.detail)
        for request, answer in draft.answers.items():
            self._answer(request, answer)
        self._plan(delta.pages.values(), now)

    def _marked(self, delta: Delta) -> Delta:
        """Pages that went out from memory say so in the store."""
        if not self._unsaved:
            return delta
        marked = {
            key: replace(page, unsaved=True) if key in self._unsaved else page for key, page in delta.pages.items()
        }
        return replace(delta, pages=marked)

    def _plan(self, pages: Iterable[Page], now: datetime) -> None:
        """Send what is due, remember what is due later; a page that is final lets those behind it go."""
        due: list[Page] = []
        for page in pages:
            if page.state.final:
                due += [one for one in self._same_recipient(page) if one.due <= now and not self._is_behind(one)]
            elif page.state is PageState.READY and page.due > now:
                heapq.heappush(self._later, (page.due, page.id))
            elif page.state is PageState.READY and self._unsaved.get(page.id) != page.attempts:
                due += [] if self._is_behind(page) else [page]
        self._send(due)

    def _same_recipient(self, page: Page) -> list[Page]:
        """The pages of the same cause that the same recipient is still to get on the same channel."""
        others = (self.ledger.pages[other] for other in self.ledger.pages_of.get(page.cause, ()))
        return [
            other
            for other in others
            if other.state is PageState.READY and (other.recipient, other.channel) == (page.recipient, page.channel)
        ]

    def _is_behind(self, page: Page) -> bool:
        """An all-clear never overtakes its alarm: it waits until that has been accepted, or has failed for good."""
        return any(other.created_at < page.created_at for other in self._same_recipient(page))

    def _resend_due(self, now: datetime) -> None:
        """Pages whose next attempt has come."""
        due: list[Page] = []
        while self._later and self._later[0][0] <= now:
            when, page_id = heapq.heappop(self._later)
            page = self.ledger.pages.get(page_id)
            current = page is not None and page.state is PageState.READY and page.due == when
            if page is not None and current and not self._is_behind(page):
                due.append(page)
        self._send(due)

    async def _claim_lapsed(self, now: datetime) -> None:
        """A lease that ran out is claimed again, and its page re-sent under the same id."""
        if now < self._next_claim:
            return
        self._next_claim = now + CLAIM_EVERY
        world = self._world()
        try:
            claimed = await self._store.claim(world.node, now, now + world.lease, orphaned=False)
        except StoreError as error:
            _log.warning("leases were not looked at", error=str(error))
            return
        self.ledger.apply(Delta(pages={page.id: page for page in claimed}))
        self._send([page for page in claimed if not self._is_behind(page)])

    def _keep(self, batch: Sequence[Item], error: StoreRefused) -> None:
        """The store refuses: callers are told so at once, everything else waits here."""
        if not self._kept:
            _log.error("the store refuses: pages of I to III go out unsaved, requests get 503", error=str(error))
        self._metrics.store_refusing.set(1)
        asked = [item for item in batch if isinstance(item, Asked)]
        for item in asked:
            future = self._callers.get(item.request)
            if future is not None and not future.done():
                future.set_exception(_unavailable())
        self._kept = [item for item in batch if not isinstance(item, Asked)]

    def _send_unsaved(self, draft: Draft, now: datetime) -> None:
        """Grave pages do not wait for the store: same ids, marked, and each attempt once."""
        for page in draft.pages.values():
            grave = page.severity >= Severity.III
            new = self._unsaved.get(page.id) != page.attempts
            if grave and new and page.state is PageState.READY and page.due <= now:
                self._unsaved[page.id] = page.attempts
                self._send([replace(page, unsaved=True)])

    def _accepted(self) -> None:
        """The store takes everything again."""
        if self._kept:
            _log.warning("the store is back: everything is written", pages_sent_unsaved=len(self._unsaved))
        self._kept = []
        self._unsaved.clear()
        self._metrics.store_refusing.set(0)

    async def _one_by_one(self, batch: Sequence[Item], now: datetime) -> None:
        """One bad item must not fail the rest: it is set aside and reported. Then begin anew from the store."""
        self._kept = []
        for index, item in enumerate(batch):
            try:
                await self._decide([item], now)
            except StoreRefused as error:
                self._keep(batch[index:], error)
                return
            except Exception:  # noqa: BLE001 - it is reported, the others go on
                _log.exception("an item was set aside: it could not be decided or stored", item=repr(item)[:500])
                self._metrics.items_rejected.inc()
                if isinstance(item, Asked):
                    self._answer(item.request, Answer(status=500, title="Set aside", detail="the log says why"))
        self.ledger = await self._store.load()
        self._on_rebuilt()

    def _answer(self, request: str, answer: Answer) -> None:
        future = self._callers.get(request)
        if future is not None and not future.done():
            future.set_result(answer)

    async def _wait(self) -> None:
        """Until something comes in, or something falls due."""
        if self._queue or self._kept:
            return
        due = [self._next_claim]
        if (timer := self.ledger.next_due()) is not None:
            due.append(timer)
        if self._later:
            due.append(self._later[0][0])
        seconds = (min(due) - self._clock.now()).total_seconds()
        if seconds <= 0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            woken.cancel()


def _unavailable() -> RequestError:
    return RequestError(503, "The store refuses", "nothing was changed: the store cannot be written now, try again")
