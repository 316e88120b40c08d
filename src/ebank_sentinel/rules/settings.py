"""What a rule file may say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from ebank_sentinel.model.category import CATEGORIES, FLAGS
from ebank_sentinel.model.settings import Duration, Name, NotYet, Strict, TextByLanguage

ConditionText = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
SeverityName = Literal["I", "II", "III", "IV"]


def _severity(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("not yet: a severity that comes from a label belongs to pushed alerts")  # noqa: TRY004 - pydantic turns only ValueError into a problem
    return value


def _watch(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("not yet: this version watches probes alone, not alerts, reports or itself")  # noqa: TRY004 - as above
    return value


def _category(value: object) -> object:
    if isinstance(value, str) and value not in CATEGORIES:
        raise ValueError(f"{value!r} is no category: choose one of {', '.join(CATEGORIES)}")
    return value


Category = Annotated[str, BeforeValidator(_category), Field(json_schema_extra={"enum": list(CATEGORIES)})]
Flag = Literal["outage", "degraded", "funds_at_risk", "data_leak", "malicious", "customer_harm", "public_harm"]
assert Flag.__args__ == FLAGS  # type: ignore[attr-defined]  # noqa: S101 - the two lists are one


class WorseSettings(Strict):
    """A row of `worse`: it holds from its own onset; what it does not name is kept."""

    when: ConditionText | None = Field(default=None, description="default: the rule's own `when`")
    for_: Duration | None = Field(default=None, alias="for", description="default: at once")
    severity: Annotated[SeverityName | Literal["up"], BeforeValidator(_severity)] | None = None
    category: Category | None = None
    flags: list[Flag] = []
    groups: list[Name] | None = None
    tell: list[Name] | None = None
    count: NotYet = None
    within: NotYet = None


class RuleSettings(Strict):
    """One rule."""

    id: Name
    title: TextByLanguage = Field(description="what is wrong, at most 12 characters in Chinese")
    number: TextByLanguage = Field(default={}, description="the figure that tells how bad it is")
    normal: TextByLanguage = Field(default={}, description="what that figure is on a good day")
    impact: TextByLanguage = Field(default={}, description="what it means to customers, at most 16 characters")
    say: TextByLanguage = Field(default={}, description="what customer service tells customers")
    watch: Annotated[str, BeforeValidator(_watch)] = Field(description="the name of a probe")
    where: ConditionText | None = Field(default=None, description="which targets count at all: labels and times")
    when: ConditionText = Field(description="the condition, or no_data")
    for_: Duration | None = Field(default=None, alias="for", description="default: fires at the first reading")
    clear_after: Duration | None = Field(default=None, description="default: two intervals of the probe")
    category: Category
    severity: Annotated[SeverityName, BeforeValidator(_severity)]
    flags: list[Flag] = []
    groups: list[Name] = Field(min_length=1, description="must answer; the first owns the incident")
    tell: list[Name] = Field(default=[], description="one notice, no chain")
    worse: list[WorseSettings] = []
    runbook: str | None = Field(default=None, description="path of the page, relative to this file's root")
    needs: str | None = Field(default=None, description="what to wire up; while its probe is missing it is dormant")
    widens: NotYet = None
    because: NotYet = None
    unless: NotYet = None
    all_of: NotYet = None
    count: NotYet = None
    same: NotYet = None
    within: NotYet = None

    def hold(self) -> timedelta:
        """How long the condition holds before the symptom fires."""
        return self.for_ or timedelta()


class RuleFile(Strict):
    """A file of rules. Each entry is checked by itself, so that one mistake hides no other."""

    rules: list[Any]
