from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ebank_sentinel.demo.directory import read_directory
from ebank_sentinel.demo.folder import BANK
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import TROUBLES, ExpectedPage, expected_pages
from ebank_sentinel.demo.verdict import Figures, compare, figures

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


def counted(pages: list[Received], happened: dict[str, datetime]) -> Figures:
    difference = compare(EXPECTED, pages)
    return figures(received=pages, difference=difference, expected=len(EXPECTED), troubles=TROUBLES, happened=happened)


def test_the_way_to_a_page_is_from_the_failure_that_led_to_it_and_an_all_clear_has_none() -> None:
    happened = {"slow": AT, "failing": AT, "worse": AT + timedelta(seconds=10), "dark": AT}
    delays = {"login-slow": 4.5, "login-success-low": 6.5, "atm-dark": 5.0}
    pages = [received(page, after=delays[page.rule] + (page.reason == "worse") * 9) for page in EXPECTED]
    told = {(row.to, row.channel): row for row in counted(pages, happened).told}
    assert [delay.total_seconds() for delay in told["+8613800000001", "sms"].delays] == [4.5, 6.5, 5.5]
    assert (told["+8613800000001", "sms"].alarms, told["+8613800000001", "sms"].all_clears) == (3, 2)
    assert sum(row.alarms + row.all_clears for row in told.values()) == len(EXPECTED)


def test_a_page_of_nothing_that_the_story_knows_has_no_way() -> None:
    stray = received(ExpectedPage("+8613800000008", "sms", "atm-cash-low", "A0101", "first"))
    (row,) = counted([stray], {"slow": AT}).told
    assert (row.alarms, row.delays) == (1, ())


def test_what_is_missing_and_what_is_too_many_is_counted() -> None:
    found = counted([received(page) for page in (*EXPECTED[1:], EXPECTED[2])], {})
    assert (found.expected, found.missing, found.unexpected) == (31, 1, 1)
