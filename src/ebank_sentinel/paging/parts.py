"""How many parts a text takes on the phone network: a text enters, a number or a cut text leaves.

3GPP TS 23.038: a text whose characters are all in the 7-bit default alphabet counts in septets (160 in one
part, 153 in each of several), any other in UTF-16 units (70 and 67). TS 23.040 takes the difference for the
header that joins the parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MOST_PARTS: Final = 3
"""No page is longer: 201 Chinese characters, or 459 of the 7-bit alphabet."""

_FITS_ANYHOW: Final = 99
"""Characters that fit whatever they are: two units each, and one unit lost at the end of each part."""

_SEPTET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWO_SEPTETS: Final = frozenset("\f^{}\\[~]|€")


def is_septets(text: str) -> bool:
    """Whether a phone network can carry it in the 7-bit default alphabet."""
    return all(character in _SEPTET or character in _TWO_SEPTETS for character in text)


def parts(text: str) -> int:
    """How many parts the network makes of it; no character is split between two."""
    septets = is_septets(text)
    sizes = [_size(character, septets=septets) for character in text]
    if sum(sizes) <= (160 if septets else 70):
        return 1
    room, count, left = (153 if septets else 67), 1, 153 if septets else 67
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count


def fits(text: str) -> bool:
    """Whether it takes no more parts than a page may have."""
    return len(text) <= _FITS_ANYHOW or parts(text) <= MOST_PARTS


def cut(text: str) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    if fits(text):
        return text
    return longest(text, fits)


def longest(text: str, holds: Callable[[str], bool]) -> str:
    """The longest beginning of the text, with an ellipsis, for which it holds; "" when there is none."""
    ellipsis = "..." if is_septets(text) else "…"  # the single character would cost the whole text its alphabet
    low, high = 0, min(len(text), 460)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(text[:middle].rstrip() + ellipsis) else (low, middle - 1)
    return text[:low].rstrip() + ellipsis if low else ""


def _size(character: str, *, septets: bool) -> int:
    if septets:
        return 2 if character in _TWO_SEPTETS else 1
    return 2 if ord(character) > 0xFFFF else 1
