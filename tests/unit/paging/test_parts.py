"""How many parts a text takes on the phone network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.paging.parts import cut, fits, is_septets, longest, parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("[" * 80, 1),  # two septets each
        ("[" * 81, 2),
        ("[" * 228, 3),  # 153 holds 76 of them, and half a character stays empty
        ("[" * 229, 4),
        ("汉" * 70, 1),
        ("汉" * 71, 2),
        ("汉" * 201, 3),
        ("汉" * 202, 4),
        ("😀" * 35, 1),
        ("😀" * 99, 3),  # no pair is split between parts of 67
        ("😀" * 100, 4),
        ("a" * 70 + "汉", 2),
    ],
)
def test_parts_are_counted_as_the_network_does(text: str, count: int) -> None:
    assert parts(text) == count


def test_the_7_bit_alphabet_has_no_backtick_and_no_chinese() -> None:
    assert is_septets("Level II [Demo] €5 ~")
    assert not is_septets("`")
    assert not is_septets("二")


def test_what_fits_is_not_cut() -> None:
    assert cut("汉" * 201) == "汉" * 201


def test_what_does_not_fit_keeps_as_much_as_fits_and_shows_that_it_is_cut() -> None:
    assert cut("汉" * 300) == "汉" * 200 + "…"
    assert cut("a" * 500) == "a" * 456 + "..."


def test_a_cut_that_nothing_satisfies_is_empty() -> None:
    assert longest("abc", lambda _text: False) == ""


@given(st.text(max_size=1000))
def test_a_cut_text_always_fits(text: str) -> None:
    assert fits(cut(text))
