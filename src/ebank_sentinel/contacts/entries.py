"""The contacts' folder enters; what its files say leaves by section and name, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from ebank_sentinel.contacts.people_csv import read_people
from ebank_sentinel.contacts.settings import (
    ContactsSettings,
    EscalationSettings,
    GroupSettings,
    PeopleFile,
    PersonSettings,
    RotaSettings,
    SeveritiesSettings,
)
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.yamlfile import Document, files_in, load

T = TypeVar("T")
Tail = tuple[str | int, ...]
"""The rest of a path, below the name of an entry."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One person, group, rota, ... as a file gives it."""

    value: T
    place: str  # "groups.yaml:12"
    problem: Callable[[Tail, str], Problem]


@dataclass(slots=True)
class Entries:
    """What all files together say; a name that a broken file gives is known, but has no entry."""

    people: dict[str, Entry[PersonSettings]] = field(default_factory=dict)
    groups: dict[str, Entry[GroupSettings]] = field(default_factory=dict)
    rotas: dict[str, Entry[RotaSettings]] = field(default_factory=dict)
    escalations: dict[str, Entry[EscalationSettings]] = field(default_factory=dict)
    severities: Entry[SeveritiesSettings] | None = None
    broken: dict[str, set[str]] = field(default_factory=dict)  # by section: names that only a broken file gives
    unread: bool = False  # a file could not be read at all: nobody knows which names it gives
    problems: list[Problem] = field(default_factory=list)

    def known(self, section: str) -> set[str]:
        """All names of a section."""
        return {*getattr(self, section), *self.broken.get(section, ())}


def read_entries(folder: Path) -> Entries:
    """Read the folder's own *.yaml, and the CSV files that they name."""
    entries = Entries()
    try:
        paths = files_in(folder)
    except ConfigError as error:
        entries.problems.extend(error.problems)
        entries.unread = True
        return entries
    for path in paths:
        try:
            document = load(path)
        except ConfigError as error:
            entries.problems.extend(error.problems)
            entries.unread = True
            continue
        try:
            settings = document.validate(ContactsSettings)
        except ConfigError as error:
            entries.problems.extend(error.problems)
            _note_names(entries, document)
            continue
        _take(entries, document, settings, path.parent)
    return entries


def _note_names(entries: Entries, document: Document) -> None:
    for section in ("people", "groups", "rotas", "escalations", "severities"):
        names = set(document.keys((section,)))
        entries.broken.setdefault(section, set()).update(names)
        if section == "people" and "csv" in names:
            entries.unread = True


def _take(entries: Entries, document: Document, settings: ContactsSettings, folder: Path) -> None:
    people = settings.people
    if isinstance(people, PeopleFile):
        _take_csv(entries, document, people, folder)
    else:
        _put_all(entries, "people", document, people)
    _put_all(entries, "groups", document, settings.groups)
    _put_all(entries, "rotas", document, settings.rotas)
    _put_all(entries, "escalations", document, settings.escalations)
    if settings.severities is not None:
        entry = _entry(document, ("severities",), settings.severities)
        if entries.severities is None:
            entries.severities = entry
        else:
            entries.problems.append(_twice(entry, "severities", entries.severities))


def _put_all(entries: Entries, section: str, document: Document, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        _put(entries, section, name, _entry(document, (section, name), value))


def _put(entries: Entries, section: str, name: str, entry: Entry[Any]) -> None:
    known: dict[str, Entry[Any]] = getattr(entries, section)
    if name in known:
        entries.problems.append(_twice(entry, name, known[name]))
    else:
        known[name] = entry


def _twice(entry: Entry[Any], name: str, first: Entry[Any]) -> Problem:
    return entry.problem((), f"{name} is given twice: first in {first.place}")


def _entry(document: Document, path: Tail, value: T) -> Entry[T]:
    def problem(tail: Tail, reason: str) -> Problem:
        return document.problem((*path, *tail), reason, key=not tail)

    return Entry(value, document.place(path), problem)


def _take_csv(entries: Entries, document: Document, file: PeopleFile, folder: Path) -> None:
    where = Path(file.csv)
    if where.name != file.csv or where.suffix != ".csv":
        reason = "the file must lie beside this one: write its bare name, as in people.csv"
        entries.problems.append(document.problem(("people", "csv"), reason))
        entries.unread = True
        return
    name = str(folder / where)
    try:
        people, problems = read_people(folder / where, name)
    except ConfigError as error:
        entries.problems.extend(error.problems)
        entries.unread = True
        return
    entries.problems.extend(problems)
    entries.unread = entries.unread or bool(problems)
    for identifier, (person, line) in people.items():
        _put(entries, "people", identifier, _row(name, line, identifier, person))


def _row(name: str, line: int, identifier: str, person: PersonSettings) -> Entry[PersonSettings]:
    def problem(tail: Tail, reason: str) -> Problem:
        return Problem(name, line, 1, ".".join((identifier, *(str(part) for part in tail))), reason)

    return Entry(person, f"{name}:{line}", problem)
