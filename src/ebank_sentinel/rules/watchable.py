"""What rules must know of whatever can be watched: probes, what is told to us, and this program itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ebank_sentinel.model.rule import ALERTS, OWN_CHANNELS, OWN_PROBES, OWN_RULES, OWN_STORE, REPORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchable:
    """A source of symptoms."""

    every: timedelta  # zero: it is told to us
    fields: Mapping[str, type]
    body: bool = False  # `body.x.y` is there
    labels: Collection[str] | None = None  # None: its series, or who tells us, bring their own


OWN_EVERY = timedelta(seconds=15)
"""How often we look at ourselves."""

REPORT_FIELDS: Mapping[str, type] = dict.fromkeys(("type", "place", "time", "impact", "reporter", "note"), str)

_EVERY_READING: Mapping[str, type] = {"up": bool, "error": str}


def _own(labels: Collection[str], **fields: type) -> Watchable:
    return Watchable(every=OWN_EVERY, fields={**_EVERY_READING, **fields}, labels=labels)


OWN: Mapping[str, Watchable] = {
    OWN_CHANNELS: _own(  # a target for each channel; numbers of the last five minutes
        {"channel"},
        sent=int,
        failed=int,
        failing=float,  # share of what was tried, 0 to 1
        waiting_s=float,  # age of the oldest page that waits
        kind=str,
    ),
    OWN_PROBES: _own(  # a target for each probe
        {"probe"},
        targets=int,
        no_data=float,  # share of its targets, 0 to 1
        late_s=float,  # the worst of the last interval
        skipped=int,
        failures=int,
    ),
    OWN_STORE: _own(frozenset(), refusing=bool, commit_s=float, free_bytes=int),  # one target, `store`
    OWN_RULES: _own({"rule", "probe"}, unknown=bool),  # a target for each rule: ten intervals unknown everywhere
}
"""This program as a source. The names of fields are those of the readings that the daemon makes."""

TOLD: Mapping[str, Watchable] = {
    ALERTS: Watchable(every=timedelta(), fields={}),
    REPORTS: Watchable(every=timedelta(), fields=REPORT_FIELDS),
}
"""What is told to us: it brings labels of its own."""
