"""Sending: what goes out when, and what is told about it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.dispatcher import Dispatcher
from support.driven_clock import DrivenClock, settle
from support.pages import page


class Gate:
    """A channel whose provider answers when the test says so."""

    address_kind = None

    def __init__(self) -> None:
        self.began: list[str] = []
        self.answers: dict[str, asyncio.Future[str]] = {}

    async def send(self, page: Page) -> str:
        self.began.append(page.step)
        self.answers[page.step] = answer = asyncio.get_running_loop().create_future()
        return str(await answer)

    async def close(self) -> None:
        pass


class Stubborn(Gate):
    """A channel that does not even end when it is cancelled."""

    async def send(self, page: Page) -> str:
        self.began.append(page.step)
        self.free = asyncio.Event()
        while not self.free.is_set():
            try:
                await self.free.wait()
            except asyncio.CancelledError:
                continue
        return "at last"


class Sending:
    """A dispatcher that runs, and what it told."""

    def __init__(self, *, concurrency: int = 8, **channels: Gate) -> None:
        self.clock = DrivenClock()
        self.told: list[Delivery] = []
        self.dispatcher = Dispatcher(
            channels,
            clock=self.clock,
            on_delivery=self.told.append,
            concurrency=concurrency,
            deadline=timedelta(seconds=30),
        )

    @property
    def outcomes(self) -> list[tuple[Outcome, str]]:
        return [(delivery.outcome, delivery.detail) for delivery in self.told]


@asynccontextmanager
async def running(sending: Sending) -> AsyncIterator[Sending]:
    task = asyncio.create_task(sending.dispatcher.run())
    try:
        yield sending
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_an_accepted_page_is_told_with_the_providers_words() -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page()])
        await settle()
        assert sending.dispatcher.busy
        sms.answers["first"].set_result("0: Accepted\r\nfor delivery")
        await settle()
        assert sending.outcomes == [(Outcome.ACCEPTED, "0: Accepted for delivery")]
        assert not sending.dispatcher.busy


@pytest.mark.parametrize(("permanent", "outcome"), [(True, Outcome.FAILED), (False, Outcome.RETRY)])
async def test_a_refusal_says_whether_trying_again_can_help(permanent: bool, outcome: Outcome) -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page()])
        await settle()
        sms.answers["first"].set_exception(DeliveryError("not now", permanent=permanent, retry_after=7))
        await settle()
        assert sending.outcomes == [(outcome, "not now")]
        assert sending.told[0].retry_after == 7


async def test_an_unexpected_error_costs_one_attempt_and_is_logged_with_its_traceback() -> None:
    sms = Gate()
    with capture_logs() as logs:
        async with running(Sending(sms=sms)) as sending:
            sending.dispatcher.submit([page(), page(cause="b", step="other")])
            await settle()
            sms.answers["first"].set_exception(KeyError("a bug"))
            sms.answers["other"].set_result("fine")
            await settle()
            assert [outcome for outcome, _ in sending.outcomes] == [Outcome.RETRY, Outcome.ACCEPTED]
            assert "KeyError" in sending.told[0].detail
    assert logs[0]["exc_info"]


async def test_a_channel_that_gives_up_by_cancelling_itself_is_tried_again() -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page()])
        await settle()
        sms.answers["first"].cancel()
        await settle()
        assert [outcome for outcome, _ in sending.outcomes] == [Outcome.RETRY]


async def test_a_hanging_send_ends_at_the_deadline_and_blocks_no_other_channel() -> None:
    sms, mail = Gate(), Gate()
    async with running(Sending(concurrency=1, sms=sms, mail=mail)) as sending:
        sending.dispatcher.submit([page(), page(cause="b", step="behind"), page(channel="mail", step="mail")])
        await settle()
        mail.answers["mail"].set_result("250 ok")
        await settle()
        assert sending.outcomes == [(Outcome.ACCEPTED, "250 ok")]
        await sending.clock.advance(29.9)
        assert sms.began == ["first"]
        await sending.clock.advance(0.2)
        assert sending.outcomes[1:] == [(Outcome.RETRY, "no answer within 30 s")]
        assert sms.began == ["first", "behind"]


async def test_a_channel_that_cannot_be_cancelled_does_not_hold_up_the_next_page() -> None:
    sms = Stubborn()
    async with running(Sending(concurrency=1, sms=sms)) as sending:
        sending.dispatcher.submit([page(), page(cause="b", step="behind")])
        await settle()
        await sending.clock.advance(31)
        assert sms.began == ["first", "behind"]
        assert [outcome for outcome, _ in sending.outcomes] == [Outcome.RETRY]
        sms.free.set()


async def test_no_more_than_the_allowed_number_are_sent_at_once() -> None:
    sms = Gate()
    async with running(Sending(concurrency=2, sms=sms)) as sending:
        sending.dispatcher.submit(page(cause=str(number), step=str(number)) for number in range(5))
        await settle()
        assert len(sms.began) == 2
        sms.answers[sms.began[0]].set_result("ok")
        await settle()
        assert len(sms.began) == 3


async def test_a_page_submitted_twice_is_sent_once() -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page(), page()])
        await settle()
        sending.dispatcher.submit([page()])
        await settle()
        assert sms.began == ["first"]
        assert sending.dispatcher.depth == 1
        sms.answers["first"].set_result("ok")
        await settle()
        sending.dispatcher.submit([page()])  # a re-send, decided after the first attempt had ended
        await settle()
        assert sms.began == ["first", "first"]


async def test_the_all_clear_waits_while_its_alarm_is_being_sent() -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page(age=60)])
        await settle()
        sending.dispatcher.submit([page(step="resolved", severity=Severity.I)])
        await settle()
        assert sms.began == ["first"]
        sms.answers["first"].set_result("ok")
        await settle()
        assert sms.began == ["first", "resolved"]


async def test_a_page_for_a_channel_that_is_gone_fails_for_good() -> None:
    async with running(Sending()) as sending:
        sending.dispatcher.submit([page(channel="fax")])
        await settle()
        assert sending.outcomes == [(Outcome.FAILED, "no channel is named fax any more")]


async def test_channels_are_replaced_once_nothing_is_sent_over_the_old_ones() -> None:
    old, new = Gate(), Gate()
    async with running(Sending(sms=old)) as sending:
        sending.dispatcher.submit([page()])
        await settle()
        replaced = asyncio.create_task(sending.dispatcher.replace({"sms": new}))
        sending.dispatcher.submit([page(cause="b", step="later")])
        await settle()
        assert (new.began, replaced.done()) == (["later"], False)
        old.answers["first"].set_result("ok")
        await settle()
        assert replaced.done()


async def test_stopping_waits_for_what_is_being_sent_and_starts_nothing_more() -> None:
    sms = Gate()
    async with running(Sending(concurrency=1, sms=sms)) as sending:
        sending.dispatcher.submit([page(), page(cause="b", step="waits")])
        await settle()
        stopped = asyncio.create_task(sending.dispatcher.stop(grace=5))
        await settle()
        sending.dispatcher.submit([page(cause="c", step="too late")])
        sms.answers["first"].set_result("ok")
        await settle()
        assert stopped.done()
        assert (sms.began, sending.outcomes, sending.dispatcher.busy) == (["first"], [(Outcome.ACCEPTED, "ok")], False)


async def test_stopping_cancels_what_is_still_being_sent_after_the_grace_and_says_that_its_fate_is_unknown() -> None:
    sms = Gate()
    async with running(Sending(sms=sms)) as sending:
        sending.dispatcher.submit([page()])
        await settle()
        stopped = asyncio.create_task(sending.dispatcher.stop(grace=5))
        await sending.clock.advance(4.9)
        assert not stopped.done()
        await sending.clock.advance(0.2)
        assert stopped.done()
        assert [outcome for outcome, _ in sending.outcomes] == [Outcome.RETRY]
        assert "nobody knows" in sending.told[0].detail
        assert sms.answers["first"].cancelled()


async def test_news_that_cannot_be_passed_on_do_not_stop_the_next_page() -> None:
    sms = Gate()

    def refuse(_delivery: Delivery) -> None:
        raise RuntimeError("the desk is gone")

    dispatcher = Dispatcher({"sms": sms}, clock=DrivenClock(), on_delivery=refuse, concurrency=1)
    task = asyncio.create_task(dispatcher.run())
    with capture_logs() as logs:
        dispatcher.submit([page(), page(cause="b", step="next")])
        await settle()
        sms.answers["first"].set_result("ok")
        await settle()
        assert sms.began == ["first", "next"]
    assert logs[0]["page"] == page().id
    task.cancel()
    await asyncio.wait({task})
