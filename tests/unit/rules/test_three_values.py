"""True, false and unknown: tables, and the fused function against an evaluator written the slow and plain way."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.reading import ProbeError, Reading
from ebank_sentinel.rules.compiled import fuse, truth_of
from ebank_sentinel.rules.condition import parse
from ebank_sentinel.rules.explain import explain
from support.asking import FIELDS, LABELS, NAMES, TIMES, ask, reading, without

T, F, U = "up", "not up", "seen == 1"  # true, false, and unknown: `seen` is never there
TABLE: dict[tuple[str, str], tuple[Truth, Truth]] = {  # left, right -> and, or
    (T, T): (True, True),
    (T, F): (False, True),
    (T, U): (None, True),
    (F, T): (False, True),
    (F, F): (False, False),
    (F, U): (False, None),
    (U, T): (None, True),
    (U, F): (False, None),
    (U, U): (None, None),
}


@pytest.mark.parametrize("pair", TABLE)
def test_and_and_or_are_those_of_sql(pair: tuple[str, str]) -> None:
    left, right = pair
    assert (ask(f"{left} and {right}", reading()), ask(f"{left} or {right}", reading())) == TABLE[pair]


@pytest.mark.parametrize(
    "text",
    [
        "not seen == 1",
        "seen == 1",
        "seen != 1",
        "seen < 1",
        "seen in [1, 2]",
        "seen not in [1, 2]",
        "seen + 1 == 1",
        "-seen == 1",
        "1 < seen",
        "0 < attempts < seen",
        "up if seen == 1 else up",
        "seen == 1 if up else False",
        "seen",
        "not seen",
        "now in label.nothing",
        "now not in label.nothing",
        "body.nothing == 1",
        "body.queue == 1",
        "body.name.length == 4",
    ],
)
def test_whatever_touches_a_missing_field_is_unknown(text: str) -> None:
    names = NAMES.__class__(
        fields=NAMES.fields, body=True, labels=[*LABELS, "nothing"], times=TIMES
    )  # the label is known to the bank, and this target lacks it
    assert ask(text, reading(), names=names) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("attempts < 100 < seen", False),
        ("seen < attempts and not up", False),
        ("(1 if up else seen) == 1", True),
        ("up or seen == 1", True),
        ("rate < 0.95 and (seen == 1 or up)", True),
    ],
)
def test_a_missing_field_that_cannot_matter_does_not(text: str, answer: bool) -> None:
    assert ask(text, reading()) is answer


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("body.x < 5", "a text"),
        ("body.x + 1 == 6", "5"),
        ("body.x % 5 == 1", "%s"),
        ("body.x * 1000000000 == 1", "a"),
        ("1000000000 * body.x == 1", "a"),
        ("-body.x == 1", "a"),
        ("body.x + 1 == 2", True),
        ("1 / body.x > 1", 0),
        ("1 % body.x > 1", 0),
        ("body.x / 0.5 > 1", 10**400),
        ("body.x == 1", None),
        ("body.x == 1", []),
        ("body.x == 1", {}),
        ("body.x != 1", math.nan),
        ("not body.x < 1", math.nan),
    ],
)
def test_a_value_of_the_wrong_kind_or_no_number_at_all_is_unknown(text: str, body: object) -> None:
    assert ask(text, reading(body={"x": body})) is None


def test_a_text_is_simply_not_equal_to_a_number() -> None:
    assert ask("body.x == 5", reading(body={"x": "5"})) is False
    assert ask("body.x in [5]", reading(body={"x": "5"})) is False


@pytest.mark.parametrize("body", [None, [], "text", 5, {"y": 1}])
def test_a_body_without_the_path_is_missing(body: object) -> None:
    assert ask("body.x == 1", reading(body=body)) is None


def test_two_paths_that_look_alike_are_two_things() -> None:
    of = reading(body={"x": {"y": 1}, "x_y": 2})
    mask = fuse([(parse("body.x.y == 1", NAMES), None), (parse("body.x_y == 2", NAMES), None)], TIMES)(of, frozenset())
    assert (truth_of(mask, 0), truth_of(mask, 1)) == (True, True)


def test_a_failed_probe_has_an_error_and_may_lack_every_field() -> None:
    failed = reading(fields={}, error=ProbeError.TIMEOUT)
    assert ask("error == 'timeout'", failed) is True
    assert ask("not up and error in ['timeout', 'dns']", failed) is True
    assert ask("rate < 0.95", failed) is None
    assert ask("not up or rate < 0.95", failed) is True


def test_one_missing_field_leaves_the_other_conditions_as_they_are() -> None:
    texts = ["rate < 0.95", "attempts >= 200", "not up"]
    mask = fuse([(parse(text, NAMES), None) for text in texts], TIMES)(without("attempts"), frozenset())
    assert [truth_of(mask, index) for index in range(3)] == [True, None, False]


# -- the property -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A piece of a condition: how it is written, and what it means on a reading."""

    text: str
    value: Callable[[Reading], Any] = field(compare=False)  # None: unknown


