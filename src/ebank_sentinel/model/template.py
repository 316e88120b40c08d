"""Texts with placeholders: a template and values enter, a text leaves, and a page is never lost on the way.

`{name}`, `{name:spec}` and `{label.name}` stand for values by exactly that name; `{{` and `}}` are
braces. There is no attribute, no index, no conversion: a value can do nothing but appear.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

LONGEST_TEMPLATE = 2_000
"""Characters of a template: a text is read on a phone or in a mail, not in a book."""

LONGEST_VALUE = 500
"""Characters that one value may put into a text."""

UNKNOWN = "?"
"""Stands where a value is missing, or is none that its format fits."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+)*")
_SPEC = re.compile(r"(?P<width>0?[1-9]|1[0-9]|20)?(?P<comma>,)?(?:\.(?P<digits>[0-6]))?(?P<kind>[df%])?")


def placeholders(template: str) -> list[str]:
    """The names in a template, each once, in order. Raises ValueError: what does not parse, and what to write."""
    if len(template) > LONGEST_TEMPLATE:
        raise ValueError(f"the text has {len(template)} characters: at most {LONGEST_TEMPLATE} are allowed")
    names: dict[str, None] = {}
    for token in _TOKEN.finditer(template):
        if token[0] in {"{", "}"}:
            raise ValueError(f"a `{token[0]}` at character {token.start() + 1} stands alone: write `{token[0] * 2}`")
        if token[1] is not None:
            names[_parse(token[1])[0]] = None
    return list(names)


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its values in place; `?` for whatever is missing or does not fit. Never raises."""

    def replace(token: re.Match[str]) -> str:
        if token[1] is None:
            return token[0][0]  # `{{` and `}}`; a lone brace, which loading refuses, stays as it is
        try:
            name, spec = _parse(token[1])
            return _show(values[name], spec)[:LONGEST_VALUE]
        except (KeyError, ValueError, OverflowError):
            return UNKNOWN

    return _TOKEN.sub(replace, template[:LONGEST_TEMPLATE])


def _parse(inside: str) -> tuple[str, str]:
    """Name and format of what stands between two braces. Raises ValueError."""
    name, _, spec = inside.partition(":")
    if not _NAME.fullmatch(name):
        raise ValueError(f"`{{{inside}}}` is no placeholder: write {{name}}, {{name:.0%}} or {{label.name}}")
    parsed = _SPEC.fullmatch(spec)
    whole_with_fraction = parsed is not None and parsed["kind"] == "d" and parsed["digits"] is not None
    fraction_of_nothing = parsed is not None and parsed["kind"] is None and parsed["digits"] is not None
    if parsed is None or whole_with_fraction or fraction_of_nothing:
        raise ValueError(f"`{{{inside}}}` has a format that is not known: `.0%`, `.2f`, `d`, `,` or a width up to 20")
    return name, spec


def _show(value: object, spec: str) -> str:
    """A scalar in words. Raises ValueError for what is no scalar, or does not fit its format."""
    if isinstance(value, str | bool):
        text = value if isinstance(value, str) else str(value).lower()
        return format(text, f">{spec.lstrip('0')}" if spec else "")  # only a width fits: others raise ValueError
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no scalar")
    if spec.endswith("d") or (isinstance(value, float) and value.is_integer() and spec[-1:] not in {"f", "%"}):
        value = round(value)  # `d` is for counts, and Prometheus counts in floats
    if isinstance(value, float) and spec[-1:] not in {"f", "%"}:
        return _short(value).rjust(int(spec.strip(",") or 0))
    return format(value, spec)


def _short(value: float) -> str:
    """A fraction as people write it: no more than four decimals, no trailing zeros, no 0.30000000000000004."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.001 else f"{value:.3g}"
