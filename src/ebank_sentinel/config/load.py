"""Reads every file that sentinel.yaml names, checks all against all, and reports every mistake at once."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from ebank_sentinel.config import runbook
from ebank_sentinel.config.settings import SentinelFile, store_path
from ebank_sentinel.config.topology import Topology, read_topology
from ebank_sentinel.contacts import Roster, load_contacts
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.settings import Secret, read_secret
from ebank_sentinel.model.times import NamedTimes, TimesError, TimesSettings
from ebank_sentinel.paging.settings import ChannelSettings
from ebank_sentinel.probes.settings import ProbeSettings, load_targets
from ebank_sentinel.rules.book import RuleBook, Watchable, Written, build
from ebank_sentinel.rules.settings import RuleFile, RuleSettings
from ebank_sentinel.yamlfile import Document, did_you_mean, files_in
from ebank_sentinel.yamlfile import load as load_yaml

_OWN_FIELDS: Mapping[str, type] = {"up": bool, "error": str}
"""Fields that every reading has."""


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


class Found:
    """What was wrong so far: `with found:` goes on after a mistake, so that one hides no other."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __enter__(self) -> None:
        """Collect the problems of what is inside."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keep them, and go on behind the block."""
        if isinstance(error, ConfigError):
            self.problems += error.problems
        return isinstance(error, ConfigError)


def load(
    path: Path, *, now: datetime, home: Path | None = None, credentials: Path | None = None, secrets: bool = True
) -> Config:
    """Read and check everything. Raises ConfigError with all problems of all files.

    `now`: notices tell what comes next, such as a gap in a rota.
    `home`: where secrets and the store lie when `path` is a saved copy. `secrets`: read them too.
    """
    return _Loader(path, home or path.parent, credentials, now).load(secrets=secrets)


def reread_targets(config: Config) -> Config:
    """The same configuration with its CSV files read anew. Raises ConfigError: then the old ones stay."""
    topology = config.topology.reread()
    targets = {
        name: topology.join(load_targets(name, probe, config.path.parent)) for name, probe in config.probes.items()
    }
    return replace(config, topology=topology, targets=targets)


