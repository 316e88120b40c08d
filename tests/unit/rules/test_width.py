"""Rows of `widens`: what they become, and which scopes there cannot be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ebank_sentinel.model.rule import Meaning, Width, Words
from ebank_sentinel.model.severity import Severity
from support.rule_files import book as book_of
from support.rule_files import complaints, rule


def widens(*rows: dict[str, Any], **changed: Any) -> list[tuple[str, str]]:
    return complaints(rule(widens=[{"severity": "III", **row} for row in rows], **changed))


class TestWhatARowBecomes:
    def test_a_share_is_a_fraction_and_the_rest_as_it_is_written(self) -> None:
        row = {
            "over": "region",
            "share": "20%",
            "at_least": 5,
            "spread": {"branch": 3},
            "within": "10m",
            "severity": "up",
            "category": "link",
            "groups": ["technical"],
            "title": "Region dark",
            "runbook": "docs/region.md",
        }
        assert book_of(rule(widens=[{"over": "branch", "severity": "III"}, row])).rules["dark"].widens[1] == Width(
            over="region",
            share=0.2,
            at_least=5,
            within=timedelta(minutes=10),
            spread={"branch": 3},
            meaning=Meaning(
                severity_up=True,
                category="link",
                groups=("technical",),
                words=Words(title={"": "Region dark"}, runbook="docs/region.md"),
            ),
        )

    def test_what_is_not_said_has_a_plain_meaning(self) -> None:
        width = book_of(rule(widens=[{"over": "branch", "severity": "II"}])).rules["dark"].widens[0]
        assert (width.share, width.at_least, width.within, width.spread) == (0, 2, None, {})
        assert width.meaning.severity is Severity.II

    def test_a_row_has_the_first_checks_of_its_own_runbook(self) -> None:
        built = book_of(rule(runbook="a.md", widens=[{"over": "branch", "runbook": "b.md"}])).rules["dark"]
        assert built.words.first_checks == ("look",)
        assert built.widens[0].meaning.words.first_checks == ("look wide",)

    @pytest.mark.parametrize(("written", "fraction"), [("1%", 0.01), ("12.5%", 0.125), ("100%", 1.0)])
    def test_a_share_may_have_decimals(self, written: str, fraction: float) -> None:
        width = book_of(rule(widens=[{"over": "branch", "share": written, "severity": "II"}])).rules["dark"].widens[0]
        assert width.share == pytest.approx(fraction)


class TestScopes:
    @pytest.mark.parametrize(
        "overs",
        [
            ("branch", "region", "fleet"),
            ("branch", "branch", "region"),
            ("vendor",),
            ("region", "vendor", "region", "fleet"),  # a label that is no level stands anywhere
            ("fleet", "vendor"),
        ],
    )
    def test_from_narrow_to_wide(self, overs: tuple[str, ...]) -> None:
        assert widens(*({"over": over} for over in overs)) == []

    def test_a_narrower_row_behind_a_wider_one_is_told_each_time(self) -> None:
        reason = "rows go from narrow to wide: put {} before fleet"
        assert widens({"over": "fleet"}, {"over": "branch"}, {"over": "vendor"}, {"over": "region"}) == [
            ("dark.widens.1.over", reason.format("branch")),
            ("dark.widens.3.over", reason.format("region")),
        ]

    def test_the_narrowest_level_is_the_target_itself(self) -> None:
        words = "terminal is the narrowest level, and a rule speaks of each by itself anyway: begin with branch"
        assert widens({"over": "terminal"}) == [("dark.widens.0.over", words)]

    @pytest.mark.parametrize("name", ["flet", "fleets"])
    def test_the_fleet_is_offered_too(self, name: str) -> None:
        assert widens({"over": name}) == [
            ("dark.widens.0.over", f"no target has a label {name!r}; did you mean 'fleet'?")
        ]

    def test_series_bring_labels_that_nobody_knows_before(self) -> None:
        assert widens({"over": "datacenter", "spread": {"instance": 3}}, watch="series", when="value > 1") == []

    def test_without_levels_every_label_is_a_scope(self) -> None:
        assert complaints(rule(widens=[{"over": "terminal", "severity": "II"}]), levels=()) == []

    def test_what_cannot_be_known_without_the_topology_is_not_complained_about(self) -> None:
        rows = [{"over": "region", "severity": "II"}, {"over": "terminal", "severity": "II"}]
        assert complaints(rule(widens=rows), levels=None) == []

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ({"over": "region", "spread": {"region": 2}}, "a scope has one region: name a narrower label"),
            ({"over": "branch", "spread": {"region": 2}}, "region is wider than branch: name a narrower label"),
            ({"over": "region", "spread": {"fleet": 2}}, "there is one fleet: name a label that has several values"),
            ({"over": "region", "spread": {"brunch": 2}}, "no target has a label 'brunch'; did you mean 'branch'?"),
        ],
    )
    def test_a_spread_is_over_something_narrower(self, row: dict[str, Any], reason: str) -> None:
        ((key, said),) = widens(row)
        assert key == f"dark.widens.0.spread.{next(iter(row['spread']))}"
        assert said == reason

    @pytest.mark.parametrize("spread", [{"branch": 3}, {"vendor": 2}, {"branch": 3, "switch": 1}, {"terminal": 4}])
    def test_labels_that_may_spread(self, spread: dict[str, int]) -> None:
        assert widens({"over": "region", "spread": spread}) == []


class TestTexts:
    @pytest.mark.parametrize("text", ["{failing} of {base}", "{share:.0%}", "{branch}", "{label.region}", "{eta}"])
    def test_of_a_scope_may_name(self, text: str) -> None:
        assert widens({"over": "branch", "title": text, "number": text, "say": text}) == []

    @pytest.mark.parametrize("name", ["cash", "up", "error"])
    def test_no_field_of_one_target(self, name: str) -> None:
        words = f"{{{name}}} is of one target: a wide incident has {{failing}}, {{base}}, {{share}} and labels"
        assert widens({"over": "branch", "number": f"{{{name}}}"}) == [("dark.widens.0.number", words)]

    def test_a_rule_itself_knows_no_share(self) -> None:
        assert complaints(rule(number="{share:.0%}")) == [
            ("dark.number", "no field and no label is named 'share'"),
        ]

    def test_a_cause_may_name_both_when_the_rule_widens(self) -> None:
        row = {"seen": "switch", "same": "switch", "within": "5m", "number": "{failing} {cash}"}
        parent = rule("switch", watch="switch", when="not up")
        width = {"over": "branch", "severity": "II"}
        assert complaints(rule(because=[row], widens=[width]), parent) == []
        assert complaints(rule(because=[row]), parent) == [
            ("dark.because.0.number", "no field and no label is named 'failing'")
        ]

    def test_a_phone_cuts_the_texts_of_a_row_too(self) -> None:
        built = book_of(rule(widens=[{"over": "branch", "title": {"en": "x" * 25}}]))
        assert built.notices == ["a.yaml:3:5: dark.widens.0.title.en: over 24 columns: a phone will cut it"]
