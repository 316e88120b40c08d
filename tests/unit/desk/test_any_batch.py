"""A commit that fails leaves memory as it was, whatever the batch holds; and nothing of the rest is lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from structlog.testing import capture_logs

from ebank_sentinel.desk import REFUSED_PAUSE, Desk
from ebank_sentinel.errors import StoreRefused
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.placing import AFTER_PARENT
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.item import Change, Item
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.reason import Reason
from support.any_batch import END, bank, batches, empty
from support.deciding import at
from support.driven_clock import DrivenClock, eventually
from support.gated_store import GatedStore

FEW = settings(max_examples=25, deadline=None)  # each on a real store


def tables(ledger: Ledger) -> tuple[object, ...]:
    """What was decided: without leases, without the mark of what went out early, and whether it was read since."""
    pages = {key: replace(page, lease_until=None, unsaved=False) for key, page in ledger.pages.items()}
    return *without_pages(ledger), ledger.timers, pages, ledger.heartbeats


def without_pages(ledger: Ledger) -> tuple[object, ...]:
    """The same without what depends on the cut where an incident takes another one over."""
    symptoms = {key: replace(symptom, known=False) for key, symptom in ledger.symptoms.items()}
    return symptoms, ledger.incidents, ledger.kept, ledger.firings


def decided(items: Iterable[Item]) -> tuple[Ledger, bool]:
    """What a decision of these items alone, all at once, makes of nothing; whether one incident took another over."""
    ledger = empty()
    delta = decide(ledger, list(items), bank().world(), at(END)).delta()
    ledger.apply(delta)
    return ledger, any(event.reason in (Reason.WIDENED, Reason.PART_OF) for event in delta.events)


def touches_b(delta: Delta) -> bool:
    """A row for target b: of a symptom, or of an incident that began and ended in one batch."""
    ids = [*delta.symptoms, *(incident.symptom for incident in delta.incidents.values())]
    return any(symptom.key == "b" for symptom in ids)


class Trial:
    """A desk over a store of its own, at a time at which every timer of the batch is over."""

    def __init__(self, folder: str) -> None:
        self.store = GatedStore(Path(folder) / "sentinel.db")
        self.clock = DrivenClock(at(END))
        self.sent: list[Page] = []
        self.rebuilt = 0
        self.desk = Desk(
            store=self.store,
            world=bank().world,
            send=self.sent.extend,
            on_rebuilt=self._on_rebuilt,
            clock=self.clock,
            metrics=Metrics(),
        )

    def _on_rebuilt(self) -> None:
        self.rebuilt += 1

    async def decide(self, items: list[Item]) -> None:
        await self.desk.start()
        self.desk.put(*items)
        running = asyncio.create_task(self.desk.run())
        await eventually(lambda: not self.desk.busy)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def goes_on(self) -> None:
        running = asyncio.create_task(self.desk.run())
        await self.clock.advance(REFUSED_PAUSE + 1)
        await eventually(lambda: not self.desk.refusing)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@given(batches())
@FEW
def test_while_the_store_refuses_memory_holds_what_it_holds_and_nothing_is_lost(items: list[Item]) -> None:
    async def story(folder: str) -> None:
        trial = Trial(folder)
        trial.store.error = StoreRefused("the disk is full")
        await trial.decide(items)
        assert tables(trial.desk.ledger) == tables(Ledger())
        trial.store.error = None
        await trial.goes_on()
        expected, _ = decided(items)
        assert tables(trial.desk.ledger) == tables(expected)
        assert tables(await trial.store.load()) == tables(expected)
        await trial.store.inner.close()

    with tempfile.TemporaryDirectory() as folder, capture_logs():  # drawing a traceback takes longer than all else
        asyncio.run(story(folder))


@given(batches())
@FEW
def test_what_cannot_be_stored_is_set_aside_and_the_rest_is_as_if_it_had_never_been(items: list[Item]) -> None:
    async def story(folder: str) -> None:
        trial = Trial(folder)
        trial.store.chokes_on = touches_b
        await trial.decide(items)
        good = [item for item in items if not (isinstance(item, Change) and item.target.id.key == "b")]
        expected, takes_over = decided(good)
        promised = without_pages if takes_over else tables  # each item was decided by itself
        assert promised(trial.desk.ledger) == promised(expected)
        assert promised(await trial.store.load()) == promised(expected)
        stored = {page for delta in trial.store.commits for page in delta.pages}
        assert {page.id for page in trial.sent} <= stored
        await trial.store.inner.close()

    with tempfile.TemporaryDirectory() as folder, capture_logs():  # drawing a traceback takes longer than all else
        asyncio.run(story(folder))


def test_the_end_is_behind_every_timer_that_such_a_batch_can_set() -> None:
    """Else a trial that lets a second pass would run one more than the decision it is compared with."""
    latest, confirmed, silent = at(250), timedelta(minutes=1), timedelta(minutes=2)
    assert latest + AFTER_PARENT + confirmed + silent < at(END)
