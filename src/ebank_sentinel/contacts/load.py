"""The contacts' folder and what it may refer to enter; a Roster leaves, or a ConfigError with all that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ebank_sentinel.contacts.addresses import KINDS
from ebank_sentinel.contacts.book import Book, via
from ebank_sentinel.contacts.check import Check
from ebank_sentinel.contacts.entries import Entries, read_entries
from ebank_sentinel.contacts.roster import Roster
from ebank_sentinel.contacts.rota import Rota
from ebank_sentinel.contacts.settings import PersonSettings, SeveritiesSettings
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.contact import Person, SeverityPolicy
from ebank_sentinel.model.localtime import instant
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.times import NamedTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """What a contacts' folder says, as far as it can be read."""

    roster: Roster | None  # None: there are problems, here or in what it refers to
    groups: Collection[str] | None  # all that a rule may name; None: a file could not be read
    notices: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_contacts(
    folder: Path,
    *,
    zone: ZoneInfo,
    times: NamedTimes | None,
    time_names: Collection[str],
    channels: Mapping[str, str | None],
    channel_names: Collection[str],
    language: str,
    now: datetime,
) -> Contacts:
    """The roster, or whatever is known without one.

    `times`: None when they do not hold; `time_names` and `channel_names` are those that may be named all the same.
    `channels` gives by name the kind of address that a channel takes (`sms`, `voice`, `email`), None where it has
    its own.
    """
    entries = read_entries(folder)
    problems = list(entries.problems)
    groups = None if entries.unread else frozenset(entries.known("groups"))
    if not entries.unread:
        if entries.severities is None and not entries.broken.get("severities"):
            reason = "one of the files must have the severities I, II, III and IV"
            problems.append(Problem(str(folder), 0, 0, "severities", reason))
        problems.extend(Check(entries, times=time_names, channels=channel_names).problems())
    if problems or entries.severities is None or times is None:
        return Contacts(roster=None, groups=groups, problems=tuple(problems))
    book = _book(entries, entries.severities.value, zone=zone, times=times, channels=channels, language=language)
    roster = Roster(book)
    return Contacts(roster=roster, groups=groups, notices=roster.notices(now))


def load_contacts(
    folder: Path,
    *,
    zone: ZoneInfo,
    times: NamedTimes,
    channels: Mapping[str, str | None],
    language: str,
    now: datetime,
) -> tuple[Roster, tuple[str, ...]]:
    """The roster, and notices of what may surprise. Raises ConfigError with the problems of all files."""
    found = read_contacts(
        folder,
        zone=zone,
        times=times,
        time_names=times.names,
        channels=channels,
        channel_names=tuple(channels),
        language=language,
        now=now,
    )
    if found.roster is None:
        raise ConfigError(found.problems)
    return found.roster, found.notices


def _book(
    entries: Entries,
    severities: SeveritiesSettings,
    *,
    zone: ZoneInfo,
    times: NamedTimes,
    channels: Mapping[str, str | None],
    language: str,
) -> Book:
    return Book(
        people={name: _person(name, entry.value, language) for name, entry in entries.people.items()},
        away={
            name: tuple((instant(span.start, zone), instant(span.end, zone)) for span in entry.value.away)
            for name, entry in entries.people.items()
            if entry.value.away
        },
        groups={name: entry.value for name, entry in entries.groups.items()},
        rotas={name: Rota(entry.value, zone=zone, times=times) for name, entry in entries.rotas.items()},
        severities={level: _policy(severities, level) for level in Severity},
        escalations={name: entry.value for name, entry in entries.escalations.items()},
        channels=channels,
        zone=zone,
        language=language,
    )


def _person(name: str, settings: PersonSettings, language: str) -> Person:
    given = {kind: getattr(settings, kind) for kind in KINDS}
    return Person(
        id=name,
        name=settings.name,
        language=settings.language or language,
        addresses={kind: address for kind, address in given.items() if address is not None},
        superior=settings.superior,
    )


def _policy(severities: SeveritiesSettings, level: Severity) -> SeverityPolicy:
    row = getattr(severities, level.name)
    return SeverityPolicy(via=via(row.via), wait=row.wait, groups=tuple(row.groups), during=row.during)
