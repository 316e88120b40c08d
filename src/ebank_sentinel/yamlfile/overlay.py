"""The errors of pydantic enter; refusals leave, each at its path in the file, one for each mistake.

Pydantic puts the names of a union's arms into its paths, and complains about each arm: the paths are
laid over the data of the file, which knows no arms, and the arm that was meant is picked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from ebank_sentinel.yamlfile.tree import Path


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error of pydantic, its path laid over the file's tree."""

    type: str
    path: Path
    arms: tuple[tuple[int, str], ...]  # names that the tree does not know, and how deep they stood
    value: Any
    context: Mapping[str, Any]
    message: str
    name: str = ""  # the key that is missing
    at_key: bool = False
    expected: tuple[str, ...] = field(default=())  # set when several arms were put together


def refusals(error: ValidationError, value: object) -> list[Refusal]:
    """What a model refuses of a value."""
    return _pick_arms([_refusal(one, value) for one in error.errors(include_url=False)])


def _refusal(error: Any, value: object) -> Refusal:
    location: tuple[str | int, ...] = tuple(error["loc"])
    name, at_key = "", False
    if error["type"] == "missing" and location:
        name, location = str(location[-1]), location[:-1]
    if location and location[-1] == "[key]":
        at_key, location = True, location[:-1]
    path, arms, _ = _overlay(value, location, 0)
    return Refusal(
        error["type"], path, arms, error.get("input"), error.get("ctx", {}), error["msg"], name=name, at_key=at_key
    )


def _overlay(
    value: object, location: tuple[str | int, ...], depth: int
) -> tuple[Path, tuple[tuple[int, str], ...], tuple[bool, int]]:
    """The path of a location in the data, the arms left over, and how well it fits."""
    if not location:
        return (), (), (True, 0)
    segment, rest = location[0], location[1:]
    steps = []
    found, child = _step(value, segment)
    if found:
        path, arms, (ends, count) = _overlay(child, rest, depth + 1)
        steps.append(((segment, *path), arms, (ends, count + 1)))
    if not found or isinstance(segment, str):
        path, arms, (ends, count) = _overlay(value, rest, depth)
        steps.append((path, ((depth, str(segment)), *arms), (ends and bool(rest), count)))
    return max(steps, key=lambda step: step[2])


def _step(value: object, segment: str | int) -> tuple[bool, object]:
    match value:
        case dict() if segment in value:
            return True, value[segment]
        case list() if isinstance(segment, int) and 0 <= segment < len(value):
            return True, value[segment]
    return False, None


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
}


def _pick_arms(raws: list[Refusal]) -> list[Refusal]:
    """Of a union, the errors of the arm that was meant; of arms that all want another kind, one error."""
    unions: dict[tuple[Path, int], list[Refusal]] = defaultdict(list)
    picked = []
    for raw in raws:
        if raw.arms:
            unions[raw.path[: raw.arms[0][0]], raw.arms[0][0]].append(raw)
        else:
            picked.append(raw)
    for (path, _), group in unions.items():
        arms: dict[str, list[Refusal]] = defaultdict(list)
        for raw in group:
            arms[raw.arms[0][1]].append(replace(raw, arms=raw.arms[1:]))
        picked.extend(_meant(path, arms))
    return picked


def _meant(path: Path, arms: dict[str, list[Refusal]]) -> list[Refusal]:
    resolved = [_pick_arms(errors) for errors in arms.values()]
    fitting = [errors for errors in resolved if not any(_another_kind(raw, path) for raw in errors)]
    if fitting:
        return min(fitting, key=len)
    if len(resolved) == 1:
        return resolved[0]
    first = resolved[0][0]
    words = [word for errors in resolved for raw in errors if raw.path == path for word in expected(raw)]
    return [replace(first, type="kinds", path=path, expected=tuple(dict.fromkeys(words)))]


def _another_kind(raw: Refusal, path: Path) -> bool:
    return raw.path == path and bool(expected(raw)) and not raw.at_key


def expected(raw: Refusal) -> tuple[str, ...]:
    """What kinds or words the model wants, when the value is of another kind."""
    if raw.expected:
        return raw.expected
    if raw.type in {"literal_error", "enum"}:
        return tuple(choices(raw.context))
    word = _EXPECTED.get(raw.type)
    return (word,) if word else ()


def choices(context: Mapping[str, Any]) -> list[str]:
    """The words that the model allows."""
    text = str(context.get("expected") or context.get("expected_tags") or "")
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'", text)
    return quoted or [text]
