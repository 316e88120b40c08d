"""What the pages of a report say beside the rest: a notice and what was reported enter, the whole notice leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.model.rule import PUSHED, REPORTS
from ebank_sentinel.model.symptom import Symptom
from ebank_sentinel.model.told import LACKS, TIME_FORMAT


def with_report(notice: Notice, symptom: Symptom, zone: ZoneInfo) -> Notice:
    """Who reported it, when it happened, where, and what is still to be asked; of what was read nothing changes."""
    if symptom.id.probe in PUSHED:
        notice = replace(notice, placed=False)
    if symptom.id.probe != REPORTS:
        return notice
    values = symptom.values
    lacks = tuple(name for name in str(values.get(LACKS, "")).split(",") if name)

    def said(name: str) -> str:
        return "" if name in lacks else str(values.get(name, ""))

    impact = said("impact")
    if not impact or impact in notice.impact:  # else what somebody saw is worth more than what the rule expects
        impact = "" if notice.impact == values.get("impact") else notice.impact
    return replace(
        notice,
        place=notice.place or said("place"),
        impact=impact or said("impact"),
        since=_time(said("time"), zone) or notice.since,
        reporter=said("reporter"),
        reported=True,
        lacks=lacks,
        readings=tuple((name, value) for name, value in notice.readings if value and name != LACKS),
    )


def line(key: str, values: Mapping[str, Scalar]) -> str:
    """A line of history: which report, of what, by whom."""
    told = (str(values.get(name, "")) for name in ("type", "place", "reporter"))
    return " ".join(filter(None, (key, *told)))


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=zone)
    except ValueError:
        return None
