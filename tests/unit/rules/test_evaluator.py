"""Every target's last mask: when a Change leaves, and when the healthy path ends without one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from ebank_sentinel.model.item import Change, RuleTruth
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.rules.condition import parse
from ebank_sentinel.rules.evaluator import FORGET_AFTER, RULE_UNKNOWN_AFTER, Evaluator
from ebank_sentinel.rules.watch import Asked, Watch
from support.asking import AT, FIELDS, NAMES, TIMES, reading

EVERY = timedelta(seconds=10)
ID = TargetId("atm", "A1")
TARGET = Target(id=ID)


class Watching:
    """An evaluator over one probe, driven by seconds; `night` begins at second 1000."""

    def __init__(self, *rules: tuple[str, str | None]) -> None:
        questions = [
            Asked(rule=name, where=None, when=None if when is None else parse(when, NAMES), rows=())
            for name, when in rules
        ]
        self.evaluator = Evaluator({"atm": Watch.of(questions, TIMES)}, {"atm": EVERY, "idle": EVERY}, self.active)

    def active(self, at: datetime) -> frozenset[str]:
        return frozenset({"night"}) if at >= AT + timedelta(seconds=1000) else frozenset()

    def reads(self, second: float, key: str = "A1", *, present: bool = True, **fields: Scalar) -> Change | None:
        moment = AT + timedelta(seconds=second)
        return self.evaluator.observe(reading(fields={**FIELDS, **fields}, at=moment, key=key, present=present))

    def scans(self, second: float) -> list[Change]:
        return self.evaluator.stale(AT + timedelta(seconds=second))

    def boundary(self, second: float) -> list[Change]:
        return self.evaluator.boundary(AT + timedelta(seconds=second))

    def expects(self, second: float, *targets: Target) -> None:
        self.evaluator.expect(targets, AT + timedelta(seconds=second))


@pytest.fixture
def low() -> Watching:
    return Watching(("low", "rate < 0.95"))


def says(change: Change | None) -> Mapping[str, object]:
    assert change is not None
    return {rule: truth.holds for rule, truth in change.truths.items()}


class TestReadings:
    def test_the_first_reading_always_makes_a_change(self, low: Watching) -> None:
        change = low.reads(0, rate=1.0)
        assert change is not None
        assert change.truths == {"low": RuleTruth(True, False, ())}
        assert (change.target.id, change.at, change.values["rate"]) == (ID, AT, 1.0)

    def test_as_long_as_the_truths_are_the_same_nothing_leaves(self, low: Watching) -> None:
        low.reads(0, rate=1.0)
        assert [low.reads(second, rate=0.96 + second / 10000) for second in range(10, 100, 10)] == [None] * 9

    def test_a_truth_that_changes_makes_a_change_there_and_back(self, low: Watching) -> None:
        low.reads(0, rate=1.0)
        assert says(low.reads(10, rate=0.5)) == {"low": True}
        assert low.reads(20, rate=0.4) is None
        assert says(low.reads(30, rate=1.0)) == {"low": False}

    def test_targets_do_not_know_each_other(self, low: Watching) -> None:
        low.reads(0, rate=1.0)
        assert low.reads(0, "A2", rate=1.0) is not None

    def test_changes_of_one_instant_are_numbered_in_their_order(self, low: Watching) -> None:
        first, second = low.reads(0, rate=1.0), low.reads(0, rate=0.5)
        assert first is not None
        assert second is not None
        assert first.seq < second.seq

    def test_a_probe_that_no_rule_watches_costs_nothing(self, low: Watching) -> None:
        idle = Reading(target=Target(id=TargetId("idle", "x")), at=AT, up=True)
        assert low.evaluator.observe(idle) is None
        assert low.evaluator.latest(TargetId("idle", "x")) is None

    def test_the_last_reading_is_remembered(self, low: Watching) -> None:
        assert low.evaluator.latest(ID) is None
        low.reads(0, rate=1.0)
        low.reads(10, rate=0.99)
        latest = low.evaluator.latest(ID)
        assert latest is not None
        assert latest.fields["rate"] == 0.99

    def test_a_series_that_left_holds_nothing(self, low: Watching) -> None:
        low.reads(0, rate=0.5)
        assert says(low.reads(10, present=False)) == {"low": False}


class TestUnbroken:
    def test_readings_within_two_intervals_follow_each_other(self, low: Watching) -> None:
        assert low.evaluator.unbroken_since(ID) is None
        for second in (0, 10, 30, 50):
            low.reads(second)
        assert low.evaluator.unbroken_since(ID) == AT

    def test_a_longer_gap_begins_anew(self, low: Watching) -> None:
        low.reads(0)
        low.reads(20.001)
        assert low.evaluator.unbroken_since(ID) == AT + timedelta(seconds=20.001)

    def test_who_is_expected_and_was_never_read_has_none(self, low: Watching) -> None:
        low.expects(0, TARGET)
        assert low.evaluator.unbroken_since(ID) is None


class TestSilence:
    def test_two_intervals_without_a_reading_make_it_unknown_once(self, low: Watching) -> None:
        low.reads(0, rate=0.5)
        assert low.scans(20) == []
        (change,) = low.scans(30)
        assert (says(change), change.values) == ({"low": None}, {})
        assert low.scans(40) == []

    def test_the_next_reading_makes_it_known_again_though_its_truth_is_as_before(self, low: Watching) -> None:
        low.reads(0, rate=0.5)
        low.scans(30)
        assert says(low.reads(31, rate=0.5)) == {"low": True}

    def test_no_data_holds_while_nothing_is_read(self) -> None:
        watching = Watching(("silent", None))
        assert says(watching.reads(0)) == {"silent": False}
        (change,) = watching.scans(30)
        assert says(change) == {"silent": True}
        assert says(watching.reads(40)) == {"silent": False}

    def test_who_is_expected_and_never_comes_has_no_data_two_intervals_later(self) -> None:
        watching = Watching(("silent", None))
        watching.expects(0, TARGET)
        assert watching.scans(20) == []
        (change,) = watching.scans(30)
        assert (change.target, says(change)) == (TARGET, {"silent": True})

    def test_a_series_that_left_is_not_missed(self) -> None:
        watching = Watching(("silent", None))
        watching.reads(0, present=False)
        assert [says(change) for change in watching.scans(30)] == []

    def test_a_probe_is_looked_at_once_an_interval(self, low: Watching) -> None:
        low.reads(0)
        low.scans(15)
        assert low.scans(24) == []
        assert len(low.scans(25)) == 1

    def test_a_clock_that_was_put_back_does_not_stop_the_looking(self, low: Watching) -> None:
        low.scans(3600)
        low.reads(0)
        assert len(low.scans(30)) == 1

    def test_a_series_that_nobody_lists_is_forgotten_after_a_day(self, low: Watching) -> None:
        low.reads(0)
        low.reads(0, "listed")
        low.expects(0, Target(id=TargetId("atm", "listed")))
        low.scans(100)
        low.scans(FORGET_AFTER.total_seconds() + 100)
        assert low.evaluator.latest(ID) is None
        assert low.evaluator.latest(TargetId("atm", "listed")) is not None
        assert says(low.reads(FORGET_AFTER.total_seconds() + 110)) == {"low": True}


class TestBoundary:
    def test_a_named_time_that_begins_changes_the_truths_of_who_names_it(self) -> None:
        watching = Watching(("night", "now in night and up"))
        assert says(watching.reads(990)) == {"night": False}
        (change,) = watching.boundary(1000)
        assert (says(change), change.at) == ({"night": True}, AT + timedelta(seconds=1000))
        assert change.values == FIELDS
        assert watching.boundary(1001) == []
        assert watching.reads(1002) is None

    def test_who_names_no_time_is_not_asked(self, low: Watching) -> None:
        low.reads(990, rate=0.5)
        assert low.boundary(1000) == []

    def test_an_old_reading_says_nothing_of_the_night(self) -> None:
        watching = Watching(("night", "now in night and up"))
        watching.reads(900)
        assert watching.boundary(1000) == []

    def test_targets_of_a_probe_that_no_rule_watches_do_not_disturb(self) -> None:
        watching = Watching(("night", "now in night and up"))
        watching.expects(0, Target(id=TargetId("idle", "x")), TARGET)
        assert watching.boundary(1000) == []


class TestRuleUnknown:
    def test_a_rule_that_is_unknown_everywhere_for_ten_intervals_is_reported(self) -> None:
        watching = Watching(("typing-mistake", "seen == 1"), ("fine", "up"))
        for interval in range(RULE_UNKNOWN_AFTER):
            assert watching.evaluator.rule_unknown() == frozenset()
            watching.reads(10 * interval)
            watching.reads(10 * interval, "A2")
            watching.scans(10 * interval)
        assert watching.evaluator.rule_unknown() == {"typing-mistake"}

    def test_one_target_that_knows_is_enough(self) -> None:
        watching = Watching(("sometimes", "seen == 1"))
        for interval in range(RULE_UNKNOWN_AFTER + 5):
            watching.reads(10 * interval)
            watching.reads(10 * interval, "A2", seen=2)
            watching.scans(10 * interval)
        assert watching.evaluator.rule_unknown() == frozenset()

    def test_it_is_taken_back_when_it_is_known_again(self) -> None:
        watching = Watching(("late", "seen == 1"))
        for interval in range(RULE_UNKNOWN_AFTER):
            watching.reads(10 * interval)
            watching.scans(10 * interval)
        watching.reads(200, seen=1)
        watching.scans(200)
        assert watching.evaluator.rule_unknown() == frozenset()
