"""The errors of pydantic enter; findings with the path of a key and a plain sentence leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from ebank_sentinel.yamlfile.fields import names_at
from ebank_sentinel.yamlfile.overlay import Refusal, choices, expected, refusals
from ebank_sentinel.yamlfile.tree import Path, secretive
from ebank_sentinel.yamlfile.words import did_you_mean, kind_of, one_of, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the model refuses."""

    path: Path  # where to point
    named: Path  # what to print
    at_key: bool
    reason: str


def explain(error: ValidationError, model: Any, prefix: Path, value: object) -> list[Finding]:
    """All findings, in words of our own."""
    return [_finding(refusal, model, prefix) for refusal in refusals(error, value)]


_FORMS = {
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$": "a name: up to 64 letters, digits, `_`, `.` and `-`, a letter or digit first",
    r"^[a-z]{2,3}(-[A-Z][A-Za-z]+)?$": "a language such as zh-CN or en",
    r"^([a-z]{2,3}(-[A-Z][A-Za-z]+)?)?$": "a language such as zh-CN or en",
    r"^[^\W\d]\w{0,63}$": "a label: letters, digits and _, no digit first",
}
_BOUNDS = {"gt": "over", "ge": "at least", "lt": "under", "le": "at most"}
_LENGTHS = {"too_short", "too_long", "string_too_short", "string_too_long"}


def _finding(raw: Refusal, model: Any, prefix: Path) -> Finding:
    path = (*prefix, *raw.path)
    finding = Finding(path=path, named=path, at_key=raw.at_key, reason=_reason(raw, path))
    if raw.type == "extra_forbidden":
        known = names_at(model, raw.path[:-1])
        close = did_you_mean(str(raw.path[-1]), known) if raw.path else ""
        if not close and known:
            close = f": known here are {one_of(known, most=25).replace(' or ', ' and ')}"
        return replace(finding, at_key=True, reason=f"unknown key{close}")
    return finding


def _reason(raw: Refusal, path: Path) -> str:
    if raw.expected or expected(raw):
        return _no_choice(raw, choices(raw.context), path) if raw.type in _CHOICES else _another(raw)
    if raw.type in _LENGTHS:
        return _length(raw)
    if raw.type == "string_pattern_mismatch":
        pattern = str(raw.context.get("pattern", ""))
        what = "this" if secretive(path) else shown(raw.value)
        return f"{what} is not {_FORMS.get(pattern, f'of the form {pattern}')}"
    for bound, words in _BOUNDS.items():
        if bound in raw.context:
            return f"must be {words} {raw.context[bound]}"
    sentence = _SENTENCES.get(raw.type)
    return sentence(raw, path) if sentence else re.sub(r"^(Input|Value) should", "it should", raw.message)


def _another(raw: Refusal) -> str:
    wanted, value = expected(raw), raw.value
    reason = f"expected {one_of(wanted, most=99)}, got {kind_of(value)}"
    if value is None:
        return f"{reason}: write a value behind the colon, or take the key out"
    if "text" in wanted and isinstance(value, bool | int | float):
        return f"{reason}: quote it"
    if "text" in wanted and isinstance(value, dict | list):
        return f"{reason}: text that begins with a brace or bracket must be quoted, or written in block form"
    if wanted == ("a list",):
        return f"{reason}: put it into [ ]"
    if wanted == ("a mapping",) and isinstance(value, str) and "\uff1a" in value:
        return f"{reason}: the colon is the full-width one (\uff1a), type : and a space"
    return reason


def _no_choice(raw: Refusal, choices: Sequence[str], path: Path) -> str:
    allowed = one_of(choices, most=30)
    if not isinstance(raw.value, str) or secretive(path):
        return f"must be {allowed}, got {kind_of(raw.value)}"
    return f"{shown(raw.value)} is not {allowed}{did_you_mean(raw.value, choices)}"


def _length(raw: Refusal) -> str:
    least, most = raw.context.get("min_length"), raw.context.get("max_length")
    what = "characters" if raw.type.startswith("string") else "entries"
    if least == 1:
        return "must not be empty"
    if least is not None:
        return f"needs at least {least} {what}"
    return f"holds over {most} {what}"


_CHOICES = {"literal_error", "enum"}
_SENTENCES: dict[str, Callable[[Refusal, Path], str]] = {
    "missing": lambda raw, _: f'needs "{raw.name}"',
    "value_error": lambda raw, _: str(raw.context.get("error", raw.message)),
    "assertion_error": lambda raw, _: str(raw.context.get("error", raw.message)),
    "union_tag_invalid": lambda raw, path: _no_choice(
        replace(raw, value=raw.context.get("tag")), choices(raw.context), path
    ),
    "union_tag_not_found": lambda raw, _: f"needs {raw.context.get('discriminator', 'a kind')}".replace("'", '"'),
}
