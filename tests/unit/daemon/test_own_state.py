"""Our own state as a source: what fails in here is a symptom like any other, and pages like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from ebank_sentinel.daemon.own_state import OwnState
from ebank_sentinel.daemon.tally import Tally
from ebank_sentinel.errors import StoreRefused
from ebank_sentinel.incidents.world import Bank
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.page import Delivery, Outcome, Page
from ebank_sentinel.model.reading import ProbeError, Reading, Scalar, Target, TargetId
from ebank_sentinel.model.rule import OWN_CHANNELS, OWN_PROBES, OWN_RULES, OWN_STORE, Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.pipeline import Flow, Policy
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.rules.condition import Names, parse
from ebank_sentinel.rules.watch import Asked, Watch
from ebank_sentinel.rules.watchable import OWN, OWN_EVERY
from support.deciding import EVERY, SHANGHAI, SMS_THEN_MAIL, START, SmallBank, rule, target
from support.driven_clock import DrivenClock, eventually
from support.gated_store import GatedStore
from support.loopback_daemon import running_daemon

FIELDS = Names(fields={"rate": float, **{name: kind for one in OWN.values() for name, kind in one.fields.items()}})


def own_rule(rule_id: str, watch: str, **more: object) -> Rule:
    return rule(rule_id, hold=0, clear=30, watch=watch, every=OWN_EVERY, title={"en": rule_id}, **more)


RULES = (
    (rule("login-low", hold=0), "rate < 0.95"),
    (own_rule("channel-fails", OWN_CHANNELS), "failed >= 3 and failing >= 0.5"),
    (own_rule("monitoring-lost", OWN_PROBES), "no_data >= 0.5 and targets >= 2"),
    (own_rule("store-refuses", OWN_STORE), "refusing"),
    (own_rule("rule-unknown", OWN_RULES), "unknown"),
)
TARGETS = {
    "login": (target("a"), target("b")),
    OWN_CHANNELS: tuple(target(name, OWN_CHANNELS, channel=name) for name in ("sms", "mail")),
    OWN_PROBES: (Target(id=TargetId(OWN_PROBES, "login"), labels={"probe": "login"}),),
    OWN_STORE: (target("store", OWN_STORE),),
    OWN_RULES: tuple(
        Target(id=TargetId(OWN_RULES, one.id), labels={"rule": one.id, "probe": one.watch}) for one, _ in RULES
    ),
}


def policy() -> Policy:
    """The rules of this file, each on its source; level III goes by text, and by mail when that stays silent."""
    bank = SmallBank()
    bank.roster.severities[Severity.III] = SeverityPolicy(via=(SMS_THEN_MAIL,), wait=timedelta(minutes=10))
    asked: dict[str, list[Asked]] = {}
    for one, text in RULES:
        asked.setdefault(one.watch, []).append(Asked(rule=one.id, where=None, when=parse(text, FIELDS), rows=()))
    return Policy(
        bank=Bank(name="示例银行", language="zh-CN", zone=SHANGHAI),
        rules={one.id: one for one, _ in RULES},
        watches={source: Watch.of(questions, ()) for source, questions in asked.items()},
        intervals={**dict.fromkeys(TARGETS, OWN_EVERY), "login": EVERY},
        targets={source: {one.id: one for one in targets} for source, targets in TARGETS.items()},
        roster=bank.roster,
        channels=bank.channels,
        finders={},
        services={},
        times=NamedTimes.parse({}, zone=SHANGHAI),
        locate=lambda found: found,
    )


@dataclass
class Running:
    """A flow over a real store, with its own state as a source; the test drives the clock and the channels."""

    clock: DrivenClock
    store: GatedStore
    tally: Tally = field(init=False)
    flow: Flow = field(init=False)
    own: OwnState = field(init=False)
    sent: list[Page] = field(default_factory=list)
    gateway: dict[str, Outcome] = field(default_factory=dict)  # what a channel says; nothing: accepted
    silent: set[str] = field(default_factory=set)  # targets that are not read

    def __post_init__(self) -> None:
        metrics = Metrics()
        self.tally = Tally(metrics, self.clock)
        self.tally.watch({"login": EVERY})
        self.flow = Flow(policy(), store=self.store, send=self._send, clock=self.clock, metrics=metrics, node="node-a")
        self.own = OwnState(
            self.flow,
            self.tally,
            self.clock,
            kinds=lambda: {"sms": "sms_http", "mail": "email"},
            store_folder=self.store.inner._path.parent,
        )

    def _send(self, pages: object) -> None:
        assert isinstance(pages, list)
        self.tally.goes_out(pages)
        for page in pages:
            self.sent.append(page)
            self.delivers(page, self.gateway.get(page.channel, Outcome.ACCEPTED))

    def delivers(self, page: Page, outcome: Outcome) -> None:
        delivery = Delivery(page=page.id, at=self.clock.now(), outcome=outcome)
        self.tally.delivered(delivery)
        self.flow.on_delivery(delivery)

    def reads(self, rate: float = 0.99) -> None:
        for one in TARGETS["login"]:
            if one.id.key not in self.silent:
                reading = Reading(target=one, at=self.clock.now(), up=True, fields={"rate": rate})
                self.flow.on_readings(one, [reading])

    async def passes(self, seconds: float) -> None:
        """All is read as ever."""
        for _ in range(int(seconds / EVERY.total_seconds())):
            self.reads()
            await self.clock.advance(EVERY.total_seconds())
            await eventually(lambda: not self.flow.desk.busy)

    def fields(self, source: str, key: str) -> Mapping[str, Scalar]:
        return next(one.fields for one in self.own.readings() if one.target.id == TargetId(source, key))

    def open(self) -> list[str]:
        incidents = self.flow.desk.newest.incidents.values()
        return [f"{one.rule} {one.symptom.key}" for one in incidents]

    def pages(self, title: str) -> list[tuple[str, str, bool]]:
        """Channel, step, and whether it went out unsaved."""
        return [(one.channel, one.step, one.unsaved) for one in self.sent if title in one.message.subject]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(DrivenClock(START), GatedStore(tmp_path / "sentinel.db"))
    await running.flow.desk.start()
    works = (running.flow.desk.run(), running.flow.watch_silence(), running.own.run())
    tasks = [asyncio.create_task(work) for work in works]
    yield running
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await running.store.inner.close()


async def test_a_quiet_program_knows_every_figure_and_pages_nobody(running: Running) -> None:
    await running.passes(600)
    assert (running.sent, running.open(), running.flow.evaluator.rule_unknown()) == ([], [], frozenset())
    assert running.fields(OWN_CHANNELS, "sms") == {
        "kind": "sms_http",
        "sent": 0,
        "failed": 0,
        "failing": 0.0,
        "waiting_s": 0.0,
    }
    assert running.fields(OWN_PROBES, "login") == {
        "targets": 2,
        "no_data": 0.0,
        "late_s": 0.0,
        "skipped": 0,
        "failures": 0,
    }
    store = running.fields(OWN_STORE, "store")
    assert (store["refusing"], store["commit_s"]) == (False, 0.0)
    assert int(store["free_bytes"]) > 0
    assert running.fields(OWN_RULES, "login-low") == {"unknown": False}


async def test_a_reading_has_the_fields_and_labels_that_rules_are_checked_against(running: Running) -> None:
    await running.passes(30)
    for reading in running.own.readings():
        declared = OWN[reading.target.id.probe]
        assert {"up", "error", *reading.fields} == set(declared.fields)
        assert all(isinstance(value, declared.fields[name]) for name, value in reading.fields.items())
        assert set(reading.target.labels) == set(declared.labels or ())


async def test_a_disk_of_which_nothing_is_known_leaves_that_figure_out(running: Running, tmp_path: Path) -> None:
    running.own._store_folder = tmp_path / "gone"
    assert "free_bytes" not in running.fields(OWN_STORE, "store")


class TestAChannelThatFails:
    async def test_is_told_over_another_one(self, running: Running) -> None:
        running.gateway["sms"] = Outcome.RETRY
        running.reads(0.5)
        await running.passes(60)
        assert running.fields(OWN_CHANNELS, "sms")["failing"] == 1.0
        assert "channel-fails sms" in running.open()
        await running.passes(180)
        # The texts about it never arrive, so two minutes later the same alarm goes by mail.
        told = running.pages("channel-fails")
        assert ("mail", "first", False) in told
        assert {channel for channel, _, _ in told} == {"sms", "mail"}

    async def test_waits_as_long_as_its_oldest_page_does(self, running: Running) -> None:
        running.gateway["sms"] = Outcome.RETRY
        running.reads(0.5)
        await running.passes(90)
        assert 75 <= float(running.fields(OWN_CHANNELS, "sms")["waiting_s"]) <= 90
        assert running.fields(OWN_CHANNELS, "mail")["waiting_s"] == 0.0

    async def test_is_well_again_when_its_pages_are_accepted(self, running: Running) -> None:
        running.gateway["sms"] = Outcome.RETRY
        running.reads(0.5)
        await running.passes(240)
        del running.gateway["sms"]
        await running.passes(600)
        assert running.open() == []
        assert running.fields(OWN_CHANNELS, "sms")["waiting_s"] == 0.0


class TestAProbe:
    async def test_without_data_of_half_its_targets_is_lost(self, running: Running) -> None:
        await running.passes(60)
        running.silent.add("a")
        await running.passes(90)
        assert running.fields(OWN_PROBES, "login")["no_data"] == 0.5
        assert running.open() == ["monitoring-lost login"]
        running.silent.clear()
        await running.passes(90)
        assert running.open() == []

    async def test_says_nothing_of_silence_after_a_start_until_each_target_had_its_time(self, running: Running) -> None:
        assert "no_data" not in running.fields(OWN_PROBES, "login")
        running.silent.add("a")
        await running.passes(20)
        assert "no_data" not in running.fields(OWN_PROBES, "login")
        await running.passes(40)
        assert running.fields(OWN_PROBES, "login")["no_data"] == 0.5

    async def test_that_cannot_be_read_at_all_says_how_often(self, running: Running) -> None:
        one = TARGETS["login"][0]
        failure = ProbeFailure(probe="login", at=START, error=ProbeError.LOCAL, detail="no descriptors")
        running.tally.failed(one, failure)
        running.tally.skipped(one)
        running.tally.started("login", 3.5)
        found = running.fields(OWN_PROBES, "login")
        assert (found["failures"], found["skipped"], found["late_s"]) == (1, 1, 3.5)


async def test_a_rule_that_is_unknown_on_every_target_is_named(running: Running) -> None:
    for _ in range(14):
        for one in TARGETS["login"]:
            running.flow.on_readings(one, [Reading(target=one, at=running.clock.now(), up=True)])
        await running.clock.advance(EVERY.total_seconds())
    await eventually(lambda: running.open() == ["rule-unknown login-low"])


class TestAStoreThatRefuses:
    async def test_is_told_all_the_same_and_unsaved(self, running: Running) -> None:
        await running.passes(30)
        running.store.error = StoreRefused("the disk is full")
        running.reads(0.5)
        await running.passes(30)
        assert running.fields(OWN_STORE, "store")["refusing"] is True
        assert ("sms", "first", True) in running.pages("store-refuses")
        assert running.flow.desk.ledger.incidents == {}  # nothing of it is written

    async def test_ends_when_it_is_back_and_all_is_written(self, running: Running) -> None:
        running.store.error = StoreRefused("the disk is full")
        running.reads(0.5)
        await running.passes(60)
        running.store.error = None
        await running.passes(120)
        assert running.open() == []
        assert [step for _, step, _ in running.pages("store-refuses")] == ["first", "resolved"]
        found = await running.store.inner.read(lambda history: history.incidents(ended=True, limit=10))
        assert {one.rule for one in found} == {"login-low", "store-refuses"}

    async def test_does_not_hide_a_channel_that_fails(self, running: Running) -> None:
        running.store.error = StoreRefused("the disk is full")
        running.gateway["sms"] = Outcome.RETRY
        running.reads(0.5)
        await running.passes(180)
        assert "channel-fails sms" in running.open()
        assert ("mail", "first", True) in running.pages("channel-fails")

    async def test_lets_no_page_wait_that_was_accepted_meanwhile(self, running: Running) -> None:
        running.gateway["sms"] = Outcome.RETRY
        running.reads(0.5)
        await running.passes(30)
        assert float(running.fields(OWN_CHANNELS, "sms")["waiting_s"]) > 0
        running.store.error = StoreRefused("the disk is full")
        running.gateway.clear()
        await running.passes(90)
        assert running.flow.desk.refusing
        assert running.fields(OWN_CHANNELS, "sms")["waiting_s"] == 0.0


OWN_RULE = """\
  - id: {id}
    title: {{en: Our own}}
    watch: {{own: {source}}}
    when: {when}
    category: system
    severity: III
    groups: [technical]
