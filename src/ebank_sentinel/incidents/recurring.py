"""How often a symptom fired on a target: its moments enter, what counts them leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import SymptomId


def record(draft: Draft, rule: Rule, symptom: SymptomId, at: datetime) -> None:
    """It fired. Kept as long as some row looks back."""
    longest = rule.longest_count
    if longest:
        draft.firings[symptom] = (*_since(draft, symptom, at - longest), at)


def times(draft: Draft, symptom: SymptomId, within: timedelta, at: datetime) -> int:
    """How often it fired in the time before a moment."""
    return len(_since(draft, symptom, at - within))


def often_enough(draft: Draft, rule: Rule, symptom: SymptomId, at: datetime) -> bool:
    """Whether a rule with `count` opens an incident by now."""
    return times(draft, symptom, rule.within, at) >= rule.count


def rows(draft: Draft, rule: Rule, symptom: SymptomId, at: datetime) -> frozenset[int]:
    """The rows of `worse` that count, and whose number is reached."""
    return frozenset(
        index for index, row in enumerate(rule.rows) if row.count and times(draft, symptom, row.within, at) >= row.count
    )


def _since(draft: Draft, symptom: SymptomId, after: datetime) -> tuple[datetime, ...]:
    return tuple(moment for moment in draft.fired(symptom) if moment > after)
