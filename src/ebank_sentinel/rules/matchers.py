"""Matchers as Alertmanager writes them enter; a question about an alert's labels leaves.

`team="pay", severity!="info", host=~"db-.+", zone!~"test|lab"`, with or without braces around it. All
must hold; a label that is missing is empty; a pattern must fit the whole value, and RE2 runs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ebank_sentinel.model.pattern import LONGEST as LONGEST_PATTERN
from ebank_sentinel.model.pattern import compile_pattern

LONGEST_TEXT = 4000
MOST_MATCHERS = 50

_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_PLAIN = re.compile(r"""[^\s{}!=~,\\"'`]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(
    r"""\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))""", re.DOTALL
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_CLASSIC = re.compile(r'\\([n"\\])')


class MatcherError(ValueError):
    """Matchers that cannot be: `column` is 1-based within their text."""

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(f"{reason} (column {column} of the matchers)")
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One of them: it asks for one label."""

    name: str
    operator: str
    value: str
    pattern: Any = None  # of =~ and !~, compiled

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels have what it asks for."""
        found = labels.get(self.name, "")
        equal = found == self.value if self.pattern is None else _fits_whole(self.pattern, found)
        return equal is not self.operator.startswith("!")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchers:
    """Several: all must fit."""

    text: str
    matchers: tuple[Matcher, ...]

    def fit(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        return all(matcher.fits(labels) for matcher in self.matchers)


def parse_matchers(text: str) -> Matchers:
    """Read them. Raises MatcherError with a column."""
    if len(text) > LONGEST_TEXT:
        raise MatcherError(f"matchers are at most {LONGEST_TEXT} characters long", 1)
    return Matchers(text=text, matchers=tuple(_Reader(text).matchers()))


class _Reader:
    """Goes through a text once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def matchers(self) -> list[Matcher]:
        """All of them, up to the end of the text."""
        braces = self._took("{")
        found: list[Matcher] = []
        while not self._ends(braces=braces):
            if len(found) == MOST_MATCHERS:
                self._refuse(f"at most {MOST_MATCHERS} matchers are taken")
            found.append(self._matcher())
            if not self._took(",") and not self._ends(braces=braces):
                self._refuse('between two matchers a comma is needed; a value with spaces stands in "double quotes"')
        if braces:
            if not self._took("}"):
                self._refuse("the brace that is opened is not closed")
            if self._rest():
                self._refuse("nothing may stand behind the closing brace")
        elif not found:
            self._refuse('here is no matcher: write them as in team="pay", or {} for every alert')
        return found

    def _matcher(self) -> Matcher:
        name, _ = self._word("the name of a label")
        self._skip()
        operator = _OPERATOR.match(self._text, self._at)
        if operator is None:
            self._refuse("after the name one of = != =~ !~ is needed")
        self._at = operator.end()
        if self._text.startswith("=", self._at):
            self._refuse("Alertmanager compares with a single =")
        value, column = self._word("a value")
        if "~" not in operator[0]:
            return Matcher(name=name, operator=operator[0], value=value)
        try:
            return Matcher(name=name, operator=operator[0], value=value, pattern=_compiled(value))
        except ValueError as error:
            raise MatcherError(str(error), column) from None

    def _word(self, what: str) -> tuple[str, int]:
        """A word, plain or in double quotes, and the column that it begins at."""
        self._skip()
        start = self._at
        if self._text.startswith('"', start):
            quoted = _QUOTED.match(self._text, start)
            if quoted is None:
                self._refuse("the quotes that are opened here are not closed")
            self._at = quoted.end()
            if not quoted[1] and what != "a value":
                raise MatcherError("the name of a label is not empty", start + 1)
            return _unquoted(quoted[1], start + 1), start + 1
        plain = _PLAIN.match(self._text, start)
        if plain is None:
            if self._text[start : start + 1] in ("'", "`"):
                self._refuse("Alertmanager knows double quotes alone")
            self._refuse(f'{what} is missing here; what is not of letters and digits stands in "double quotes"')
        self._at = plain.end()
        return plain[0], start + 1

    def _ends(self, *, braces: bool) -> bool:
        rest = self._rest()
        return not rest or (braces and rest[0] == "}")

    def _took(self, character: str) -> bool:
        taken = self._rest()[:1] == character
        self._at += taken
        return taken

    def _rest(self) -> str:
        self._skip()
        return self._text[self._at :]

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space is not None else self._at

    def _refuse(self, reason: str) -> NoReturn:
        raise MatcherError(reason, self._at + 1)


def _unquoted(text: str, column: int) -> str:
    r"""What stands between quotes, without its escapes: those of Go.

    When one is none of them, as `\.` or `\d`, a backslash is itself unless `n`, `"` or `\` follows: so
    Alertmanager has always read it, and patterns are written that way.
    """
    if any(escape[6] is not None for escape in _ESCAPE.finditer(text)):
        return _CLASSIC.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text)

    def value(escape: re.Match[str]) -> str:
        if escape[1] is not None:
            return _LETTERS[escape[1]]
        number = int(escape[5], 8) if escape[5] is not None else int(escape[2] or escape[3] or escape[4], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF or (escape[5] is not None and number > 0xFF):
            raise MatcherError(f"{escape[0]} is no character", column + 1 + escape.start())
        return chr(number)

    return _ESCAPE.sub(value, text)


def _compiled(text: str) -> Any:
    """A pattern, to be asked about a whole value. Raises ValueError."""
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"the pattern has {len(text)} characters, and at most {LONGEST_PATTERN} are taken")
    return compile_pattern(text)


def _fits_whole(pattern: Any, value: str) -> bool:
    try:
        return pattern.fullmatch(value) is not None
    except UnicodeEncodeError:  # half a character, as JSON can bring it
        return False
