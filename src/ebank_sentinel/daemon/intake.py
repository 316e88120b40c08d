"""What was told to us becomes what the desk decides on: alerts and reports enter, a Pushed leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.model.item import Change, Pushed, RuleTruth, Signal
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.rule import ALERTS, REPORTS
from ebank_sentinel.model.told import LACKS, TIME_FORMAT, Alert, Report
from ebank_sentinel.rules.told import Told

RESOLVE_TIMEOUT = timedelta(minutes=5)
"""An alert that does not say when it ends, ends so long after it was told last: as with Alertmanager."""

_NOT_GIVEN: Mapping[str, Mapping[str, str]] = {
    "zh": {"time": "时间未报", "place": "地点未报", "impact": "影响未报", "reporter": "报告人未报"},
    "en": {
        "time": "time not given",
        "place": "place not given",
        "impact": "impact not given",
        "reporter": "reporter not given",
    },
}
"""What a text says where a report says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """By one configuration."""

    told: Told
    locate: Callable[[Target], Target]
    language: str
    zone: ZoneInfo

    def alerts(self, request: str, alerts: Sequence[Alert], at: datetime) -> Pushed:
        """Each says what every rule holds of it; one that is resolved holds for none."""
        return Pushed(request=request, at=at, signals=tuple(self._alert(alert, at) for alert in alerts))

    def report(self, request: str, report: Report, at: datetime) -> Pushed:
        """It holds until a person ends it."""
        labels = {**report.labels, **({"place": report.place} if report.place else {}), "type": report.type}
        target = self.locate(Target(id=TargetId(REPORTS, str(report.id)), labels=labels))
        truths = self.told.report(report.type)
        change = Change(target=target, at=at, truths=truths, values=self._values(report))
        return Pushed(request=request, at=at, signals=(Signal(change=change),))

    def _alert(self, alert: Alert, at: datetime) -> Signal:
        target = self.locate(Target(id=TargetId(ALERTS, fingerprint(alert.labels)), labels=alert.labels))
        truths = self.told.alert(target.labels)
        if alert.resolved:
            truths = {rule: RuleTruth(True, False, (False,) * len(truth.rows)) for rule, truth in truths.items()}  # noqa: FBT003 - three truths, named by their type
        change = Change(target=target, at=at, truths=truths, values=alert.values)
        return Signal(change=change, until=None if alert.resolved else alert.until or at + RESOLVE_TIMEOUT)

    def _values(self, report: Report) -> Mapping[str, str]:
        """What texts may name."""
        time = "" if report.time is None else report.time.astimezone(self.zone).strftime(TIME_FORMAT)
        by_labels = "" if "place" in report.missing else ", ".join(report.labels.values())
        place = report.place or by_labels
        told = {"time": time, "place": place, "impact": report.impact, "reporter": report.reporter}
        unsaid = _NOT_GIVEN["zh" if self.language.startswith("zh") else "en"]
        told = {name: value or unsaid[name] for name, value in told.items()}
        return {"type": report.type, **told, "note": report.note, LACKS: ",".join(report.missing)}


def fingerprint(labels: Mapping[str, str]) -> str:
    """What tells alerts apart: sixteen digits of a hash over their labels, in order."""
    text = "\x1f".join(f"{name}\x1e{value}" for name, value in sorted(labels.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
