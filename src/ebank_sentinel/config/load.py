"""Reads every file that sentinel.yaml names, checks all against all, and reports every mistake at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from ebank_sentinel.config import runbook
from ebank_sentinel.config.found import AnyName, Found
from ebank_sentinel.config.leads import label_notices
from ebank_sentinel.config.loaded import Config
from ebank_sentinel.config.partial import read_main
from ebank_sentinel.config.root import Root
from ebank_sentinel.config.topology import Topology, read_topology
from ebank_sentinel.contacts import Contacts, read_contacts
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.settings import Secret, read_secret
from ebank_sentinel.model.times import ALWAYS, NamedTimes, TimesError, TimesSettings
from ebank_sentinel.probes.settings import load_targets
from ebank_sentinel.rules.book import RuleBook, Watchable, Written, build, source_of
from ebank_sentinel.rules.settings import RuleFile, RuleSettings
from ebank_sentinel.yamlfile import Document, did_you_mean, files_in
from ebank_sentinel.yamlfile import load as load_yaml
from ebank_sentinel.yamlfile.source import read_text

_OWN_FIELDS: Mapping[str, type] = {"up": bool, "error": str}
"""Fields that every reading has."""

_TargetsByProbe: TypeAlias = Mapping[str, tuple[Target, ...]]


def load(
    path: Path, *, now: datetime, home: Path | None = None, credentials: Path | None = None, secrets: bool = True
) -> Config:
    """Read and check everything. Raises ConfigError with all problems of all files.

    `now`: notices tell what comes next, such as a gap in a rota.
    `home`: where secrets and the store lie when `path` is a saved copy. `secrets`: read them too.
    """
    return _Loader(path, home or path.parent, credentials, now).load(secrets=secrets)


class _Loader:
    """One load: what one part finds, the next one checks against."""

    def __init__(self, path: Path, home: Path, credentials: Path | None, now: datetime) -> None:
        self._path = path
        self._home = home
        self._credentials = credentials
        self._now = now
        self._found = Found()
        self._files: list[Path] = []
        self._tables: list[Path] = []
        self._notices: list[str] = []
        self._rule_ids: Collection[str] = set()  # every id in a rule file, also of rules that do not hold

    def load(self, *, secrets: bool) -> Config:
        """Every part in turn; raises at the end, when all is known."""
        found = self._found
        document = self._read(self._path)
        if document is None:
            raise ConfigError(found.problems)
        self._main = main = read_main(document, found)
        settings = main.settings
        self._root = Root(self._path, None if "root" in main.unread else settings.root)
        zone = ZoneInfo(settings.bank.timezone)
        times, names = self._times(zone)
        topology = self._topology(names)
        targets = self._targets(topology)
        contacts = self._contacts(zone, times, names)
        book = self._rules(names, topology, targets, contacts)
        self._check_listen()
        if secrets:
            self._check_secrets()
        if found.problems or times is None or topology is None or contacts is None or contacts.roster is None:
            raise ConfigError(found.problems)
        self._notices += [*contacts.notices, *book.notices, *label_notices(book.rules, contacts.roster, targets)]
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
            roster=contacts.roster,
            book=book,
            tables=(*topology.files, *self._tables),
            files=(*self._files, *self._tables),
            notices=tuple(self._notices),
            credentials=self._credentials,
        )

    def _times(self, zone: ZoneInfo) -> tuple[NamedTimes | None, Collection[str]]:
        """The times, None when they do not hold; and all names that a file may use."""
        written = self._main.settings.times
        if "times" in self._main.unread:
            return None, AnyName()
        if written is None:
            times = NamedTimes.parse({}, zone=zone)
            return times, sorted(times.names)
        names: Collection[str] = AnyName()
        with self._found:
            document = self._read(self._root.inside(self._main.document, ["times"], written))
            if document is not None:
                names = sorted({*document.keys(["times"]), ALWAYS})
                times = _parse_times(document, zone)
                self._notices += times.notices(self._now)
                return times, names
        return None, names

    def _topology(self, times: Collection[str]) -> Topology | None:
        """How the bank is laid out; None when that cannot be known."""
        written = self._main.settings.topology
        if "topology" in self._main.unread:
            return None
        if written is None:
            return Topology()
        with self._found:
            document = self._read(self._root.inside(self._main.document, ["topology"], written))
            if document is not None:
                topology = read_topology(document, times, self._root.inside)
                self._files += topology.files
                return topology
        return None

    def _targets(self, topology: Topology | None) -> _TargetsByProbe:
        """By probe; a probe whose targets cannot be known is not among them."""
        targets: dict[str, tuple[Target, ...]] = {}
        for name, probe in self._main.settings.probes.items():
            csv = probe.targets.csv if probe.targets is not None else None
            with self._found:
                if csv is not None:
                    key = ["probes", name, "targets", "csv"]
                    self._tables.append(self._root.inside(self._main.document, key, csv))
                found = load_targets(name, probe, self._path.parent)
                if topology is not None:
                    targets[name] = topology.join(found)
        return targets

    def _contacts(self, zone: ZoneInfo, times: NamedTimes | None, names: Collection[str]) -> Contacts | None:
        """What the contacts' folder says, as far as it can be read."""
        main = self._main
        if "contacts" in main.unread:
            return None
        channels: dict[str, str | None] = {name: one.address_kind for name, one in main.settings.channels.items()}
        known: Collection[str] = (*channels, *main.left_out["channels"])
        with self._found:
            folder = self._root.inside(main.document, ["contacts"], main.settings.contacts)
            if folder.is_file():
                reason = f"{folder} is a file: name the folder of the contact files"
                raise ConfigError([main.document.problem(["contacts"], reason)])
            files = [file for file in sorted(folder.glob("*")) if file.suffix in (".yaml", ".csv")]
            self._check_files(files)
            self._files += files
            contacts = read_contacts(
                folder,
                zone=zone,
                times=times,
                time_names=names,
                channels=channels,
                channel_names=AnyName() if "channels" in main.unread else known,
                language=main.settings.bank.language,
                now=self._now,
            )
            self._found.problems += contacts.problems
            return contacts
        return None

    def _rules(
        self,
        times: Collection[str],
        topology: Topology | None,
        targets: _TargetsByProbe,
        contacts: Contacts | None,
    ) -> RuleBook:
        main = self._main
        groups: Collection[str] = AnyName() if contacts is None or contacts.groups is None else contacts.groups
        written = [] if "rules" in main.unread else list(self._rules_written(groups))
        if "probes" in main.unread:
            return RuleBook()
        probes = {
            name: Watchable(
                every=probe.every,
                fields={**_OWN_FIELDS, **probe.fields()},
                body=probe.has_body(),
                labels=None if probe.finds_targets or name not in targets else _labels(targets[name]),
            )
            for name, probe in main.settings.probes.items()
        }
        written = [entry for entry in written if source_of(entry.settings) not in main.left_out["probes"]]
        names = times if isinstance(times, AnyName) else tuple(times)
        book, problems = build(
            written,
            probes,
            names,
            place=topology.place if topology is not None else "",
            levels=topology.levels if topology is not None else None,
            known=self._rule_ids,
        )
        self._found.problems += problems
        return book

    def _rules_written(self, groups: Collection[str]) -> Iterator[Written]:
        """The rules of all files: each is checked by itself, so that one mistake hides no other."""
        for index, entry in enumerate(self._main.settings.rules):
            with self._found:
                path = self._root.inside(self._main.document, ["rules", index], entry)
                files = files_in(path) if path.is_dir() else (path,)
                self._check_files(files)
                for file in files:
                    document = self._read(file)
                    if document is None:
                        self._rule_ids = AnyName()
                    else:
                        yield from self._rules_of(document, groups)
                continue
            self._rule_ids = AnyName()

    def _rules_of(self, document: Document, groups: Collection[str]) -> Iterator[Written]:
        with self._found:
            document.validate(RuleFile)
        entries = document.data(["rules"])
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(self._rule_ids, set):
                self._rule_ids.add(str(entry.get("id")) if isinstance(entry, dict) else "")
            with self._found:
                settings = document.validate(RuleSettings, prefix=["rules", index])
                yield self._written(document, index, settings, groups)

    def _written(self, document: Document, index: int, settings: RuleSettings, groups: Collection[str]) -> Written:
        def locate(path: Sequence[str | int], reason: str) -> Problem:
            return document.problem(["rules", index, *path], reason)

        for path, group in _groups_of(settings):
            if group not in groups:
                hint = did_you_mean(group, groups) or ": list it under groups in the contacts"
                self._found.problems.append(locate(path, f"there is no group {group!r}{hint}"))
        checks: dict[tuple[str | int, ...], tuple[str, ...]] = {}
        for row_path, texts in [((), settings), *settings.rows()]:
            if texts.runbook is not None:
                with self._found:
                    checks[row_path] = self._runbook(document, ["rules", index, *row_path, "runbook"], texts.runbook)
        return Written(settings=settings, locate=locate, checks=checks)

    def _runbook(self, document: Document, key: Sequence[str | int], written: str) -> tuple[str, ...]:
        page = self._root.below(document, key, written)
        try:
            text = read_text(page, str(page))
        except ConfigError as error:
            raise ConfigError(document.problem(key, f"{page}: {one.reason}") for one in error.problems) from None
        self._files.append(page)
        return runbook.first_checks(text)

    def _check_listen(self) -> None:
        host = self._main.settings.listen.rpartition(":")[0].strip("[]")
        told = {"listen", "api"} & self._main.unread
        if not told and not ipaddress.ip_address(host).is_loopback and self._main.settings.api is None:
            reason = "others could reach the API here: set `api: {token: {file: ...}}`, or listen on 127.0.0.1"
            self._found.problems.append(self._main.document.problem(["listen"], reason))

    def _check_secrets(self) -> None:
        for path, secret in _secrets(self._main.settings):
            try:
                read_secret(secret.path(self._home, self._credentials), private=secret.credential is None)
            except ValueError as error:
                self._found.problems.append(self._main.document.problem(path, str(error)))

    def _check_files(self, files: Collection[Path]) -> None:
        """Raises ConfigError when a file of a folder is a link that leads out of the root: then none is read."""
        links = Found()
        for file in files:
            with links:
                self._root.check_file(file)
        if links.problems:
            raise ConfigError(links.problems)

    def _read(self, path: Path) -> Document | None:
        """One file; None when it cannot be read at all."""
        with self._found:
            self._files.append(path)
            return load_yaml(path)
        return None


def _parse_times(document: Document, zone: ZoneInfo) -> NamedTimes:
    try:
        return NamedTimes.read(document.validate(TimesSettings), zone=zone)
    except TimesError as error:
        raise ConfigError(document.problem(path, reason) for path, reason in error.reasons.items()) from None


def _groups_of(settings: RuleSettings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every group that a rule names, and where."""
    lists: list[tuple[tuple[str | int, ...], list[str] | None]] = [
        (("groups",), settings.groups),
        (("tell",), settings.tell),
    ]
    for path, row in settings.rows():
        lists += [((*path, "groups"), row.groups), ((*path, "tell"), row.tell)]
    for key, groups in lists:
        for number, group in enumerate(groups or ()):
            yield (*key, number), group


def _labels(targets: tuple[Target, ...]) -> frozenset[str]:
    return frozenset(label for target in targets for label in target.labels)


def _secrets(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    """Every secret that settings name, and where."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _secrets(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, (*path, name))
