"""Regular expressions of a bank's files, run by RE2: a text enters, a pattern leaves that no answer can slow down."""

from __future__ import annotations

from typing import Annotated, Any

import re2
from pydantic import AfterValidator

LONGEST = 1000
"""Characters of a pattern: nobody reads a longer one, and RE2 compiles each into memory."""


def compile_pattern(text: str) -> Any:
    """The pattern as RE2 runs it, in time linear in the text. Raises ValueError."""
    if len(text) > LONGEST:
        raise ValueError(f"the pattern has {len(text)} characters, and at most {LONGEST} are taken")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        reason = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        raise ValueError(
            f"the pattern is not one that RE2 takes: {reason} (RE2 has no look-around and no back-references)"
        ) from None


def _check(text: str) -> str:
    compile_pattern(text)
    return text


Pattern = Annotated[str, AfterValidator(_check)]
"""A pattern in a settings file: refused when RE2 does not take it."""
