"""Why a target pages, or does not: one moment and a target enter, each rule that watches it leaves with its answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ebank_sentinel.daemon import explain_links as links
from ebank_sentinel.daemon.explain_widths import widths
from ebank_sentinel.daemon.seen import Seen, named, says
from ebank_sentinel.errors import RequestError
from ebank_sentinel.incidents import recurring
from ebank_sentinel.incidents.widening import due_of
from ebank_sentinel.model.incident import Place
from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.ledger import TimerId, TimerKind
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.rule import Rule, in_language
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState
from ebank_sentinel.rules.compiled import both
from ebank_sentinel.rules.condition import Condition
from ebank_sentinel.rules.evaluator import STALE_AFTER
from ebank_sentinel.rules.explain import Term, explain, of_what_left, without_data
from ebank_sentinel.rules.watch import Watch
from ebank_sentinel.web.show import json_moment
from ebank_sentinel.yamlfile import did_you_mean
from ebank_sentinel.yamlfile.words import one_of

MOST_NAMED = 10
"""So many keys stand in an error that asks for one."""


def find_target(seen: Seen, probe: str, key: str | None, probes: Collection[str]) -> Target:
    """The target that is meant; without a key the probe's only one. Raises RequestError 404 with what there is."""
    if probe not in probes:
        raise RequestError(404, "No such probe", f"there is no probe {probe[:80]!r}{did_you_mean(probe, probes)}")
    keys = [target.key for target in seen.targets]
    if not keys:
        raise RequestError(404, "No such target", f"{probe} has no target now: none is listed, found or failing")
    if key is None and len(keys) == 1:
        key = keys[0]
    if key is None:
        named = one_of(sorted(keys), most=MOST_NAMED)
        raise RequestError(404, "Which target?", f"{probe} has {len(keys)} targets, name one: {named}")
    target = seen.targets.get(TargetId(probe, key))
    if target is None:
        raise RequestError(
            404,
            "No such target",
            f"{probe} has no target {key[:80]!r}{did_you_mean(key, keys) if len(key) <= 80 else ''}",
        )
    return target


def explain_target(seen: Seen, target: Target) -> dict[str, Any]:
    """All that is known of it, and what each rule makes of that."""
    reading = seen.world.latest(target.id)
    since = seen.world.unbroken_since(target.id)
    return {
        "at": json_moment(seen.now),
        "probe": target.id.probe,
        "key": target.id.key,
        "watched": seen.world.watched(target.id),
        "labels": dict(target.labels),
        "every": None if seen.every is None else format_duration(seen.every),
        "reading": None if reading is None else _reading(seen, reading),
        "unbroken_since": json_moment(since),
        "rules": [_rule(seen, rule, target) for rule in _watching(seen, target)],
    }


def _watching(seen: Seen, target: Target) -> Iterator[Rule]:
    """The rules on its probe; of what was told to us, those that took it."""
    for rule in seen.world.rules.values():
        taken = not rule.pushed or seen.draft.symptom(SymptomId(rule.id, *target.id)) is not None
        if rule.watch == target.id.probe and taken:
            yield rule


def _reading(seen: Seen, reading: Reading) -> dict[str, Any]:
    return {
        "at": json_moment(reading.at),
        "age_s": round((seen.now - reading.at).total_seconds(), 3),
        "fresh": _is_fresh(seen, reading),
        "up": reading.up,
        "present": reading.present,
        "error": None if reading.error is None else reading.error.value,
        "detail": reading.detail,
        "fields": dict(reading.fields),
    }


