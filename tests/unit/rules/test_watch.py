"""What the rules of one probe say of a reading, of one that left, and of none at all."""

from __future__ import annotations

from ebank_sentinel.model.item import RuleTruth
from ebank_sentinel.rules.condition import parse
from ebank_sentinel.rules.watch import Asked, Watch
from support.asking import NAMES, TIMES, WHERE, reading, without

BUSINESS = frozenset({"business"})


def asked(rule: str, when: str | None, *rows: str | None, where: str | None = None) -> Asked:
    """A rule as it is written; `when` None is `no_data`, a row None is as `when`."""
    return Asked(
        rule=rule,
        where=None if where is None else parse(where, WHERE),
        when=None if when is None else parse(when, NAMES),
        rows=tuple(None if row is None else parse(row, NAMES) for row in rows),
    )


def watch(*questions: Asked) -> Watch:
    return Watch.of(questions, TIMES)


LOW = asked("low", "rate < 0.95", "rate < 0.8", None)
SILENT = asked("silent", None, None)
LOCAL = asked("local", "not up", where="label.branch == '0001'")


def test_each_rule_answers_whether_it_counts_holds_and_which_rows_do() -> None:
    both = watch(LOW, LOCAL)
    truths = both.truths(both.mask(reading(), BUSINESS))
    assert truths == {"low": RuleTruth(True, True, (False, True)), "local": RuleTruth(True, False, ())}


def test_a_row_implies_its_rule() -> None:
    odd = watch(asked("odd", "rate < 0.5", "attempts > 100"))
    assert odd.truths(odd.mask(reading(), BUSINESS))["odd"] == RuleTruth(True, False, (False,))


def test_what_is_missing_makes_unknown_only_what_asks_for_it() -> None:
    both = watch(asked("low", "rate < 0.95", "seen == 1"), asked("few", "attempts < 10"))
    truths = both.truths(both.mask(without("attempts"), BUSINESS))
    assert truths == {"low": RuleTruth(True, True, (None,)), "few": RuleTruth(True, None, ())}


def test_equal_truths_are_equal_masks() -> None:
    both = watch(LOW, LOCAL)
    assert both.mask(without(rate=0.85), BUSINESS) == both.mask(without(rate=0.94), BUSINESS)
    assert both.mask(without(rate=0.79), BUSINESS) != both.mask(without(rate=0.85), BUSINESS)


def test_without_data_all_is_unknown_but_labels_and_no_data_itself() -> None:
    three = watch(LOW, SILENT, LOCAL)
    truths = three.truths(three.mask_without_data(reading(fields={}), BUSINESS))
    assert truths == {
        "low": RuleTruth(True, None, (None, None)),
        "silent": RuleTruth(True, True, (True,)),
        "local": RuleTruth(True, None, ()),
    }


def test_with_data_there_is_not_no_data() -> None:
    assert watch(SILENT).truths(watch(SILENT).mask(reading(), BUSINESS))["silent"] == RuleTruth(True, False, (False,))


def test_a_series_that_left_a_complete_answer_holds_nothing_and_is_not_missed() -> None:
    three = watch(LOW, SILENT, LOCAL)
    left = reading(fields={}, present=False)
    assert three.truths(three.mask(left, BUSINESS)) == {
        "low": RuleTruth(True, False, (False, False)),
        "silent": RuleTruth(True, False, (False,)),
        "local": RuleTruth(True, False, ()),
    }
    assert three.truths(three.mask_without_data(left, BUSINESS))["silent"].holds is False


def test_where_is_asked_of_labels_even_without_data() -> None:
    elsewhere = reading(labels={"branch": "0002"})
    local = watch(LOCAL)
    assert local.truths(local.mask(elsewhere, BUSINESS))["local"].counts is False
    assert local.truths(local.mask_without_data(elsewhere, BUSINESS))["local"].counts is False
    assert local.truths(local.mask(reading(labels={}), BUSINESS))["local"].counts is None


def test_rules_keep_their_answers_when_others_are_added_before_and_behind() -> None:
    alone = watch(LOW)
    among = watch(SILENT, asked("x", "up", "up", where="now in night"), LOW, LOCAL)
    for of in (reading(), without("rate"), without(rate=0.7)):
        assert among.truths(among.mask(of, BUSINESS))["low"] == alone.truths(alone.mask(of, BUSINESS))["low"]


def test_a_watch_knows_whether_named_times_matter_to_it() -> None:
    assert watch(LOW).times == frozenset()
    assert watch(asked("x", "now in night", "now in business")).times == {"night", "business"}
    assert watch(asked("x", "up", where="now in label.hours")).every_time


def test_a_rule_is_unknown_when_it_is_on_every_target() -> None:
    two = watch(LOW, SILENT)
    blind = two.mask(without("rate"), BUSINESS)
    assert two.unknown_rules([blind, blind]) == {"low"}
    assert two.unknown_rules([blind, two.mask(reading(), BUSINESS)]) == frozenset()
    assert two.unknown_rules([]) == frozenset()
