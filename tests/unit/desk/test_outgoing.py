"""Which page may go: the order at one recipient, whatever the wall clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ebank_sentinel.desk.outgoing import Outgoing
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.reason import Reason
from support.driven_clock import DrivenClock
from support.pages import page


def test_an_all_clear_stays_behind_its_alarm_when_the_wall_clock_was_set_back() -> None:
    alarm = page(step="first")
    earlier = alarm.created_at - timedelta(minutes=10)
    clear = replace(page(step="resolved"), reason=Reason.RESOLVED, created_at=earlier)
    ledger = Ledger()
    ledger.apply(Delta(pages={alarm.id: alarm, clear.id: clear}))
    outgoing = Outgoing(lambda: ledger, DrivenClock())
    now = alarm.created_at + timedelta(seconds=1)
    assert outgoing.due([alarm, clear], now) == [alarm]
    accepted = replace(alarm, state=PageState.ACCEPTED)
    ledger.apply(Delta(pages={alarm.id: accepted}))
    assert outgoing.due([accepted], now) == [clear]