def _get(source: Mapping[str, Any], name: str) -> Any:
    value = source.get(name)
    return None if isinstance(value, dict) or (isinstance(value, float) and math.isnan(value)) else value


def _body(name: str) -> Part:
    return Part(f"body.{name}", lambda of: _get(of.body if isinstance(of.body, Mapping) else {}, name))


def _strict(text: str, function: Callable[..., Any], *parts: Part) -> Part:
    def value(of: Reading) -> Any:
        values = [part.value(of) for part in parts]
        if any(one is None for one in values):
            return None
        try:
            return function(*values)
        except (TypeError, ZeroDivisionError, OverflowError):
            return None

    return Part(text, value)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        if any(isinstance(value, bool | str) for value in values):
            raise TypeError
        return function(*values)

    return checked


def _truths(text: str, parts: list[Part], decisive: bool) -> Part:
    def value(of: Reading) -> Truth:
        values = [None if (one := part.value(of)) is None else bool(one) for part in parts]
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return Part(text, value)


def _choice(test: Part, one: Part, other: Part) -> Part:
    def value(of: Reading) -> Any:
        truth = test.value(of)
        return None if truth is None else one.value(of) if truth else other.value(of)

    return Part(f"({one.text} if {test.text} else {other.text})", value)


def _chain(operands: list[Part], names: list[str]) -> Part:
    pairs = [
        _strict("", COMPARISONS[name], left, right)
        for name, left, right in zip(names, operands, operands[1:], strict=False)
    ]
    words = "".join(f" {name} {operand.text}" for name, operand in zip(names, operands[1:], strict=True))
    return _truths(f"({operands[0].text}{words})", pairs, decisive=False)


def _sum(sign: str, left: Part, right: Part) -> Part:
    return _strict(f"({left.text} {sign} {right.text})", _plain(ARITHMETIC[sign]), left, right)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
}  # fmt: skip

BODIES = [_body("x"), _body("y")]
NUMBERS = st.sampled_from(
    [
        *(Part(str(number), lambda _, number=number: number) for number in (0, 1, 2.5, 200)),  # type: ignore[misc]
        *(Part(name, lambda of, name=name: _get(of.fields, name)) for name in ("rate", "attempts")),  # type: ignore[misc]
        *BODIES,
    ]
)
NUMBERS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds(_sum, st.sampled_from(sorted(ARITHMETIC)), inner, inner),
        st.builds(lambda part: _strict(f"(-{part.text})", _plain(operator.neg), part), inner),
    ),
    max_leaves=4,
)  # fmt: skip
TEXTS = st.sampled_from(
    [
        Part("'timeout'", lambda _: "timeout"),
        Part("error", lambda of: of.error.value if of.error else ""),
        Part("label.branch", lambda of: _get(of.target.labels, "branch")),
        *BODIES,
    ]
)
TIMED = st.sampled_from(
    [
        Part("now in business", lambda _: True),
        Part("now in night", lambda _: False),
        Part(
            "now in label.hours", lambda of: {"business": True, "night": False}.get(of.target.labels.get("hours", ""))
        ),
    ]
)


