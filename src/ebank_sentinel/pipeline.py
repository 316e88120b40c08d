"""THE FLOW: probe -> Reading -> rule -> Change -> desk -> Incident -> Page -> Delivery, and back to the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter as ReadingCounter

from ebank_sentinel.clock import Clock
from ebank_sentinel.desk import Desk, Store
from ebank_sentinel.incidents.world import Bank, ChannelFacts, Roster, World
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.item import Delivered, Reloaded, SetBack
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Delivery, Message, Page
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import FLEET, PUSHED, Rule, Text
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.paging.wording import render
from ebank_sentinel.rules.evaluator import Evaluator
from ebank_sentinel.rules.watch import Watch

LEASE = timedelta(seconds=60)
"""A node that holds a page longer than this without a word is taken to be dead: twice the deadline of a send."""

SET_BACK = timedelta(seconds=2)
"""By less a clock is only corrected: everything waits so much longer."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a configuration says of the flow."""

    bank: Bank
    rules: Mapping[str, Rule]
    watches: Mapping[str, Watch]  # by probe
    intervals: Mapping[str, timedelta]  # by probe
    targets: Mapping[str, Mapping[TargetId, Target]]  # by probe; a probe that finds its targets is not here
    roster: Roster
    channels: Mapping[str, ChannelFacts]
    finders: Mapping[str, Target]  # a probe that finds its targets stands for them until it found the first
    times: NamedTimes
    services: Mapping[str, Text]  # by name -> title
    locate: Callable[[Target], Target]  # joins topology's labels; listed targets have them already

    def watched(self, target: TargetId) -> bool:
        """Whether its probe still lists it; the series of a query come and go by themselves."""
        return target.probe in PUSHED or (
            target.probe in self.intervals
            and (target.probe not in self.targets or target in self.targets[target.probe])
        )


