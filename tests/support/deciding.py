"""A small bank to decide for, and a story that drives decisions second by second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.world import Bank, ChannelFacts, World
from ebank_sentinel.model.contact import Person, SeverityPolicy, Step, Via
from ebank_sentinel.model.incident import Event, Incident
from ebank_sentinel.model.item import Acknowledge, Change, Delivered, Item, Reloaded, RuleTruth, Truth
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Delivery, Message, Outcome, Page, PageState
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import FLEET, PUSHED, Meaning, Row, Rule, Words
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom, SymptomId
from ebank_sentinel.paging.wording import render

START = datetime(2026, 12, 9, 19, 0, tzinfo=UTC)  # 03:00 on 10 December in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERY = timedelta(seconds=15)
NODE = "node-a"

WANG = Person(
    id="wang", name="王芳", language="zh-CN", addresses={"sms": "+8613800000001", "email": "wang@bank.example"}
)
LI = Person(id="li", name="Li Lei", language="en", addresses={"sms": "+8613800000002", "email": "li@bank.example"})
ZHAO = Person(id="zhao", name="赵行", language="zh-CN", addresses={"email": "zhao@bank.example"})

SMS, MAIL, HOOK = Via(channels=("sms",)), Via(channels=("mail",)), Via(channels=("hook",))
SMS_THEN_MAIL = Via(channels=("sms", "mail"))


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def seconds(number: float) -> timedelta:
    """A length of time."""
    return timedelta(seconds=number)


def row(hold: float = 0, *, up: bool = False, **meaning: object) -> Row:
    """A row of `worse`; `hold` in seconds."""
    return Row(hold=seconds(hold), meaning=Meaning(severity_up=up, **meaning))  # type: ignore[arg-type]


def rule(rule_id: str = "login-low", *, hold: float = 180, clear: float = 60, **changed: Any) -> Rule:
    """A rule; `hold` and `clear` in seconds."""
    plain: dict[str, Any] = {
        "watch": "login",
        "every": EVERY,
        "severity": Severity.III,
        "category": "system",
        "groups": ("technical",),
        "title": {"zh-CN": "登录失败", "en": "Logins failing"},
        "number": {"zh-CN": "成功率{rate:.0%}", "en": "success {rate:.0%}"},
        "normal": {"zh-CN": "98%", "en": "98%"},
        "impact": {"zh-CN": "手机网银登不上", "en": "mobile logins fail"},
        "condition": "rate < 0.95",
    }
    given = {**plain, **changed}
    words = Words(**{name: given.pop(name) for name in [*given] if name in _WORDS})
    return Rule(id=rule_id, hold=seconds(hold), clear_after=seconds(clear), words=words, **given)


_WORDS = {one.name for one in fields(Words)}


def target(key: str = "login", probe: str = "login", **labels: str) -> Target:
    """A target; without a key the probe's only one."""
    return Target(id=TargetId(probe, key), labels=labels)


LOGIN = target()


@dataclass(slots=True)
class PlainRoster:
    """A roster as plain tables: every group's people answer at once, and nobody is ever away."""

    people: dict[str, Person] = field(default_factory=lambda: {one.id: one for one in (WANG, LI, ZHAO)})
    groups: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "technical": ("wang",),
            "business": ("li",),
            "command": ("zhao",),
            "both": ("wang", "li"),
            "nobody": (),
        }
    )
    via: dict[str, tuple[Via, ...]] = field(default_factory=dict)  # the step's own, by group
    severities: dict[Severity, SeverityPolicy] = field(
        default_factory=lambda: {
            Severity.I: SeverityPolicy(via=(SMS, MAIL), wait=seconds(180), groups=("command",)),
            Severity.II: SeverityPolicy(via=(SMS,), wait=seconds(300), groups=("command",)),
            Severity.III: SeverityPolicy(via=(SMS,), wait=seconds(600)),
            Severity.IV: SeverityPolicy(via=(MAIL,), wait=seconds(1800)),
        }
    )

    def first_step(self, group: str, labels: Mapping[str, str], at: datetime) -> Step | None:
        """The people of the group; the label `person` names one instead."""
        del at
        names = (labels["person"],) if "person" in labels else self.groups.get(group, ())
        people = tuple(self.people[name] for name in names)
        return Step(group=group, people=people, via=self.via.get(group), why=f"on call in {group}") if people else None

    def severity(self, severity: Severity) -> SeverityPolicy:
        """A line of severities.yaml."""
        return self.severities[severity]

    def person(self, person_id: str) -> Person | None:
        """A person by id."""
        return self.people.get(person_id)

    def group_title(self, group: str, language: str) -> str:
        """A group's name."""
        return f"{group}:{language}"


