"""What there is to say of an incident: rule, symptom and last reading enter, a Notice in one language leaves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ebank_sentinel.incidents import recurring
from ebank_sentinel.incidents.counting import figures
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.reported import with_report
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.notice import DigestEntry, Notice, NoticeKind
from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.model.rule import NO_WORDS, PUSHED, Rule, Text, Words, in_language
from ebank_sentinel.model.symptom import Symptom, SymptomState
from ebank_sentinel.model.template import fill, placeholders

MOST_READINGS = 12
"""So many fields of the last reading stand in a mail."""

_PLACES = ("place", "instance", "service", "job")
"""Of what was told to us, the first of these labels says where it is: its key is a hash."""

_ETA = {"zh": "待定", "en": "to be confirmed"}
"""What is not known yet is said so: a notice is never held back for it."""


def words_of(draft: Draft, rule: Rule, incident: Incident, symptom: Symptom) -> Words:
    """What an incident says: the rule's own words, under those of its rows that hold or its width, of its cause."""
    words = rule.words
    if incident.over:  # the figure of one target is none of a scope
        words = replace(words, number={}, normal={})
    else:
        counted = recurring.rows(draft, rule, symptom.id, symptom.fired_at or symptom.onset)
        for row in sorted(symptom.held | counted):
            words = rule.rows[row].meaning.words.over(words) if row < len(rule.rows) else words
    if 0 <= incident.row < len(rule.widens):
        words = rule.widens[incident.row].meaning.words.over(words)
    if 0 <= incident.cause < len(rule.because):
        words = rule.because[incident.cause].meaning.words.over(words)
    return words


def speaker(draft: Draft, incident: Incident) -> Symptom:
    """The symptom that an incident speaks of; what is left of it when it is over."""
    symptom = draft.symptom(incident.symptom)
    if symptom is not None:
        return symptom
    return Symptom(
        id=incident.symptom,
        state=SymptomState.CLEARING,
        onset=incident.since,
        known=False,
        labels=incident.labels,
    )


def titles(draft: Draft, world: World, rule: Rule, incident: Incident, symptom: Symptom) -> Mapping[str, str]:
    """The title in every language that the rule has, placeholders filled."""
    return {
        language: fill(template, _values(draft, world, rule, incident, symptom, language or world.bank.language))
        for language, template in words_of(draft, rule, incident, symptom).title.items()
    }


def number(draft: Draft, world: World, rule: Rule, incident: Incident, language: str) -> str:
    """The figure that tells how bad it is; "" when the rule has none, or the reading lacks it."""
    symptom = speaker(draft, incident)
    values = _values(draft, world, rule, incident, symptom, language)
    return _number(words_of(draft, rule, incident, symptom), values, language)


def place(world: World, incident: Incident, language: str) -> str:
    """Where it is: topology's words as far as the labels are there, else its scope or its target; "": the whole bank.

    What was told to us has a hash for a key. A label's value is shown by the name that the target has for it
    (`link_name` for `link`), a service by its title.
    """
    rule = world.rules.get(incident.rule)
    symptom, labels = incident.symptom, incident.labels
    known = {name: labels.get(name, "") for name in placeholders(rule.place)} if rule is not None else {}
    words = "" if rule is None or not any(known.values()) else " ".join(fill(rule.place, known).split())
    if words and (incident.over or all(known.values())):
        return words
    if incident.over:
        return " ".join(_called(world, label, labels, language) for label in incident.scope)
    if symptom.probe in PUSHED:
        return words or next((labels[name] for name in _PLACES if labels.get(name)), "")
    if symptom.key == symptom.probe:
        return words
    key = f",{symptom.key},"
    told = [label for label, value in labels.items() if f",{label}={value}," in key]  # a series is known by its labels
    told = told or [label for label, value in labels.items() if value == symptom.key][:1]
    own = " ".join(_called(world, label, labels, language) for label in told) or symptom.key
    return words if own in words.split() else f"{words} {own}".strip()


