"""The names that `read` and `query` give to fields: what a rule's condition can say without meaning something else."""

from __future__ import annotations

import keyword
import re
from typing import Annotated

from pydantic import AfterValidator

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TAKEN = frozenset(("up", "error", "now", "body", "label", "no_data", "true", "false", "null", "none", "detail"))


def _check_field(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a field: small letters, digits and _, as in queue_depth")
    if name in _TAKEN or keyword.iskeyword(name):
        raise ValueError(f"{name} means something else in a condition: choose another name")
    return name


FieldName = Annotated[str, AfterValidator(_check_field)]
"""A field that a rule's condition can name."""
