"""What rules say of alerts and reports."""

from __future__ import annotations

import pytest

from ebank_sentinel.model.item import RuleTruth
from ebank_sentinel.rules.matchers import parse_matchers
from ebank_sentinel.rules.told import Told, ToldRule

YES, NO = RuleTruth(True, True, ()), RuleTruth(True, False, ())
TOLD = Told(
    alerts=(
        ToldRule(rule="pay", rows=0, matchers=parse_matchers('team="pay"')),
        ToldRule(rule="critical", rows=0, matchers=parse_matchers('severity="critical"')),
        ToldRule(rule="other", rows=0),
    ),
    reports=(
        ToldRule(rule="phishing", rows=0, types=frozenset({"phishing", "smishing"})),
        ToldRule(rule="theft", rows=0, types=frozenset({"theft"})),
        ToldRule(rule="strange", rows=0),
    ),
)


@pytest.mark.parametrize(
    ("labels", "holding"),
    [
        ({"team": "pay"}, {"pay"}),
        ({"team": "pay", "severity": "critical"}, {"pay", "critical"}),
        ({"team": "web"}, {"other"}),
        ({}, {"other"}),
    ],
)
def test_every_rule_on_alerts_answers_and_what_nobody_takes_goes_to_the_unmatched(
    labels: dict[str, str], holding: set[str]
) -> None:
    truths = TOLD.alert(labels)
    assert truths == {rule: YES if rule in holding else NO for rule in ("pay", "critical", "other")}


@pytest.mark.parametrize(
    ("kind", "holding"), [("smishing", "phishing"), ("theft", "theft"), ("flood", "strange"), ("", "strange")]
)
def test_every_rule_on_reports_answers(kind: str, holding: str) -> None:
    truths = TOLD.report(kind)
    assert truths == {rule: YES if rule == holding else NO for rule in ("phishing", "theft", "strange")}


def test_the_rows_of_a_rule_hold_as_it_does() -> None:
    told = Told(alerts=(ToldRule(rule="pay", rows=2, matchers=parse_matchers("team=pay")),))
    assert told.alert({"team": "pay"})["pay"].rows == (True, True)
    assert told.alert({"team": "web"})["pay"].rows == (False, False)


def test_without_rules_nothing_is_said() -> None:
    assert (Told().alert({"a": "b"}), Told().report("theft")) == ({}, {})


def test_the_types_that_rules_know_are_listed() -> None:
    assert TOLD.types == ("phishing", "smishing", "theft")
