"""What `make mutate` changes of a rule: each thing that decides, and nothing that would mean the same."""

from __future__ import annotations

from typing import Any

from ebank_sentinel.rules.settings import RuleSettings
from support.mutations import Bank, mutants_of

BANK = Bank(groups=["technical", "logistics", "command"], levels=["terminal", "branch", "region", "fleet"])
PLAIN = {"id": "x", "title": "x", "category": "system", "severity": "III", "groups": ["technical"]}
ALWAYS = {"severity: III -> II", "groups: technical -> logistics"}


def changes(**keys: Any) -> set[str]:
    """Every change as `path: words`, without those of the plain rule."""
    rule = RuleSettings.model_validate({**PLAIN, **keys})
    return {f"{'.'.join(map(str, one.path))}: {one.words}" for one in mutants_of(rule, BANK)} - ALWAYS


def test_a_plain_rule_has_its_severity_and_its_group() -> None:
    rule = RuleSettings.model_validate(PLAIN)

    assert {f"{one.path[0]}: {one.words}" for one in mutants_of(rule, BANK)} == ALWAYS


def test_each_number_of_a_condition_goes_both_ways() -> None:
    found = changes(watch="p", when='rate < 0.95 and n >= 200 and label.名 == "7"', where="label.x == 3")

    assert found == {
        "when: 0.95 -> 0.925",
        "when: 0.95 -> 0.975",
        "when: 200 -> 180",
        "when: 200 -> 220",
        "where: 3 -> 2",
        "where: 3 -> 4",
    }


def test_the_text_around_a_number_stays_as_it_is() -> None:
    rule = RuleSettings.model_validate({**PLAIN, "watch": "p", "when": '名称 == "一二" and n > 10'})

    whens = {one.settings.when for one in mutants_of(rule, BANK) if one.path == ("when",)}

    assert whens == {'名称 == "一二" and n > 9', '名称 == "一二" and n > 11'}


def test_holds_and_counts_go_both_ways() -> None:
    assert changes(watch="p", when="no_data", **{"for": "4m"}, count=3, within="1h") == {
        "for: 4m -> 3m",
        "for: 4m -> 5m",
        "count: 3 -> 2",
        "count: 3 -> 4",
        "within: 1h -> 45m",
        "within: 1h -> 1h15m",
    }


def test_each_group_is_left_out_once_and_the_owner_changes() -> None:
    assert changes(groups=["technical", "command"], tell=["logistics"]) == {
        "groups: without technical",
        "groups: without command",
        "groups: command first",
        "tell: without logistics",
    }


def test_a_width_changes_in_each_of_its_parts() -> None:
    row = {"over": "region", "share": "20%", "at_least": 5, "spread": {"branch": 3}, "within": "10m", "severity": "II"}

    assert changes(watch="p", when="up", widens=[row]) == {
        "widens.0.severity: II -> I",
        "widens.0.share: 20.0% -> 10.0%",
        "widens.0.share: 20.0% -> 30.0%",
        "widens.0.at_least: 5 -> 4",
        "widens.0.at_least: 5 -> 6",
        "widens.0.spread: branch 3 -> 2",
        "widens.0.spread: branch 3 -> 4",
        "widens.0.within: 10m -> 7m30s",
        "widens.0.within: 10m -> 12m30s",
        "widens.0.over: region -> branch",
        "widens.0.over: region -> fleet",
    }


def test_what_means_the_same_is_left_out() -> None:
    """Three branches are three machines at least; a row that comes later adds its groups to those that are there."""
    wide = {"over": "region", "at_least": 3, "spread": {"branch": 3}, "severity": "II"}
    later = {"for": "2h", "groups": ["technical", "command"]}

    assert "widens.0.at_least: 3 -> 2" not in changes(watch="p", when="up", widens=[wide])
    assert {one for one in changes(watch="p", when="up", worse=[later]) if "groups" in one} == {
        "worse.0.groups: without command"
    }


def test_a_severity_that_an_alert_brings_changes_for_each_value() -> None:
    severity = {"label": "severity", "critical": "II", "else": "IV"}
    rule = RuleSettings.model_validate({**PLAIN, "watch": {"alert": 'a="b"'}, "severity": severity})

    found = {".".join(map(str, one.path)): one.words for one in mutants_of(rule, BANK) if one.path[0] == "severity"}

    assert found == {"severity.critical": "II -> I", "severity.else": "IV -> III"}
