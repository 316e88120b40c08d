"""What a spectator sees at one moment, as values: the screen draws it, the summary counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.demo.bank_state import Terminal
from ebank_sentinel.demo.directory import Directory
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.sentinel_api import IncidentRow, SymptomRow


@dataclass(frozen=True, slots=True, kw_only=True)
class BankView:
    """What is true of the simulated bank now."""

    terminals: tuple[Terminal, ...]
    dead: frozenset[str]
    success: float  # 0..1
    on_battery: frozenset[str]  # branches
    switch_answers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One frame."""

    now: datetime  # in the bank's zone, as all times on the screen
    elapsed: float  # seconds since the story began
    seconds: float  # that it takes
    marks: tuple[float, ...]  # seconds at which something happens
    caption: str  # what happens now
    said: str  # what a person did last, and what came of it; "": nobody did anything yet
    next_caption: str
    next_in: float  # seconds
    bank: BankView
    symptoms: tuple[SymptomRow, ...]
    incidents: tuple[IncidentRow, ...]  # open ones first, graver first; the ended ones last
    pages: tuple[Received, ...]  # in order of arrival
    directory: Directory
    with_prometheus: bool
    expected: int  # pages that the story must lead to
    notice: str = ""  # something that a spectator must know, such as a daemon that does not answer


_GRAVITY = {"I": 0, "II": 1, "III": 2, "IV": 3}


def in_order(incidents: Mapping[str, IncidentRow]) -> tuple[IncidentRow, ...]:
    """Open before ended, graver before milder, older before younger; what was taken over, under what took it."""
    ordered = sorted(
        incidents.values(),
        key=lambda row: (row.state == "ended", _GRAVITY.get(row.severity, 9), row.since, row.id),
    )
    found: list[IncidentRow] = []

    def put(row: IncidentRow) -> None:
        found.append(row)
        for part in ordered:
            if part.into == row.id:
                put(part)

    for row in ordered:
        if row.into not in incidents:
            put(row)
    return tuple(found)
