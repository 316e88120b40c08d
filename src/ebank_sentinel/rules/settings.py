"""What a rule file may say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import Field

from ebank_sentinel.model.settings import Duration, Name, Strict, TextByLanguage
from ebank_sentinel.rules.rows import (
    Category,
    CauseSettings,
    ConditionText,
    Count,
    Flag,
    ParentSettings,
    RowSettings,
    RuleSeverity,
    Same,
    Texts,
    Watched,
    WidthSettings,
    WorseSettings,
)


class RuleSettings(Texts):
    """One rule."""

    id: Name
    title: TextByLanguage = Field(description="what is wrong, at most 12 characters in Chinese")
    watch: Watched | None = Field(
        default=None, description="the name of a probe; or {alert: ...}, {report: ...}, {own: ...}, {unmatched: ...}"
    )
    where: ConditionText | None = Field(default=None, description="which targets count at all: labels and times")
    when: ConditionText | None = Field(
        default=None, description="the condition, or no_data; alerts and reports have none"
    )
    for_: Duration | None = Field(default=None, alias="for", description="default: fires at the first reading")
    clear_after: Duration | None = Field(default=None, description="default: two intervals of the probe")
    reopen_within: Duration | None = Field(
        default=None, description="back so soon after its end it is the same incident"
    )
    count: Count | None = Field(default=None, description="it opens from this time on the same target within `within`")
    within: Duration | None = Field(default=None, description="of `count`; of `all_of`, between the onsets")
    category: Category
    severity: RuleSeverity = Field(description="alerts also: {label: NAME, VALUE: II, else: IV}")
    flags: list[Flag] = []
    groups: list[Name] = Field(min_length=1, description="must answer; the first owns the incident")
    tell: list[Name] = Field(default=[], description="one notice, no chain")
    referred: bool = Field(default=False, description="crime or terror: handed to the police, a person ends it")
    worse: list[WorseSettings] = Field(default=[], max_length=30)
    widens: list[WidthSettings] = Field(default=[], max_length=30, description="narrow to wide")
    because: list[CauseSettings] = Field(default=[], max_length=30, description="the first that is seen applies")
    unless: list[ParentSettings] = Field(default=[], max_length=30)
    all_of: list[Name] | None = Field(
        default=None, max_length=30, description="rules whose symptoms together are this one"
    )
    same: Same | None = Field(default=None, description="labels on which the parts of all_of agree; [] means anywhere")
    needs: str | None = Field(default=None, description="what to wire up; while its probe is missing it is dormant")

    def hold(self) -> timedelta:
        """How long the condition holds before the symptom fires."""
        return self.for_ or timedelta()

    def rows(self) -> Iterator[tuple[tuple[str, int], RowSettings]]:
        """Every row that changes what the rule means, and its path."""
        for key in ("worse", "widens", "because"):
            for index, row in enumerate(getattr(self, key)):
                yield (key, index), row


class RuleFile(Strict):
    """A file of rules. Each entry is checked by itself, so that one mistake hides no other."""

    rules: list[Any]
