"""The body of `POST /api/v1/reports`: what a person reports enters; a checked Report leaves, and what to ask back.

Whoever reports may know little: everything but the type may be missing. It is taken, marked, and asked back.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from ebank_sentinel.errors import RequestError
from ebank_sentinel.model.told import Report, ReportId
from ebank_sentinel.web import asked
from ebank_sentinel.yamlfile import did_you_mean
from ebank_sentinel.yamlfile.words import kind_of, one_of

KEYS = ("type", "place", "time", "impact", "reporter", "note", "labels")

FUTURE = timedelta(minutes=5)
"""So far may the reporter's clock be ahead of ours."""

OLDEST = timedelta(days=366)
"""What happened longer ago is a slip of the pen, or nothing that anybody is to be woken for."""

LONGEST_TYPE = 64
MOST_LABELS = 64
LONGEST_NAME = 200
_KEY = re.compile(r'"?([!#-~]{1,255})"?')
"""Of the header `Idempotency-Key`: with or without quotes around it."""

_ASK: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "time": "请问是什么时候发生的?(日期和几点几分)",
        "place": "请问发生在哪里?(网点、机具、网址或系统)",
        "impact": "请问现在有什么影响?(多少客户、哪些业务)",
        "reporter": "请问您是谁,怎样能联系到您?",
    },
    "en": {
        "time": "When did it happen? (date and time)",
        "place": "Where is it? (branch, machine, address or system)",
        "impact": "What does it do at present? (how many customers, which services)",
        "reporter": "Who are you, and how can we reach you?",
    },
}


def report(body: Mapping[str, Any], key: str | None, now: datetime, *, places: Collection[str]) -> Report:
    """Checked. `places`: labels that say where it is. Raises RequestError 400 for the key, 422 for the rest."""
    asked.only(body, *KEYS)
    body = {name: value for name, value in body.items() if value is not None}  # null: the reporter does not know
    found = {name: asked.text(body, name, required=False).strip() for name in ("place", "impact", "reporter", "note")}
    kind = asked.text(body, "type").strip()
    if len(kind) > LONGEST_TYPE:
        raise RequestError(422, "Bad value", f"'type' may have at most {LONGEST_TYPE} characters")
    time, labels = _time(body, now), _labels(body)
    given = {**found, "time": time, "place": found["place"] or any(name in places for name in labels)}
    return Report(
        id=ReportId(_hash(_key(key)), _hash(json.dumps(body, sort_keys=True))),
        type=kind,
        time=time,
        labels=labels,
        missing=tuple(name for name in ("time", "place", "impact", "reporter") if not given[name]),
        **found,
    )


def ask(report: Report, language: str) -> list[str]:
    """One sentence for each thing that is missing."""
    sentences = _ASK["zh" if language.startswith("zh") else "en"]
    return [sentences[name] for name in report.missing]


def notes(report: Report, types: Collection[str]) -> list[str]:
    """What whoever reports should know of it: a type that no rule names."""
    if report.type in types:
        return []
    known = f"no rule names the type {report.type!r}{did_you_mean(report.type, types)}"
    return [f"{known}; it was taken as any other report"]


def nobody(report: Report, types: Collection[str]) -> str:
    """That no rule takes it, and what would be taken."""
    near = did_you_mean(report.type, types) or (f", but {one_of(sorted(types))}" if types else "")
    return f"no rule names the type {report.type!r}{near}; a rule that watches `{{unmatched: report}}` takes the rest"


def _key(header: str | None) -> str:
    if header is None:
        return secrets.token_hex(16)
    found = _KEY.fullmatch(header.strip())
    if found is None:
        words = "Idempotency-Key must be 1 to 255 visible ASCII characters without quotes in them"
        raise RequestError(400, "Bad key", words)
    return found[1]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _time(body: Mapping[str, Any], now: datetime) -> datetime | None:
    if body.get("time") in (None, ""):
        return None
    time = asked.moment_of(asked.text(body, "time").strip())
    if time is None:
        raise RequestError(422, "Bad value", "'time' must be a moment with its zone, as in 2026-11-22T11:00:00+08:00")
    if time > now + FUTURE:
        raise RequestError(422, "Bad value", "'time' is in the future: say when it happened, or leave it out")
    if time < now - OLDEST:
        raise RequestError(422, "Bad value", "'time' is more than a year ago: say when it happened, or leave it out")
    return min(time, now)


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    labels = body.get("labels")
    if labels is None:
        return {}
    if not isinstance(labels, dict):
        raise RequestError(422, "Bad value", f"'labels' must be a mapping of names to texts, and is {kind_of(labels)}")
    if len(labels) > MOST_LABELS:
        raise RequestError(422, "Bad value", f"'labels' has {len(labels)} entries: at most {MOST_LABELS} are taken")
    for name in labels:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            words = f"{name[:80]!r} is no name of a label: 1 to {LONGEST_NAME} characters, none invisible"
            raise RequestError(422, "Bad value", words)
        if name in KEYS:
            raise RequestError(422, "Bad value", f"the label {name!r} is a key of its own: put it beside `labels`")
    return {name: asked.text(labels, name) for name in labels}
