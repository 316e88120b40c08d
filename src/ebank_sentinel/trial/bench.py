"""A configuration enters; a bench leaves on which its tests are run, one after the other, in driven time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ebank_sentinel.config import Config
from ebank_sentinel.daemon.assembly import policy_of
from ebank_sentinel.daemon.intake import Intake
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.model.item import Acknowledge, Delivered, End, Item, Pushed, Reloaded
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import Delivery, Outcome, Page, PageState
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import PUSHED
from ebank_sentinel.model.told import Report
from ebank_sentinel.pipeline import Policy, sizes, world_of
from ebank_sentinel.rules.book import RuleBook
from ebank_sentinel.trial.case import Case, Expected, Spoken, Told
from ebank_sentinel.trial.compare import Difference, Open, Sent, differs, pick, show_page
from ebank_sentinel.trial.play import Playback
from ebank_sentinel.trial.reach import Reached, reached

NODE = "trial"

MOST_STEPS = 100_000
"""Decisions in one test, after which it will never end."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of a test."""

    case: Case
    differences: list[Difference] = field(default_factory=list)
    reached: set[Reached] = field(default_factory=set)
    deltas: list[tuple[datetime, Delta]] = field(default_factory=list)  # all that was decided
    seconds: float = 0.0  # that it took

    @property
    def holds(self) -> bool:
        """Everything was as expected."""
        return not self.differences


class Bench:
    """One configuration, ready for all of its tests."""

    def __init__(self, config: Config, book: RuleBook | None = None) -> None:
        """`book`: in place of the configuration's own, with a rule changed."""
        policy = policy_of(config)
        if book is not None:
            policy = replace(policy, rules=book.rules, watches=book.watches)
        self._policy = policy
        self._relations = Relations.of(policy.rules)
        self._intake = Intake(
            told=(book or config.book).told,
            locate=policy.locate,
            language=config.settings.bank.language,
            zone=config.zone,
        )
        self._mails = frozenset(name for name, one in config.channels.items() if one.address_kind == "email")

    def run(self, case: Case, *, stop_early: bool = False) -> Verdict:
        """Play a test to its end. `stop_early`: the first difference is enough."""
        began = time.perf_counter()
        policy = replace(self._policy, targets=case.targets, finders={})
        run = _Run(case, policy, self._relations, self._intake, self._mails)
        try:
            run.play(stop_early=stop_early)
        except Exception as error:  # noqa: BLE001 - one test must not hide what the others say
            run.verdict.differences.append(_failed(case, error))
        run.verdict.seconds = time.perf_counter() - began
        return run.verdict


