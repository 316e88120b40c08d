"""What the contacts' files hold: people, groups, rotas, severities and escalations, each key with its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic.json_schema import WithJsonSchema

from ebank_sentinel.contacts.addresses import mail_address, phone_number
from ebank_sentinel.model.settings import Duration, Language, Name, NotYet, Strict, TextByLanguage, parse_duration
from ebank_sentinel.model.timewords import Once, parse_moment, parse_span

STEP_WORDS = ("on_call", "next", "leader", "deputies", "superior", "members")
"""Whom a step can mean within its group; any other name is a group or a person."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How long a turn is: whole days count on the wall, hours as they pass."""

    days: int = 0
    elapsed: timedelta = timedelta(0)


def parse_turn(text: object) -> Turn:
    """`1d`, `1w` or `12h`. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("a turn needs a unit: write 1d, 1w or 12h")  # noqa: TRY004 - pydantic turns only ValueError into a problem
    length = parse_duration(text)
    if text.endswith(("d", "w")) and not length % _DAY:
        return Turn(days=length // _DAY)
    if length < _HOUR or length % _HOUR:
        raise ValueError(f"{text!r} is not a turn: write whole days, weeks or hours, as in 1d, 1w or 12h")
    return Turn(elapsed=length)


def parse_wall_time(text: object) -> datetime:
    """`2026-11-23T09:00` on the wall of the bank's zone. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("write a time as in 2026-11-23T09:00")  # noqa: TRY004 - as above
    moment, whole_day = parse_moment(text)
    if whole_day:
        raise ValueError(f"{text!r} has no hour: write it as in {text}T09:00")
    return moment


def parse_away(text: object) -> Once:
    """`2026-12-20/2026-12-27` or one day. Raises ValueError."""
    span = parse_span(text) if isinstance(text, str) else None
    if span is None or not isinstance(span.days, Once):
        raise ValueError("write the days somebody is away as in 2026-12-20/2026-12-27")
    return span.days


_AS_TEXT = {"type": "string"}
WallTime = Annotated[
    datetime, BeforeValidator(parse_wall_time), WithJsonSchema({**_AS_TEXT, "examples": ["2026-11-23T09:00"]})
]
TurnLength = Annotated[Turn, BeforeValidator(parse_turn), WithJsonSchema({**_AS_TEXT, "examples": ["1d", "1w", "12h"]})]
Away = Annotated[Once, BeforeValidator(parse_away), WithJsonSchema({**_AS_TEXT, "examples": ["2026-12-20/2026-12-27"]})]
PhoneNumber = Annotated[
    str, AfterValidator(phone_number), WithJsonSchema({**_AS_TEXT, "pattern": r"^\+[1-9][0-9]{6,14}$"})
]
MailAddress = Annotated[str, AfterValidator(mail_address), WithJsonSchema({**_AS_TEXT, "format": "email"})]


class PersonSettings(Strict):
    """Somebody who can be paged."""

    name: str = Field(min_length=1, max_length=60, description="as colleagues know it")
    language: Language | None = Field(default=None, description="of the texts this person gets; none: the bank's")
    sms: PhoneNumber | None = Field(default=None, description="E.164, in quotes")
    voice: PhoneNumber | None = Field(default=None, description="E.164, in quotes")
    email: MailAddress | None = None
    superior: Name | None = Field(default=None, description="a person")
    away: list[Away] = Field(default_factory=list, description="whole days, both included; nobody is paged then")


class PeopleFile(Strict):
    """People who come from a list that another system writes."""

    csv: str = Field(
        min_length=1, description="path, relative to this file: id,name,language,sms,voice,email,superior,away"
    )