def _called(world: World, label: str, labels: Mapping[str, str], language: str) -> str:
    """What people call a label's value."""
    value = labels[label]
    if label == "service" and value in world.services:
        return in_language(world.services[value], language)
    return labels.get(f"{label}_name", value)


def entry(world: World, incident: Incident, language: str) -> DigestEntry:
    """An incident as one line of a list."""
    return DigestEntry(
        severity=incident.severity,
        title=in_language(incident.title, language),
        place=place(world, incident, language),
        since=incident.since,
        ended_at=incident.ended_at,
        code=incident.code,
    )


def notice(
    draft: Draft,
    world: World,
    incident: Incident,
    rule: Rule | None,
    symptom: Symptom,
    *,
    kind: NoticeKind,
    language: str,
    at: datetime,
    why: str,
    recipient: str = "",
    others: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
    remaining: int = 0,
) -> Notice:
    """All that a text about this incident may say. The rule may be gone: then the incident's own words remain."""
    values = _values(draft, world, rule, incident, symptom, language)
    words = NO_WORDS if rule is None else words_of(draft, rule, incident, symptom)

    def text(template: Text) -> str:
        return fill(in_language(template, language), values)

    found = Notice(
        bank=world.bank.name,
        kind=kind,
        severity=incident.severity,
        category=incident.category,
        rule=incident.rule,
        title=in_language(incident.title, language),
        number="" if incident.over and not incident.is_open else _number(words, values, language),  # none fails now
        normal=text(words.normal),
        impact=text(words.impact),
        place=place(world, incident, language),
        at=at,
        since=incident.since,
        ended_at=incident.ended_at,
        incident=incident.id,
        code=incident.code,
        ack=incident.ack.name if incident.ack is not None else "",
        groups=tuple(world.roster.group_title(group, language) for group in incident.groups),
        recipient=recipient,
        why=why,
        others=others,
        readings=_readings(world, symptom) if rule is not None else (),
        threshold=rule.condition if rule is not None else "",
        runbook=words.runbook,
        first_checks=words.first_checks,
        say=text(words.say),
        flags=incident.flags,
        parts=parts,
        remaining=remaining,
    )
    return found if incident.over else with_report(found, symptom, world.bank.zone)  # a wide one is of many reports


def _number(words: Words, values: Mapping[str, Scalar], language: str) -> str:
    template = in_language(words.number, language)
    return fill(template, values) if values.keys() >= set(placeholders(template)) else ""


def _readings(world: World, symptom: Symptom) -> tuple[tuple[str, str], ...]:
    reading = world.latest(symptom.id.target)
    fields = dict(itertools.islice(_fields(world, symptom).items(), MOST_READINGS))
    if reading is not None and reading.error is not None:  # why it is not up comes first, and in words
        fields = {"error": f"{reading.error} ({reading.detail})" if reading.detail else reading.error, **fields}
    return tuple((name, _shown(value)) for name, value in fields.items())


def _fields(world: World, symptom: Symptom) -> Mapping[str, Scalar]:
    """Of the last reading; before there is one, or when it has none, those of the last change."""
    reading = world.latest(symptom.id.target)
    return (reading.fields if reading is not None else None) or symptom.values


def _values(
    draft: Draft, world: World, rule: Rule | None, incident: Incident, symptom: Symptom, language: str
) -> Mapping[str, Scalar]:
    """What placeholders may name: labels, then the fields of the last reading; the figures of a scope."""
    if incident.over:
        labels = {**incident.labels, **{f"label.{name}": value for name, value in incident.labels.items()}}
        counted = {} if rule is None else figures(draft, world, rule, incident)
        eta = _ETA["zh" if language.startswith("zh") else "en"]
        return {"eta": eta, **_fields(world, symptom), **labels, **counted}
    reading = world.latest(symptom.id.target)
    own = {} if reading is None else {"up": reading.up, "error": reading.error.value if reading.error else ""}
    labels = {f"label.{name}": value for name, value in symptom.labels.items()}
    eta = _ETA["zh" if language.startswith("zh") else "en"]
    return {"eta": eta, **own, **symptom.labels, **labels, **_fields(world, symptom)}


def _shown(value: Scalar) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
