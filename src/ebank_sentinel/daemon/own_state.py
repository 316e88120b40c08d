"""Our own state as a source: what the tally, the ledger and the evaluator know enters, readings leave.

A channel, a probe, the store and a rule are targets like any other, so that rules say what their trouble means and
whom it concerns. Every figure is there in every reading: what did not happen is 0, so that no rule goes unknown in a
quiet night. Only which targets are silent is not known after a start, until each had its time to be read.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.config import Config
from ebank_sentinel.daemon.tally import Tally
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.rule import FLEET, OWN_CHANNELS, OWN_PROBES, OWN_RULES, OWN_STORE
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.rules.watchable import OWN_EVERY

_log = structlog.get_logger()

STORE_KEY = "store"
"""The key of the one target of OWN_STORE."""


def own_targets(config: Config) -> Mapping[str, tuple[Target, ...]]:
    """What there is to watch of ourselves, by pseudo probe."""

    def named(probe: str, label: str, names: Iterable[str]) -> tuple[Target, ...]:
        return tuple(Target(id=TargetId(probe, name), labels={label: name}) for name in names)

    return {
        OWN_CHANNELS: named(OWN_CHANNELS, "channel", config.channels),
        OWN_PROBES: named(OWN_PROBES, "probe", config.probes),
        OWN_STORE: (Target(id=TargetId(OWN_STORE, STORE_KEY)),),
        OWN_RULES: tuple(
            Target(id=TargetId(OWN_RULES, name), labels={"rule": name, "probe": rule.watch})
            for name, rule in config.book.rules.items()
        ),
    }


class OwnState:
    """Reads it every OWN_EVERY; only what a rule watches."""

    def __init__(
        self, flow: Flow, tally: Tally, clock: Clock, *, kinds: Callable[[], Mapping[str, str]], store_folder: Path
    ) -> None:
        self._flow = flow
        self._tally = tally
        self._clock = clock
        self._kinds = kinds  # of the channels
        self._store_folder = store_folder

    async def run(self) -> None:
        """Hand the readings to the flow, for ever; ends by being cancelled."""
        while True:
            await self._clock.sleep(OWN_EVERY.total_seconds())
            for reading in self.readings():
                self._flow.on_readings(reading.target, [reading])

    def readings(self) -> Iterator[Reading]:
        """One of each target, as of now."""
        looks: Mapping[str, Callable[[Iterable[Target]], Iterable[Mapping[str, Scalar]]]] = {
            OWN_CHANNELS: self._channels,
            OWN_PROBES: self._probes,
            OWN_STORE: self._store,
            OWN_RULES: self._rules,
        }
        now = self._clock.now()
        for probe, look in looks.items():
            targets = tuple(self._flow.policy.targets.get(probe, {}).values())
            for target, fields in zip(targets, look(targets), strict=True):
                yield Reading(target=target, at=now, up=True, fields=fields)

    def _channels(self, targets: Iterable[Target]) -> Iterator[Mapping[str, Scalar]]:
        now, kinds = self._clock.now(), self._kinds()
        oldest: dict[str, datetime] = {}
        for page in self._flow.desk.newest.pages.values():
            if page.state is PageState.READY:
                oldest[page.channel] = min(page.created_at, oldest.get(page.channel, now))
        for target in targets:
            channel = target.id.key
            accepted, failed = self._tally.sent(channel)
            attempts = accepted + failed
            yield {
                "kind": kinds[channel],
                "sent": accepted,
                "failed": failed,
                "failing": failed / attempts if attempts else 0.0,
                "waiting_s": (now - oldest.get(channel, now)).total_seconds(),
            }

    def _probes(self, targets: Iterable[Target]) -> Iterator[Mapping[str, Scalar]]:
        for target in targets:
            probe = target.id.key
            late, skipped, failures = self._tally.probe(probe)
            silent, watched = self._flow.evaluator.silent(probe)
            fields: dict[str, Scalar] = {
                "targets": self._listed(probe) if watched == 0 else watched,
                "late_s": late,
                "skipped": skipped,
                "failures": failures,
            }
            if not self._flow.evaluator.begins(probe):
                fields["no_data"] = silent / watched if watched else 0.0
            yield fields

    def _listed(self, probe: str) -> int:
        """The targets of a probe that no rule watches, or that was not looked at since the start."""
        listed = self._flow.policy.targets.get(probe)
        return len(listed) if listed is not None else self._flow.evaluator.targets_in(probe, FLEET, "")

    def _store(self, targets: Iterable[Target]) -> Iterator[Mapping[str, Scalar]]:
        for _ in targets:
            fields: dict[str, Scalar] = {
                "refusing": self._flow.desk.refusing,
                "commit_s": self._tally.slowest_commit(),
            }
            try:
                fields["free_bytes"] = shutil.disk_usage(self._store_folder).free
            except OSError as error:
                _log.error("the free space of the store's disk is not known", error=str(error))
            yield fields

    def _rules(self, targets: Iterable[Target]) -> Iterator[Mapping[str, Scalar]]:
        unknown = self._flow.evaluator.rule_unknown()
        for target in targets:
            yield {"unknown": target.id.key in unknown}