@dataclass(slots=True)
class SmallBank:
    """What a World is made of, to be changed by a test."""

    rules: dict[str, Rule] = field(default_factory=lambda: {"login-low": rule()})
    roster: PlainRoster = field(default_factory=PlainRoster)
    channels: dict[str, ChannelFacts] = field(
        default_factory=lambda: {
            "sms": ChannelFacts(address_kind="sms", replies=True),
            "mail": ChannelFacts(address_kind="email"),
            "hook": ChannelFacts(address_kind=None),
        }
    )
    readings: dict[TargetId, Reading] = field(default_factory=dict)
    since: dict[TargetId, datetime] = field(default_factory=dict)
    listed: tuple[Target, ...] = ()
    unwatched: set[TargetId] = field(default_factory=set)
    opens_at: dict[str, datetime] = field(default_factory=dict)  # a named time begins then, and has not begun yet
    words: Callable[[Notice, str, bool], Message] | None = None  # other words than the real ones
    always_read: bool = False  # every target was read without a gap, and still is

    def world(self) -> World:
        """What one decision may look at."""

        def words(notice: Notice, language: str, replies: bool) -> Message:
            return render(notice, language=language, replies=replies, zone=SHANGHAI)

        return World(
            node=NODE,
            lease=timedelta(seconds=60),
            bank=Bank(name="示例银行", language="zh-CN", zone=SHANGHAI),
            rules=self.rules,
            relations=Relations.of(self.rules),
            roster=self.roster,
            channels=self.channels,
            latest=self._latest,
            unbroken_since=self._unbroken_since,
            targets_in=self._targets_in,
            watched=lambda target: target not in self.unwatched,
            next_start=lambda name, at: self.opens_at[name] if self.opens_at[name] > at else None,
            covers=lambda name, at: at >= self.opens_at[name],
            render=self.words or words,
        )

    def _targets_in(self, probe: str, over: str, value: str) -> int:
        """Of those that are listed."""
        listed = [one for one in self.listed if one.id.probe == probe]
        return sum(over == FLEET or one.labels.get(over) == value for one in listed)

    def _unbroken_since(self, target: TargetId) -> datetime | None:
        if self.always_read and target.probe not in PUSHED:
            return START - timedelta(days=9)
        return self.since.get(target)

    def _latest(self, target: TargetId) -> Reading | None:
        if self.always_read and target.probe not in PUSHED:  # what was told to us is never read
            return Reading(target=Target(id=target), at=START + timedelta(days=9), up=True)
        return self.readings.get(target)

    def reads(self, target: Target, moment: datetime, fields: Mapping[str, Scalar]) -> None:
        """The target was read, for the first time or as ever."""
        known = self.readings.get(target.id)
        if known is None or moment - known.at > 2 * EVERY:
            self.since[target.id] = moment
        self.readings[target.id] = Reading(target=target, at=moment, up=True, fields=fields)

    def forget(self) -> None:
        """As after a start: nothing was read yet."""
        self.readings.clear()
        self.since.clear()


