"""Values and names enter; the words that an error uses for them leave."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean "x"?` when one of the known names is close, else nothing: to be put behind a reason."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in reversed(names)}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f': did you mean "{folded[close[0]]}"?' if close else ""


def one_of(names: Sequence[str], *, most: int = 15) -> str:
    """`a, b or c`; the rest is counted when there are more than so many."""
    if len(names) > most:
        return f"{', '.join(names[:most])} or {len(names) - most} more"
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def kind_of(value: object) -> str:
    """What a value is, without showing it: it may be a secret."""
    if value is None:
        return "nothing"
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return "something else"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def shown(value: object) -> str:
    """A value as an error may show it: short, on one line, and no URL, which may hold a password."""
    text = value if isinstance(value, str) else str(value)
    if "://" in text:
        return "this URL"
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
