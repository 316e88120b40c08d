"""What a test may give readings of: a configuration enters, a Source for each leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ebank_sentinel.config import Config
from ebank_sentinel.daemon.own_state import own_targets
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.probes.promql import key_of
from ebank_sentinel.rules.watchable import OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that gives readings."""

    name: str  # as a test writes it
    probe: str  # as a TargetId has it
    every: timedelta
    fields: Mapping[str, type]
    body: bool = False  # `body.x.y` is there
    key: str | None = None  # the column that tells targets apart; None: there is one target, or it finds them
    labels: Mapping[str, str] = field(default_factory=dict)  # of all its targets
    finds_targets: bool = False
    may_leave: bool = False  # `absent: clear`
    single: Target | None = None  # the one target of a probe without `targets`
    stand_in: Target | None = None  # stands for a probe that finds its targets, until it found the first
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of ourselves: the keys that there are, labels
    locate: Callable[[Target], Target]

    def may_name(self, selector: Mapping[str, str]) -> bool:
        """Whether a reading may bring a target with it that nobody listed."""
        return self.finds_targets or (self.key is not None and selector.get(self.key) in self.own)

    def target(self, row: Mapping[str, str]) -> Target:
        """The target with these labels, topology's joined in."""
        if self.finds_targets:
            own = {name: value for name, value in row.items() if self.labels.get(name) != value}
            key = key_of(list(own.items())) or self.name
        else:
            key = self.probe if self.key is None else row[self.key]
        return self.locate(Target(id=TargetId(self.probe, key), labels={**self.labels, **self.own.get(key, {}), **row}))


def sources_of(config: Config) -> Mapping[str, Source]:
    """By name."""
    found: dict[str, Source] = {}
    for name, probe in config.probes.items():
        configured = config.targets[name]
        found[name] = Source(
            name=name,
            probe=name,
            every=probe.every,
            fields=probe.fields(),
            body=probe.has_body(),
            key=probe.targets.key if probe.targets is not None else None,
            labels=probe.labels,
            finds_targets=probe.finds_targets,
            may_leave=probe.finds_targets and probe.absent == "clear",
            single=configured[0] if probe.targets is None and not probe.finds_targets else None,
            stand_in=configured[0] if probe.finds_targets and probe.absent == "no_data" else None,
            locate=config.topology.locate,
        )
    for pseudo, targets in own_targets(config).items():
        name = pseudo.removeprefix("@")
        key = next(iter(targets[0].labels), None)
        found[name] = Source(
            name=name,
            probe=pseudo,
            every=OWN[pseudo].every,
            fields=OWN[pseudo].fields,
            key=key,
            single=targets[0] if key is None else None,
            own={target.id.key: target.labels for target in targets},
            locate=lambda target: target,
        )
    return found
