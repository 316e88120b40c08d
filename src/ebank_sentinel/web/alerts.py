"""The body of `POST /api/v1/alerts`: a list as Alertmanager's API takes it enters, checked alerts leave.

One mistake refuses them all, by index and key. A text that is only shown is cut, a text that is an identity is not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from ebank_sentinel.errors import RequestError
from ebank_sentinel.model.told import Alert
from ebank_sentinel.web.asked import NO_TEXT, TURNS, moment_of
from ebank_sentinel.yamlfile import did_you_mean
from ebank_sentinel.yamlfile.words import kind_of

MOST_ALERTS = 1000
"""Of one request."""

MOST_BODY = 1024 * 1024
"""Bytes of a request body."""

MOST_LABELS = 64
"""Of one alert; as many annotations."""

LONGEST_NAME = 200
LONGEST_VALUE = 1024
"""Characters of a label; of an annotation so many are kept."""

_KEYS = ("labels", "annotations", "startsAt", "endsAt", "generatorURL")
_ANSWERED = frozenset({"fingerprint", "receivers", "status", "updatedAt"})
"""What Alertmanager adds when it is asked for alerts: whoever hands them on as they are is not refused."""


def alerts(body: Any, now: datetime) -> list[Alert]:
    """Checked, in their order. Raises RequestError 400."""
    if not isinstance(body, list):
        _refuse("alerts", f"must be a list of alerts, and is {kind_of(body)}")
    if len(body) > MOST_ALERTS:
        _refuse("alerts", f"has {len(body)} alerts: at most {MOST_ALERTS} are taken at once, send several requests")
    return [_alert(f"alerts[{index}]", one, now) for index, one in enumerate(body)]


def _alert(where: str, one: Any, now: datetime) -> Alert:
    if not isinstance(one, dict):
        _refuse(where, f"must be a mapping, and is {kind_of(one)}")
    for key in one:
        if key not in _KEYS and key not in _ANSWERED:
            _refuse(where, f"{key[:80]!r} is not known here{did_you_mean(key[:80], _KEYS)}")
    labels = {name: _clean(value) for name, value in _texts(where, one, "labels").items() if value}
    if not labels:
        _refuse(f"{where}.labels", "an alert needs at least one label that is not empty")
    for name, value in labels.items():
        if len(value) > LONGEST_VALUE:
            _refuse(f"{where}.labels.{name}", f"has {len(value)} characters: at most {LONGEST_VALUE} are taken")
    annotations = {name: _clean(value)[:LONGEST_VALUE] for name, value in _texts(where, one, "annotations").items()}
    if not isinstance(one.get("generatorURL", ""), str):
        _refuse(f"{where}.generatorURL", f"must be a text, and is {kind_of(one['generatorURL'])}")
    _moment(where, one, "startsAt")
    ends = _moment(where, one, "endsAt")
    return Alert(
        labels=labels,
        values={**labels, **annotations},
        resolved=ends is not None and ends <= now,
        until=ends if ends is not None and ends > now else None,
    )


def _texts(where: str, one: Mapping[str, Any], key: str) -> Mapping[str, str]:
    """A mapping of names to texts."""
    found = one.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        _refuse(f"{where}.{key}", f"must be a mapping of names to texts, and is {kind_of(found)}")
    if len(found) > MOST_LABELS:
        _refuse(f"{where}.{key}", f"has {len(found)} entries: at most {MOST_LABELS} are taken")
    for name, value in found.items():
        if not name or len(name) > LONGEST_NAME or name != _clean(name):
            _refuse(f"{where}.{key}", f"{name[:80]!r} is no name: 1 to {LONGEST_NAME} characters, none invisible")
        if not isinstance(value, str):
            _refuse(f"{where}.{key}.{name}", f"must be a text, and is {kind_of(value)}")
    return found


def _moment(where: str, one: Mapping[str, Any], key: str) -> datetime | None:
    """A moment; None for what is not given, and for the year 1, which is how Go writes that."""
    value = one.get(key)
    if value is None or value == "" or (isinstance(value, str) and value.startswith("0001-")):
        return None
    found = moment_of(value) if isinstance(value, str) else None
    if found is None:
        _refuse(f"{where}.{key}", "must be a moment with its zone, as in 2026-11-22T03:00:00Z")
    return found


def _clean(text: str) -> str:
    """One line: a description has line breaks, and a phone has none."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(one) in NO_TEXT or one in TURNS else one for one in text)


def _refuse(where: str, reason: str) -> NoReturn:
    where = where if where.isprintable() else "".join(one if one.isprintable() else "?" for one in where)
    raise RequestError(400, "Bad alerts", f"{where[:300]}: {reason}; none of them was taken")
