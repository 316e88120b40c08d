"""A text of a rule enters; what it may not name, and whether a phone will cut it, leaves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ebank_sentinel.model.template import placeholders
from ebank_sentinel.rules.condition import closest

KEYS = ("title", "number", "normal", "impact", "say")

ALWAYS = frozenset({"eta"})
"""What every text may name beside fields and labels."""

OF_A_SCOPE: Mapping[str, type] = {"failing": int, "base": int, "share": float}
"""What the texts of a wide incident may name: how many targets fail, of how many, and the fraction."""

TITLE_COLUMNS = 24
IMPACT_COLUMNS = 32
"""Widths on a screen (a Chinese character takes two) over which `check` warns: a phone shows little."""

_LIMITS = {"title": TITLE_COLUMNS, "impact": IMPACT_COLUMNS}
_BRACES = re.compile(r"\{\{|\}\}|(\{[^{}]*\})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextNames:
    """What a text may name."""

    fields: Mapping[str, type]
    labels: Collection[str] | None  # None: only who brings them can tell
    strict: bool = False  # labels are not known, and yet a bare name must be a field
    wide: bool = False  # it is about many targets: a field of one of them says nothing

    def of_scope(self) -> TextNames:
        """What the text of a `widens` row may name."""
        return replace(self, wide=True)

    def of_either(self, wide: bool) -> TextNames:  # noqa: FBT001 - a question, not a mode
        """What the text of a row may name that may apply at any width."""
        return replace(self, fields={**self.fields, **OF_A_SCOPE}) if wide else self

    def refuses(self, name: str) -> str | None:
        """Why a text may not name this; None: it may."""
        if self.wide and name in OF_A_SCOPE:
            return None
        if self.wide and (name.startswith("body.") or (name in self.fields and name not in (self.labels or ()))):
            return f"{{{name}}} is of one target: a wide incident has {{failing}}, {{base}}, {{share}} and labels"
        bare = name.removeprefix("label.")
        if name.startswith("body.") or (self.labels is None and (bare != name or not self.strict)):
            return None
        known = {*(self.labels or ())}
        if bare == name:
            known |= {*(OF_A_SCOPE if self.wide else self.fields), *ALWAYS}
        if bare in known:
            return None
        if self.labels is None:
            return f"no field is named {bare!r}{closest(bare, known)}; a label is written {{label.{bare}}}"
        what = "label" if bare != name else "field and no label"
        return f"no {what} is named {bare!r}{closest(bare, known)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in one text."""

    reasons: tuple[str, ...] = field(default=())  # what it may not say
    too_wide: str = ""


def check_text(key: str, language: str, template: str, names: TextNames) -> Checked:
    """Look at one text in one language."""
    try:
        asked = placeholders(template)
    except ValueError as error:
        return Checked(reasons=(str(error),))
    reasons = tuple(reason for name in asked if (reason := names.refuses(name)) is not None)
    limit = _LIMITS.get(key)
    if limit is None or _columns(template) <= limit:
        return Checked(reasons=reasons)
    half = f" ({limit // 2} Chinese characters)" if language.startswith("zh") else ""
    return Checked(reasons=reasons, too_wide=f"over {limit} columns{half}: a phone will cut it")


def _columns(text: str) -> int:
    """Width on a screen: what lies beyond Latin, Greek and Cyrillic takes two columns; placeholders none."""
    text = _BRACES.sub(lambda braces: "" if braces[1] else braces[0][0], text)
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)
