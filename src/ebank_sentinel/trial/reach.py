"""What stands open while a test compares enters; the rules and rows that it has reached leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ebank_sentinel.incidents import recurring
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.symptom import SymptomState


class Reached(NamedTuple):
    """A rule, or one of its rows."""

    rule: str
    part: str = ""  # "worse", "widens", "because", "unless", "all_of"; "": the rule itself
    row: int = 0  # from 1; 0: the rule itself

    def __str__(self) -> str:
        return f"{self.rule}: {self.part} {self.row}" if self.part else self.rule


def parts_of(rule: Rule) -> Iterator[Reached]:
    """The rule, and each of its rows."""
    yield Reached(rule.id)
    for part, rows in (
        ("worse", rule.rows),
        ("widens", rule.widens),
        ("because", rule.because),
        ("unless", rule.unless),
        ("all_of", rule.all_of),
    ):
        for number in range(1, len(rows) + 1):
            yield Reached(rule.id, part, number)


def reached(ledger: Ledger, open_now: Iterable[Incident], rules: Mapping[str, Rule]) -> set[Reached]:
    """A rule that has an incident, a row that applies to one, a parent that explains a symptom."""
    found: set[Reached] = set()
    wholes: dict[str, Rule] = {}
    for incident in open_now:
        found.add(Reached(incident.rule))
        if incident.row >= 0:
            found.add(Reached(incident.rule, "widens", incident.row + 1))
        if incident.cause >= 0:
            found.add(Reached(incident.rule, "because", incident.cause + 1))
        rule = rules.get(incident.rule)
        if rule is not None and rule.all_of:
            wholes[incident.id] = rule
    for symptom in ledger.symptoms.values():
        rule_id = symptom.id.rule
        rule = rules.get(rule_id)
        if symptom.incident in wholes:
            whole = wholes[symptom.incident]
            found |= {
                Reached(whole.id, "all_of", number) for number, part in enumerate(whole.all_of, 1) if part == rule_id
            }
        if rule is None:
            continue
        if symptom.state is SymptomState.FIRING and symptom.incident is not None:
            held = symptom.held | recurring.rows(Draft(ledger), rule, symptom.id, symptom.fired_at or symptom.onset)
            found |= {Reached(rule_id, "worse", row + 1) for row in held if row < len(rule.rows)}
        if symptom.under is not None:
            found |= {
                Reached(rule_id, "unless", number)
                for number, parent in enumerate(rule.unless, 1)
                if parent.rule == symptom.under.rule
            }
    return found