class Flow:
    """Readings come in at `on_readings`, deliveries at `on_delivery`; pages go out through `send`."""

    def __init__(
        self,
        policy: Policy,
        *,
        store: Store,
        send: Callable[[Iterable[Page]], None],
        clock: Clock,
        metrics: Metrics,
        node: str,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._node = node
        self._counters: dict[tuple[str, bool], ReadingCounter] = {}
        self._set_policy(policy)
        self.evaluator = self._next_evaluator(None)
        self.desk = Desk(
            store=store, world=self.world, send=send, on_rebuilt=self._forget_masks, clock=clock, metrics=metrics
        )

    def on_readings(self, target: Target, readings: Sequence[Reading]) -> None:
        """A probe ended. The healthy path ends in `observe`."""
        if readings and target.id.probe in self.policy.finders:
            self._found(target, readings)
        for reading in readings:
            if reading.target.id.probe not in self.policy.targets:
                reading = replace(reading, target=self.policy.locate(reading.target))  # noqa: PLW2901 - the same, placed
            self._count(reading.target.id.probe, reading.up).inc()
            change = self.evaluator.observe(reading)
            if change is not None:
                self._metrics.mask_changes.labels(reading.target.id.probe).inc()
                self.desk.put(change)

    def _count(self, probe: str, up: bool) -> ReadingCounter:  # noqa: FBT001 - as a reading has it
        """The counter of a probe's readings: looking it up by its labels would cost more than all rules."""
        known = self._counters.get((probe, up))
        if known is None:
            known = self._counters[probe, up] = self._metrics.probes.labels(probe, "up" if up else "down")
        return known

    def _found(self, probe: Target, readings: Sequence[Reading]) -> None:
        """A probe that stood for its targets steps back, with whatever its silence meant."""
        if not self.evaluator.stands_in(probe.id) or any(reading.target.id == probe.id for reading in readings):
            return
        change = self.evaluator.observe(Reading(target=probe, at=readings[0].at, up=True, present=False))
        if change is not None:
            self.desk.put(change)
        elif probe.id not in {symptom.target for symptom in self.desk.ledger.symptoms}:
            self.evaluator.forget(probe.id)

    def on_delivery(self, delivery: Delivery) -> None:
        """A send ended."""
        self.desk.put(Delivered(delivery=delivery, at=delivery.at))

    async def watch_silence(self) -> None:
        """Targets that are not read any more are found here; ends by being cancelled."""
        before = self._clock.now(), self._clock.monotonic()
        while True:
            await self._clock.sleep(1)
            before = self._notice_set_back(*before)
            self.desk.put(*self.evaluator.stale(self._clock.now()))

    def _notice_set_back(self, wall: datetime, monotonic: float) -> tuple[datetime, float]:
        """Whether the wall clock was set back since it was that, and this the monotonic one; what both are now."""
        now, moment = self._clock.now(), self._clock.monotonic()
        passed = timedelta(seconds=moment - monotonic)
        by = wall + passed - now
        if by > SET_BACK:
            _log.warning("the clock was set back: what waits keeps its age", seconds=by.total_seconds())
            item = SetBack(by=by, after=now - passed, at=now)
            self.evaluator.set_back(item.moved)
            self.desk.put(item)
        return now, moment

    def on_boundary(self) -> None:
        """A named time began or ended."""
        self.desk.put(*self.evaluator.boundary(self._clock.now()))

    def adopt(self, policy: Policy) -> None:
        """Another configuration, or other targets: masks are forgotten, symptoms keep their age."""
        self._set_policy(policy)
        self._forget_masks()
        self.desk.put(Reloaded(at=self._clock.now()))

    def open_targets(self, probe: str) -> list[Target]:
        """The targets of a probe that have a symptom: what a query with `absent: clear` must account for."""
        ledger = self.desk.ledger
        found = {symptom.id.target: symptom.labels for symptom in ledger.symptoms.values() if symptom.id.probe == probe}
        return [Target(id=target, labels=labels) for target, labels in found.items()]

    def world(self) -> World:
        """What one decision may look at."""
        evaluator = self.evaluator
        return world_of(
            self.policy,
            self._relations,
            node=self._node,
            latest=evaluator.latest,
            unbroken_since=evaluator.unbroken_since,
            targets_in=self._targets_in,
        )

    def _set_policy(self, policy: Policy) -> None:
        self.policy = policy
        self._relations = Relations.of(policy.rules)
        self._sizes = sizes(policy, self._relations)

    def _targets_in(self, probe: str, over: str, value: str) -> int:
        """How many targets a scope has; of a probe that finds its targets, those that it found."""
        if probe in self.policy.targets:
            return self._sizes[probe, over, value]
        return self.evaluator.targets_in(probe, over, value)

    def _next_evaluator(self, before: Evaluator | None) -> Evaluator:
        """One without masks. How long a target has been silent is taken over: a reload must not hide it."""
        evaluator = Evaluator(self.policy.watches, self.policy.intervals, self.policy.times.active)
        if before is not None:
            evaluator.follow(before, self.policy.watched)
        now = self._clock.now()
        for targets in self.policy.targets.values():
            evaluator.expect(targets.values(), now)
        if before is None:
            evaluator.expect(self.policy.finders.values(), now)
        return evaluator

    def _forget_masks(self) -> None:
        """Every target's next reading takes the slow path: it is compared by rule id, and nothing fires by itself."""
        self.evaluator = self._next_evaluator(self.evaluator)
        for probe in self.policy.intervals.keys() - self.policy.targets.keys():
            self.evaluator.expect(self.open_targets(probe), self._clock.now())


def sizes(policy: Policy, relations: Relations) -> Counter[tuple[str, str, str]]:
    """How many listed targets each scope has that a rule may widen to: by probe, label and its value."""
    found: Counter[tuple[str, str, str]] = Counter()
    overs: dict[str, set[str]] = {}
    for rule, labels in relations.counted.labels.items():
        overs.setdefault(policy.rules[rule].watch, set()).update(labels)
    for probe, wanted in overs.items():
        for target in policy.targets.get(probe, {}).values():
            for over in wanted:
                value = "" if over == FLEET else target.labels.get(over, "")
                if value or over == FLEET:
                    found[probe, over, value] += 1
    return found


def world_of(
    policy: Policy,
    relations: Relations,
    *,
    node: str,
    latest: Callable[[TargetId], Reading | None],
    unbroken_since: Callable[[TargetId], datetime | None],
    targets_in: Callable[[str, str, str], int],
) -> World:
    """A policy, as decisions look at it."""

    def words(notice: Notice, language: str, replies: bool) -> Message:  # noqa: FBT001 - the world's signature
        return render(notice, language=language, replies=replies, zone=policy.bank.zone)

    return World(
        node=node,
        lease=LEASE,
        bank=policy.bank,
        rules=policy.rules,
        relations=relations,
        services=policy.services,
        roster=policy.roster,
        channels=policy.channels,
        latest=latest,
        unbroken_since=unbroken_since,
        targets_in=targets_in,
        watched=policy.watched,
        next_start=policy.times.next_start,
        covers=policy.times.covers,
        render=words,
    )
