"""Why a condition holds or does not: each part with its answer, in the words of the rule."""

from __future__ import annotations

import pytest

from ebank_sentinel.model.reading import ProbeError, Reading
from ebank_sentinel.rules.condition import parse
from ebank_sentinel.rules.explain import Term, explain, of_what_left, without_data
from support.asking import NAMES, TIMES, reading, without


def lines(term: Term, depth: int = 0) -> list[str]:
    """A line for each part, as a person would read it."""
    answer = {True: "true", False: "false", None: "unknown"}[term.truth]
    why = term.reason or ", ".join(f"{name} = {value!r}" for name, value in term.values.items())
    own = f"{'  ' * depth}{term.text} -> {answer}" + (f" ({why})" if why else "")
    return [own, *(line for part in term.parts for line in lines(part, depth + 1))]


def asked(text: str, of: Reading | None = None, active: tuple[str, ...] = ("business",)) -> list[str]:
    return lines(explain(parse(text, NAMES), of or reading(), frozenset(active), TIMES))


def test_each_part_has_its_own_answer_and_the_values_that_it_names() -> None:
    assert asked("rate < 0.95 and attempts >= 500") == [
        "rate < 0.95 and attempts >= 500 -> false",
        "  rate < 0.95 -> true (rate = 0.9)",
        "  attempts >= 500 -> false (attempts = 200)",
    ]


def test_a_field_that_is_missing_is_named() -> None:
    assert asked("rate < 0.95 and attempts >= 200", without("attempts"))[2] == (
        "  attempts >= 200 -> unknown (the reading has no attempts)"
    )


@pytest.mark.parametrize(
    ("text", "of", "line"),
    [
        ("up", reading(), "up -> true (up = True)"),
        ("not up", reading(error=ProbeError.DNS), "not up -> true (up = False)"),
        ("error == 'dns'", reading(error=ProbeError.DNS), "error == 'dns' -> true (error = 'dns')"),
        (
            'label.branch == "0001"',
            reading(labels={}),
            "label.branch == '0001' -> unknown (the target has no label branch)",
        ),
        ("body.queue.depth > 10", reading(), "body.queue.depth > 10 -> true (body.queue.depth = 12)"),
        (
            "body.queue.depth > body.limit",
            reading(body=None),
            "body.queue.depth > body.limit -> unknown (the body has no queue.depth and the body has no limit)",
        ),
        ("now in business", reading(), "now in business -> true"),
        ("now not in night", reading(), "now not in night -> true"),
        ("now in label.hours", reading(), "now in label.hours -> true (label.hours = 'business')"),
        (
            "now in label.hours",
            reading(labels={"hours": "odd"}),
            "now in label.hours -> unknown ('odd' is the name of no time)",
        ),
        ("body.queue.depth * 2 > 20", reading(), "body.queue.depth * 2 > 20 -> true (body.queue.depth = 12)"),
        (
            "body.name * 2 > 20",
            reading(),
            "body.name * 2 > 20 -> unknown (these values do not go together here)",
        ),
        (
            "rate / (attempts - 200) > 1",
            reading(),
            "rate / (attempts - 200) > 1 -> unknown (these values do not go together here)",
        ),
        ("status in [200, 204]", reading(), "status in (200, 204) -> true (status = 200)"),
        ("0 < rate < 0.95", reading(), "0 < rate < 0.95 -> true (rate = 0.9)"),
        (
            "rate < (0.8 if now in night else 0.95)",
            reading(),
            "rate < (0.8 if now in night else 0.95) -> true (rate = 0.9)",
        ),
    ],
)
def test_a_part_reads_as_it_was_written(text: str, of: Reading, line: str) -> None:
    assert asked(text, of) == [line]


def test_parts_within_parts_are_shown_too() -> None:
    assert asked("not (rate < 0.5 or (status == 200 and now in night))") == [
        "not (rate < 0.5 or (status == 200 and now in night)) -> true",
        "  rate < 0.5 or (status == 200 and now in night) -> false",
        "    rate < 0.5 -> false (rate = 0.9)",
        "    status == 200 and now in night -> false",
        "      status == 200 -> true (status = 200)",
        "      now in night -> false",
    ]


def test_a_target_that_is_not_read_and_a_series_that_left_have_no_parts() -> None:
    condition = parse("rate < 0.95 and attempts >= 200", NAMES)
    assert lines(without_data(condition)) == [
        "rate < 0.95 and attempts >= 200 -> unknown (the target is not read: there is no data)"
    ]
    assert lines(of_what_left(condition)) == [
        "rate < 0.95 and attempts >= 200 -> false (the series left a complete answer: nothing of it holds)"
    ]