def _among(part: Part, constants: list[Any], found: bool) -> Part:
    text = f"({part.text} {'in' if found else 'not in'} {constants!r})"
    return _strict(text, lambda value: (value in constants) is found, part)


def _chains(operands: st.SearchStrategy[Part], names: list[str]) -> st.SearchStrategy[Part]:
    return st.integers(2, 4).flatmap(
        lambda count: st.builds(
            _chain,
            st.lists(operands, min_size=count, max_size=count),
            st.lists(st.sampled_from(names), min_size=count - 1, max_size=count - 1),
        )
    )


TRUTHS = st.recursive(
    st.one_of(
        _chains(NUMBERS, sorted(COMPARISONS)),
        _chains(TEXTS, sorted(COMPARISONS)),
        TIMED,
        st.builds(_among, NUMBERS, st.just([0, 1, 200]), st.booleans()),
        st.builds(_among, TEXTS, st.just(["timeout", "0001"]), st.booleans()),
        st.sampled_from([Part("up", lambda of: of.up), Part("False", lambda _: False), *BODIES]),
    ),
    lambda inner: st.one_of(
        st.builds(lambda part: _strict(f"(not {part.text})", operator.not_, part), inner),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: _truths(f"({' and '.join(part.text for part in parts)})", parts, decisive=False)
        ),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: _truths(f"({' or '.join(part.text for part in parts)})", parts, decisive=True)
        ),
        st.builds(_choice, inner, inner, inner),
    ),
    max_leaves=6,
)

SCALARS = st.one_of(
    st.sampled_from([0, 1, -1, 200, 0.5, math.inf, math.nan, 10**400]),
    st.booleans(),
    st.sampled_from(["timeout", "%d"]),
)
READINGS = st.builds(
    lambda fields, labels, body, error: reading(fields=fields, labels=labels, body=body, error=error),
    st.fixed_dictionaries({}, optional={"rate": st.sampled_from([0.5, 0.95, 1.0]), "attempts": st.integers(0, 300)}),
    st.fixed_dictionaries(
        {},
        optional={"branch": st.sampled_from(["0001", "0002"]), "hours": st.sampled_from(["business", "night", "odd"])},
    ),
    st.none() | st.fixed_dictionaries({}, optional={"x": SCALARS, "y": SCALARS | st.just({})}),
    st.none() | st.sampled_from([ProbeError.TIMEOUT, ProbeError.DNS]),
)


@given(st.lists(st.tuples(TRUTHS, st.booleans()), min_size=1, max_size=4), READINGS)
def test_the_fused_function_agrees_with_a_plain_evaluator(questions: list[tuple[Part, bool]], of: Reading) -> None:
    """Several conditions at once, each alone or implying the first; and none of them ever raises."""
    conditions = []
    expected: list[Truth] = []
    for index, (part, implied) in enumerate(questions):
        parent = 0 if implied and index else None
        conditions.append((parse(part.text, NAMES), parent))
        own = part.value(of)
        truth = own if own is None else bool(own)
        if parent is not None:
            truths = (expected[0], truth)
            truth = False if False in truths else None if None in truths else True
        expected.append(truth)
    mask = fuse(conditions, TIMES)(of, frozenset({"business"}))
    assert [truth_of(mask, index) for index in range(len(questions))] == expected


def test_the_fields_of_these_readings_are_those_that_the_names_promise() -> None:
    assert set(FIELDS) <= set(NAMES.fields)


@given(TRUTHS, READINGS)
def test_an_explanation_says_what_the_mask_says_and_reads_as_the_rule_does(part: Part, of: Reading) -> None:
    condition = parse(part.text, NAMES)
    term = explain(condition, of, frozenset({"business"}), TIMES)
    assert term.truth is ask(condition, of)
    again = parse(term.text, NAMES)  # what is shown is a condition, and the same one
    assert ask(again, of) is term.truth
