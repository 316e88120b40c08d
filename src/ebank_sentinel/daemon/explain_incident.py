"""What an incident is made of: one moment and an incident enter; its rule and rows, scope and symptoms leave."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from ebank_sentinel.daemon.explain_widths import why_width
from ebank_sentinel.daemon.seen import Seen, named, says, where_is
from ebank_sentinel.incidents import recurring
from ebank_sentinel.incidents.counting import figures, judge
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.ledger import TimerId, TimerKind
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.web.show import json_moment

MOST_SYMPTOMS = 20


def explain_incident(seen: Seen, incident: Incident) -> dict[str, Any]:
    """What is known of it now; of an ended one, what it was."""
    rule = seen.world.rules.get(incident.rule)
    members = [one for one in map(seen.draft.symptom, seen.draft.members(incident.id)) if one is not None]
    first = heapq.nsmallest(MOST_SYMPTOMS, members, key=lambda one: (one.onset, one.id))
    return {
        "at": json_moment(seen.now),
        "where": where_is(incident),
        "rows": [] if rule is None else list(_rows(seen, rule, incident)),
        "scope_now": None if rule is None else _scope(seen, rule, incident),
        "ends": _ends(seen, incident),
        "symptom_count": len(members),
        "symptoms": [
            {
                "rule": one.id.rule,
                "target": str(one.id.target),
                "state": one.state.value,
                "known": one.known,
                "onset": json_moment(one.onset),
                "under": None if one.under is None else f"{one.under.rule} on {one.under.target}",
            }
            for one in first
        ],
    }


def _rows(seen: Seen, rule: Rule, incident: Incident) -> Iterator[dict[str, Any]]:
    """What of its rule applies, in the order in which one row replaces what another one said."""
    own = named(
        severity=rule.severity_of(incident.labels),
        category=rule.category,
        flags=rule.flags,
        groups=rule.groups,
        tell=rule.tell,
    )
    yield {"row": "rule", "says": own, "why": rule.condition}
    if 0 <= incident.row < len(rule.widens):
        width = rule.widens[incident.row]
        yield {"row": f"widens {incident.row + 1}", "says": says(width.meaning), "why": f"over {width.over}"}
    symptom = seen.draft.symptom(incident.symptom)
    if symptom is not None and not incident.over:
        for index in sorted(symptom.held | recurring.rows(seen.draft, rule, symptom.id, seen.now)):
            if index < len(rule.rows):
                row = rule.rows[index]
                why = "it came often enough" if row.count else "it held for long enough"
                yield {"row": f"worse {index + 1}", "says": says(row.meaning), "why": why}
    if 0 <= incident.cause < len(rule.because):
        cause = rule.because[incident.cause]
        yield {"row": f"because {incident.cause + 1}", "says": says(cause.meaning), "why": f"{cause.seen} is seen"}


def _scope(seen: Seen, rule: Rule, incident: Incident) -> dict[str, Any] | None:
    """The figures of a wide one."""
    if not 0 <= incident.row < len(rule.widens):
        return None
    width, place = rule.widens[incident.row], incident.place
    verdict = judge(seen.draft, seen.world, rule, width, place, seen.now)
    counted = figures(seen.draft, seen.world, rule, incident)
    why = f"{counted['failing']} of {counted['base']} fail in {where_is(incident)}"
    if verdict.no_data:
        why += f", {verdict.no_data} of {verdict.total} have no data"
    return {
        **counted,
        "no_data": verdict.no_data,
        "total": verdict.total,
        "why": why,
        "anew": why_width(seen, rule, width, verdict),
    }


def _ends(seen: Seen, incident: Incident) -> str:
    """When it will be over, as far as that is known."""
    if not incident.is_open:
        return ""
    narrow = seen.ledger.timers.get(TimerId(TimerKind.NARROW, (incident.id,)))
    if narrow is not None:
        return f"less than half of what it needed fails: it ends at {seen.moment(narrow.due)} if that stays so"
    clear = seen.ledger.timers.get(TimerId(TimerKind.CLEAR, incident.symptom))
    if clear is not None and not incident.over:
        return f"its condition holds no more: it ends at {seen.moment(clear.due)} if that stays so"
    return ""
