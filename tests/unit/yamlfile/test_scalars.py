"""Plain data: what is read as what, and what must be quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.yamlfile.scalars import Surprise, resolve
from support.strict_yaml import complaints, read


class TestPlainData:
    def test_text_numbers_truth_and_nothing_are_what_yaml_1_2_says(self, tmp_path: Path) -> None:
        document = read(tmp_path, "a: text\nb: 12\nc: -1.5\nd: true\ne: False\nf: null\ng:\nh: 1e3\ni: 0\n")
        assert document.plain() == {
            "a": "text",
            "b": 12,
            "c": -1.5,
            "d": True,
            "e": False,
            "f": None,
            "g": None,
            "h": 1000.0,
            "i": 0,
        }

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-10",
            "2026-11-10T20:00/2026-11-12T02:00",
            "22:00-07:00",
            "workdays 08:30-17:30",
            "30s",
            "I",
            "+",
            ".",
        ],
    )
    def test_dates_times_and_durations_stay_text(self, text: str) -> None:
        assert resolve(text) == text

    def test_what_is_quoted_is_text(self, tmp_path: Path) -> None:
        assert read(tmp_path, "a: 'no'\nb: \"012\"\nc: |\n  1:30\n").plain() == {"a": "no", "b": "012", "c": "1:30\n"}

    def test_keys_are_text_even_where_yaml_1_1_sees_truth_values(self, tmp_path: Path) -> None:
        assert read(tmp_path, "{on: branch, no: Norsk, y: 1}\n").plain() == {"on": "branch", "no": "Norsk", "y": 1}

    def test_a_few_aliases_are_fine(self, tmp_path: Path) -> None:
        assert read(tmp_path, "a: &x [1, 2]\nb: *x\n").plain() == {"a": [1, 2], "b": [1, 2]}

    def test_part_of_a_file_can_be_read(self, tmp_path: Path) -> None:
        document = read(tmp_path, "people: {wang: {name: Wang}}\n")
        assert document.plain(("people", "wang")) == {"name": "Wang"}
        assert document.plain(("groups",)) is None


SURPRISES = {
    "no": "the truth value false",
    "YES": "the truth value true",
    "On": "the truth value true",
    "off": "the truth value false",
    "y": "the truth value true",
    "N": "the truth value false",
    "1:30": "the number 90 (base 60)",
    "12:34:56": "the number 45296 (base 60)",
    "012": "the number 10 (base 8), and lose its zeros",
    "0001": "the number 1 (base 8), and lose its zeros",
    "089": "the number 89, and lose its zeros",
    "0o17": "the number 15 (base 8)",
    "0x1F": "the number 31",
    "0b11": "the number 3",
    "+380501234567": "the number 380501234567, and lose its +",
    "1_000": "the number 1000",
    "1e400": "infinity, which is no number to compare with",
    ".inf": "infinity",
    "-.INF": "infinity",
    ".nan": "not a number, which compares with nothing",
    "6222021234567890123": "a number too large to keep its digits",
}


@pytest.mark.parametrize(("text", "would_become"), SURPRISES.items())
def test_what_yaml_1_1_reads_as_something_else_must_be_quoted(text: str, would_become: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, f"language: {text}\n") == [
        f"sentinel.yaml:1:11: language: quote it: unquoted, {text} would become {would_become}"
    ]


def test_a_surprising_value_of_a_secret_is_not_shown(tmp_path: Path) -> None:
    (complaint,) = complaints(tmp_path, "probes: {a: {every: 1s, labels: {api_token: 0777}}}\n")
    assert "0777" not in complaint
    assert "quote it" in complaint


@given(st.text(alphabet="0123456789+-_.:eExXobnfaI"))
def test_every_plain_scalar_resolves_or_is_a_surprise(text: str) -> None:
    try:
        value = resolve(text)
    except Surprise:
        return
    assert value is None or isinstance(value, str | int | float)


@given(st.one_of(st.integers(-(10**16), 10**16), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_as_python_writes_them_keep_their_value(number: float) -> None:
    text = repr(number).replace("e+", "e")
    assert resolve(text) == number