class _Run:
    """One test being played."""

    def __init__(
        self, case: Case, policy: Policy, relations: Relations, intake: Intake, mails: Collection[str]
    ) -> None:
        self.verdict = Verdict(case=case)
        self._case = case
        self._rules = policy.rules
        self._relations = relations
        self._intake = intake
        self._mails = mails
        self._play = Playback(case.tracks, policy.watches, policy.intervals, policy.times)
        self._ledger = Ledger()
        self._ledger.count_by(relations.counted)
        self._sent: list[Sent] = []  # since the last expectation
        self._known_pages: set[str] = set()
        self._steps = 0
        counted = sizes(policy, relations)

        def targets_in(probe: str, over: str, value: str) -> int:
            return counted[probe, over, value] if probe in policy.targets else self._play.targets_in(probe, over, value)

        self._world = world_of(
            policy,
            relations,
            node=NODE,
            latest=self._play.latest,
            unbroken_since=self._play.unbroken_since,
            targets_in=targets_in,
        )

    def play(self, *, stop_early: bool) -> None:
        """Life after life of the program, each from its start to the next restart."""
        case = self._case
        for number, (start, end) in enumerate(zip([case.start, *case.restarts], [*case.restarts, None], strict=True)):
            if number:
                self._run_timers(start)
                self._restart(start)
            else:
                self._play.begin(start, ())
            for at, work in self._script(start, case.end if end is None else end, last=end is None):
                self._run_timers(at)
                work(at)
                if stop_early and self.verdict.differences:
                    return
        if case.end > case.expected[-1].at:
            self._run_timers(case.end)
            self._decide(case.end, ())
            if self._sent:
                lines = tuple(f"unexpected: a page to {show_page(one)}" for one in self._sent)
                self.verdict.differences.append(Difference(at=case.end, place=case.place, lines=lines))

    def _script(self, start: datetime, until: datetime, *, last: bool) -> Iterator[tuple[datetime, _Work]]:
        """All that happens in one life of the program: at one moment first readings, then people, then we look."""
        case = self._case
        incoming = self._incoming(until)

        def come_in(at: datetime) -> None:
            probes, items = incoming[at]
            self._decide(at, [*self._play.changes(at, probes), *items])

        script: list[tuple[datetime, int, int, _Work]] = [(at, 0, 0, come_in) for at in incoming]
        script += [(one.at, 1, number, _bound(self._speak, one)) for number, one in enumerate(case.spoken)]
        script += [(one.at, 2, number, _bound(self._look, one)) for number, one in enumerate(case.expected)]
        for at, _, _, work in sorted(script, key=lambda entry: entry[:3]):
            if start <= at < until or (last and at == until):
                yield at, work

    def _incoming(self, until: datetime) -> dict[datetime, tuple[set[str], list[Item]]]:
        """The probes that are to be looked at, and what is told, by time."""
        found: dict[datetime, tuple[set[str], list[Item]]] = {}
        for at, probe in self._play.moments(until):
            found.setdefault(at, (set(), []))[0].add(probe)
        for one in self._case.told:
            found.setdefault(one.at, (set(), []))[1].append(self._pushed(one))
        return found

    def _pushed(self, told: Told) -> Pushed:
        if isinstance(told.what, Report):
            return self._intake.report(told.request, told.what, told.at)
        return self._intake.alerts(told.request, [told.what], told.at)

    # -- deciding ------------------------------------------------------------------------------------

    def _run_timers(self, until: datetime) -> None:
        """Those that fall due before a moment, each at its own time."""
        while (due := self._ledger.next_due()) is not None and due < until:
            self._decide(max(due, self._play.now), ())

    def _decide(self, now: datetime, items: Collection[Item]) -> Mapping[str, Answer]:
        """One decision, as the desk makes it; every page that goes out is delivered at once."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise RuntimeError(f"{self._case.place}: this does not come to rest after {MOST_STEPS} decisions")
        self._play.now = now
        answers: dict[str, Answer] = {}
        while True:
            draft = decide(self._ledger, items, self._world, now)
            delta = draft.delta()
            self._ledger.apply(delta)
            answers |= draft.answers
            if delta:
                self.verdict.deltas.append((now, delta))
            items = [self._deliver(page, now) for page in delta.pages.values() if page.state is PageState.READY]
            if not items:
                return answers

    def _deliver(self, page: Page, now: datetime) -> Item:
        """The channel takes it, or refuses it for good."""
        if page.id not in self._known_pages:
            self._known_pages.add(page.id)
            message = page.message
            text = f"{message.subject}\n{message.body}" if page.channel in self._mails else message.short
            self._sent.append(Sent(page=page, at=now, text=text))
        outcome = Outcome.FAILED if page.channel in self._case.failing else Outcome.ACCEPTED
        return Delivered(delivery=Delivery(page=page.id, at=now, outcome=outcome), at=now)

    def _speak(self, spoken: Spoken, at: datetime) -> None:
        """A person takes an incident, or ends it."""
        self._decide(at, ())
        incident = pick(spoken.which, self._ledger.incidents.values(), self._rules)
        verb = "end" if spoken.ends else "ack"
        if incident is None:
            lines = (f"{verb} by {spoken.by}: no incident of {spoken.which.rule} as it is named there is open then",)
            self.verdict.differences.append(Difference(at=at, place=spoken.place, lines=lines))
            return
        kind = End if spoken.ends else Acknowledge
        request = f"{verb} {spoken.place}"
        item = kind(request=request, incident=incident.id, person=spoken.by, at=at, note=spoken.note)
        answer = self._decide(at, [item])[request]
        if answer.status != 200:
            lines = (f"{verb} by {spoken.by}: {answer.title}: {answer.detail}",)
            self.verdict.differences.append(Difference(at=at, place=spoken.place, lines=lines))

    def _look(self, expected: Expected, at: datetime) -> None:
        """Compare what there is with what is expected."""
        self._decide(at, ())
        ledger = self._ledger
        found = [Open(incident=one, symptoms=len(ledger.census.members(one.id))) for one in ledger.incidents.values()]
        lines = differs(expected.settings, found, self._sent, self._rules)
        if lines:
            self.verdict.differences.append(Difference(at=at, place=expected.place, lines=lines))
        self.verdict.reached |= reached(ledger, ledger.incidents.values(), self._rules)
        self._sent = []

    def _restart(self, at: datetime) -> None:
        """The process ends and starts anew: it has what the store keeps, and no reading."""
        old, self._ledger = self._ledger, Ledger()
        self._ledger.count_by(self._relations.counted)
        self._ledger.apply(
            Delta(
                symptoms={one.id: replace(one, known=one.id.probe in PUSHED) for one in old.symptoms.values()},
                timers=old.timers,
                incidents={**old.kept, **old.incidents},
                pages=old.pages,
                heartbeats=old.heartbeats,
                firings=old.firings,
            )
        )
        self._play.begin(at, [symptom.target for symptom in old.symptoms])
        self._decide(at, [Reloaded(at=at)])


_Work = Callable[[datetime], None]


def _failed(case: Case, error: Exception) -> Difference:
    """It was not decided to the end: with the place in the program, for who mends it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    words = f"the program itself failed, and not the rule: {type(error).__name__}: {error} ({where})"
    return Difference(at=case.end, place=case.place, lines=(words,))


def _bound(work: Callable[..., None], one: Spoken | Expected) -> _Work:
    return lambda at: work(one, at)