class Story:
    """Decides and commits step by step. Seconds count from the start."""

    def __init__(self, bank: SmallBank | None = None, *rules: Rule) -> None:
        self.bank = bank or SmallBank()
        if rules:
            self.bank.rules = {one.id: one for one in rules}
        self.ledger = Ledger()
        self.events: list[Event] = []
        self.incidents: dict[str, Incident] = {}  # ended ones too
        self.pages: dict[str, Page] = {}  # forgotten ones too
        self.answers: dict[str, Answer] = {}
        self._seq = 0

    def decide(self, *items: Item, now: float) -> Draft:
        """One batch, committed. The ledger that was decided upon is not touched by it."""
        world = self.bank.world()
        self.ledger.count_by(world.relations.counted)
        before = self.ledger.copy()
        draft = decide(self.ledger, items, world, at(now))
        assert self.ledger == before
        delta = draft.delta()
        self.ledger.apply(delta)
        self.events += delta.events
        self.incidents |= delta.incidents
        self.pages |= delta.pages
        self.answers |= draft.answers
        return draft

    # -- items ------------------------------------------------------------------------------------

    def change(
        self,
        second: float,
        holds: Truth,
        *rows: Truth,
        of: Target = LOGIN,
        rule: str = "login-low",
        counts: Truth = True,
        rate: float = 0.62,
    ) -> Change:
        """The target was read, and its truths changed."""
        self._seq += 1
        fields = {"rate": rate}
        if holds is not None:
            self.bank.reads(of, at(second), fields)
        truths = {rule: RuleTruth(counts, holds, rows)}
        return Change(target=of, at=at(second), truths=truths, values=fields, seq=self._seq)

    def fails(self, second: float, *rows: Truth, of: Target = LOGIN, rule: str = "login-low") -> Draft:
        """The condition holds from now on."""
        return self.decide(self.change(second, *(True, *rows), of=of, rule=rule), now=second)

    def works(self, second: float, *, of: Target = LOGIN, rule: str = "login-low", rate: float = 0.98) -> Draft:
        """It does not hold any more."""
        rows = (False,) * len(self.bank.rules[rule].rows)
        return self.decide(self.change(second, *(False, *rows), of=of, rule=rule, rate=rate), now=second)

    def unknown(self, second: float, *, of: Target = LOGIN, rule: str = "login-low") -> Draft:
        """There is no data."""
        rows = (None,) * len(self.bank.rules[rule].rows)
        return self.decide(self.change(second, None, *rows, of=of, rule=rule), now=second)

    def passes(self, until: float) -> None:
        """Time passes: all targets are read as before, and timers run when they fall due."""
        while (due := self.ledger.next_due()) is not None and due <= at(until):
            self._keep_reading(due)
            self.decide(now=(due - START).total_seconds())
        self._keep_reading(at(until))
        self.decide(now=until)

    def silently(self, until: float) -> Draft:
        """Time passes, and nobody reads anything."""
        return self.decide(now=until)

    def delivered(self, second: float, page: Page, outcome: Outcome = Outcome.ACCEPTED, **more: float) -> Draft:
        """A channel said what became of an attempt."""
        delivery = Delivery(page=page.id, at=at(second), outcome=outcome, **more)  # type: ignore[arg-type]
        return self.decide(Delivered(delivery=delivery, at=at(second)), now=second)

    def accept_all(self, second: float) -> None:
        """Every page that waits is accepted."""
        for page in [page for page in self.ledger.pages.values() if page.state is PageState.READY]:
            self.delivered(second, page)

    def takes(self, second: float, person: str, incident: str, note: str = "") -> Answer:
        """A person takes an incident."""
        request = f"ack-{second}-{person}"
        item = Acknowledge(request=request, incident=incident, person=person, at=at(second), note=note)
        self.decide(item, now=second)
        return self.answers[request]

    def reloads(self, second: float) -> Draft:
        """Rules or targets changed: no mask is left, so each target's next reading is a change."""
        self.bank.forget()
        return self.decide(Reloaded(at=at(second)), now=second)

    def restarts(self) -> None:
        """The process ends and starts anew: it knows of every symptom, and of no reading."""
        self.bank.forget()
        for symptom_id, symptom in list(self.ledger.symptoms.items()):
            self.ledger.symptoms[symptom_id] = replace(symptom, known=False)

    def _keep_reading(self, moment: datetime) -> None:
        for reading in list(self.bank.readings.values()):
            step = reading.at
            while step + EVERY <= moment:
                step += EVERY
                self.bank.reads(reading.target, step, reading.fields)

    # -- what came of it --------------------------------------------------------------------------

    @property
    def symptom(self) -> Symptom | None:
        """The symptom of the plain rule on the plain target."""
        return self.ledger.symptoms.get(SymptomId("login-low", *LOGIN.id))

    @property
    def incident(self) -> Incident:
        """The newest incident, open or ended."""
        return list(self.incidents.values())[-1]

    @property
    def severity(self) -> str:
        """Of the newest incident: "I" to "IV"."""
        return self.incident.severity.name

    def sent(self, *, since: int = 0) -> list[str]:
        """`recipient channel step reason` of every page that did not wait, in its order; `since`: without so many."""
        shown = [
            f"{page.recipient} {page.channel} {page.step} {page.reason}"
            for page in self.pages.values()
            if page.state not in (PageState.HELD, PageState.DROPPED, PageState.MERGED)
        ]
        return shown[since:]

    def reasons(self, *wanted: Reason) -> list[str]:
        """The reasons of all events, or the details of those with a wanted one."""
        if not wanted:
            return [event.reason.value for event in self.events]
        return [event.detail for event in self.events if event.reason in wanted]