class _Loader:
    """One load: what one part finds, the next one checks against."""

    def __init__(self, path: Path, home: Path, credentials: Path | None, now: datetime) -> None:
        self._path = path
        self._now = now
        self._root = path.parent
        self._broken: dict[str, set[str]] = {}  # section -> entries that were left out
        self._home = home
        self._credentials = credentials
        self._found = Found()
        self._files: list[Path] = []
        self._tables: list[Path] = []
        self._notices: list[str] = []

    def load(self, *, secrets: bool) -> Config:
        """Every part in turn; raises at the end, when all is known."""
        found = self._found
        document = self._read(self._path)
        if document is None:
            raise ConfigError(found.problems)
        settings = self._settings(document)
        if settings is None:
            raise ConfigError(found.problems)
        self._root = (self._path.parent / settings.root).resolve()
        zone = ZoneInfo(settings.bank.timezone)
        times = self._times(document, settings, zone)
        topology = self._topology(document, settings, times)
        targets = self._targets(document, settings, topology)
        roster = self._roster(document, settings, zone, times)
        book = self._rules(document, settings, times, topology, targets, roster)
        self._check_listen(document, settings)
        if secrets:
            self._check_secrets(document, settings)
        if found.problems or roster is None:
            raise ConfigError(found.problems)
        return Config(
            path=self._path,
            home=self._home,
            settings=settings,
            zone=zone,
            times=times,
            topology=topology,
            probes=settings.probes,
            targets=targets,
            channels=settings.channels,
            roster=roster,
            book=book,
            tables=(*topology.files, *self._tables),
            files=(*self._files, *self._tables),
            notices=(*self._notices, *book.notices),
            credentials=self._credentials,
        )

    def _settings(self, document: Document) -> SentinelFile | None:
        """sentinel.yaml. A probe or channel that is wrong is left out, so that it hides nothing else."""
        with self._found:
            return document.validate(SentinelFile)
        raw = document.data()
        if not isinstance(raw, dict):
            return None
        kept = {key: value for key, value in raw.items() if key in SentinelFile.model_fields}
        for section, model in (("probes", ProbeSettings), ("channels", ChannelSettings)):
            entries = raw.get(section)
            if isinstance(entries, dict):
                kept[section] = {name: value for name, value in entries.items() if _fits(model, value)}
                self._broken[section] = set(entries) - set(kept[section])
        try:
            return SentinelFile.model_validate(kept)
        except ValidationError:
            return None

    def _times(self, document: Document, settings: SentinelFile, zone: ZoneInfo) -> NamedTimes:
        if settings.times is not None:
            with self._found:
                times_document = self._read(self._inside(document, ["times"], settings.times))
                if times_document is not None:
                    return self._parse_times(times_document, zone)
        return NamedTimes.parse({}, zone=zone)

    def _parse_times(self, document: Document, zone: ZoneInfo) -> NamedTimes:
        try:
            times = NamedTimes.read(document.validate(TimesSettings), zone=zone)
        except TimesError as error:
            raise ConfigError(document.problem(path, reason) for path, reason in error.reasons.items()) from None
        self._notices += times.notices(self._now)
        return times

    def _topology(self, document: Document, settings: SentinelFile, times: NamedTimes) -> Topology:
        if settings.topology is not None:
            with self._found:
                path = self._inside(document, ["topology"], settings.topology)
                topology_document = self._read(path)
                if topology_document is not None:
                    topology = read_topology(topology_document, times, self._inside)
                    self._files += topology.files
                    return topology
        return Topology()

    def _targets(
        self, document: Document, settings: SentinelFile, topology: Topology
    ) -> Mapping[str, tuple[Target, ...]]:
        targets: dict[str, tuple[Target, ...]] = {}
        for name, probe in settings.probes.items():
            csv = probe.targets.csv if probe.targets is not None else None
            with self._found:
                if csv is not None:
                    self._tables.append(self._inside(document, ["probes", name, "targets", "csv"], csv))
                targets[name] = topology.join(load_targets(name, probe, self._path.parent))
        return targets

    def _roster(
        self,
        document: Document,
        settings: SentinelFile,
        zone: ZoneInfo,
        times: NamedTimes,
    ) -> Roster | None:
        channels = {name: channel.address_kind for name, channel in settings.channels.items()}
        channels |= dict.fromkeys(self._broken.get("channels", ()))
        with self._found:
            folder = self._inside(document, ["contacts"], settings.contacts)
            self._files += [file for file in sorted(folder.glob("*")) if file.suffix in (".yaml", ".csv")]
            roster, notices = load_contacts(
                folder, zone=zone, times=times, channels=channels, language=settings.bank.language, now=self._now
            )
            self._notices += notices
            return roster
        return None

    def _rules(
        self,
        document: Document,
        settings: SentinelFile,
        times: NamedTimes,
        topology: Topology,
        targets: Mapping[str, tuple[Target, ...]],
        roster: Roster | None,
    ) -> RuleBook:
        written: list[Written] = []
        for index, entry in enumerate(settings.rules):
            with self._found:
                path = self._inside(document, ["rules", index], entry)
                for file in files_in(path, shown_as=str(path)) if path.is_dir() else [path]:
                    rules_document = self._read(file)
                    if rules_document is not None:
                        written += self._rules_of(rules_document, roster)
        written = [entry for entry in written if entry.settings.watch not in self._broken.get("probes", ())]
        probes = {
            name: Watchable(
                every=probe.every,
                fields={**_OWN_FIELDS, **probe.fields()},
                body=probe.has_body(),
                labels=None if probe.finds_targets else _labels(targets.get(name, ())),
            )
            for name, probe in settings.probes.items()
        }
        book, problems = build(written, probes, sorted(times.names), place=topology.place)
        self._found.problems += problems
        return book

    def _rules_of(self, document: Document, roster: Roster | None) -> Iterator[Written]:
        """The rules of one file: each is checked by itself, so that one mistake hides no other."""
        with self._found:
            document.validate(RuleFile)
        entries = document.data(["rules"])
        for index, _ in enumerate(entries if isinstance(entries, list) else []):
            with self._found:
                settings = document.validate(RuleSettings, prefix=["rules", index])
                yield self._written(document, index, settings, roster)

    def _written(self, document: Document, index: int, settings: RuleSettings, roster: Roster | None) -> Written:
        def locate(path: Sequence[str | int], reason: str) -> Problem:
            return document.problem(["rules", index, *path], reason)

        named: list[tuple[list[str | int], str]] = [
            (["groups", number], group) for number, group in enumerate(settings.groups)
        ]
        named += [(["tell", number], group) for number, group in enumerate(settings.tell)]
        for row_number, row in enumerate(settings.worse):
            for key, groups in (("groups", row.groups or ()), ("tell", row.tell or ())):
                named += [(["worse", row_number, key, number], group) for number, group in enumerate(groups)]
        for path, group in named:
            if roster is not None and not roster.group_exists(group):
                close = did_you_mean(group, roster.groups)
                self._found.problems.append(locate(path, f"there is no group {group!r}{close}"))
        checks: tuple[str, ...] = ()
        if settings.runbook is not None:
            page = self._root / settings.runbook
            if not page.resolve().is_relative_to(self._root):
                self._found.problems.append(locate(["runbook"], f"{settings.runbook} lies outside {self._root}"))
            elif not page.is_file():
                self._found.problems.append(
                    locate(["runbook"], f"there is no file {settings.runbook} under {self._root}")
                )
            else:
                self._files.append(page)
                checks = runbook.first_checks(page.read_text(encoding="utf-8", errors="replace"))
        return Written(settings=settings, locate=locate, first_checks=checks)

    def _check_listen(self, document: Document, settings: SentinelFile) -> None:
        host = settings.listen.rpartition(":")[0].strip("[]")
        if not ipaddress.ip_address(host).is_loopback and settings.api is None:
            reason = "others could reach the API here: set `api: {token: {file: ...}}`, or listen on 127.0.0.1"
            self._found.problems.append(document.problem(["listen"], reason))

    def _check_secrets(self, document: Document, settings: SentinelFile) -> None:
        for path, secret in _secrets(settings):
            try:
                read_secret(secret.path(self._home, self._credentials), private=secret.credential is None)
            except ValueError as error:
                self._found.problems.append(document.problem(path, str(error)))

    def _read(self, path: Path) -> Document | None:
        """One file; None when it cannot be read at all."""
        with self._found:
            self._files.append(path)
            return load_yaml(path)
        return None

    def _inside(self, document: Document, key: Sequence[str | int], written: str) -> Path:
        """The path that a file names, relative to it. Raises ConfigError when it leads out of the root."""
        path = Path(os.path.normpath(Path(document.name).parent / written))
        try:
            inside = path.resolve().is_relative_to(self._root)
        except (OSError, RuntimeError, ValueError):
            raise ConfigError([document.problem(key, f"{written} leads in a circle, or is no path")]) from None
        if not inside:
            reason = f"{written} lies outside {self._root}: put it there, or widen `root` in {self._path.name}"
            raise ConfigError([document.problem(key, reason)])
        return path


def _fits(model: type[BaseModel], value: object) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def _labels(targets: tuple[Target, ...]) -> frozenset[str]:
    return frozenset(label for target in targets for label in target.labels)


def _secrets(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    """Every secret that settings name, and where."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, (*path, name))
