"""A probe whose readings have everything that a condition can ask, and the answer to one question about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.reading import ProbeError, Reading, Scalar, Target, TargetId
from ebank_sentinel.rules.compiled import fuse, truth_of
from ebank_sentinel.rules.condition import Condition, Names, parse

AT = datetime(2026, 12, 10, 2, 0, tzinfo=UTC)
TIMES = ("business", "night")
LABELS = {"branch": "0001", "hours": "business", "网点": "徐汇"}
FIELDS: Mapping[str, Scalar] = {"rate": 0.9, "attempts": 200, "status": 200}
BODY = {"queue": {"depth": 12}, "name": "core", "ok": True}

NAMES = Names(
    fields={"up": bool, "error": str, "rate": float, "attempts": float, "status": int, "seen": object},
    body=True,
    labels=LABELS,
    times=TIMES,
)
WHERE = Names(labels=LABELS, times=TIMES, reading=False)


def reading(
    *,
    fields: Mapping[str, Scalar] = FIELDS,
    labels: Mapping[str, str] = LABELS,
    body: object = BODY,
    error: ProbeError | None = None,
    present: bool = True,
    at: datetime = AT,
    key: str = "A1",
) -> Reading:
    """A reading of one target."""
    target = Target(id=TargetId("atm", key), labels=labels)
    return Reading(target=target, at=at, up=error is None, error=error, fields=fields, body=body, present=present)


def ask(
    question: str | Condition, of: Reading, *, names: Names = NAMES, active: tuple[str, ...] = ("business",)
) -> Truth:
    """What a condition says of a reading, as the fused function does."""
    condition = parse(question, names) if isinstance(question, str) else question
    return truth_of(fuse([(condition, None)], TIMES)(of, frozenset(active)), 0)


def without(*names: str, **changed: Any) -> Reading:
    """A reading that lacks some of its fields."""
    return reading(fields={**{name: value for name, value in FIELDS.items() if name not in names}, **changed})
