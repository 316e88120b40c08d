"""How wide it is, and why not wider: a rule and labels enter, each row of `widens` with its figures leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ebank_sentinel.daemon.seen import Seen, incident_in_short, says
from ebank_sentinel.incidents.counting import Verdict, judge, place_of
from ebank_sentinel.incidents.widening import due_of
from ebank_sentinel.model.ledger import TimerId, TimerKind
from ebank_sentinel.model.rule import FLEET, Rule, Width
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.web.show import json_moment


def widths(seen: Seen, rule: Rule, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Narrow to wide, as the rule has them."""
    draft, world = seen.draft, seen.world
    places = [place_of(rule, width, labels) for width in rule.widens]
    narrowest = next((place for place in places if place is not None), None)
    timer = None if narrowest is None else seen.ledger.timers.get(TimerId(TimerKind.WIDTH, narrowest))
    for index, (width, place) in enumerate(zip(rule.widens, places, strict=True)):
        row = {"row": index + 1, "over": width.over, "says": says(width.meaning), "asks": _asks(width)}
        if place is None:
            yield {**row, "value": None, "holds": False, "why": f"the target has no label {width.over}"}
            continue
        scope = draft.census.scope(place)
        verdict = judge(draft, world, rule, width, place, seen.now)
        known = draft.at_place(place)
        yield {
            **row,
            "value": place.value,
            "failing": verdict.count,
            "failed_before": verdict.before,
            "base": verdict.base,
            "share": verdict.count / verdict.base if verdict.base else 0.0,
            "needed": verdict.needed,
            "total": verdict.total,
            "no_data": verdict.no_data,
            "explained": scope.explained,
            "not_counted": scope.not_counted,
            "holds": verdict.holds,
            "monitoring_lost": verdict.enough and verdict.lost,
            "waits_until": None if timer is None else json_moment(timer.due),
            "incident": incident_in_short(known) if known is not None and known.is_open else None,
            "why": why_width(seen, rule, width, verdict),
        }


def why_width(seen: Seen, rule: Rule, width: Width, verdict: Verdict) -> str:
    """One line: it holds, or what it lacks."""
    many = f"{verdict.count} of {verdict.base} fail together"
    if verdict.before:
        many += f", {verdict.before} failed before them"
    if verdict.count == 0:
        explained = seen.draft.census.scope(verdict.place).explained
        return "nothing fails but what a parent explains" if explained else "nothing fails"
    if verdict.count < verdict.needed:
        return f"{many}: {verdict.needed} are needed{_of_share(width, verdict)}"
    if verdict.scattered:
        label = verdict.scattered
        return f"{many}, which is enough, but under fewer than {width.spread[label]} values of {label}"
    if not verdict.confirmed:
        oldest = seen.draft.symptom(verdict.counted(seen.draft)[0][1])
        when = "" if oldest is None else f" before {seen.moment(due_of(rule, oldest, seen.now))}"
        return f"{many}, which is enough, but none is confirmed{when}"
    if verdict.lost:
        return f"{many}, but monitoring is lost: {verdict.no_data} of {verdict.total} have no data"
    return f"{many}, {verdict.needed} are needed: it holds"


def _of_share(width: Width, verdict: Verdict) -> str:
    """Which of the two it is that asks for so many."""
    if width.share * verdict.base > width.at_least:
        return f" ({width.share:.0%} of {verdict.base})"
    return f" (at least {width.at_least})"


def _asks(width: Width) -> str:
    """The row as it is written."""
    parts = [f"over {width.over}" if width.over != FLEET else "over the fleet"]
    parts += [f"share {width.share:.0%}"] if width.share else []
    parts.append(f"at least {width.at_least}")
    parts += [f"spread {least} {label}" for label, least in width.spread.items()]
    parts += [f"within {format_duration(width.within)}"] if width.within is not None else []
    return ", ".join(parts)
