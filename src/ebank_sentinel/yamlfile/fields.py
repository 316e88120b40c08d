"""A model and a path enter; the names of the keys that a file may write there leave."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def names_at(model: Any, path: tuple[str | int, ...]) -> list[str]:
    """The keys of whatever models may stand at the path, in their order; none where any key may stand."""
    places = [model]
    for segment in path:
        places = [below for place in places for arm in _arms(place) for below in _below(arm, segment)]
    names = [name for place in places for arm in _arms(place) for name in _names(arm)]
    return list(dict.fromkeys(names))


def _arms(annotation: Any) -> Iterator[Any]:
    """The plain types that an annotation may mean."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _arms(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for arm in get_args(annotation):
            yield from _arms(arm)
    elif hasattr(annotation, "__value__"):  # `type X = ...`
        yield from _arms(annotation.__value__)
    else:
        yield annotation


def _model(arm: Any) -> type[BaseModel] | None:
    return arm if isinstance(arm, type) and issubclass(arm, BaseModel) else None


def _written(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
    return alias or name


def _names(arm: Any) -> list[str]:
    model = _model(arm)
    return [] if model is None else [_written(name, field) for name, field in model.model_fields.items()]


def _below(arm: Any, segment: str | int) -> Iterator[Any]:
    model = _model(arm)
    if model is not None:
        for name, field in model.model_fields.items():
            if _written(name, field) == segment:
                yield field.annotation
        return
    inner = get_args(arm)
    if isinstance(segment, str) and len(inner) == 2:
        yield inner[1]  # of a mapping, the value
    elif isinstance(segment, int) and inner:
        yield inner[min(segment, len(inner) - 1)] if inner[-1] is not ... else inner[0]
