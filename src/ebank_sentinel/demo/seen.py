"""What the daemon sees, as far as it fits a screen: a view enters; symptoms in groups, and widths, leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.demo.bank_state import Terminal
from ebank_sentinel.demo.sentinel_api import IncidentRow, SymptomRow
from ebank_sentinel.demo.view import View

_ALONE = 2
"""So many targets of a region are named one by one."""


class Seen(NamedTuple):
    """A line: a target that fails, or how many do of a region."""

    what: str
    rule: str
    state: str
    onset: datetime  # of the first of them


def live(terminals: Iterable[Terminal]) -> tuple[Terminal, ...]:
    """Those that customers use."""
    return tuple(terminal for terminal in terminals if terminal.live)


def seen_failing(view: View) -> list[Seen]:
    """The symptoms, oldest first; ATMs by region where there are many."""
    grouped: dict[tuple[str, str], list[SymptomRow]] = {}
    for symptom in sorted(view.symptoms, key=lambda row: (row.onset, row.rule, row.key)):
        grouped.setdefault((symptom.rule, symptom.labels.get("region_name", "")), []).append(symptom)
    lines: list[Seen] = []
    for (rule, region), symptoms in grouped.items():
        if not region or len(symptoms) <= _ALONE:
            lines += [Seen(_target(symptom), rule, _state(symptom), symptom.onset) for symptom in symptoms]
            continue
        ((state, _),) = Counter(map(_state, symptoms)).most_common(1)
        base = sum(terminal.region_name == region for terminal in live(view.bank.terminals))
        what = f"{region} {len(symptoms)} of {base}" if symptoms[0].probe == "atm" else f"{region} {len(symptoms)}"
        lines.append(Seen(what, rule, state, symptoms[0].onset))
    return sorted(lines, key=lambda line: (line.onset, line.rule, line.what))


def width_of(incident: IncidentRow, view: View) -> str:
    """How wide an open incident is, as in `东区 12 of 12`; "" for one target."""
    if not incident.over or incident.target.probe != "atm":
        return ""
    scope = incident.scope.items()
    base = sum(all(getattr(atm, name, value) == value for name, value in scope) for atm in live(view.bank.terminals))
    failing = sum(
        symptom.rule == incident.rule
        and symptom.state == "firing"
        and all(symptom.labels.get(name) == value for name, value in scope)
        for symptom in view.symptoms
    )
    name = " ".join(incident.labels.get(f"{label}_name", value) for label, value in scope)
    return f"{name} {failing} of {base}"


def _target(symptom: SymptomRow) -> str:
    """A target in short."""
    if symptom.key == symptom.probe:
        return symptom.key
    return symptom.labels.get("type", "report") if symptom.probe.startswith("@") else f"{symptom.probe}/{symptom.key}"


def _state(symptom: SymptomRow) -> str:
    return symptom.state if symptom.known else "unknown"
