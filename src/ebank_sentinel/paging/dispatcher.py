"""Sends: pages enter that the store holds already, and for every attempt exactly one Delivery leaves.

It keeps nothing that the store does not have. A page that was waiting when the process ended is sent by
whoever claims it next.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.order import Queue
from ebank_sentinel.paging.plain import detail

CONCURRENCY: Final = 8
"""Sends at once on one channel: a text gateway that takes a second for each still passes 8 a second."""

DEADLINE: Final = timedelta(seconds=30)
"""For one whole send: longer than a slow mail server takes, shorter than the lease of a page."""


class Dispatcher:
    """Sends pages over channels, each channel at its own pace: one that hangs holds up no other."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        on_delivery: Callable[[Delivery], None],
        concurrency: int = CONCURRENCY,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._channels = dict(channels)
        self._clock = clock
        self._on_delivery = on_delivery
        self._concurrency = concurrency
        self._deadline = deadline
        self._queues: dict[str, Queue] = {}
        self._sends: set[asyncio.Task[None]] = set()
        self._abandoned: set[asyncio.Task[str]] = set()  # over their deadline and slow to end
        self._work = asyncio.Event()
        self._stopped = False
        self._log = structlog.get_logger("paging")

    @property
    def depth(self) -> int:
        """How many pages were submitted and have not ended."""
        return sum(queue.waiting + queue.out for queue in self._queues.values())

    @property
    def busy(self) -> bool:
        """Whether a page waits or is being sent."""
        return self.depth > 0

    def submit(self, pages: Iterable[Page]) -> None:
        """Take pages to send. One whose id waits or is being sent already is not taken twice."""
        if self._stopped:
            return
        for page in pages:
            self._queues.setdefault(page.channel, Queue()).add(page)
        self._work.set()

    async def run(self) -> None:
        """Send what was submitted, until cancelled; then whatever is being sent is cancelled too."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                for queue in self._queues.values():
                    self._start(queue)
        finally:
            await self.stop(grace=0)

    async def replace(self, channels: Mapping[str, Channel]) -> None:
        """Send over other channels from now on. Returns when nothing is being sent over those before."""
        self._channels = dict(channels)
        if self._sends:
            await asyncio.wait(set(self._sends))

    async def stop(self, grace: float) -> None:
        """Take nothing more, wait so many seconds for what is being sent, then cancel it."""
        self._stopped = True
        for queue in self._queues.values():
            queue.clear()
        if self._sends and grace > 0:
            await self._ended_within(set(self._sends), grace)
        for send in self._sends:
            send.cancel()
        for ending in (set(self._sends), set(self._abandoned)):
            if ending:
                await asyncio.wait(ending, timeout=1)  # what does not even end when cancelled is left behind

    def _start(self, queue: Queue) -> None:
        while not self._stopped and queue.out < self._concurrency and (page := queue.take()) is not None:
            task = asyncio.create_task(self._send(page, queue), name=f"send {page.channel} {page.id}")
            self._sends.add(task)
            task.add_done_callback(functools.partial(self._ended, page=page, queue=queue))

    def _ended(self, task: asyncio.Task[None], *, page: Page, queue: Queue) -> None:
        self._sends.discard(task)
        if task.cancelled():  # before it had begun: there was no attempt, and so there is no Delivery
            queue.done(page)

    async def _send(self, page: Page, queue: Queue) -> None:
        """One attempt, from start to its Delivery."""
        try:
            delivery = await self._attempt(page)
        except asyncio.CancelledError:
            words = "stopped while it was being sent: nobody knows whether the provider has it"
            delivery = Delivery(page=page.id, at=self._clock.now(), outcome=Outcome.RETRY, detail=words)
        queue.done(page)
        self._work.set()
        try:
            self._on_delivery(delivery)
        except Exception:  # noqa: BLE001 - the next page must go, whatever the receiver of this news does
            self._log.exception("what became of a page could not be passed on", page=page.id, channel=page.channel)

    async def _attempt(self, page: Page) -> Delivery:
        retry_after: float | None = None
        try:
            outcome, words = Outcome.ACCEPTED, await self._provider_words(page)
        except DeliveryError as error:
            outcome = Outcome.FAILED if error.permanent else Outcome.RETRY
            words, retry_after = str(error), error.retry_after
        except Exception as error:  # noqa: BLE001 - a channel's bug costs one attempt, not the page, not the others
            self._log.exception("a channel failed in a way it does not know", channel=page.channel, page=page.id)
            outcome, words = Outcome.RETRY, f"the channel failed unexpectedly ({type(error).__name__}): see the log"
        return Delivery(
            page=page.id, at=self._clock.now(), outcome=outcome, detail=detail(words), retry_after=retry_after
        )

    async def _provider_words(self, page: Page) -> str:
        channel = self._channels.get(page.channel)
        if channel is None:
            raise DeliveryError(f"no channel is named {page.channel} any more", permanent=True)
        sending = asyncio.create_task(_coroutine(channel, page), name=f"provider {page.channel} {page.id}")
        try:
            await self._ended_within({sending}, self._deadline.total_seconds())
        finally:
            if not sending.done():
                self._abandon(sending)
        if not sending.done():
            raise DeliveryError(f"no answer within {self._deadline.total_seconds():g} s", permanent=False)
        if sending.cancelled():
            raise DeliveryError("the channel gave up the attempt by itself", permanent=False)
        return sending.result()

    async def _ended_within(self, tasks: set[asyncio.Task[None]] | set[asyncio.Task[str]], seconds: float) -> None:
        """Wait for all of them, at most so long by our own clock."""
        timer = asyncio.create_task(self._clock.sleep(seconds), name="deadline")
        ended = asyncio.ensure_future(asyncio.wait(tasks))
        try:
            await asyncio.wait({timer, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            ended.cancel()

    def _abandon(self, sending: asyncio.Task[str]) -> None:
        """Cancel a send without waiting for it: a channel that ignores that must not hold up the next page."""
        self._abandoned.add(sending)
        sending.add_done_callback(self._forget)
        sending.cancel()

    def _forget(self, sending: asyncio.Task[str]) -> None:
        self._abandoned.discard(sending)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            self._log.debug("a send that was given up ended", error=type(error).__name__)


async def _coroutine(channel: Channel, page: Page) -> str:
    return await channel.send(page)
