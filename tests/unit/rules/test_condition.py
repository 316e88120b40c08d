"""The condition language: what may be written, what it means, and what is refused in which words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.rules.condition import DEEPEST, LONGEST_TEXT, ConditionError, Names, parse
from support.asking import NAMES, WHERE, ask, reading

NO_RAT = "there is no field 'rat'; did you mean 'rate'?; a label is written label.rat"
NO_BRANCH = "there is no field 'branch'"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("up", True),
        ("not up", False),
        ("True", True),
        ("up and False", False),
        ("False or up", True),
        ("error == ''", True),
        ("rate == 0.9", True),
        ("rate != 0.9", False),
        ("rate < 0.95", True),
        ("rate <= 0.9", True),
        ("rate > 0.9", False),
        ("rate >= 0.9", True),
        ("status in [200, 204]", True),
        ("status in (500, 503)", False),
        ("status not in [200, 204]", False),
        ("status in [-1, 200]", True),
        ("error in ['timeout', 'dns']", False),
        ("rate * 2 + 1 == 2.8", True),
        ("attempts - 150 == 50", True),
        ("attempts / 4 == 50", True),
        ("attempts % 7 == 4", True),
        ("-attempts == -200", True),
        ("0.5 < rate < 0.95", True),
        ("0.5 < rate < 0.8", False),
        ("100 < attempts <= 200 != 300", True),
        ("rate < 0.95 if attempts >= 200 else False", True),
        ("(1 if up else 2) == 1", True),
        ("rate < (0.99 if now in business else 0.5)", True),
        ("now in business", True),
        ("now not in business", False),
        ("now in night", False),
        ("now in label.hours", True),
        ("now not in label.hours", False),
        ("label.branch == '0001'", True),
        ("label.branch in ['0001', '0002']", True),
        ("label.branch < '0002'", True),
        ("body.queue.depth > 10", True),
        ("body.name == 'core'", True),
        ("body.ok", True),
        ("not body.ok", False),
        ("body.queue.depth % 5 == 2", True),
        ("rate < 0.95\n  and attempts >= 200", True),
        ("  up  ", True),
        ("label.网点 == '徐汇'", True),
    ],
)
def test_each_construct_means_what_python_means_by_it(text: str, answer: bool) -> None:
    assert ask(text, reading()) is answer


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("rate", "a condition must be true or false: compare it with something", 1),
        ("'text'", "a condition must be true or false: compare it with something", 1),
        ("rate + 1", "a condition must be true or false: compare it with something", 1),
        ("up and rate", "this is not true or false: compare it with something", 8),
        ("not error", "this is not true or false: compare it with something", 5),
        ("up if rate else up", "this is not true or false: compare it with something", 7),
        ("rate + error == 1", "this is not a number", 8),
        ("-up == 1", "this is not a number", 2),
        ("rate ** 2 > 1", "only + - * / and % are there to calculate with", 1),
        ("rate // 2 > 1", "only + - * / and % are there to calculate with", 1),
        ("attempts & 1 == 1", "only + - * / and % are there to calculate with", 1),
        ("rate < 'a'", "a number is compared with a text", 8),
        ("error == 3", "a text is compared with a number", 10),
        ("up == 1", "true or false is compared with a number", 7),
        ("1 < rate < 'a'", "a number is compared with a text", 12),
        ("up < True", "true and false have no order", 6),
        ("error is 'dns'", "compare with == != < <= > >= or in", 10),
        ("status in 200", "after `in` a list of constants is needed, as in [200, 204]", 11),
        ("status in []", "after `in` a list of constants is needed, as in [200, 204]", 11),
        ("status in rate", "after `in` a list of constants is needed, as in [200, 204]", 11),
        ("status in [200, rate]", "only constants may stand in a list", 17),
        ("status in [200, 'a']", "a number is looked up among a text", 17),
        ("error in [1]", "a text is looked up among a number", 11),
        ("rat < 1", NO_RAT, 1),
        ("branch == '1'", f"{NO_BRANCH}; did you mean 'label.branch'?; a label is written label.branch", 1),
        ("label.brunch == '1'", "no target has a label 'brunch'; did you mean 'branch'?", 1),
        ("label == '1'", "`label` needs a name after it, as in label.x", 1),
        ("body > 1", "`body` needs a name after it, as in body.x", 1),
        ("label.branch.x == '1'", "a label has one name, as in label.branch", 1),
        ("rate.x == 1", "a dot follows only `label` and `body`", 1),
        ("(1).real == 1", "a dot follows only `label` and `body`", 1),
        ("true", "write True", 1),
        ("up == false", "write False", 7),
        ("now == 1", "`now` is asked as `now in NAME`, with a NAME of times.yaml", 1),
        ("now in business in night", "`now` is asked as `now in NAME`, with a NAME of times.yaml", 1),
        ("now", "`now` is asked as `now in NAME`", 1),
        ("up and now", "`now` is asked as `now in NAME`", 8),
        ("now in 'night'", "`now in` needs a NAME of times.yaml, or a label", 8),
        ("now in nigth", "there is no time named 'nigth'; did you mean 'night'?", 8),
        ("now in rate.x", "a dot follows only `label` and `body`", 8),
        ("abs(rate) > 1", "there are no functions in a condition", 1),
        ("__import__('os')", "there are no functions in a condition", 1),
        ("[x for x in y]", "this does not belong in a condition", 1),
        ("up and (lambda: up)", "this does not belong in a condition", 9),
        ("f'{rate}' == 'a'", "this does not belong in a condition", 1),
        ("(x := up)", "this does not belong in a condition", 2),
        ("status == None", "this does not belong in a condition", 11),
        ("status == b'a'", "this does not belong in a condition", 11),
        ("status == 1j", "this does not belong in a condition", 11),
        ("+rate > 1", "this does not belong in a condition", 1),
        ("{} == 1", "this does not belong in a condition", 1),
        ("label.网点 == '徐汇' and rat < 1", NO_RAT, 22),
        ("up\n and rat < 1", NO_RAT, 9),
    ],
)  # fmt: skip
def test_each_mistake_is_refused_with_its_words_and_its_column(text: str, message: str, column: int) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text, NAMES)
    assert str(caught.value) == f"{message} (column {column} of the condition)"
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "column"),
    [("up && up", 4), ("rate < < 1", 8), ("label.网点 == and up", 13), ("up)", 3), ("rate <", 7), ("", 1)],
)
def test_what_python_itself_cannot_read_is_refused_at_its_place(text: str, column: int) -> None:
    with pytest.raises(ConditionError, match="this is not a condition: ") as caught:  # the rest is Python's own words
        parse(text, NAMES)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("up", "'up' is of the reading: `where` speaks of labels and times alone"),
        ("label.branch == '1' and rate < 1", "'rate' is of the reading: `where` speaks of labels and times alone"),
        ("body.x == 1", "`body` is of the reading: `where` speaks of labels and times alone"),
    ],
)
def test_where_speaks_of_labels_and_times_alone(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match="of the condition") as caught:
        parse(text, WHERE)
    assert str(caught.value).startswith(message)


def test_where_may_ask_labels_and_times() -> None:
    assert ask("label.branch == '0001' and now in label.hours and now in business", reading(), names=WHERE) is True


def test_a_body_is_asked_only_where_the_probe_keeps_one() -> None:
    with pytest.raises(ConditionError, match='this probe keeps no body: give it `read: "\\*"`'):
        parse("body.x == 1", Names(fields={"up": bool}))


def test_labels_that_only_the_series_know_are_not_checked() -> None:
    assert parse("label.anything == 'a'", Names(labels=None)).loads == {"label_8anything": ("label", "anything")}


def test_a_condition_knows_the_times_that_it_asks_for() -> None:
    assert parse("now in business or now not in night", NAMES).times == {"business", "night"}
    assert not parse("now in business", NAMES).every_time
    assert parse("now in label.hours", NAMES).every_time


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConditionError, match=f"a condition is at most {LONGEST_TEXT} characters long"):
        parse("up or " * 400 + "up", NAMES)


@pytest.mark.parametrize("text", ["not " * 400 + "up", "-" * 400 + "rate > 1", "rate" + "+rate" * 300 + " > 1"])
def test_what_is_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match=f"this is nested more than {DEEPEST} deep"):
        parse(text, NAMES)


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(ConditionError, match="this is not a condition"):
        parse("(" * 900 + "up" + ")" * 900, NAMES)


@given(st.text(max_size=60) | st.text(alphabet="uprate <>=!()[].,'+-*/%notadif0123456789_\n", max_size=60))
def test_whatever_is_written_is_a_condition_or_a_mistake_with_a_column(text: str) -> None:
    try:
        answer = ask(text, reading())
    except ConditionError as error:
        assert 1 <= error.column <= len(text) + 2
    else:
        assert answer in (True, False, None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["queue", "depth", "x"]), inner),
        max_leaves=8,
    )
)
def test_no_body_makes_a_condition_raise(body: object) -> None:
    odd = reading(body=json.loads(json.dumps(body)))
    for text in ("body.queue.depth > 1", "body.queue % 5 == 1", "body.x", "body.x * body.queue > body.depth"):
        assert ask(text, odd) in (True, False, None)


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ("rate => 5", "write >=", 6),
        ("rate =< 5", "write <=", 6),
        ("rate = 5", "write == to compare", 6),
        ("up && up", "write `and`", 4),
        ("up || up", "write `or`", 4),
        ("!up", "write `not`", 1),
        ("rate > 0.5 for 3m", "`for: 3m` is a key of its own", 12),
        ("rate < 5%", "a percentage is a fraction: 5% is 0.05", 8),
    ],
)
def test_what_other_languages_write_is_put_right(text: str, reason: str, column: int) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text, NAMES)
    assert str(caught.value) == f"this is not a condition: {reason} (column {column} of the condition)"


def test_a_name_in_capitals_is_still_close() -> None:
    with pytest.raises(ConditionError, match="did you mean 'up'"):
        parse("UP", NAMES)
