"""A configuration that holds: what the files said, put together for the parts that act on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from ebank_sentinel.config.settings import SentinelFile, store_path
from ebank_sentinel.config.topology import Topology
from ebank_sentinel.contacts import Roster
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.settings import Secret, read_secret
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.paging.settings import ChannelSettings
from ebank_sentinel.probes.settings import ProbeSettings, load_targets
from ebank_sentinel.rules.book import RuleBook
from ebank_sentinel.yamlfile import load as load_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration that holds."""

    path: Path  # sentinel.yaml
    home: Path  # folder of sentinel.yaml as it was written: secrets and the store are relative to it
    settings: SentinelFile
    zone: ZoneInfo
    times: NamedTimes
    topology: Topology
    probes: Mapping[str, ProbeSettings]
    targets: Mapping[str, tuple[Target, ...]]  # by probe, topology's labels joined in
    channels: Mapping[str, ChannelSettings]
    roster: Roster
    book: RuleBook
    tables: tuple[Path, ...]  # the CSV files of targets and topology: read anew when they change
    files: tuple[Path, ...]  # everything that was read, secrets excepted
    notices: tuple[str, ...]  # what holds, and yet deserves a look
    credentials: Path | None  # systemd's folder

    @property
    def store(self) -> Path:
        """The store's file."""
        return store_path(self.settings.store, self.home)

    def problem(self, key: Sequence[str | int], reason: str) -> ConfigError:
        """A mistake that only building finds, at its place in sentinel.yaml."""
        try:
            return ConfigError([load_yaml(self.path).problem(key, reason)])
        except ConfigError:
            return ConfigError([Problem(str(self.path), 0, 0, ".".join(map(str, key)), reason)])

    def secret(self, secret: Secret) -> str:
        """What a secret file holds. Raises ValueError."""
        path = secret.path(self.home, self.credentials)
        return read_secret(path, private=secret.credential is None)


def reread_targets(config: Config) -> Config:
    """The same configuration with its CSV files read anew. Raises ConfigError: then the old ones stay."""
    topology = config.topology.reread()
    targets = {
        name: topology.join(load_targets(name, probe, config.path.parent)) for name, probe in config.probes.items()
    }
    return replace(config, topology=topology, targets=targets)
