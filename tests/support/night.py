"""A night in a small bank: whatever can happen as a verb, and what must hold after each of them.

Two regions of two branches of two machines; a switch a region, batteries a branch; a rule of parts; reports, also
one that is handed to the police; alerts that end by themselves. Everything is read all the time, with a result
that holds until the next verb.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import (
    Acknowledge,
    Change,
    Delivered,
    End,
    Item,
    Pushed,
    Reloaded,
    RuleTruth,
    Signal,
    Truth,
)
from ebank_sentinel.model.ledger import Delta, Ledger, TimerKind
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.rule import ALERTS, PUSHED, REPORTS, Meaning, Rule, Width
from ebank_sentinel.model.severity import Severity
from support.deciding import SMS_THEN_MAIL, at, row, rule, target
from support.fleet import BRANCH, MINUTE, Fleet, dark, machines, switch, ups

MINUTES = timedelta(minutes=1)
HOUR = timedelta(hours=1)

MACHINES = tuple(
    replace(one, labels={**one.labels, "switch": f"sw{one.labels['region']}"}) for one in machines(2, 2, 2)
)
SWITCHES = tuple(target(f"sw{region}", "switch", switch=f"sw{region}", region=str(region)) for region in range(2))
BATTERIES = tuple(
    target(f"ups-{branch}", "ups", branch=branch, region=branch[0], switch=f"sw{branch[0]}")
    for branch in ("0-0", "0-1", "1-0", "1-1")
)
PARTS = tuple(target(f"{part}-{name}", part, service=name) for part in ("login", "waf") for name in ("pay", "card"))
READ = (*MACHINES, *SWITCHES, *BATTERIES, *PARTS)
ALERTED = tuple(target(f"f{number}", ALERTS, team="pay") for number in range(2))

REGION = Width(
    over="region",
    share=0.6,
    at_least=3,
    within=5 * MINUTES,
    spread={"branch": 2},
    meaning=Meaning(category="link", severity=Severity.II, groups=("technical", "command")),
)
ALL = Width(
    over="fleet",
    share=0.5,
    at_least=4,
    within=5 * MINUTES,
    spread={"region": 2},
    meaning=Meaning(category="system", severity=Severity.I, groups=("command",)),
)
BY_TYPE = Width(
    over="type", share=0, at_least=3, within=HOUR, meaning=Meaning(severity=Severity.II, groups=("command",))
)


def _again(count: int) -> object:
    return replace(row(0, up=True, tell=("business",)), count=count, within=HOUR)


def _part(rule_id: str, *, group: str) -> Rule:
    return rule(rule_id, hold=30, clear=30, watch=rule_id, severity=Severity.III, groups=(group,))


NIGHT: tuple[Rule, ...] = (
    dark(
        hold=MINUTE,
        clear=30,
        widens=(replace(BRANCH, within=2 * MINUTES), REGION, ALL),
        rows=(row(4 * MINUTE, up=True, groups=("vendor", "technical")),),
    ),
    ups(),
    switch(hold=30, clear=30),
    rule(
        "jam",
        hold=0,
        clear=30,
        watch="atm",
        severity=Severity.IV,
        groups=("vendor",),
        reopen_within=10 * MINUTES,
        rows=(_again(3),),
    ),
    rule("cash", hold=0, clear=15, watch="atm", severity=Severity.IV, groups=("vendor",), count=2, within=HOUR),
    _part("login", group="technical"),
    _part("waf", group="business"),
    rule(
        "attack",
        hold=0,
        watch="",
        every=timedelta(),
        severity=Severity.II,
        category="attack",
        groups=("command",),
        all_of=("login", "waf"),
        same=("service",),
        within=5 * MINUTES,
    ),
    rule("phishing", hold=0, clear=0, watch=REPORTS, every=timedelta(), groups=("business",), widens=(BY_TYPE,)),
    rule("threat", hold=0, clear=0, watch=REPORTS, every=timedelta(), groups=("command",), referred=True),
    rule("pay-alert", hold=20, clear=40, watch=ALERTS, every=timedelta(), groups=("technical",)),
)


class Night(Fleet):
    """What happens to a bank. `now` is in seconds from the start; `lag`: so long items wait for their batch."""

    def __init__(self) -> None:
        super().__init__(*NIGHT, fleet=MACHINES)
        self.bank.roster.severities[Severity.III] = replace(
            self.bank.roster.severities[Severity.III], via=(SMS_THEN_MAIL,)
        )
        self.now = 0.0
        self.truths: dict[tuple[str, TargetId], tuple[Truth, Truth]] = {}
        self.told: dict[TargetId, Target] = {}
        self.unwatched: set[TargetId] = set()
        self.waiting: list[Item] = []
        self.taken_over: set[tuple[str, str]] = set()  # who was taken over, ever, and by whom
        self.numbered = 0

    # -- verbs ------------------------------------------------------------------------------------

    def passes_by(self, seconds: float) -> None:
        """Time passes; timers run when they fall due, unless something waits."""
        if self.waiting:
            self.now += seconds
        else:
            self.passes(self.now + seconds)
            self.now += seconds

    def becomes(self, rule_id: str, targets: Iterable[Target], *, holds: Truth, counts: Truth = True) -> None:
        """A condition holds from now on, does not, is unknown, or its targets do not count."""
        for one in targets:
            self.truths[rule_id, one.id] = (counts, holds)
            if one.id not in self.unwatched:
                self.waiting.append(self.as_read(one))

    def alerts(self, one: Target, *, holds: bool, lasts: float | None = None) -> None:
        """An alert is told; `lasts`: seconds, after which it ends by itself."""
        until = None if lasts is None or not holds else at(self.now + lasts)
        truths = {"pay-alert": RuleTruth(True, holds, ())} if "pay-alert" in self.bank.rules else {}
        self.push(Signal(change=Change(target=one, at=at(self.now), truths=truths), until=until))

    def reports(self, kind: str) -> None:
        """Somebody reports something."""
        self.numbered += 1
        one = target(f"r{self.numbered}", REPORTS, type=kind)
        truths = {
            asked.id: RuleTruth(True, asked.id == kind, ())
            for asked in self.bank.rules.values()
            if asked.watch == REPORTS
        }
        self.push(Signal(change=Change(target=one, at=at(self.now), truths=truths)))

    def push(self, signal: Signal) -> None:
        """One signal in a request of its own."""
        self.numbered += 1
        self.waiting.append(Pushed(request=f"p{self.numbered:06}", at=at(self.now), signals=(signal,)))

    def acks(self, incident: str, person: str) -> None:
        """Somebody takes an incident, by an id or code that may be of long ago."""
        self.numbered += 1
        self.waiting.append(
            Acknowledge(request=f"a{self.numbered:06}", incident=incident, person=person, at=at(self.now))
        )

    def ends(self, incident: str) -> None:
        """Somebody says that it is over."""
        self.numbered += 1
        self.waiting.append(End(request=f"e{self.numbered:06}", incident=incident, person="wang", at=at(self.now)))

    def answers_of(self, page: Page, outcome: Outcome) -> None:
        """A channel says what became of an attempt."""
        self.numbered += 1
        delivery = Delivery(page=page.id, at=at(self.now), outcome=outcome, detail=str(self.numbered))
        self.waiting.append(Delivered(delivery=delivery, at=at(self.now)))

    def flush(self) -> None:
        """What waits is decided, as one batch."""
        items, self.waiting = self.waiting, []
        self.decide(*items, now=self.now)
        for one in self.last.incidents.values():
            if one.into is not None:
                self.taken_over.add((one.id, one.into))

    def starts_anew(self) -> None:
        """The process ends, and starts with what the store holds; every target is read at once."""
        self.flush()
        self.ledger = loaded(self)
        self.read_all()

    def reloads_rules(self, rules: Iterable[Rule], unwatched: Iterable[Target]) -> None:
        """Other rules, other targets; every target is read at once."""
        self.flush()
        self.bank.rules = {one.id: one for one in rules}
        self.unwatched = {one.id for one in unwatched}
        self.bank.unwatched = self.unwatched
        self.bank.listed = tuple(one for one in MACHINES if one.id not in self.unwatched)
        self.decide(Reloaded(at=at(self.now)), now=self.now)
        self.read_all()

    def read_all(self) -> None:
        """A change of every target, as after a start or a reload."""
        self.waiting += [self.as_read(one) for one in READ if one.id not in self.unwatched]
        self.flush()

    def as_read(self, one: Target) -> Change:
        """What all rules on its probe say of a target."""
        self._seq += 1
        truths: dict[str, RuleTruth] = {}
        for watching in self.bank.rules.values():
            if watching.watch == one.id.probe:
                counts, holds = self.truths.get((watching.id, one.id), (True, False))
                truths[watching.id] = RuleTruth(counts, holds, (holds,) * len(watching.rows))
        return Change(target=one, at=at(self.now), truths=truths, seq=self._seq)

    def decide(self, *items: Item, now: float) -> Draft:
        """As ever, remembering what it changed."""
        before = set(self.pages)
        draft = super().decide(*items, now=now)
        self.last = draft.delta()
        self.new_pages = [page for page in self.last.pages.values() if page.id not in before]
        for one in self.last.incidents.values():
            if one.into is not None:
                self.taken_over.add((one.id, one.into))
        return draft

    def dawns(self) -> None:
        """All is well again, every report is ended, and enough time passes for whatever waits."""
        for rule_id, target_id in list(self.truths):
            self.truths[rule_id, target_id] = (True, False)
        self.waiting += [self.as_read(one) for one in READ if one.id not in self.unwatched]
        self.flush()
        for one in ALERTED:
            self.alerts(one, holds=False)
        self.flush()
        for _ in range(30):
            self.accept_all(self.now)
            for incident in list(self.ledger.incidents.values()):
                self.ends(incident.id)
            self.flush()
            self.passes_by(10 * MINUTE)
        self.accept_all(self.now)


def loaded(story: Fleet) -> Ledger:
    """A ledger as the store gives it back: what is open, and of the incidents that ended those that may matter."""
    old = story.ledger
    resting = {timer.subject[0] for timer in old.timers if timer.kind is TimerKind.FORGET}
    ended = {one.id: one for one in story.incidents.values() if not one.is_open}
    kept: dict[str, Incident] = {one: ended[one] for one in sorted(resting) if one in ended}
    takers = {*old.incidents, *kept}
    while takers:
        taken = {one.id: one for one in ended.values() if one.into in takers and one.id not in kept}
        kept |= dict(sorted(taken.items()))
        takers = set(taken)
    by_cause: dict[str, list[Page]] = {}
    for page in story.pages.values():
        by_cause.setdefault(page.cause, []).append(page)
    pages = {
        page.id: page
        for cause, found in by_cause.items()
        for page in found
        if cause in old.incidents or any(not one.state.final for one in found)
    }
    ledger = Ledger()
    ledger.count_by(old.census.counted)
    ledger.apply(
        Delta(
            symptoms={key: replace(one, known=one.id.probe in PUSHED) for key, one in old.symptoms.items()},
            timers=dict(old.timers),
            incidents={**kept, **old.incidents},
            pages=pages,
            heartbeats=dict(old.heartbeats),
            firings=dict(old.firings),
        )
    )
    return ledger
