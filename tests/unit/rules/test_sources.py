"""Rules on what is told to us and on ourselves: what they watch, and what they cannot ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.rule import ALERTS, OWN, OWN_CHANNELS, REPORTS
from ebank_sentinel.model.severity import Severity
from support.rule_files import book, complaints, rule

PAY = {"alert": 'team="pay"'}


class TestAlerts:
    def test_a_rule_takes_those_that_fit(self) -> None:
        built = book(rule("pay", watch=PAY), rule("other", watch={"unmatched": "alert"}))
        assert (built.rules["pay"].watch, built.rules["other"].watch) == (ALERTS, ALERTS)
        assert (built.rules["pay"].pushed, built.rules["pay"].condition) == (True, 'team="pay"')
        assert {rule: truth.holds for rule, truth in built.told.alert({"team": "pay"}).items()} == {
            "pay": True,
            "other": False,
        }
        assert built.watches == {}

    def test_it_ends_when_we_are_told_so(self) -> None:
        assert book(rule("pay", watch=PAY)).rules["pay"].clear_after == timedelta()

    def test_an_alert_may_bring_its_severity(self) -> None:
        severity = {"label": "level", "critical": "II", "warning": "III", "else": "IV"}
        built = book(rule("pay", watch=PAY, severity=severity)).rules["pay"]
        assert built.severity is Severity.IV
        assert built.severity_of({"level": "critical"}) is Severity.II
        assert built.severity_of({"level": "page"}) is built.severity_of({}) is Severity.IV

    def test_texts_may_name_any_label_and_annotation(self) -> None:
        assert complaints(rule("pay", watch=PAY, title="{summary}", impact="{label.instance}")) == []

    def test_rows_go_by_time_and_number(self) -> None:
        rows = [{"for": "1h", "severity": "up"}, {"count": 3, "within": "1d", "severity": "II"}]
        assert complaints(rule("pay", watch=PAY, worse=rows)) == []


class TestReports:
    def test_a_rule_takes_its_types(self) -> None:
        built = book(
            rule("fraud", watch={"report": ["phishing", "theft"]}),
            rule("flood", watch={"report": "flood"}),
            rule("rest", watch={"unmatched": "report"}),
        )
        assert built.told.types == ("flood", "phishing", "theft")
        assert built.rules["fraud"].condition == "phishing, theft"
        assert built.rules["rest"].condition == "no other rule takes this report"
        assert built.rules["flood"].watch == REPORTS
        assert [name for name, truth in built.told.report("theft").items() if truth.holds] == ["fraud"]

    @pytest.mark.parametrize("text", ["{type} {place} {impact} {reporter} {note}", "{label.branch}", "{eta}"])
    def test_texts_may_name(self, text: str) -> None:
        assert complaints(rule("fraud", watch={"report": "theft"}, title=text)) == []

    def test_texts_name_no_label_without_saying_so(self) -> None:
        assert complaints(rule("fraud", watch={"report": "theft"}, title="{branch}")) == [
            ("fraud.title", "no field is named 'branch'; a label is written {label.branch}")
        ]

    def test_enough_of_them_are_wide(self) -> None:
        row = {"over": "fleet", "at_least": 5, "within": "1h", "number": "{failing}"}
        assert complaints(rule("fraud", watch={"report": "theft"}, widens=[row])) == []


class TestOurselves:
    @pytest.mark.parametrize(
        ("own", "when", "text"),
        [
            ("channels", 'failing >= 0.5 and sent + failed >= 4 and kind == "email" or waiting_s > 60', "{channel}"),
            ("probes", "no_data >= 0.5 and targets >= 2 or late_s > 10 or skipped > 0 or failures > 3", "{probe}"),
            ("store", "refusing or commit_s > 1 or free_bytes < 1000000", "{free_bytes:,}"),
            ("rules", "unknown", "{rule}"),
        ],
    )
    def test_every_field_can_be_asked_and_named(self, own: str, when: str, text: str) -> None:
        built = book(rule("us", watch={"own": own}, when=when, title=text))
        assert built.rules["us"].watch == f"@own.{own}"
        assert built.rules["us"].every == timedelta(seconds=15)
        assert built.watches[f"@own.{own}"].rules == ("us",)

    def test_a_reading_of_ours_is_judged_as_any_other(self) -> None:
        watch = book(rule("us", watch={"own": "channels"}, when="failing >= 0.5", where='label.channel == "sms"'))
        target = Target(id=TargetId(OWN_CHANNELS, "sms"), labels={"channel": "sms"})
        at = datetime(2026, 12, 10, tzinfo=UTC)
        reading = Reading(target=target, at=at, up=True, fields={"failing": 0.6})
        mask = watch.watches[OWN_CHANNELS].mask(reading, frozenset())
        assert watch.watches[OWN_CHANNELS].truths(mask)["us"].holds is True

    def test_each_source_has_its_own_fields(self) -> None:
        assert complaints(rule("us", watch={"own": "store"}, when="failing > 0")) == [
            (
                "us.when",
                "there is no field 'failing'; a label is written label.failing (column 1 of the condition)",
            )
        ]

    @pytest.mark.parametrize("source", [*sorted(OWN), ALERTS, REPORTS, ""])
    def test_their_names_inside_stand_in_no_file(self, source: str) -> None:
        with pytest.raises(ValidationError, match="String should match pattern"):
            rule("us", watch=source, when="up")


class TestWhatCannotBeAsked:
    @pytest.mark.parametrize(
        ("changed", "found"),
        [
            ({"watch": PAY, "when": "up"}, ["x.when"]),
            ({"watch": PAY, "where": 'label.a == "b"'}, ["x.where"]),
            ({"watch": {"report": "theft"}, "when": "no_data"}, ["x.when"]),
            ({"watch": {"unmatched": "alert"}, "when": "up", "where": "now in business"}, ["x.when", "x.where"]),
            ({"watch": PAY, "worse": [{"when": "up", "severity": "II"}]}, ["x.worse.0.when"]),
            ({"watch": {"own": "rules"}}, ["x"]),
            ({"watch": "atm"}, ["x"]),
            ({"watch": None, "when": "up"}, ["x"]),
            ({"watch": {"alert": "a==b"}}, ["x.watch.alert"]),
            ({"watch": {"report": "theft"}, "severity": {"label": "a", "else": "IV"}}, ["x.severity"]),
            ({"same": ["branch"]}, ["x.same"]),
            ({"count": 3}, ["x.count"]),
            ({"within": "1h"}, ["x.within"]),
            ({"clear_after": "2m", "reopen_within": "2m"}, ["x.reopen_within"]),
            ({"reopen_within": "1m"}, ["x.reopen_within"]),
            ({"watch": PAY, "reopen_within": "1s"}, []),
        ],
    )
    def test_is_said_at_its_place(self, changed: dict[str, Any], found: list[str]) -> None:
        assert [key for key, _ in complaints(rule("x", **changed))] == found
