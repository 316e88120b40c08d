"""A test that failed enters; what happened in it leaves, line by line: readings, symptoms, incidents, pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.ledger import Delta
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.model.symptom import Symptom, SymptomId
from ebank_sentinel.trial.bench import Verdict

_SHOWN = 4
"""Targets that are named of those that move alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that happened."""

    at: datetime
    kind: str  # "reading", "alert", "report", "person", "restart", "symptom", "incident", "page"
    words: str


def timeline(verdict: Verdict) -> list[Line]:
    """Everything up to the last difference, in the order in which it happened."""
    until = max((one.at for one in verdict.differences), default=verdict.case.end)
    lines = [Line(at=one.at, kind=one.kind, words=one.words) for one in verdict.case.story]
    symptoms: dict[SymptomId, Symptom] = {}
    pages: dict[str, Page] = {}
    incidents: dict[str, Incident] = {}
    for at, delta in verdict.deltas:
        incidents |= delta.incidents
        lines += [Line(at=at, kind="symptom", words=words) for words in _moves(symptoms, delta)]
        lines += _history(at, delta, incidents)
        lines += [Line(at=at, kind="page", words=words) for words in _pages(pages, delta)]
    decided = {"symptom", "incident", "page"}
    return sorted((line for line in lines if line.at <= until), key=lambda line: (line.at, line.kind in decided))


def clock(at: datetime, start: datetime, zone: ZoneInfo) -> str:
    """`03:07:00 +7m`: the bank's time, with the day when it is not the first one, and how long after the start."""
    local = at.astimezone(zone)
    day = "" if local.date() == start.astimezone(zone).date() else f"{local:%m-%d} "
    return f"{day}{local:%H:%M:%S} {'+' + format_duration(max(at - start, timedelta()))}"


def _moves(known: dict[SymptomId, Symptom], delta: Delta) -> Iterator[str]:
    """Each move, with all symptoms of a rule that make it together."""
    moves: dict[tuple[str, str], list[str]] = {}
    for symptom_id, new in delta.symptoms.items():
        word = _move(known.get(symptom_id), new)
        if new is None:
            known.pop(symptom_id, None)
        else:
            known[symptom_id] = new
        if word:
            moves.setdefault((symptom_id.rule, word), []).append(str(symptom_id.target))
    for (rule, word), targets in moves.items():
        more = f" and {len(targets) - _SHOWN} more" if len(targets) > _SHOWN else ""
        yield f"{rule} on {', '.join(targets[:_SHOWN])}{more}: {word}"


def _move(old: Symptom | None, new: Symptom | None) -> str:
    if new is None:
        return "over"
    if old is None or old.state is not new.state:
        under = f", part of {new.under.rule}" if new.under is not None else ""
        return f"{new.state.value}{under}"
    if old.known != new.known:
        return f"{new.state.value}, {'known again' if new.known else 'no data'}"
    if old.under != new.under:
        return f"part of {new.under.rule}" if new.under is not None else "on its own"
    if new.held - old.held:
        return f"row {max(new.held) + 1} of worse holds"
    return ""


def _history(at: datetime, delta: Delta, incidents: dict[str, Incident]) -> Iterator[Line]:
    """What was decided and why; pages have lines of their own."""
    said = {f"{page.recipient} by {page.channel}: {page.step}" for page in delta.pages.values()}
    for event in delta.events:
        if event.detail in said and event.incident is not None:
            continue
        incident = incidents.get(event.incident or "")
        subject = f"{incident.rule} ({incident.code}) " if incident is not None else ""
        yield Line(at=min(event.at, at), kind="incident", words=f"{subject}{event.reason}: {event.detail}")


def _pages(known: dict[str, Page], delta: Delta) -> Iterator[str]:
    for page in delta.pages.values():
        before = known.get(page.id)
        known[page.id] = page
        if before is not None and before.state is page.state:
            continue
        who = f"{page.recipient} by {page.channel}"
        if page.state is PageState.READY:
            yield f"{who} ({page.reason}): {page.message.short}"
        elif page.state is PageState.FAILED:
            yield f"{who}: could not be delivered"
