"""Rules as a file has them, against a few probes: what they become, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ebank_sentinel.errors import Problem
from ebank_sentinel.rules.book import RuleBook, Watchable, Written, build
from ebank_sentinel.rules.settings import RuleSettings

LEVELS = ("terminal", "branch", "region", "fleet")
PROBES = {
    "atm": Watchable(
        every=timedelta(seconds=30),
        fields={"up": bool, "error": str, "cash": float},
        labels={"terminal", "branch", "region", "vendor", "switch"},
    ),
    "switch": Watchable(every=timedelta(seconds=10), fields={"up": bool, "error": str}, labels={"switch"}),
    "series": Watchable(every=timedelta(seconds=30), fields={"up": bool, "value": float}),
}
PLAIN: dict[str, Any] = {"title": "ATM dark", "category": "device", "severity": "IV", "groups": ["vendor"]}
WATCHING: dict[str, Any] = {"watch": "atm", "when": "not up"}


def rule(rule_id: str = "dark", **changed: Any) -> Written:
    """A rule; one that watches nothing of its own watches the ATMs."""
    source = {} if "all_of" in changed or "watch" in changed else WATCHING
    data = {"id": rule_id, **PLAIN, **source, **changed}

    def locate(path: Sequence[str | int], reason: str) -> Problem:
        return Problem(file="a.yaml", line=3, column=5, key=".".join(map(str, (rule_id, *path))), reason=reason)

    return Written(
        settings=RuleSettings.model_validate({key: value for key, value in data.items() if value is not None}),
        locate=locate,
        checks={(): ("look",), ("widens", 0): ("look wide",)},
    )


def book(*rules: Written, levels: Sequence[str] | None = LEVELS) -> RuleBook:
    """What rules become that hold."""
    built, problems = build(rules, PROBES, ("business",), levels=levels)
    assert problems == []
    return built


def complaints(
    *rules: Written, levels: Sequence[str] | None = LEVELS, known: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """What is said of rules: where, and what."""
    return [(one.key, one.reason) for one in build(rules, PROBES, ("business",), levels=levels, known=known)[1]]
