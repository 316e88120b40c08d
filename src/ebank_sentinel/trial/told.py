"""Alerts and reports as a test writes them enter; what the daemon's own doors make of them leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

from ebank_sentinel.config import Config
from ebank_sentinel.model.told import Alert, Report
from ebank_sentinel.trial.case import Told
from ebank_sentinel.trial.settings import AlertSettings, ReportSettings
from ebank_sentinel.web import alerts, reports

_TOLD_AGAIN = timedelta(days=365)
"""Who sends alerts sends them again while they fire; a test says it once."""


def take(entry: AlertSettings | ReportSettings, start: datetime, place: str, config: Config) -> Told:
    """One of them. `place`: where it is written, which tells it from others. Raises RequestError, as the doors do."""
    at = start + entry.at
    what = _alert(entry, start) if isinstance(entry, AlertSettings) else _report(entry, at, place, config)
    return Told(request=place, at=at, what=what)


def _alert(entry: AlertSettings, start: datetime) -> Alert:
    at = start + entry.at
    ends = at if entry.resolved else start + entry.ends if entry.ends is not None else at + _TOLD_AGAIN
    body = {"labels": entry.labels, "annotations": entry.annotations, "endsAt": ends.isoformat()}
    [found] = alerts.alerts([body], at)
    return found


def _report(entry: ReportSettings, at: datetime, place: str, config: Config) -> Report:
    body = entry.model_dump(include={"type", "place", "impact", "reporter", "note", "labels"})
    if entry.time is None:
        body["time"] = at.isoformat()
    return reports.report(body, place, at, places=config.topology.place_labels)


def words(what: Alert | Report) -> str:
    """What came in, in one line."""
    if isinstance(what, Report):
        return " ".join(filter(None, [what.type, what.place, ", ".join(f"{k} {v}" for k, v in what.labels.items())]))
    named = ", ".join(f"{name}={value}" for name, value in what.labels.items())
    return f"{named}: resolved" if what.resolved else named
