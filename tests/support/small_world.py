"""A small bank for tests of the desk and the store: a few rules, three people, two channels, and what happens there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from ebank_sentinel.incidents.world import Bank, ChannelFacts, World
from ebank_sentinel.model.contact import Person, SeverityPolicy, Step, Via
from ebank_sentinel.model.item import Acknowledge, Change, Delivered, RuleTruth
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Delivery, Message, Outcome
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import Rule, Words
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.wording import render

ZONE = ZoneInfo("Asia/Shanghai")
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WANG = Person(
    id="wang.fang", name="王芳", language="zh-CN", addresses={"sms": "+8613800000001", "email": "w@b.example"}
)


def rule(name: str, severity: Severity = Severity.II, hold: timedelta = timedelta(), **more: timedelta) -> Rule:
    """A rule on the probe `atm`."""
    return Rule(
        id=name,
        watch="atm",
        hold=hold,
        clear_after=more.get("clear_after", timedelta()),
        every=timedelta(seconds=10),
        severity=severity,
        category="device",
        groups=("technical",),
        words=Words(title={"en": f"{name} is out"}),
    )


RULES = {
    one.id: one
    for one in (
        rule("dead"),
        rule("slow", hold=3 * MINUTE),
        rule("dirty", Severity.IV),
    )
}


@dataclass(frozen=True)
class SmallRoster:
    """One person answers for everything, by text and by mail."""

    via: tuple[Via, ...] = (Via(channels=("sms",)), Via(channels=("mail",)))

    def first_step(self, group: str, labels: Mapping[str, str], at: datetime) -> Step | None:  # noqa: ARG002 - the protocol's signature
        return Step(group=group, people=(WANG,), via=None, why="on call in technical")

    def severity(self, severity: Severity) -> SeverityPolicy:  # noqa: ARG002 - as above
        return SeverityPolicy(via=self.via, wait=5 * MINUTE)

    def person(self, person_id: str) -> Person | None:
        return WANG if person_id == WANG.id else None

    def group_title(self, group: str, language: str) -> str:  # noqa: ARG002 - as above
        return group


@dataclass
class SmallBank:
    """Its world, and what happens in it."""

    node: str = "node-a"
    rules: dict[str, Rule] = field(default_factory=lambda: dict(RULES))
    readings: dict[TargetId, Reading] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))
    via: tuple[Via, ...] = (Via(channels=("sms",)),)

    def world(self) -> World:
        return World(
            node=self.node,
            lease=timedelta(seconds=60),
            bank=Bank(name="示例银行", language="zh-CN", zone=ZONE),
            rules=self.rules,
            relations=Relations.of(self.rules),
            roster=SmallRoster(self.via),
            channels={"sms": ChannelFacts(address_kind="sms"), "mail": ChannelFacts(address_kind="email")},
            latest=self.readings.get,
            unbroken_since=lambda target: _LONG_AGO if target in self.readings else None,
            targets_in=lambda _probe, _over, _value: len(self.readings),
            watched=lambda _: True,
            next_start=lambda _name, _at: None,
            covers=lambda _name, _at: True,
            render=_words,
        )

    def change(self, key: str, at: datetime, **holds: bool) -> Change:
        """The target was read: which rules hold now."""
        target = Target(id=TargetId("atm", key), labels={"branch": "0001"})
        self.readings[target.id] = Reading(target=target, at=at, up=not any(holds.values()))
        truths = {name: RuleTruth(counts=True, holds=value, rows=()) for name, value in holds.items()}
        return Change(target=target, at=at, truths=truths, seq=next(self.numbers))

    def ack(self, incident: str, at: datetime, person: str = WANG.id) -> Acknowledge:
        return Acknowledge(request=f"request-{next(self.numbers)}", incident=incident, person=person, at=at)


def delivered(page: str, at: datetime, outcome: Outcome = Outcome.ACCEPTED) -> Delivered:
    """What a provider said of an attempt."""
    return Delivered(delivery=Delivery(page=page, at=at, outcome=outcome), at=at)


def _words(notice: Notice, language: str, replies: bool) -> Message:
    return render(notice, language=language, replies=replies, zone=ZONE)
