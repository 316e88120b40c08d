"""The contacts' folder and what it may refer to enter; a Roster leaves, or a ConfigError with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
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


def load_contacts(
    folder: Path,
    *,
    zone: ZoneInfo,
    times: NamedTimes,
    channels: Mapping[str, str | None],
    language: str,
    now: datetime,
) -> tuple[Roster, tuple[str, ...]]:
    """The roster, and notices of what may surprise.

    `channels` gives by name the kind of address that a channel takes (`sms`, `voice`, `email`), None where
    it has its own. Raises ConfigError with the problems of all files.
    """
    entries = read_entries(folder)
    problems = list(entries.problems)
    if not entries.unread:
        if entries.severities is None and not entries.broken.get("severities"):
            reason = "one of the files must have the severities I, II, III and IV"
            problems.append(Problem(str(folder), 0, 0, "severities", reason))
        problems.extend(Check(entries, times=times.names, channels=channels).problems())
    if problems or entries.severities is None:
        raise ConfigError(problems)
    book = _book(entries, entries.severities.value, zone=zone, times=times, channels=channels, language=language)
    roster = Roster(book)
    return roster, roster.notices(now)


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