class GroupSettings(Strict):
    """A group of people, or a way to find one by a label of the incident."""

    title: TextByLanguage = Field(default_factory=dict)
    leader: Name | None = None
    deputies: list[Name] = Field(default_factory=list)
    members: list[str] = Field(
        default_factory=list, description='people; "{contact}" is the person that the label names'
    )
    rota: Name | None = Field(default=None, description="none: all members are on call")
    escalation: Name | None = Field(default=None, description="none: the one named default")
    use: str | None = Field(default=None, min_length=1, description='the group that labels name: "vendor-{vendor}"')
    else_: Name | None = Field(default=None, alias="else", description="the group when the labels lead nowhere")
    decides: NotYet = None
    contract: NotYet = None

    @model_validator(mode="after")
    def _names_another_or_has_people(self) -> GroupSettings:
        people = (self.leader, self.deputies, self.members, self.rota, self.escalation)
        if self.use is not None and any(people):
            raise ValueError(
                "a group with `use` only names another: take leader, deputies, members, rota, escalation out"
            )
        if self.use is None and not any(people[:4]):
            raise ValueError("the group has nobody: give it members, a leader, deputies or a rota")
        return self


class LayerSettings(Strict):
    """People who take turns."""

    people: list[Name] = Field(min_length=1, description="in the order of their turns")
    from_: WallTime = Field(alias="from", description="when the first turn begins; turns count from here")
    every: TurnLength = Field(description="days and weeks hand over at the same hour on the wall; hours just pass")
    during: Name | None = Field(default=None, description="a named time; outside it the layer covers nothing")


class OverrideSettings(Strict):
    """Somebody stands in, whatever the layers say."""

    person: Name
    from_: WallTime = Field(alias="from")
    to: WallTime

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> OverrideSettings:
        if self.to <= self.from_:
            raise ValueError("the override ends before it begins")
        return self


class RotaSettings(Strict):
    """Who is on call when: the first layer that covers the moment is on call, the second is next."""

    layers: list[LayerSettings] = Field(min_length=1)
    overrides: list[OverrideSettings] = Field(default_factory=list)


class FirstOf(Strict):
    """Channels in order: the next after a permanent failure, or without a receipt in 2 minutes."""

    first_of: list[Name] = Field(min_length=1)


ViaEntry = Name | FirstOf


class SeveritySettings(Strict):
    """What a step takes that does not say its own."""

    via: list[ViaEntry] = Field(min_length=1, description="channels, all at once")
    wait: Duration = Field(description="before the next step")
    groups: list[Name] = Field(default_factory=list, description="added to those of the rule")
    during: Name | None = Field(default=None, description="a named time; outside it pages wait and go out as one list")
    repeat: NotYet = None


class SeveritiesSettings(Strict):
    """All four: no incident may find its own missing."""

    I: SeveritySettings  # noqa: E741 - the levels are Roman numerals
    II: SeveritySettings
    III: SeveritySettings
    IV: SeveritySettings


class StepSettings(Strict):
    """One step of a chain: a word, a group, a person, or a list that is paged together."""

    page: str | Annotated[list[str], Field(min_length=1)]
    via: list[ViaEntry] | None = Field(default=None, min_length=1, description="none: what the severity takes")
    wait: Duration | None = Field(default=None, description="none: what the severity takes")

    @property
    def pages(self) -> tuple[str, ...]:
        """Whom the step means, as written."""
        return (self.page,) if isinstance(self.page, str) else tuple(self.page)


class EscalationSettings(Strict):
    """A chain of pages. This version carries out its first step."""

    steps: list[StepSettings] = Field(min_length=1)
    until: NotYet = None
    repeat: NotYet = None


def _people_form(value: Any) -> str:
    return "file" if isinstance(value, dict) and isinstance(value.get("csv"), str) else "rows"


People = Annotated[
    Annotated[dict[Name, PersonSettings], Tag("rows")] | Annotated[PeopleFile, Tag("file")],
    Discriminator(_people_form),
]


class ContactsSettings(Strict):
    """One file of the contacts' folder: any of these, each name once in the whole folder."""

    people: People = Field(default_factory=dict)
    groups: dict[Name, GroupSettings] = Field(default_factory=dict)
    rotas: dict[Name, RotaSettings] = Field(default_factory=dict)
    severities: SeveritiesSettings | None = None
    escalations: dict[Name, EscalationSettings] = Field(default_factory=dict)
    contracts: NotYet = None