def _is_fresh(seen: Seen, reading: Reading) -> bool:
    return seen.every is None or seen.now - reading.at <= STALE_AFTER * seen.every


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a rule says of a target now."""

    counts: Truth
    holds: Truth
    where: Term | None = None
    when: Term | None = None
    rows: tuple[tuple[Truth, Term | None], ...] = ()


def _answers(seen: Seen, rule: Rule, target: Target, symptom: Symptom | None) -> _Answers:
    watch = seen.watches.get(rule.watch)
    if watch is None or rule.id not in watch.asked:  # it is told to us: what came in is the answer
        came = symptom is not None and symptom.holds
        return _Answers(counts=True, holds=came, rows=((came, None),) * len(rule.rows))
    asked, reading = watch.asked[rule.id], seen.world.latest(target.id)
    nothing = Reading(target=target, at=seen.now, up=False)
    fresh = reading is not None and _is_fresh(seen, reading)

    def answer(condition: Condition) -> Term:
        if reading is not None and not reading.present:
            return of_what_left(condition)
        return _term(seen, watch, condition, reading) if reading is not None and fresh else without_data(condition)

    where = None if asked.where is None else _term(seen, watch, asked.where, reading or nothing)
    when = None if asked.when is None else answer(asked.when)
    left = reading is not None and not reading.present
    holds: Truth = (not fresh and not left) if when is None else when.truth
    terms = [None if row is None else answer(row) for row in asked.rows]
    rows = tuple((holds if term is None else both(holds, term.truth), term) for term in terms)
    return _Answers(True if where is None else where.truth, holds, where, when, rows)


def _term(seen: Seen, watch: Watch, condition: Condition, reading: Reading) -> Term:
    return explain(condition, reading, seen.active, watch.known_times)


def _rule(seen: Seen, rule: Rule, target: Target) -> dict[str, Any]:
    symptom = seen.draft.symptom(SymptomId(rule.id, *target.id))
    answers = _answers(seen, rule, target, symptom)
    labels = target.labels
    return {
        "rule": rule.id,
        "title": in_language(rule.words.title, seen.world.bank.language),
        "says": named(
            severity=rule.severity_of(labels),
            category=rule.category,
            flags=rule.flags,
            groups=rule.groups,
            tell=rule.tell,
        ),
        "condition": rule.condition,
        "for": format_duration(rule.hold),
        "clear_after": format_duration(rule.clear_after),
        "counts": answers.counts,
        "where": _shown(answers.where),
        "holds": answers.holds,
        "when": _shown(answers.when),
        "why": _why(seen, rule, answers, symptom),
        "symptom": None if symptom is None else _symptom(seen, symptom),
        "count": _count(seen, rule, SymptomId(rule.id, *target.id)),
        "worse": list(_worse(seen, rule, SymptomId(rule.id, *target.id), symptom, answers)),
        "widens": list(widths(seen, rule, labels)),
        "unless": list(links.parents(seen, rule, labels, symptom)),
        "because": list(links.causes(seen, rule, labels, symptom)),
        "parts_of": list(links.wholes(seen, rule, labels, symptom)),
        "reopen": _reopen(seen, rule, target),
    }


def _shown(term: Term | None) -> dict[str, Any] | None:
    if term is None:
        return None
    parts = [_shown(part) for part in term.parts]
    return {
        "text": term.text,
        "truth": term.truth,
        "values": dict(term.values),
        "reason": term.reason,
        "parts": parts,
    }


def _symptom(seen: Seen, symptom: Symptom) -> dict[str, Any]:
    return {
        "state": symptom.state.value,
        "known": symptom.known,
        "onset": json_moment(symptom.onset),
        "fired_at": json_moment(symptom.fired_at),
        "clearing_since": json_moment(symptom.clearing_since),
        "incident": symptom.incident,
        "code": seen.code(symptom.incident) or None,
        "under": None if symptom.under is None else f"{symptom.under.rule} on {symptom.under.target}",
    }


# -- in words -------------------------------------------------------------------------------------


def _why(seen: Seen, rule: Rule, answers: _Answers, symptom: Symptom | None) -> str:
    """Where it stands, in one line."""
    if symptom is None:
        if answers.counts is not True:
            return f"`where` {'does not hold' if answers.counts is False else 'is unknown'}: the target does not count"
        if answers.holds is None:
            return "unknown, and so it begins nothing"
        return "it does not hold" if not answers.holds else "it holds, and is decided upon at this moment"
    words = {
        SymptomState.PENDING: _why_pending,
        SymptomState.FIRING: _why_firing,
        SymptomState.CLEARING: _why_clearing,
    }[symptom.state](seen, rule, symptom)
    return words if symptom.known else f"{words}; there is no data now, so it stays as it is"


def _why_pending(seen: Seen, rule: Rule, symptom: Symptom) -> str:
    since = f"pending since {seen.moment(symptom.onset)}"
    if symptom.under is not None:
        return f"{since}; waits for its parent {symptom.under.rule} on {symptom.under.target}"
    due = due_of(rule, symptom, seen.now)
    if due > seen.now:
        return f"{since}; fires at {seen.moment(due)} if it still holds, and is read, then"
    return f"{since}; its hold is over, and it fires with the next reading that holds"


def _why_firing(seen: Seen, rule: Rule, symptom: Symptom) -> str:
    since = f"fires since {seen.moment(symptom.fired_at or symptom.onset)} (began {seen.moment(symptom.onset)})"
    incident = None if symptom.incident is None else seen.draft.incident(symptom.incident)
    if incident is not None and symptom.under is not None:
        return f"{since}; part of {incident.code}, the incident of its parent {symptom.under.rule}"
    if incident is not None and (incident.rule != rule.id or incident.over):
        return f"{since}; part of {incident.code}: {incident.rule}, which is wider"
    if incident is not None:
        return f"{since}; its incident is {incident.code}"
    if symptom.under is not None:
        timer = seen.ledger.timers.get(TimerId(TimerKind.STAND, symptom.under))
        alone = "" if timer is None else f"; it stands on its own at {seen.moment(timer.due)} if it still fails"
        return f"{since}; its parent {symptom.under.rule} is over{alone}"
    if rule.count:
        times = recurring.times(seen.draft, symptom.id, rule.within, seen.now)
        return f"{since}; counted only: {times} of {rule.count} within {format_duration(rule.within)}"
    return f"{since}; it has no incident yet"


def _why_clearing(seen: Seen, _rule: Rule, symptom: Symptom) -> str:
    since = seen.moment(symptom.clearing_since or seen.now)
    timer = seen.ledger.timers.get(TimerId(TimerKind.CLEAR, symptom.id))
    over = "" if timer is None else f"; over at {seen.moment(timer.due)} if that stays so"
    return f"does not hold since {since}{over}"


def _count(seen: Seen, rule: Rule, symptom: SymptomId) -> dict[str, Any] | None:
    if not rule.count:
        return None
    times = recurring.times(seen.draft, symptom, rule.within, seen.now)
    return {"needed": rule.count, "within": format_duration(rule.within), "times": times}


def _worse(
    seen: Seen, rule: Rule, symptom_id: SymptomId, symptom: Symptom | None, answers: _Answers
) -> Iterator[Mapping[str, Any]]:
    """Each row of `worse`: whether it applies, and if not, why."""
    for index, row in enumerate(rule.rows):
        holds, term = answers.rows[index] if index < len(answers.rows) else (None, None)
        onset = None if symptom is None else symptom.rows.get(index)
        applies, why = False, "its rule does not fire"
        if row.count:
            times = recurring.times(seen.draft, symptom_id, row.within, seen.now)
            applies = symptom is not None and times >= row.count
            why = f"{times} of {row.count} times within {format_duration(row.within)}"
        elif symptom is not None and index in symptom.held:
            applies, why = True, f"it applies since it held for {format_duration(row.hold)}"
        elif onset is not None:
            why = f"holds since {seen.moment(onset)}; applies at {seen.moment(onset + row.hold)}"
        elif symptom is not None:
            why = "it is unknown" if holds is None else "it does not hold"
        yield {
            "row": index + 1,
            "says": says(row.meaning),
            "when": _shown(term),
            "holds": holds,
            "applies": applies,
            "onset": json_moment(onset),
            "why": why,
        }


def _reopen(seen: Seen, rule: Rule, target: Target) -> dict[str, Any] | None:
    """What would come back, were it to fail again."""
    known = seen.draft.at_place(Place.of_target(rule.id, target.id))
    timer = None if known is None else seen.ledger.timers.get(TimerId(TimerKind.FORGET, (known.id,)))
    if known is None or timer is None:
        return None
    return {
        "code": known.code,
        "incident": known.id,
        "until": json_moment(timer.due),
        "why": f"if it fails again before {seen.moment(timer.due)}, it is {known.code} once more",
    }
