"""Names that a test uses enter; problems leave for those that its configuration does not have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from ebank_sentinel.config import Config
from ebank_sentinel.errors import Problem
from ebank_sentinel.trial.settings import CaseSettings, IncidentSettings, PageSettings, PointingSettings
from ebank_sentinel.yamlfile import Document, did_you_mean

Path: TypeAlias = Sequence[str | int]


class Names:
    """Rules, people, groups and channels of one test."""

    def __init__(self, document: Document, path: Path, config: Config) -> None:
        self._document = document
        self._path = path
        self._config = config
        self._people = {person.id for person in config.roster.people}
        self.problems: list[Problem] = []

    def check(self, settings: CaseSettings) -> None:
        """Every name of the test; what is wrong is in `problems`."""
        for name in settings.channels:
            self._known(["channels", name], "channel", name, self._config.channels)
        for key, entries in (("acks", settings.acks), ("ends", settings.ends)):
            for number, entry in enumerate(entries):
                self._pointing([key, number], entry)
                self._known([key, number, "by"], "person", entry.by, self._people)
        for number, expected in enumerate(settings.expect):
            for place, incident in enumerate(expected.incidents or ()):
                self._incident(["expect", number, "incidents", place], incident)
            for place, page in enumerate(expected.pages if isinstance(expected.pages, list) else ()):
                self._page(["expect", number, "pages", place], page)

    def _incident(self, path: Path, incident: IncidentSettings) -> None:
        self._pointing(path, incident)
        for key, groups in (("groups", incident.groups), ("tell", incident.tell)):
            for number, group in enumerate(groups or ()):
                self._known([*path, key, number], "group", group, self._config.roster.groups)
        if isinstance(incident.ack, str):
            self._known([*path, "ack"], "person", incident.ack, self._people)

    def _page(self, path: Path, page: PageSettings) -> None:
        own = {name for name, channel in self._config.channels.items() if channel.address_kind is None}
        self._known([*path, "to"], "person", page.to, self._people | own)
        if page.channel is not None:
            self._known([*path, "channel"], "channel", page.channel, self._config.channels)

    def _pointing(self, path: Path, entry: PointingSettings) -> None:
        needs = self._config.book.dormant.get(entry.rule)
        if needs is not None:
            self._problem([*path, "rule"], f"the rule {entry.rule!r} is dormant: it needs {needs}")
        else:
            self._known([*path, "rule"], "rule", entry.rule, self._config.book.rules)
        if entry.target is not None and entry.scope == "fleet":
            self._problem(
                [*path, "scope"], "give the scope or the target: an incident of the fleet is of no one target"
            )

    def _known(self, path: Path, kind: str, name: str, names: Collection[str]) -> None:
        if name not in names:
            self._problem(path, f"there is no {kind} {name!r}{did_you_mean(name, names)}")

    def _problem(self, path: Path, reason: str) -> None:
        self.problems.append(self._document.problem([*self._path, *path], reason))
