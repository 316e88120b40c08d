"""Texts with placeholders."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.model.template import LONGEST_TEMPLATE, fill, placeholders

VALUES = {
    "rate": 0.6213,
    "queue": 1234567,
    "attempts": 240.0,
    "sum": 0.1 + 0.2,
    "name": "A1",
    "up": True,
    "label.branch-name": "朝阳",
    "nan": float("nan"),
    "huge": 10**5000,
    "none": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("成功率{rate:.0%}", "成功率62%"),
        ("{rate:.2f}", "0.62"),
        ("{rate}", "0.6213"),
        ("{sum}", "0.3"),
        ("{queue:,} {queue:d} {queue:9}", "1,234,567 1234567   1234567"),
        ("{attempts} {attempts:d}", "240 240"),
        ("{name:4}|{up}", "  A1|true"),
        ("{label.branch-name}支行", "朝阳支行"),
        ("{{rate}} {{}}", "{rate} {}"),
    ],
)
def test_values_appear_as_their_format_says(template: str, text: str) -> None:
    assert fill(template, VALUES) == text
    placeholders(template)


@pytest.mark.parametrize(
    "template",
    ["{missing}", "{name:.0%}", "{up:d}", "{nan}", "{nan:.0%}", "{huge}", "{huge:.0%}", "{none}"],
)
def test_a_value_that_is_missing_or_does_not_fit_is_a_question_mark(template: str) -> None:
    placeholders(template)
    assert fill(f"<{template}>", VALUES) == "<?>"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{name!r}", "is no placeholder"),
        ("{name.__class__!s}", "is no placeholder"),
        ("{name[0]}", "is no placeholder"),
        ("{}", "is no placeholder"),
        ("{0}", "is no placeholder"),
        ("{rate:>10}", "format that is not known"),
        ("{rate:21}", "format that is not known"),
        ("{rate:.99f}", "format that is not known"),
        ("{rate:.2d}", "format that is not known"),
        ("{rate:.2}", "format that is not known"),
        ("{rate", "stands alone"),
        ("rate}", "write `}}`"),
        ("{a{rate}}", "stands alone"),
        ("x" * (LONGEST_TEMPLATE + 1), "at most 2000"),
    ],
)
def test_what_does_not_parse_is_refused_with_a_sentence(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        placeholders(template)


def test_each_name_is_listed_once_in_order() -> None:
    assert placeholders("{b} {a:.0%} {label.x} {b}") == ["b", "a", "label.x"]


def test_a_dotted_name_reaches_no_attribute() -> None:
    assert fill("{name.upper} {name.__class__}", VALUES) == "? ?"


def test_a_value_is_never_read_as_a_template() -> None:
    assert fill("{name}", {"name": "{rate} {{"}) == "{rate} {{"


def test_one_value_cannot_fill_the_text_up() -> None:
    assert len(fill("{name}", {"name": "x" * 1_000_000})) == 500


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))


@given(st.text(alphabet=st.sampled_from("{}:.,%!dfab0912[] 汉\n")), st.dictionaries(st.text("ab.", max_size=3), ANY))
def test_filling_never_raises_and_names_that_are_listed_are_those_that_are_used(
    template: str, values: dict[str, object]
) -> None:
    text = fill(template, values)
    try:
        names = placeholders(template)
    except ValueError:
        return
    if not names:
        assert text == template.replace("{{", "{").replace("}}", "}")