"""


async def test_the_program_reads_what_its_rules_watch_of_it_and_a_reload_changes_that(tmp_path: Path) -> None:
    async with running_daemon(tmp_path) as bank:
        daemon, rules = bank.daemon, tmp_path / "rules"
        assert list(daemon._own_state.readings()) == []
        asked = {"channels": "failing > 0.5", "probes": "no_data >= 0.5", "store": "refusing", "rules": "unknown"}
        written = [OWN_RULE.format(id=f"own-{name}", source=name, when=when) for name, when in asked.items()]
        (rules / "own.yaml").write_text("rules:\n" + "".join(written), encoding="utf-8")
        await daemon.reload()
        found = {str(one.target.id) for one in daemon._own_state.readings()}
        assert found == {
            *(f"{OWN_CHANNELS}/{name}" for name in ("sms", "mail", "hook")),
            *(f"{OWN_PROBES}/{name}" for name in ("login", "batch")),
            f"{OWN_STORE}/store",
            *(f"{OWN_RULES}/{name}" for name in ("login-down", *(f"own-{name}" for name in asked))),
        }
        assert {one.fields["kind"] for one in daemon._own_state.readings() if "kind" in one.fields} == {
            "sms_http",
            "log",
        }
        assert daemon._flow.policy.watched(TargetId(OWN_STORE, "store"))
        (rules / "own.yaml").unlink()
        await daemon.reload()
        assert list(daemon._own_state.readings()) == []
        assert not daemon._flow.policy.watched(TargetId(OWN_STORE, "store"))
