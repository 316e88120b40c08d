"""What was told becomes what the desk decides on: where it is, what rules say of it, and what texts may name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.daemon.intake import RESOLVE_TIMEOUT, Intake, fingerprint
from ebank_sentinel.model.item import RuleTruth
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.told import Alert, Report, ReportId
from ebank_sentinel.rules.matchers import parse_matchers
from ebank_sentinel.rules.told import Told, ToldRule

NOW = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
YES, NO = (RuleTruth(counts=True, holds=holds, rows=(holds,)) for holds in (True, False))
REPORT = Report(id=ReportId("4a", "7f"), type="flood", missing=("time", "place", "impact", "reporter"))


TOLD = Told(
    alerts=(ToldRule(rule="east", rows=1, matchers=parse_matchers('region="east"')),),
    reports=(ToldRule(rule="flooded", rows=1, types=frozenset({"flood"})),),
)


def located(target: Target) -> Target:
    """The region of the one branch that there is."""
    return replace(target, labels={"region": "east", **target.labels}) if "branch" in target.labels else target


INTAKE = Intake(told=TOLD, locate=located, language="zh-CN", zone=ZoneInfo("Asia/Shanghai"))


def test_rules_see_an_alert_with_the_labels_of_the_topology_and_its_identity_does_not() -> None:
    labels = {"alertname": "x", "branch": "0001"}
    (signal,) = INTAKE.alerts("r", [Alert(labels=labels, values={"summary": "s"})], NOW).signals
    assert signal.change.target.id == TargetId("@alert", fingerprint(labels))
    assert signal.change.target.labels == {**labels, "region": "east"}
    assert signal.change.truths == {"east": YES}
    assert signal.change.values == {"summary": "s"}


def test_an_alert_ends_when_it_says_or_five_minutes_later_and_a_resolved_one_holds_for_no_rule() -> None:
    end = NOW + timedelta(hours=1)
    labels = {"branch": "0001"}
    alerts = [Alert(labels=labels), Alert(labels=labels, until=end), Alert(labels=labels, resolved=True)]
    default, said, resolved = INTAKE.alerts("r", alerts, NOW).signals
    assert (default.until, said.until, resolved.until) == (NOW + RESOLVE_TIMEOUT, end, None)
    assert resolved.change.truths == {"east": NO}


def test_a_report_without_anything_says_so_in_the_language_of_the_bank() -> None:
    (signal,) = INTAKE.report("r", REPORT, NOW).signals
    assert signal.change.target == Target(id=TargetId("@report", "4a-7f"), labels={"type": "flood"})
    assert signal.until is None
    assert signal.change.values == {
        "type": "flood",
        "time": "时间未报",
        "place": "地点未报",
        "impact": "影响未报",
        "reporter": "报告人未报",
        "note": "",
        "missing": "time,place,impact,reporter",
    }
    (signal,) = replace(INTAKE, language="en").report("r", REPORT, NOW).signals
    assert signal.change.values["place"] == "place not given"


def test_a_report_shows_its_time_by_the_clock_of_the_bank_and_its_labels_where_no_place_is_said() -> None:
    told = replace(REPORT, time=NOW, labels={"branch": "0001"}, missing=())
    (signal,) = INTAKE.report("r", told, NOW).signals
    assert (signal.change.values["time"], signal.change.values["place"]) == ("2026-12-10 11:00", "0001")
    assert signal.change.target.labels == {"branch": "0001", "type": "flood", "region": "east"}
    (signal,) = INTAKE.report("r", replace(told, missing=("place",)), NOW).signals
    assert signal.change.values["place"] == "地点未报", "its labels say something else"
    (signal,) = INTAKE.report("r", replace(told, place="徐汇支行"), NOW).signals
    assert signal.change.values["place"] == signal.change.target.labels["place"] == "徐汇支行"
