"""Rules, groups and targets enter; sentences about labels that lead to no group and no person leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from ebank_sentinel.contacts import Roster
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.rule import Rule


def label_notices(
    rules: Mapping[str, Rule], roster: Roster, targets: Mapping[str, tuple[Target, ...]]
) -> Iterator[str]:
    """One sentence for each group, probe and label value that leads nowhere, however many rules ask for it."""
    asked: dict[tuple[str, str], list[str]] = {}
    for rule in rules.values():
        rows = (chain(meaning.groups or (), meaning.tell or ()) for meaning in rule.meanings)
        for group in dict.fromkeys(chain(rule.groups, rule.tell, *rows)):
            asked.setdefault((group, rule.watch), []).append(rule.id)
    for (group, probe), rule_ids in asked.items():
        names = rule_ids[0] if len(rule_ids) == 1 else f"{rule_ids[0]} and {len(rule_ids) - 1} more"
        for sentence in roster.label_leads(group, (target.labels for target in targets.get(probe, ()))):
            yield f"group {group} of rule {names}, on probe {probe}: {sentence}"
