"""What was told to us enters, an alert or a report; what every rule says of it leaves. Pure, as a watch is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ebank_sentinel.model.item import RuleTruth
from ebank_sentinel.rules.matchers import Matchers


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRule:
    """A rule on alerts or reports, as it is asked. Neither matchers nor types: it takes what no other does."""

    rule: str
    rows: int  # of `worse`: each holds as the rule does
    matchers: Matchers | None = None
    types: frozenset[str] = frozenset()

    def truth(self, *, holds: bool) -> RuleTruth:
        """Its answer, as the desk takes it."""
        return RuleTruth(counts=True, holds=holds, rows=(holds,) * self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All rules on alerts and reports."""

    alerts: tuple[ToldRule, ...] = field(default=())
    reports: tuple[ToldRule, ...] = field(default=())

    @property
    def types(self) -> tuple[str, ...]:
        """The types of reports that some rule names, in order."""
        return tuple(sorted({one for rule in self.reports for one in rule.types}))

    def alert(self, labels: Mapping[str, str]) -> Mapping[str, RuleTruth]:
        """What every rule on alerts says of an alert with these labels, by rule id."""
        fits = {rule.rule: rule.matchers is not None and rule.matchers.fit(labels) for rule in self.alerts}
        taken = any(fits.values())
        return {
            rule.rule: rule.truth(holds=not taken if rule.matchers is None else fits[rule.rule]) for rule in self.alerts
        }

    def report(self, kind: str) -> Mapping[str, RuleTruth]:
        """What every rule on reports says of a report of a type, by rule id."""
        taken = any(kind in rule.types for rule in self.reports)
        return {rule.rule: rule.truth(holds=kind in rule.types if rule.types else not taken) for rule in self.reports}
