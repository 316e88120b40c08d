"""What the rows of a rule may say: what they change, and when they hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic.json_schema import WithJsonSchema

from ebank_sentinel.model.category import CATEGORIES, FLAGS
from ebank_sentinel.model.settings import Duration, Name, Strict, TextByLanguage

ConditionText = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
SeverityName = Literal["I", "II", "III", "IV"]
LabelName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w{0,63}$")]

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%")


def _severity_of_row(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("a severity that comes from a label belongs to the rule itself: write I, II, III, IV or up")  # noqa: TRY004 - pydantic turns only ValueError into a problem
    return value


def _category(value: object) -> object:
    if isinstance(value, str) and value not in CATEGORIES:
        raise ValueError(f"{value!r} is no category: choose one of {', '.join(CATEGORIES)}")
    return value


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError("a share is a percentage: write it as in 20%")  # noqa: TRY004 - as above
    found = _SHARE.fullmatch(value)
    if found is None:
        raise ValueError(f"{value[:20]!r} is no percentage: write it as in 20%")
    if not 1 <= float(found[1]) <= 100:
        raise ValueError(f"{value!r} is out of range: a share is 1% to 100%")
    return float(found[1]) / 100


def _same(value: object) -> object:
    return [value] if isinstance(value, str) else value


Category = Annotated[str, BeforeValidator(_category), Field(json_schema_extra={"enum": list(CATEGORIES)})]
Flag = Literal["outage", "degraded", "funds_at_risk", "data_leak", "malicious", "customer_harm", "public_harm"]
assert Flag.__args__ == FLAGS  # type: ignore[attr-defined]  # noqa: S101 - the two lists are one

Share = Annotated[
    float, BeforeValidator(_share), WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3})?%$"})
]
"""A percentage in a file, a fraction afterwards."""

Count = Annotated[int, Field(ge=2, le=1000)]
"""How many times: the first time is no count."""

Same = Annotated[
    list[LabelName],
    BeforeValidator(_same),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""Labels that must agree: one, a list, or [] for anywhere."""


class Texts(Strict):
    """What people read."""

    number: TextByLanguage = Field(default={}, description="the figure that tells how bad it is")
    normal: TextByLanguage = Field(default={}, description="what that figure is on a good day")
    impact: TextByLanguage = Field(default={}, description="what it means to customers, at most 16 characters")
    say: TextByLanguage = Field(default={}, description="what customer service tells customers")
    runbook: str | None = Field(default=None, description="path of the page, relative to this file's root")


class RowSettings(Texts):
    """What a row changes while it holds; what it does not name is kept."""

    title: TextByLanguage = Field(default={}, description="what is wrong, at most 12 characters in Chinese")
    severity: Annotated[SeverityName | Literal["up"], BeforeValidator(_severity_of_row)] | None = None
    category: Category | None = None
    flags: list[Flag] = Field(default=[], description="added to the others")
    groups: list[Name] | None = None
    tell: list[Name] | None = None

    @property
    def changes(self) -> bool:
        """Whether anything is another thing while the row holds."""
        texts = (self.title, self.number, self.normal, self.impact, self.say, self.runbook)
        return any((self.severity, self.category, self.flags, self.groups, self.tell is not None, *texts))


class WorseSettings(RowSettings):
    """A row of `worse`: it holds from its own onset."""

    when: ConditionText | None = Field(default=None, description="default: the rule's own `when`")
    for_: Duration | None = Field(default=None, alias="for", description="default: at once")
    count: Count | None = Field(default=None, description="from this time on the same target within `within`")
    within: Duration | None = Field(default=None, description="of `count`")


class WidthSettings(RowSettings):
    """A row of `widens`: enough targets of a scope fail together."""

    over: Annotated[str, StringConstraints(min_length=1)] = Field(description="a level, a label or fleet")
    share: Share | None = Field(default=None, description="of the targets that could fail, as in 20%")
    at_least: int = Field(default=2, ge=1, le=1_000_000, description="so many targets")
    within: Duration | None = Field(default=None, description="default: however far apart they began")
    spread: dict[LabelName, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default={}, description="in so many different values of a narrower label"
    )


class CauseSettings(RowSettings):
    """A row of `because`: what is seen in the same place says what it really is."""

    seen: Name = Field(description="another rule")
    same: Same = Field(description="labels that agree; [] means anywhere")
    within: Duration = Field(description="between the two onsets")


class ParentSettings(Strict):
    """A row of `unless`: while the other fires there, this is part of its incident."""

    rule: Name = Field(description="the other rule")
    same: Same = Field(description="labels that agree; [] means anywhere")


class SeverityBySettings(Strict, extra="allow"):
    """`severity: {label: severity, critical: II, else: IV}`: an alert brings its own."""

    __pydantic_extra__: dict[str, SeverityName]
    label: LabelName = Field(description="the label of the alert")
    else_: SeverityName = Field(alias="else", description="for every other value, and without the label")

    @property
    def by_value(self) -> dict[str, SeverityName]:
        """The severity of each value that is named."""
        return dict(self.__pydantic_extra__)


def _kind_of_severity(value: object) -> str:
    return "by_label" if isinstance(value, dict | SeverityBySettings) else "level"


RuleSeverity = Annotated[
    Annotated[SeverityName, Tag("level")] | Annotated[SeverityBySettings, Tag("by_label")],
    Discriminator(_kind_of_severity),
]
"""A level, or where an alert says its own."""


def _one_type(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SourceSettings(Strict):
    """What a rule watches when that is no probe: exactly one of these."""

    alert: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None,
        description="""alerts that fit Alertmanager's matchers, as in team="pay", severity!="info" """.strip(),
    )
    report: (
        Annotated[
            list[Name],
            Field(min_length=1),
            BeforeValidator(_one_type),
            WithJsonSchema(
                {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
            ),
        ]
        | None
    ) = Field(default=None, description="reports of a type, or of several")
    own: Literal["channels", "probes", "store", "rules"] | None = Field(
        default=None, description="the state of this program itself"
    )
    unmatched: Literal["alert", "report"] | None = Field(default=None, description="what no other rule takes")

    @model_validator(mode="after")
    def _exactly_one(self) -> SourceSettings:
        if sum(one is not None for one in (self.alert, self.report, self.own, self.unmatched)) != 1:
            raise ValueError("give exactly one of alert, report, own and unmatched")
        return self


def _kind_of_watch(value: object) -> str:
    return "source" if isinstance(value, dict | SourceSettings) else "probe"


Watched = Annotated[
    Annotated[Name, Tag("probe")] | Annotated[SourceSettings, Tag("source")],
    Discriminator(_kind_of_watch),
]
"""The name of a probe, or another source."""
