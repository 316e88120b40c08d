"""sentinel.yaml enters; whatever of it holds leaves, so that a mistake in it hides none in the other files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ebank_sentinel.config.found import Found
from ebank_sentinel.config.settings import SentinelFile
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.paging.settings import ChannelSettings
from ebank_sentinel.probes.settings import ProbeSettings
from ebank_sentinel.yamlfile import Document

_NEEDED: Mapping[str, Any] = {
    "bank": {"name": "unread", "timezone": "UTC"},
    "rules": ["unread"],
    "contacts": "unread",
    "probes": {"unread": {"heartbeat": {"within": "1h"}}},
    "channels": {"unread": {"log": {}}},
}
"""What every file must say, in a form that holds: it stands in for what does not, and is never acted upon."""

_ENTRIES: Mapping[str, type[BaseModel]] = {"probes": ProbeSettings, "channels": ChannelSettings}
"""Sections whose entries stand by themselves: a wrong one is left out, the others stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainFile:
    """What holds of sentinel.yaml."""

    document: Document
    settings: SentinelFile
    unread: frozenset[str] = frozenset()  # top-level keys of which nothing holds: their settings mean nothing
    left_out: Mapping[str, frozenset[str]]  # section -> names of its entries that do not hold


def read_main(document: Document, found: Found) -> MainFile:
    """What holds; the rest is in `found`. Raises ConfigError when the file is no mapping at all."""
    none: Mapping[str, frozenset[str]] = dict.fromkeys(_ENTRIES, frozenset())
    with found:
        return MainFile(document=document, settings=document.validate(SentinelFile), left_out=none)
    raw = document.data()
    if not isinstance(raw, dict):
        raise ConfigError(found.problems)
    kept: dict[str, Any] = dict(_NEEDED)
    left_out = dict(none)
    unread = set(_NEEDED) - set(raw)
    for key in (name for name in SentinelFile.model_fields if name in raw):
        value = raw[key]
        if key in _ENTRIES and isinstance(value, dict):
            fitting = {name: entry for name, entry in value.items() if _fits(_ENTRIES[key], entry)}
            left_out[key] = frozenset(map(str, set(value) - set(fitting)))
            value = fitting or _NEEDED[key]
        if _fits(SentinelFile, {**kept, key: value}):
            kept[key] = value
        else:
            unread.add(key)
    settings = SentinelFile.model_validate(kept)
    return MainFile(document=document, settings=settings, unread=frozenset(unread), left_out=left_out)


def _fits(model: type[BaseModel], value: object) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True
