"""Which rules ask for which: rules enter, what must be counted and whom to ask leave. Made once a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ebank_sentinel.model.census import Counted
from ebank_sentinel.model.rule import Cause, Parent, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """The rules' `unless`, `because` and `all_of`, read from their other end."""

    counted: Counted = field(default_factory=Counted)
    children: Mapping[str, tuple[tuple[str, Parent], ...]] = field(default_factory=dict)  # parent -> who says `unless`
    explains: Mapping[str, tuple[tuple[str, int, Cause], ...]] = field(default_factory=dict)  # seen -> rule, row
    wholes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # part -> rules that say `all_of`

    @classmethod
    def of(cls, rules: Mapping[str, Rule]) -> Relations:
        """The relations of all rules."""
        children: dict[str, list[tuple[str, Parent]]] = {}
        explains: dict[str, list[tuple[str, int, Cause]]] = {}
        wholes: dict[str, list[str]] = {}
        for rule in rules.values():
            for parent in rule.unless:
                children.setdefault(parent.rule, []).append((rule.id, parent))
            for index, cause in enumerate(rule.because):
                explains.setdefault(cause.seen, []).append((rule.id, index, cause))
            for part in rule.all_of:
                wholes.setdefault(part, []).append(rule.id)
        askers = {rule.id for rule in rules.values() if rule.unless or rule.because or rule.all_of}
        labels = {
            rule.id: tuple(dict.fromkeys(width.over for width in rule.widens)) for rule in rules.values() if rule.widens
        }
        return cls(
            counted=Counted(labels=labels, related=frozenset({*askers, *children, *explains, *wholes})),
            children={parent: tuple(found) for parent, found in children.items()},
            explains={seen: tuple(found) for seen, found in explains.items()},
            wholes={part: tuple(found) for part, found in wholes.items()},
        )
