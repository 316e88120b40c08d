"""Matchers as Alertmanager writes them: what they fit, and where they are wrong."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.rules.matchers import LONGEST_TEXT, MOST_MATCHERS, MatcherError, parse_matchers

PAY = {"alertname": "Slow", "team": "pay", "severity": "critical", "host": "db-1.bank", "path": 'C:\\x "y"'}


class TestWhatTheyFit:
    @pytest.mark.parametrize(
        "text",
        [
            'team="pay"',
            "team=pay",
            '{team="pay"}',
            ' { team = "pay" , } ',
            'team="pay",severity=~"critical|warning"',
            'team="pay", c!="d", severity=~"crit.*", host!~"web|app"',
            'host=~"db-[0-9]\\\\.bank"',  # the escape as Go writes it
            'host=~"db-\\d\\.bank"',  # and as people have always written patterns
            'path="C:\\\\x \\"y\\""',
            '"team"="pay"',
            'zone=""',
            'zone!="north"',
            'zone=~""',
            'zone=~".*"',
            'zone!~".+"',
            "{}",
            "host=~db-.+",
        ],
    )
    def test_an_alert_that_is_meant(self, text: str) -> None:
        assert parse_matchers(text).fit(PAY)

    @pytest.mark.parametrize(
        "text",
        [
            'team="Pay"',
            'team!="pay"',
            'team="pay", severity="warning"',
            'severity=~"crit"',  # a pattern fits the whole value
            'severity=~"crit|warn"',
            'severity!~"critical|x"',
            'host=~"db-1xbank\\\\.."',
            'zone=~".+"',
            'zone!=""',
        ],
    )
    def test_an_alert_that_is_not(self, text: str) -> None:
        assert not parse_matchers(text).fit(PAY)

    def test_names_and_values_in_any_script(self) -> None:
        matchers = parse_matchers('系统="支付", "所 在"=~"徐.*"')
        assert matchers.fit({"系统": "支付", "所 在": "徐汇"})
        assert not matchers.fit({"系统": "支付"})

    def test_escapes_of_go(self) -> None:
        assert parse_matchers(r'a="\t\n\x41\u4e2d\U0001F3E6\101"').fit({"a": "\t\nA中🏦A"})

    def test_an_unknown_escape_leaves_the_backslash_where_it_is(self) -> None:
        assert parse_matchers(r'a="\w\n\"\\"').fit({"a": '\\w\n"\\'})

    def test_half_a_character_fits_no_pattern(self) -> None:
        assert not parse_matchers('a=~".*"').fit({"a": "\ud800"})
        assert parse_matchers('a!~".*"').fit({"a": "\ud800"})


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("", 1),
            ("   ", 4),
            (",", 1),
            ("team", 5),
            ("team=", 6),
            ("=pay", 1),
            ('""="pay"', 1),
            ('team=="pay"', 6),
            ("team~pay", 5),
            ("team!pay", 5),
            ('team="pay" severity="x"', 12),
            ('team="pay"},', 11),
            ('{team="pay"', 12),
            ('{team="pay"} x', 14),
            ("{{}", 2),
            ("team='pay'", 6),
            ("team=`pay`", 6),
            ('team="pay', 6),
            ('team="pay\\"', 6),
            ('a="b",,c="d"', 7),
            ('a="b", host=~"("', 14),
            ('a=~"x{1001}{1001}"', 4),
            (r'a="\ud800"', 4),
            (r'a="xy\777"', 6),
        ],
    )
    def test_each_is_said_at_its_column(self, text: str, column: int) -> None:
        with pytest.raises(MatcherError) as caught:
            parse_matchers(text)
        assert caught.value.column == column
        assert str(caught.value).endswith(f"(column {column} of the matchers)")

    def test_too_long_and_too_many_are_refused(self) -> None:
        with pytest.raises(MatcherError, match=f"at most {LONGEST_TEXT} characters"):
            parse_matchers("a" * (LONGEST_TEXT + 1))
        with pytest.raises(MatcherError, match=f"at most {MOST_MATCHERS} matchers"):
            parse_matchers(",".join(["a=b"] * (MOST_MATCHERS + 1)))
        assert len(parse_matchers(",".join(["a=b"] * MOST_MATCHERS)).matchers) == MOST_MATCHERS
        with pytest.raises(MatcherError, match="at most 1000 are taken"):
            parse_matchers(f'a=~"{"x" * 1001}"')


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


class TestAnything:
    @given(st.lists(st.tuples(NAME, st.sampled_from(["=", "!="]), TEXT), min_size=1, max_size=5), st.booleans())
    def test_what_is_written_with_quotes_is_read_as_it_was_meant(
        self, wanted: list[tuple[str, str, str]], braces: bool
    ) -> None:
        written = ", ".join(f"{name}{operator}{_quoted(value)}" for name, operator, value in wanted)
        read = parse_matchers(f"{{{written}}}" if braces else written)
        assert [(one.name, one.operator, one.value) for one in read.matchers] == wanted

    @given(st.dictionaries(NAME, TEXT, min_size=1), st.sampled_from(["=", "=~"]))
    def test_an_alert_fits_its_own_labels_and_not_their_opposite(self, labels: dict[str, str], operator: str) -> None:
        def written(sign: str) -> str:
            value = (lambda text: text) if "~" not in sign else _literal
            return ",".join(f"{name}{sign}{_quoted(value(text))}" for name, text in labels.items())

        assert parse_matchers(written(operator)).fit(labels)
        assert not parse_matchers(written({"=": "!=", "=~": "!~"}[operator])).fit(labels)

    @settings(max_examples=500)
    @given(st.text(st.sampled_from(list("ab{}[]()!=~,\\\"'`|.*+?^$ \n\t中\x00u0184xU")), max_size=40))
    def test_no_text_ends_in_anything_but_matchers_or_a_column(self, text: str) -> None:
        try:
            read = parse_matchers(text)
        except MatcherError as error:
            assert 1 <= error.column <= len(text) + 1
        else:
            assert read.fit({"a": "b"}) in (True, False)

    def test_patterns_that_others_hang_on_are_answered_at_once(self) -> None:
        began = time.perf_counter()
        matchers = parse_matchers(r'a=~"(a*)*b", b=~"(x+x+)+y", c=~"([a-z]+.)+[A-Z]([a-z])+$"')
        assert not matchers.fit(dict.fromkeys("abc", "a" * 100_000))
        assert time.perf_counter() - began < 5


def _quoted(text: str) -> str:
    """As Go's strconv.Quote writes it, or near enough: every character that could mean something is an escape."""
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _literal(text: str) -> str:
    """A pattern that fits exactly this text."""
    return "".join(character if character.isalnum() else f"\\x{{{ord(character):x}}}" for character in text)


def test_a_value_as_json_writes_it_is_read_too() -> None:
    assert parse_matchers(f"a={json.dumps('支付 / pay')}").fit({"a": "支付 / pay"})
