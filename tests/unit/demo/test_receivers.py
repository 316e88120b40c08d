from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ebank_sentinel.demo.receivers import Arrival, Inbox
from ebank_sentinel.demo.sentinel_api import IncidentRow, PageRow, TargetRow

AT = datetime(2026, 12, 10, 3, 9, tzinfo=UTC)
INCIDENT = IncidentRow(
    id="i1",
    code="4821",
    state="open",
    rule="atm-dark",
    target=TargetRow(probe="atm", key="A0701"),
    labels={"terminal": "A0701", "branch": "1007"},
    severity="IV",
    category="device",
    since=AT,
)
TEXT = "【示例银行】四级 ATM失联 03:09起 码4821"
PAGE = PageRow(
    id="p1",
    incident="i1",
    code="4821",
    rule="atm-dark",
    severity="IV",
    category="device",
    reason="first",
    recipient="liu.gong",
    address="+8613800000006",
    channel="sms",
    text=TEXT,
)
SMS = Arrival(at=AT, channel="sms", address="+8613800000006", text=TEXT)
KNOWN = {"i1": INCIDENT}


def test_a_text_message_is_known_by_channel_number_and_text() -> None:
    inbox = Inbox()
    inbox.arrive(SMS)
    (page,) = inbox.settle([PAGE], KNOWN)
    assert (page.rule, page.about, page.reason, page.severity) == ("atm-dark", "A0701", "first", "IV")
    assert page.line() == {
        "at": "2026-12-10T03:09:00.000+00:00",
        "to": "+8613800000006",
        "channel": "sms",
        "incident": "i1",
        "rule": "atm-dark",
        "severity": "IV",
        "category": "device",
        "reason": "first",
        "text": TEXT,
    }


def test_an_arrival_waits_until_the_daemon_lists_its_page_and_its_incident() -> None:
    inbox = Inbox()
    inbox.arrive(SMS)
    assert inbox.settle([], {}) == []
    assert inbox.settle([PAGE], {}) == []
    assert inbox.waiting == 1
    assert len(inbox.settle([PAGE], KNOWN)) == 1
    assert inbox.waiting == 0


def test_a_page_that_is_sent_again_counts_once() -> None:
    inbox = Inbox()
    inbox.arrive(SMS)
    inbox.arrive(replace(SMS, at=AT.replace(minute=10)))
    assert [page.at for page in inbox.settle([PAGE], KNOWN)] == [AT]
    inbox.arrive(SMS)
    assert inbox.settle([PAGE], KNOWN) == []
    assert inbox.repeats == 2


def test_two_pages_of_one_text_are_two() -> None:
    inbox = Inbox()
    inbox.arrive(SMS)
    inbox.arrive(SMS)
    twin = PAGE.model_copy(update={"id": "p2", "reason": "worse"})
    assert [page.page for page in inbox.settle([PAGE, twin], KNOWN)] == ["p1", "p2"]


def test_the_same_text_to_another_number_is_another_page() -> None:
    inbox = Inbox()
    inbox.arrive(replace(SMS, address="+8613800000001"))
    assert inbox.settle([PAGE], KNOWN) == []


def test_a_webhook_says_itself_what_it_is() -> None:
    inbox = Inbox()
    says = {"incident": "i1", "rule": "said-on-the-wire", "severity": "II", "category": "device", "reason": "worse"}
    inbox.arrive(Arrival(at=AT, channel="hook", address="hook", text=TEXT, page="p1", says=says))
    (page,) = inbox.settle([PAGE], KNOWN)
    assert (page.rule, page.severity, page.reason) == ("said-on-the-wire", "II", "worse")


def test_what_the_daemon_knows_nothing_of_is_told_in_the_end() -> None:
    inbox = Inbox()
    inbox.arrive(replace(SMS, text="from somebody else"))
    inbox.settle([PAGE], KNOWN)
    (page,) = inbox.give_up()
    assert (page.text, page.rule, page.about, page.page) == ("from somebody else", "", "?", "")
    assert inbox.give_up() == []
