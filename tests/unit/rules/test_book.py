# ruff: noqa: E501 - a message stands in one piece, so that it can be searched for
"""Rules as they are written against the probes that there are: what they become, and each mistake at its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ebank_sentinel.errors import Problem
from ebank_sentinel.model.rule import Meaning, Row
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.rules.book import RuleBook, Watchable, Written, build
from ebank_sentinel.rules.settings import RuleSettings
from support.asking import TIMES, reading

PROBES = {
    "login": Watchable(
        every=timedelta(seconds=15), fields={"up": bool, "error": str, "rate": float}, labels={"service", "branch"}
    ),
    "atm": Watchable(every=timedelta(seconds=30), fields={"up": bool, "error": str}, body=True, labels={"branch"}),
    "series": Watchable(every=timedelta(seconds=30), fields={"up": bool, "value": float}, labels=None),
}
PLAIN: dict[str, Any] = {
    "id": "low",
    "title": "Logins failing",
    "watch": "login",
    "when": "rate < 0.95",
    "category": "system",
    "severity": "III",
    "groups": ["technical"],
}


def written(**changed: Any) -> Written:
    """A rule as a file has it; None takes a key away."""
    data = {key: value for key, value in {**PLAIN, **changed}.items() if value is not None}

    def locate(path: Sequence[str | int], reason: str) -> Problem:
        return Problem(file="a.yaml", line=3, column=5, key=".".join(map(str, path)), reason=reason)

    return Written(settings=RuleSettings.model_validate(data), locate=locate, checks={(): ("look",)})


def book(**changed: Any) -> RuleBook:
    built, problems = build([written(**changed)], PROBES, TIMES, place="{branch_name}")
    assert problems == []
    return built


def complaints(*rules: Written) -> list[str]:
    return [f"{problem.key}: {problem.reason}" for problem in build(rules, PROBES, TIMES)[1]]


class TestWhatARuleBecomes:
    def test_what_is_not_said_has_a_plain_meaning(self) -> None:
        rule = book().rules["low"]
        assert (rule.hold, rule.clear_after) == (timedelta(), timedelta(seconds=30))
        assert (rule.severity, rule.flags, rule.tell, rule.rows) == (Severity.III, frozenset(), (), ())
        assert (rule.place, rule.words.first_checks, rule.condition) == ("{branch_name}", ("look",), "rate < 0.95")
        assert rule.words.title == {"": "Logins failing"}

    def test_a_row_says_only_what_it_changes(self) -> None:
        rule = book(
            worse=[{"when": "rate < 0.8", "for": "2m", "severity": "II", "flags": ["outage"]}, {"for": "2h", "severity": "up"}]
        ).rules["low"]  # fmt: skip
        assert rule.rows == (
            Row(hold=timedelta(minutes=2), meaning=Meaning(severity=Severity.II, flags=frozenset({"outage"}))),
            Row(hold=timedelta(hours=2), meaning=Meaning(severity_up=True)),
        )

    def test_an_empty_list_takes_groups_away_and_none_keeps_them(self) -> None:
        rows = (
            book(worse=[{"for": "1h", "severity": "II", "tell": []}, {"for": "2h", "groups": ["vendor"]}])
            .rules["low"]
            .rows
        )
        assert [(row.meaning.groups, row.meaning.tell) for row in rows] == [(None, ()), (("vendor",), None)]

    def test_no_data_is_a_rule_of_its_own_kind(self) -> None:
        built = book(when="no_data", worse=[{"for": "1h", "severity": "up"}])
        assert built.rules["low"].no_data
        watch = built.watches["login"]
        truth = watch.truths(watch.mask_without_data(reading(), frozenset()))["low"]
        assert (truth.holds, truth.rows) == (True, (True,))

    def test_a_condition_over_lines_is_shown_on_one(self) -> None:
        assert book(when="rate < 0.95\n  and up").rules["low"].condition == "rate < 0.95 and up"

    def test_rules_of_one_probe_share_one_watch(self) -> None:
        built, _ = build([written(), written(id="down", when="not up"), written(id="dark", watch="atm", when="not up")], PROBES, TIMES)  # fmt: skip
        assert {probe: watch.rules for probe, watch in built.watches.items()} == {
            "login": ("low", "down"),
            "atm": ("dark",),
        }


class TestMistakes:
    @pytest.mark.parametrize(
        ("changed", "complaint"),
        [
            ({"when": "rat < 1"}, "when: there is no field 'rat'; did you mean 'rate'?; a label is written label.rat (column 1 of the condition)"),
            ({"when": "body.x > 1"}, 'when: this probe keeps no body: give it `read: "*"` (column 1 of the condition)'),
            ({"where": "rate < 1"}, "where: 'rate' is of the reading: `where` speaks of labels and times alone (column 1 of the condition)"),
            ({"when": "now in nigth"}, "when: there is no time named 'nigth'; did you mean 'night'? (column 8 of the condition)"),
            ({"worse": [{"when": "rate", "severity": "II"}]}, "worse.0.when: a condition must be true or false: compare it with something (column 1 of the condition)"),
            ({"worse": [{"severity": "II"}]}, "worse.0: a row needs `when`, `for` or `count`: as it stands it holds whenever the rule does"),
            ({"worse": [{"for": "2h"}]}, "worse.0: a row that changes nothing: give it severity, category, flags, groups, tell or a text"),
            ({"worse": [{"for": "2h", "groups": []}]}, "worse.0: a row that changes nothing: give it severity, category, flags, groups, tell or a text"),
            ({"when": "no_data", "worse": [{"when": "rate < 1", "severity": "II"}]}, "worse.0.when: a rule on `no_data` has no reading to ask: give the row a `for`"),
            ({"watch": "logn"}, "watch: there is no probe 'logn'; did you mean 'login'?; or say `needs:` what is to be wired up"),
            ({"watch": "mainframe"}, "watch: there is no probe 'mainframe'; or say `needs:` what is to be wired up"),
            ({"title": "at {"}, "title: a `{` at character 4 stands alone: write `{{`"),
            ({"impact": {"en": "{rate:.9q}"}}, "impact.en: `{rate:.9q}` has a format that is not known: `.0%`, `.2f`, `d`, `,` or a width up to 20"),
            ({"number": "{rte:.0%}"}, "number: no field and no label is named 'rte'; did you mean 'rate'?"),
            ({"say": {"zh-CN": "{nothing_like_it}"}}, "say.zh-CN: no field and no label is named 'nothing_like_it'"),
            ({"normal": "{label.brunch}"}, "normal: no label is named 'brunch'; did you mean 'branch'?"),
            ({"say": "{label.rate}"}, "say: no label is named 'rate'"),
        ],
    )  # fmt: skip
    def test_each_is_said_at_its_place(self, changed: dict[str, Any], complaint: str) -> None:
        assert complaints(written(**changed)) == [complaint]

    def test_all_mistakes_of_all_rules_are_said_at_once(self) -> None:
        found = complaints(
            written(when="rat < 1", title="{x}", worse=[{"for": "1h"}]), written(id="other", when="up", say="}")
        )
        assert [complaint.split(":")[0] for complaint in found] == ["when", "worse.0", "title", "say"]

    def test_an_id_is_taken_once(self) -> None:
        assert complaints(written(), written()) == ["id: another rule has the id 'low': first in a.yaml:3"]

    def test_an_id_of_a_rule_with_a_mistake_is_taken_all_the_same(self) -> None:
        assert (
            complaints(written(when="rat < 1"), written())[1] == "id: another rule has the id 'low': first in a.yaml:3"
        )

    def test_an_id_of_a_dormant_rule_is_taken_all_the_same(self) -> None:
        assert complaints(written(watch="ups", needs="a UPS probe"), written()) == [
            "id: another rule has the id 'low': first in a.yaml:3"
        ]

    def test_a_rule_with_a_mistake_watches_nothing(self) -> None:
        built, _ = build([written(when="rat < 1"), written(id="fine")], PROBES, TIMES)
        assert (list(built.rules), built.watches["login"].rules) == (["fine"], ("fine",))


class TestTexts:
    @pytest.mark.parametrize("text", ["{rate:.0%}", "{service}", "{label.service}", "{eta}", "{{not a name}}"])
    def test_may_name_fields_and_labels_and_what_is_known_by_then(self, text: str) -> None:
        assert complaints(written(impact=text, say=text, number=text, normal=text)) == []

    def test_may_name_anything_of_a_body(self) -> None:
        assert complaints(written(watch="atm", when="not up", impact="{body.cash.left}")) == []

    def test_may_name_any_label_where_the_series_bring_their_own(self) -> None:
        assert complaints(written(watch="series", when="value > 1", impact="{instance}")) == []

    def test_that_a_phone_would_cut_are_noticed_with_their_place(self) -> None:
        built = book(title={"zh-CN": "手机银行登录成功率过低告警"}, impact={"en": "x" * 33})
        assert built.notices == [
            "a.yaml:3:5: title.zh-CN: over 24 columns (12 Chinese characters): a phone will cut it",
            "a.yaml:3:5: impact.en: over 32 columns: a phone will cut it",
        ]

    def test_that_just_fit_are_not(self) -> None:
        built = book(title={"zh-CN": "手机银行登录成功率过低"}, impact={"en": "x" * 30 + "{{}}{rate:.0%}"})
        assert built.notices == []


class TestDormant:
    def test_a_rule_whose_probe_is_still_to_come_sleeps_and_says_what_it_needs(self) -> None:
        built = book(watch="ups", needs="the UPS of each branch over SNMP")
        assert (built.rules, built.dormant) == ({}, {"low": "the UPS of each branch over SNMP"})

    def test_it_wakes_with_its_probe(self) -> None:
        built = book(needs="what is there already")
        assert (list(built.rules), built.dormant) == (["low"], {})


class TestSettings:
    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"severity": "V"}, "'I', 'II', 'III' or 'IV'"),
            ({"severity": {"label": "severity"}}, "else"),
            ({"watch": {"alert": "x", "own": "store"}}, "give exactly one of alert, report, own and unmatched"),
            ({"watch": {"own": "sms_failures"}}, "'channels', 'probes', 'store' or 'rules'"),
            ({"category": "systems"}, "'systems' is no category: choose one of system, attack, data"),
            ({"flags": ["outrage"]}, "'outage', 'degraded'"),
            ({"groups": []}, "at least 1 item"),
            ({"when": "  "}, "at least 1 character"),
            ({"for": "3"}, "is not a duration"),
            ({"widens": [{"over": "branch", "share": 0.2}]}, "a share is a percentage: write it as in 20%"),
            ({"widens": [{"over": "branch", "share": "101%"}]}, "a share is 1% to 100%"),
            ({"widens": [{"over": "branch", "at_least": 0}]}, "greater than or equal to 1"),
            ({"because": [{"seen": "x", "within": "5m"}]}, "same"),
            ({"unless": [{"rule": "x"}]}, "same"),
            ({"count": 1}, "greater than or equal to 2"),
            ({"sevrity": "II"}, "Extra inputs are not permitted"),
        ],
    )  # fmt: skip
    def test_what_a_rule_may_not_say(self, changed: dict[str, Any], words: str) -> None:
        with pytest.raises(ValidationError, match="validation error") as caught:
            written(**changed)
        assert words in str(caught.value)
