from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ebank_sentinel.demo.directory import read_directory
from ebank_sentinel.demo.folder import BANK
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import TROUBLES, ExpectedPage, expected_pages
from ebank_sentinel.demo.verdict import compare, figures

AT = datetime(2026, 12, 10, 3, 9, tzinfo=UTC)
EXPECTED = expected_pages(read_directory(BANK))


def received(page: ExpectedPage, *, after: float = 0.0) -> Received:
    return Received(
        at=AT + timedelta(seconds=after),
        to=page.to,
        channel=page.channel,
        page=str(page),
        incident=f"{page.rule}/{page.about}",
        rule=page.rule,
        severity="III",
        category="system",
        reason=page.reason,
        about=page.about,
        subject="",
        text="",
    )


def test_all_that_is_expected_and_no_other_is_no_difference() -> None:
    difference = compare(EXPECTED, [received(page) for page in reversed(EXPECTED)])
    assert not difference
    assert difference.lines() == []


def test_a_page_that_did_not_come_is_named() -> None:
    missing, *others = EXPECTED
    difference = compare(EXPECTED, [received(page) for page in others])
    assert difference.missing == (missing,)
    assert difference.lines() == [
        "expected, but did not come:",
        "  first     login-slow         login   sms   +8613800000001",
    ]


def test_a_page_that_came_twice_is_one_too_many() -> None:
    difference = compare(EXPECTED, [received(page) for page in (*EXPECTED, EXPECTED[0])])
    assert difference.surplus == (EXPECTED[0],)
    assert difference.lines()[0] == "came, but was not expected:"


def test_the_right_page_for_the_wrong_reason_is_both() -> None:
    first = EXPECTED[0]
    wrong = first._replace(reason="worse")
    difference = compare(EXPECTED, [received(page) for page in (wrong, *EXPECTED[1:])])
    assert (difference.missing, difference.surplus) == ((first,), (wrong,))


def test_the_slowest_way_is_from_the_failure_to_the_first_page_of_its_incident() -> None:
    happened = {"slow": AT, "failing": AT, "dark": AT}
    delays = {"login-slow": 4.5, "login-success-low": 6.5, "atm-dark": 5.0}
    pages = [received(page, after=delays[page.rule] + (page.channel == "mail") * 30) for page in EXPECTED]
    counted = figures(received=pages, troubles=TROUBLES, happened=happened)
    assert counted.pages == len(EXPECTED)
    assert counted.incidents == 4
    assert counted.slowest == ("login-success-low", timedelta(seconds=6.5))


def test_without_pages_there_is_no_slowest() -> None:
    assert figures(received=[], troubles=TROUBLES, happened={}).slowest is None
