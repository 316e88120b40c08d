"""What there is to say of an incident: rule, symptom and last reading enter, a Notice in one language leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.notice import Notice, NoticeKind
from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.model.rule import Rule, Text, in_language
from ebank_sentinel.model.symptom import Symptom
from ebank_sentinel.model.template import fill, placeholders

MOST_READINGS = 12
"""So many fields of the last reading stand in a mail."""

_ETA = {"zh": "待定", "en": "to be confirmed"}
"""What is not known yet is said so: a notice is never held back for it."""


def titles(world: World, rule: Rule, symptom: Symptom) -> Mapping[str, str]:
    """The title in every language that the rule has, placeholders filled."""
    return {
        language: fill(template, _values(world, symptom, language or world.bank.language))
        for language, template in rule.title.items()
    }


def number(world: World, rule: Rule, symptom: Symptom, language: str) -> str:
    """The figure that tells how bad it is; "" when the rule has none, or the reading lacks it."""
    template = in_language(rule.number, language)
    values = _values(world, symptom, language)
    return fill(template, values) if set(placeholders(template)) <= set(values) else ""


def place(rule: Rule, symptom: Symptom) -> str:
    """Where it is: topology's words if every label is there, else the target's key; "" is the whole bank."""
    if rule.place and set(placeholders(rule.place)) <= set(symptom.labels):
        return fill(rule.place, symptom.labels)
    return "" if symptom.id.key == symptom.id.probe else symptom.id.key


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
    others: tuple[str, ...] = (),
) -> Notice:
    """All that a text about this incident may say. The rule may be gone: then the incident's own words remain."""
    values = _values(world, symptom, language)

    def text(template: Text) -> str:
        return fill(in_language(template, language), values)

    facts = Notice(
        bank=world.bank.name,
        kind=kind,
        severity=incident.severity,
        category=incident.category,
        rule=incident.rule,
        title=in_language(incident.title, language),
        at=at,
        since=incident.since,
        ended_at=incident.ended_at,
        incident=incident.id,
        code=incident.code,
        ack=incident.ack.name if incident.ack is not None else "",
        groups=tuple(world.roster.group_title(group, language) for group in incident.groups),
        why=why,
        others=others,
        flags=incident.flags,
        place="" if symptom.id.key == symptom.id.probe else symptom.id.key,
    )
    if rule is None:
        return facts
    reading = world.latest(symptom.id.target)
    fields = reading.fields if reading is not None else symptom.values
    return replace(
        facts,
        number=number(world, rule, symptom, language),
        normal=text(rule.normal),
        impact=text(rule.impact),
        say=text(rule.say),
        place=place(rule, symptom),
        readings=tuple((name, _shown(value)) for name, value in list(fields.items())[:MOST_READINGS]),
        threshold=rule.condition,
        runbook=rule.runbook,
        first_checks=rule.first_checks,
    )


def _values(world: World, symptom: Symptom, language: str) -> Mapping[str, Scalar]:
    """What placeholders may name: labels, then the fields of the last reading, then what is known by now."""
    reading = world.latest(symptom.id.target)
    fields = reading.fields if reading is not None else symptom.values
    labels = {f"label.{name}": value for name, value in symptom.labels.items()}
    eta = _ETA["zh" if language.startswith("zh") else "en"]
    return {"eta": eta, **symptom.labels, **labels, **(fields or symptom.values)}


def _shown(value: Scalar) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
