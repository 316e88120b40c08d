"""The one decision: a ledger, a batch of items and `now` enter; what changes, and the answers, leave.

Items are taken in the order of their own time, and a timer that falls due between two of them runs
between them. So neither the order inside a batch nor how batches are cut changes the outcome.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ebank_sentinel.incidents import notices, outbox, people, placing, setback, symptoms, told, widening
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.item import (
    Acknowledge,
    Announcement,
    Change,
    Delivered,
    End,
    Heartbeat,
    Item,
    Pushed,
    Reloaded,
    SetBack,
    TestPage,
)
from ebank_sentinel.model.ledger import Ledger, Timer, TimerKind


def decide(ledger: Ledger, batch: Collection[Item], world: World, now: datetime) -> Draft:
    """Everything that the batch and the timers due by `now` change. Never touches the ledger."""
    draft = Draft(ledger)
    draft.begin(now)
    for item in sorted(batch, key=_order):
        _run_timers(draft, world, item.at, now)
        _take(draft, world, item, now)
    _run_timers(draft, world, now, now)
    return draft


def _order(item: Item) -> tuple[datetime, int, tuple[str, ...], int]:  # noqa: PLR0911 - one case an item
    """By time; then by kind, subject and arrival, so that the order is total."""
    match item:
        case SetBack():
            return item.at, -1, (), 0
        case Reloaded():
            return item.at, 0, (), 0
        case Change(target=target, seq=seq):
            return item.at, 1, target.id, seq
        case Heartbeat(target=target, request=request):
            return item.at, 2, (*target, request), 0
        case Pushed(request=request):
            return item.at, 1, (request,), 0
        case Acknowledge(request=request) | End(request=request):
            return item.at, 3, (request,), 0
        case Delivered(delivery=delivery):
            return item.at, 4, (delivery.page, delivery.outcome, delivery.detail), 0
        case TestPage(request=request) | Announcement(request=request):
            return item.at, 5, (request,), 0


def _take(draft: Draft, world: World, item: Item, now: datetime) -> None:  # noqa: C901 - one case an item
    match item:
        case Change():
            symptoms.on_change(draft, world, item, now)
        case Delivered():
            outbox.on_delivered(draft, world, item, now)
        case Pushed():
            told.on_pushed(draft, world, item, now)
        case End():
            told.on_end(draft, world, item, now)
        case Acknowledge():
            people.on_acknowledge(draft, world, item)
        case Heartbeat():
            people.on_heartbeat(draft, item)
        case TestPage():
            notices.on_test_page(draft, world, item, now)
        case Announcement():
            notices.on_announcement(draft, world, item, now)
        case SetBack():
            setback.on_set_back(draft, item)
        case Reloaded():
            symptoms.on_reloaded(draft, world, item, now)


def _run_timers(draft: Draft, world: World, until: datetime, now: datetime) -> None:
    for timer in draft.take_due(min(until, now)):
        _TIMERS[timer.id.kind](draft, world, timer, now)


def _forget(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """Its time to come back is over: without the timer the ledger keeps it no longer."""


_TIMERS = {
    TimerKind.HOLD: symptoms.on_hold,
    TimerKind.CLEAR: symptoms.on_clear,
    TimerKind.NEXT_CHANNEL: outbox.on_silent_channel,
    TimerKind.DIGEST: outbox.on_digest,
    TimerKind.UNTIL: told.on_until,
    TimerKind.WIDTH: widening.on_width,
    TimerKind.NARROW: placing.on_narrow,
    TimerKind.STAND: placing.on_stand,
    TimerKind.FORGET: _forget,
}
