"""Rules that name each other: parents, causes and parts, which of them can be, and which sleep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ebank_sentinel.model.rule import Cause, Meaning, Parent
from support.rule_files import book, complaints, rule

SWITCH = rule("echo-lost", watch="switch", when="not up")
ASLEEP = rule("ups", watch="ups", when="not up", needs="the UPS of each branch")


def whole(rule_id: str = "both", *parts: str, **changed: Any) -> Any:
    return rule(rule_id, **{"all_of": list(parts), "same": [], "within": "10m", **changed})


class TestWhatTheyBecome:
    def test_a_cause_and_a_parent(self) -> None:
        built = book(
            SWITCH,
            rule(
                because=[{"seen": "echo-lost", "same": "switch", "within": "10m", "category": "power"}],
                unless=[{"rule": "echo-lost", "same": ["switch"]}, {"rule": "echo-lost", "same": []}],
            ),
        ).rules["dark"]
        assert built.because == (
            Cause(seen="echo-lost", same=("switch",), within=timedelta(minutes=10), meaning=Meaning(category="power")),
        )
        assert built.unless == (Parent(rule="echo-lost", same=("switch",)), Parent(rule="echo-lost", same=()))

    def test_a_whole_watches_nothing_by_itself(self) -> None:
        built = book(SWITCH, rule(), whole("both", "dark", "echo-lost", same=["switch"], title="Both"))
        both = built.rules["both"]
        assert (both.watch, both.all_of, both.same) == ("", ("dark", "echo-lost"), ("switch",))
        assert (both.within, both.clear_after) == (timedelta(minutes=10), timedelta())
        assert both.condition == "dark and echo-lost"
        assert set(built.watches) == {"atm", "switch"}

    def test_times_are_counted_for_a_rule_and_for_its_rows(self) -> None:
        built = book(
            rule(
                count=3,
                within="1h",
                reopen_within="61s",
                referred=True,
                worse=[{"count": 5, "within": "7d", "tell": ["desk"]}],
            )
        ).rules["dark"]
        assert (built.count, built.within, built.reopen_within) == (3, timedelta(hours=1), timedelta(seconds=61))
        assert built.referred
        assert (built.rows[0].count, built.rows[0].within) == (5, timedelta(days=7))
        assert built.longest_count == timedelta(days=7)


class TestNamesThatLeadNowhere:
    @pytest.mark.parametrize(
        ("changed", "key"),
        [
            ({"unless": [{"rule": "echo-lots", "same": []}]}, "dark.unless.0.rule"),
            (
                {"because": [{"seen": "echo-lots", "same": [], "within": "1m", "category": "link"}]},
                "dark.because.0.seen",
            ),
        ],
    )
    def test_are_told_with_what_was_meant(self, changed: dict[str, Any], key: str) -> None:
        assert complaints(SWITCH, rule(**changed)) == [(key, "there is no rule 'echo-lots'; did you mean 'echo-lost'?")]

    def test_a_part_too(self) -> None:
        assert complaints(SWITCH, rule(), whole("both", "echo-lots", "dark")) == [
            ("both.all_of.0", "there is no rule 'echo-lots'; did you mean 'echo-lost'?")
        ]

    def test_a_rule_may_stand_behind_those_that_name_it(self) -> None:
        assert complaints(rule(unless=[{"rule": "echo-lost", "same": ["switch"]}]), SWITCH) == []

    def test_a_dormant_rule_is_there(self) -> None:
        assert complaints(ASLEEP, rule(unless=[{"rule": "ups", "same": ["branch"]}])) == []

    def test_a_rule_that_could_not_be_read_is_there(self) -> None:
        assert complaints(rule(unless=[{"rule": "broken", "same": []}]), known=["broken"]) == []

    def test_of_a_rule_with_mistakes_the_names_are_looked_at_all_the_same(self) -> None:
        found = complaints(rule(when="not ip", unless=[{"rule": "x", "same": []}]))
        assert [key for key, _ in found] == ["dark.when", "dark.unless.0.rule"]

    @pytest.mark.parametrize(
        ("changed", "role"),
        [
            ({"unless": [{"rule": "dark", "same": []}]}, "parent"),
            ({"because": [{"seen": "dark", "same": [], "within": "1m", "category": "link"}]}, "cause"),
        ],
    )
    def test_nobody_names_itself(self, changed: dict[str, Any], role: str) -> None:
        ((_, reason),) = complaints(rule(**changed))
        assert reason == f"a rule cannot be its own {role}"


class TestLabels:
    def test_both_sides_have_them(self) -> None:
        assert complaints(SWITCH, rule(unless=[{"rule": "echo-lost", "same": ["switch", "branch", "swich"]}])) == [
            ("dark.unless.0.same.1", "no target of echo-lost has a label 'branch'"),
            ("dark.unless.0.same.2", "no target of echo-lost has a label 'swich'; did you mean 'switch'?"),
            ("dark.unless.0.same.2", "no target of dark has a label 'swich'; did you mean 'switch'?"),
        ]

    def test_each_part_has_them(self) -> None:
        assert complaints(SWITCH, rule(), whole("both", "dark", "echo-lost", same=["branch"])) == [
            ("both.same", "no target of echo-lost has a label 'branch'")
        ]

    def test_series_and_what_is_told_may_have_any(self) -> None:
        told = rule("told", watch={"alert": "a=b"})
        series = rule("series", watch="series", when="value > 1")
        asking = rule(unless=[{"rule": "told", "same": ["branch"]}, {"rule": "series", "same": ["region"]}])
        assert complaints(told, series, asking) == []


class TestCircles:
    def test_of_two(self) -> None:
        found = complaints(rule("a", unless=[{"rule": "b", "same": []}]), rule("b", unless=[{"rule": "a", "same": []}]))
        assert found == [("b.unless.0.rule", "these rules wait for each other: a -> b -> a")]

    def test_of_a_part_under_its_whole(self) -> None:
        found = complaints(SWITCH, rule(unless=[{"rule": "both", "same": []}]), whole("both", "echo-lost", "dark"))
        assert found == [("both.all_of.1", "these rules wait for each other: dark -> both -> dark")]

    def test_two_circles_are_two_mistakes(self) -> None:
        def under(rule_id: str, parent: str) -> Any:
            return rule(rule_id, unless=[{"rule": parent, "same": []}])

        found = complaints(under("a", "b"), under("b", "a"), under("c", "d"), under("d", "e"), under("e", "c"))
        assert [reason.rpartition(": ")[2] for _, reason in found] == ["a -> b -> a", "c -> d -> e -> c"]

    def test_causes_may_be_each_others(self) -> None:
        def seen(rule_id: str, other: str) -> Any:
            row = {"seen": other, "same": [], "within": "1m", "category": "power"}
            return rule(rule_id, because=[row])

        assert complaints(seen("a", "b"), seen("b", "a")) == []

    def test_two_ways_to_the_same_parent_are_no_circle(self) -> None:
        rows = [{"rule": "b", "same": []}, {"rule": "c", "same": []}]
        tree = [rule("b", unless=[rows[1]]), rule("c"), rule("a", unless=rows)]
        assert complaints(*tree) == []

    def test_a_chain_of_five_thousand_is_walked(self) -> None:
        chain = [rule(f"r{number}", unless=[{"rule": f"r{number + 1}", "same": []}]) for number in range(5000)]
        assert complaints(*chain, rule("r5000")) == []


class TestSleep:
    def test_a_whole_sleeps_with_its_part_and_says_why(self) -> None:
        built = book(ASLEEP, rule(), whole("both", "dark", "ups"), whole("more", "both", "dark"))
        assert list(built.rules) == ["dark"]
        assert built.dormant == {
            "ups": "the UPS of each branch",
            "both": "its part ups, which needs the UPS of each branch",
            "more": "its part both, which needs its part ups, which needs the UPS of each branch",
        }

    def test_whoever_only_asks_for_it_stays_awake(self) -> None:
        row = {"seen": "ups", "same": "branch", "within": "5m", "category": "power"}
        assert list(book(ASLEEP, rule(because=[row])).rules) == ["dark"]
