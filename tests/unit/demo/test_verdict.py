from __future__ import annotations

from datetime import datetime, timedelta

from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import (
    TECHNICAL,
    TROUBLES,
    ExpectedIncident,
    ExpectedPage,
    expected_incidents,
    expected_pages,
)
from ebank_sentinel.demo.sentinel_api import IncidentRow
from ebank_sentinel.demo.verdict import Difference, Figures, compare, compare_incidents, figures
from support.demo_bank import AT, DIRECTORY

EXPECTED = expected_pages(DIRECTORY)
INCIDENTS = expected_incidents()
NOTHING = Difference(missing=(), surplus=())


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
        f"  first     login-success-low  login       sms   {missing.to}",
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
    return figures(
        received=pages,
        difference=difference,
        expected=len(EXPECTED),
        incidents=len(INCIDENTS),
        troubles=TROUBLES,
        happened=happened,
    )


def test_the_way_to_a_page_is_from_the_failure_that_led_to_it_and_an_all_clear_has_none() -> None:
    happened = {"failing": AT, "worse": AT + timedelta(seconds=10), "dark": AT}
    delays = {"login-success-low": 6.5, "atm-dark": 5.0}
    pages = [received(page, after=delays.get(page.rule, 1) + (page.reason == "worse") * 9) for page in EXPECTED]
    told = {(row.to, row.channel): row for row in counted(pages, happened).told}
    on_call = DIRECTORY.address(TECHNICAL, "sms")
    assert [delay.total_seconds() for delay in told[on_call, "sms"].delays] == [6.5, 5.5]
    vendor = told["service@xinghe.example", "mail"]
    assert (vendor.alarms, vendor.all_clears, vendor.delays) == (1, 1, (timedelta(seconds=5),))
    assert sum(row.alarms + row.all_clears for row in told.values()) == len(EXPECTED)


def test_a_page_of_nothing_that_the_story_knows_has_no_way() -> None:
    stray = received(ExpectedPage("+8613800000008", "sms", "atm-cash-low", "A0101", "first"))
    (row,) = counted([stray], {"dark": AT}).told
    assert (row.alarms, row.delays) == (1, ())


def test_what_is_missing_and_what_is_too_many_is_counted() -> None:
    found = counted([received(page) for page in (*EXPECTED[1:], EXPECTED[2])], {})
    assert (found.expected, found.missing, found.unexpected) == (len(EXPECTED), 1, 1)


def row(expected: ExpectedIncident, into: str | None = None) -> IncidentRow:
    name, _, value = expected.about.partition("=")
    return IncidentRow.model_validate(
        {
            "id": expected.about,
            "code": "1111",
            "state": "ended",
            "rule": expected.rule,
            "target": {"probe": "@report" if expected.about == "report" else "p", "key": expected.about},
            "over": name if value else "",
            "scope": {name: value} if value else {},
            "severity": expected.severity,
            "category": expected.category,
            "since": AT,
            "ended_at": AT,
            "ended_as": "parent_down" if into else expected.end,
            "into": into,
        }
    )


def rows() -> dict[str, IncidentRow]:
    parts = {trouble.about: trouble.into or None for trouble in TROUBLES}
    return {expected.about: row(expected, parts[expected.about]) for expected in INCIDENTS}


def test_the_incidents_of_the_story_are_no_difference() -> None:
    assert not compare_incidents(NOTHING, INCIDENTS, rows())


def test_an_incident_that_is_open_in_the_end_is_a_difference() -> None:
    found = rows()
    found["sw1"] = found["sw1"].model_copy(update={"ended_at": None, "ended_as": None, "state": "open"})
    assert compare_incidents(NOTHING, INCIDENTS, found).lines() == [
        "incidents that should be, but are not:",
        "  I   switch-echo-lost   sw1         system   resolved",
        "incidents that are, but should not be:",
        "  I   switch-echo-lost   sw1         system   still open",
    ]


def test_a_region_that_stayed_an_incident_of_its_own_is_a_difference() -> None:
    found = rows()
    found["region=east"] = found["region=east"].model_copy(update={"into": None, "ended_as": "resolved"})
    difference = compare_incidents(NOTHING, INCIDENTS, found)
    assert [incident.end for incident in difference.incidents_missing] == ["part of sw1"]
    assert [incident.end for incident in difference.incidents_surplus] == ["resolved"]
