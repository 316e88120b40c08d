"""What there is to say of an incident: rule, symptom and last reading enter, a Notice in one language leaves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime

from ebank_sentinel.incidents.reported import with_report
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.notice import DigestEntry, Notice, NoticeKind
from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.model.rule import PUSHED, Rule, Text, in_language
from ebank_sentinel.model.symptom import Symptom, SymptomId
from ebank_sentinel.model.template import fill, placeholders

MOST_READINGS = 12
"""So many fields of the last reading stand in a mail."""

_PLACES = ("place", "instance", "service", "job", "alertname")
"""Of what was told to us, the first of these labels says where it is: its key is a hash."""

_ETA = {"zh": "待定", "en": "to be confirmed"}
"""What is not known yet is said so: a notice is never held back for it."""


def titles(world: World, rule: Rule, symptom: Symptom) -> Mapping[str, str]:
    """The title in every language that the rule has, placeholders filled."""
    return {
        language: fill(template, _values(world, symptom, language or world.bank.language))
        for language, template in rule.words.title.items()
    }


def number(world: World, rule: Rule, symptom: Symptom, language: str) -> str:
    """The figure that tells how bad it is; "" when the rule has none, or the reading lacks it."""
    return _number(rule, _values(world, symptom, language), language)


def place(rule: Rule | None, symptom: SymptomId, labels: Mapping[str, str]) -> str:
    """Where it is: topology's words if every label is there, else the target's key; "" is the whole bank."""
    if rule is not None and rule.place and set(placeholders(rule.place)) <= set(labels):
        return fill(rule.place, labels)
    if symptom.probe in PUSHED:
        return next((labels[name] for name in _PLACES if labels.get(name)), "")
    return "" if symptom.key == symptom.probe else symptom.key


def entry(world: World, incident: Incident, language: str) -> DigestEntry:
    """An incident as one line of a list."""
    return DigestEntry(
        severity=incident.severity,
        title=in_language(incident.title, language),
        place=place(world.rules.get(incident.rule), incident.symptom, incident.labels),
        since=incident.since,
        ended_at=incident.ended_at,
        code=incident.code,
    )


def notice(
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
) -> Notice:
    """All that a text about this incident may say. The rule may be gone: then the incident's own words remain."""
    values = _values(world, symptom, language)

    def text(template: Text) -> str:
        return fill(in_language(template, language), values)

    found = Notice(
        bank=world.bank.name,
        kind=kind,
        severity=incident.severity,
        category=incident.category,
        rule=incident.rule,
        title=in_language(incident.title, language),
        number=_number(rule, values, language) if rule is not None else "",
        normal=text(rule.words.normal) if rule is not None else "",
        impact=text(rule.words.impact) if rule is not None else "",
        place=place(rule, symptom.id, symptom.labels),
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
        runbook=rule.words.runbook if rule is not None else "",
        first_checks=rule.words.first_checks if rule is not None else (),
        say=text(rule.words.say) if rule is not None else "",
        flags=incident.flags,
    )
    return found if incident.over else with_report(found, symptom, world.bank.zone)  # a wide one is of many reports


def _number(rule: Rule, values: Mapping[str, Scalar], language: str) -> str:
    template = in_language(rule.words.number, language)
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


def _values(world: World, symptom: Symptom, language: str) -> Mapping[str, Scalar]:
    """What placeholders may name: labels, then the fields of the last reading, then what is known by now."""
    reading = world.latest(symptom.id.target)
    own = {} if reading is None else {"up": reading.up, "error": reading.error.value if reading.error else ""}
    labels = {f"label.{name}": value for name, value in symptom.labels.items()}
    eta = _ETA["zh" if language.startswith("zh") else "en"]
    return {"eta": eta, **own, **symptom.labels, **labels, **_fields(world, symptom)}


def _shown(value: Scalar) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
