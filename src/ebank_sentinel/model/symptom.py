"""A rule that holds on a target: pending, firing, clearing, or unknown for want of data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.model.reading import Scalar, TargetId


class SymptomId(NamedTuple):
    """What a symptom is known by."""

    rule: str
    probe: str
    key: str

    @property
    def target(self) -> TargetId:
        """The target it is on."""
        return TargetId(self.probe, self.key)


class SymptomState(enum.StrEnum):
    """Where a symptom stands. Unknown is not a state of its own: an unknown symptom keeps its state."""

    PENDING = "pending"  # the condition holds, `for` is not over
    FIRING = "firing"  # its incident is open
    CLEARING = "clearing"  # the condition no longer holds, `clear_after` is not over


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One rule on one target, from its onset to its end."""

    id: SymptomId
    state: SymptomState
    onset: datetime  # when the condition began to hold
    known: bool  # False: no data at present, the state is kept
    rows: Mapping[int, datetime] = field(default_factory=dict)  # a `worse` row that holds -> its onset
    held: frozenset[int] = frozenset()  # rows whose own `for` is over
    fired_at: datetime | None = None
    clearing_since: datetime | None = None
    incident: str | None = None  # the one that it belongs to
    under: SymptomId | None = None  # the parent that explains it, or that it waits for
    labels: Mapping[str, str] = field(default_factory=dict)  # of the target, for texts
    values: Mapping[str, Scalar] = field(default_factory=dict)  # of the last reading that changed it, for texts

    @property
    def holds(self) -> bool:
        """Its condition holds, or did when there last was data."""
        return self.state is not SymptomState.CLEARING
