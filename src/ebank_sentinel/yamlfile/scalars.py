"""The text of a plain scalar enters; its value by YAML 1.2's core leaves, unless YAML 1.1 sees something else.

What two readers of YAML take for two different things is refused with the advice to quote it.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Plain: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YES_OR_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_MAYBE_NUMBER = re.compile(r"[-+.0-9]")
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_OCTAL = re.compile(r"[-+]?0o?[0-7_]+")
_BASED = re.compile(r"[-+]?0([xX]_*[0-9a-fA-F][0-9a-fA-F_]*|[bB]_*[01][01_]*)")
_ODD_NUMBER = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_DIGITS = 18  # fits 64 bits; a longer row of digits is an account or a phone number


class Surprise(ValueError):
    """A plain scalar that must be quoted: says what it would have become."""

    def __init__(self, would_become: str) -> None:
        super().__init__(would_become)
        self.would_become = would_become


def resolve(text: str) -> Plain:
    """The value of a plain scalar. Raises Surprise."""
    if text in _WORDS:
        return _WORDS[text]
    if text.lower() in _YES_OR_NO:
        raise Surprise(f"the truth value {_YES_OR_NO[text.lower()]}")
    if not _MAYBE_NUMBER.match(text):
        return text
    if _INT.fullmatch(text):
        if len(text) > _LONGEST_DIGITS:
            raise Surprise("a number too large to keep its digits")
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise Surprise("infinity, which is no number to compare with")
        return number
    _refuse_odd_numbers(text)
    return text


def _refuse_odd_numbers(text: str) -> None:
    """Raises Surprise for what YAML 1.1 takes for a number, and version 1.2 does not, or writes otherwise."""
    if _NOT_A_NUMBER.fullmatch(text):
        raise Surprise("infinity" if "inf" in text.lower() else "not a number, which compares with nothing")
    if len(text) > 100:  # int() on a long row of digits is slow
        if _ODD_NUMBER.fullmatch(text) or _BASED.fullmatch(text) or _SEXAGESIMAL.fullmatch(text):
            raise Surprise("a number too large to keep its digits")
        return
    bare = text.replace("_", "").lstrip("+-")
    sign = "-" if text.startswith("-") else ""
    if _SEXAGESIMAL.fullmatch(text):
        total = 0.0
        for part in bare.split(":"):
            total = total * 60 + float(part or 0)
        raise Surprise(f"the number {sign}{total:.15g} (base 60)")
    if _OCTAL.fullmatch(text) and bare.strip("0o"):
        lost = ", and lose its zeros" if bare[1:2] != "o" else ""
        raise Surprise(f"the number {sign}{int(bare.replace('o', ''), 8)} (base 8){lost}")
    if _BASED.fullmatch(text):
        raise Surprise(f"the number {sign}{int(bare, 0)}")
    if _ODD_NUMBER.fullmatch(text):
        lost = (
            ", and lose its zeros" if len(bare) > 1 and bare[0] == "0" else ", and lose its +" if text[0] == "+" else ""
        )
        raise Surprise(f"the number {sign}{_decimal(bare)}{lost}")


def _decimal(bare: str) -> str:
    return str(int(bare)) if bare.isdigit() else f"{float(bare):.15g}"
