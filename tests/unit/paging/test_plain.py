"""Text made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.paging.plain import LONGEST_DETAIL, detail, harmless, one_line

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("登录\r\nBcc: x@y.example", "登录 Bcc: x@y.example"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x00h", "a b c d e f g h"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("right\u202eleft\u2066\u200b", "rightleft"),
        ("red \x1b[31malarm\x1b]0;x\x07", "red [31malarm ]0;x"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("full\u3000width", "full width"),
    ],
)
def test_whatever_is_invisible_goes(text: str, plain: str) -> None:
    assert one_line(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("见https://evil.example/a?b=c，请点", "见，请点"),
        ("see HTTP://x.example now", "see now"),
        ("h\u200bttps://x.example", ""),
        ("卡6222021234567890123余额", "卡****0123余额"),
        ("账户123456789012", "账户****9012"),
        ("card 6222 0212 3456 7890", "card ****7890"),
        ("６２２２０２１２３４５６７８９０", "****７８９０"),
        ("电话13800000001", "电话13800000001"),
        ("2026-11-21 03:09", "2026-11-21 03:09"),
    ],
)
def test_links_go_and_what_may_be_an_account_is_masked(text: str, plain: str) -> None:
    assert harmless(text) == plain


@given(ANY)
def test_a_harmless_text_can_be_encoded_and_has_no_line_and_no_link(text: str) -> None:
    plain = harmless(text)
    plain.encode("utf-8")
    plain.encode("utf-16")
    assert not [character for character in plain if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]
    assert "http://" not in plain.lower()
    assert "https://" not in plain.lower()


@given(ANY)
def test_what_a_provider_said_becomes_one_short_line(text: str) -> None:
    assert len(detail(text).splitlines()) <= 1
    assert len(detail(text)) <= LONGEST_DETAIL


def test_a_secret_that_a_provider_repeats_is_hidden() -> None:
    assert detail("bad login bank/geheim!", ["geheim!", ""]) == "bad login bank/<secret>"
