"""Text made harmless: anything enters, one line leaves that every phone, mail header and log can carry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Control characters, bidirectional marks and other invisible format characters, line and paragraph
# separators, lone surrogates, private and unassigned code points. A mail library refuses some, a terminal
# obeys others, and a phone shows a text in another order for a third kind.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINER = "\u200d"  # holds an emoji of several together: harmless, and the only one that is kept
_LINK = re.compile(r"https?:/*[!-~]*", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)(?:\d{12,19}|\d{4}(?:[ -]\d{4}){2,3}(?:[ -]?\d{1,3})?)(?!\d)")

LONGEST_DETAIL = 300
"""Characters kept of what a provider said."""


def one_line(text: str) -> str:
    """The text without anything invisible, its white space as single spaces."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(_visible(character) for character in text).split())


def _visible(character: str) -> str:
    if character.isprintable() or character == _JOINER:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def harmless(text: str) -> str:
    """One line without links, and with what may be a card or an account cut to its last four digits."""
    return " ".join(_NUMBER.sub(_last_four, _LINK.sub("", one_line(text))).split())


def _last_four(number: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", number[0])
    return f"****{digits[-4:]}"


def detail(text: str, secrets: Iterable[str] = ()) -> str:
    """What a provider said, fit for a store and a log: one short line without our secrets in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "<secret>")
    return one_line(text)[:LONGEST_DETAIL]
