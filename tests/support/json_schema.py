"""What a JSON Schema refuses of plain data: as much of draft 2020-12 as our own schemas use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_SAID = {"title", "description", "examples", "default", "format", "$schema", "$defs", "deprecated", "discriminator"}
"""Words that refuse nothing."""


def refusals(value: Any, schema: Schema, *, root: Schema, path: str = "") -> Iterator[str]:
    """What does not hold, each with its path. Raises KeyError for a word of JSON Schema that is not known here."""
    for word, wanted in schema.items():
        if word not in _SAID:
            yield from (
                f"{path}: {one}" if ":" not in one else one for one in _WORDS[word](value, wanted, schema, root, path)
            )


def _type(value: Any, wanted: str, *_: Any) -> Iterator[str]:
    if not _TYPES[wanted](value):
        yield f"is no {wanted}"


def _ref(value: Any, wanted: str, _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    yield from refusals(value, root["$defs"][wanted.rsplit("/", maxsplit=1)[-1]], root=root, path=path)


def _any_of(value: Any, wanted: list[Schema], _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    if all(list(refusals(value, arm, root=root, path=path)) for arm in wanted):
        yield "fits none of the forms"


def _one_of(value: Any, wanted: list[Schema], _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    if sum(not list(refusals(value, arm, root=root, path=path)) for arm in wanted) != 1:
        yield "fits not exactly one of the forms"


def _not(value: Any, wanted: Schema, _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    if not list(refusals(value, wanted, root=root, path=path)):
        yield "may not stand here"


def _properties(value: Any, wanted: Schema, _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for name, inner in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from refusals(value[name], inner, root=root, path=f"{path}.{name}")


def _pattern_properties(value: Any, wanted: Schema, _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for pattern, inner in wanted.items():
        for name in value if isinstance(value, dict) else ():
            if re.search(pattern, name):
                yield from refusals(value[name], inner, root=root, path=f"{path}.{name}")


def _additional(value: Any, wanted: Schema | bool, schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        patterns = schema.get("patternProperties", {})
        if name in schema.get("properties", {}) or any(re.search(pattern, name) for pattern in patterns):
            continue
        if wanted is False:
            yield f"has an unknown key {name}"
        elif isinstance(wanted, Mapping):
            yield from refusals(value[name], wanted, root=root, path=f"{path}.{name}")


def _items(value: Any, wanted: Schema, _schema: Schema, root: Schema, path: str) -> Iterator[str]:
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield from refusals(item, wanted, root=root, path=f"{path}[{number}]")


def _required(value: Any, wanted: list[str], *_: Any) -> Iterator[str]:
    yield from (f"needs {name}" for name in wanted if isinstance(value, dict) and name not in value)


def _if(holds: Callable[[Any, Any], bool], kind: type | tuple[type, ...]) -> Callable[..., Iterator[str]]:
    def word(value: Any, wanted: Any, *_: Any) -> Iterator[str]:
        if isinstance(value, kind) and not holds(value, wanted):
            yield f"is not within {wanted}"

    return word


_WORDS: Mapping[str, Callable[..., Iterator[str]]] = {
    "type": _type,
    "$ref": _ref,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _required,
    "enum": _if(lambda value, wanted: value in wanted, object),
    "const": _if(lambda value, wanted: value == wanted, object),
    "pattern": _if(lambda value, wanted: re.search(wanted, value) is not None, str),
    "minLength": _if(lambda value, wanted: len(value) >= wanted, str),
    "maxLength": _if(lambda value, wanted: len(value) <= wanted, str),
    "minItems": _if(lambda value, wanted: len(value) >= wanted, list),
    "maxItems": _if(lambda value, wanted: len(value) <= wanted, list),
    "minProperties": _if(lambda value, wanted: len(value) >= wanted, dict),
    "minimum": _if(lambda value, wanted: value >= wanted, (int, float)),
    "maximum": _if(lambda value, wanted: value <= wanted, (int, float)),
    "exclusiveMinimum": _if(lambda value, wanted: value > wanted, (int, float)),
}
