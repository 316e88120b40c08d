"""What other rules have to do with it: a rule and a target's labels enter; parents, co-signals and wholes leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ebank_sentinel.daemon.seen import Seen, incident_in_short
from ebank_sentinel.incidents.kinship import BEFORE_PARENT, agree, may_cause, whole_place
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.model.symptom import Symptom, SymptomState
from ebank_sentinel.web.show import json_moment

_GRAVEST_FIRST = (SymptomState.FIRING, SymptomState.PENDING, SymptomState.CLEARING)


def parents(seen: Seen, rule: Rule, labels: Mapping[str, str], symptom: Symptom | None) -> Iterator[dict[str, Any]]:
    """Each row of `unless`: whether its parent explains the target now."""
    for relation in rule.unless:
        found = _there(seen, relation.rule, relation.same, labels)
        explaining = [one for one in found if symptom is None or may_cause(one, symptom)]
        best = next(iter(explaining or found), None)
        row = {"rule": relation.rule, "same": _same(relation.same, labels), **_state(seen, best)}
        if best is None:
            why = _nothing(seen, relation.rule, relation.same, labels)
        elif not explaining:
            why = f"it began more than {format_duration(BEFORE_PARENT)} after this one failed: it does not explain it"
        elif best.state is SymptomState.FIRING and best.incident is not None:
            why = f"it fires: what fails here is part of {seen.code(best.incident)}"
        elif best.state is SymptomState.PENDING:
            why = "it is pending: what fails here waits for it"
        else:
            why = "it is clearing: what fails here waits for its end"
        yield {**row, "explains": bool(explaining), "why": why}


def causes(seen: Seen, rule: Rule, labels: Mapping[str, str], symptom: Symptom | None) -> Iterator[dict[str, Any]]:
    """Each row of `because`: whether its co-signal is seen. The first that is applies."""
    applied = False
    own = None if symptom is None or symptom.incident is None else seen.draft.incident(symptom.incident)
    since = own.since if own is not None and own.rule == rule.id else None if symptom is None else symptom.onset
    for index, cause in enumerate(rule.because):
        found = _there(seen, cause.seen, cause.same, labels)
        known = [one for one in found if one.known]
        close = [one for one in known if since is not None and abs(one.onset - since) <= cause.within]
        best = next(iter(close or known or found), None)
        applies = bool(close) and not applied
        if best is None:
            why = _nothing(seen, cause.seen, cause.same, labels)
        elif not known:
            why = "it has no data"
        elif since is None:
            why = "it is seen; this one does not fail"
        elif not close:
            why = f"its onset is more than {format_duration(cause.within)} away"
        else:
            why = "it is seen, and applies" if applies else "it is seen; a row before it applies"
        applied = applied or applies
        yield {
            "row": index + 1,
            "seen": cause.seen,
            "same": _same(cause.same, labels),
            "within": format_duration(cause.within),
            **_state(seen, best),
            "applies": applies,
            "why": why,
        }


def wholes(seen: Seen, rule: Rule, labels: Mapping[str, str], symptom: Symptom | None) -> Iterator[dict[str, Any]]:
    """Each rule with `all_of` of which this one is a part."""
    for whole_id in seen.world.relations.wholes.get(rule.id, ()):
        whole = seen.world.rules[whole_id]
        parts = []
        missing = []
        for part in whole.all_of:
            found = [
                one
                for one in _there(seen, part, whole.same, labels)
                if symptom is None or abs(one.onset - symptom.onset) <= whole.within
            ]
            best = next(iter(found), None)
            parts.append({"rule": part, **_state(seen, best)})
            if best is None or best.state is not SymptomState.FIRING:
                missing.append(part)
        known = seen.draft.at_place(whole_place(whole, labels))
        yield {
            "rule": whole_id,
            "same": _same(whole.same, labels),
            "within": format_duration(whole.within),
            "parts": parts,
            "holds": not missing,
            "incident": incident_in_short(known) if known is not None and known.is_open else None,
            "why": f"{' and '.join(missing)} does not fire here" if missing else "all of its parts fire",
        }


def _there(seen: Seen, rule: str, same: Iterable[str], labels: Mapping[str, str]) -> list[Symptom]:
    """The symptoms of a rule in the same place: firing ones first, then the oldest."""
    symptoms = map(seen.draft.symptom, seen.draft.census.of_rule(rule))
    found = [one for one in symptoms if one is not None and agree(same, one.labels, labels)]
    return sorted(found, key=lambda one: (_GRAVEST_FIRST.index(one.state), one.onset, one.id))


def _state(seen: Seen, symptom: Symptom | None) -> dict[str, Any]:
    if symptom is None:
        return {"state": None, "target": None, "onset": None, "code": None}
    return {
        "state": symptom.state.value,
        "target": str(symptom.id.target),
        "onset": json_moment(symptom.onset),
        "code": seen.code(symptom.incident) or None,
    }


def _same(same: Iterable[str], labels: Mapping[str, str]) -> dict[str, str | None]:
    return {label: labels.get(label) for label in same}


def _nothing(seen: Seen, rule: str, same: Iterable[str], labels: Mapping[str, str]) -> str:
    """Why no symptom of a rule was found."""
    if rule not in seen.world.rules:
        return "this rule is dormant"
    lacking = [label for label in same if not labels.get(label)]
    return f"the target has no label {lacking[0]}" if lacking else "it does not hold here"
