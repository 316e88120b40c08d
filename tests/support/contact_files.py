"""Contacts written to a folder as a bank writes them, and a roster read from there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ebank_sentinel.contacts import Roster, load_contacts
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.times import NamedTimes

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)  # a Tuesday, 11:00 in Shanghai
TIMES = {"business": "workdays 08:30-17:30", "day": "08:00-20:00", "night": "20:00-08:00"}
CHANNELS = {"mail": "email", "sms": "sms", "hook": None}
UNUSED = "channel hook: no severity and no step sends on it"

PEOPLE = """
people:
  wang: {name: Wang, sms: "+8613800000001", email: wang@bank.example, superior: zhao}
  li: {name: Li, sms: "+8613800000002", email: li@bank.example}
  zhao: {name: Zhao, sms: "+8613800000003", email: zhao@bank.example}
"""
SEVERITIES = """
severities:
  I: {via: [sms, mail], wait: 3m}
  II: {via: [sms, mail], wait: 5m}
  III: {via: [{first_of: [sms, mail]}], wait: 10m}
  IV: {via: [mail], wait: 30m, during: business}
"""


def write(folder: Path, *texts: str, **files: str) -> Path:
    """Files a.yaml, b.yaml, ... in the folder, and those given by name."""
    named = {**{f"{chr(97 + number)}.yaml": text for number, text in enumerate(texts)}, **files}
    for name, text in named.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, *, zone: ZoneInfo = SHANGHAI, now: datetime = NOW, language: str = "en") -> Roster:
    """The roster of a folder."""
    return notices(folder, zone=zone, now=now, language=language)[0]


def notices(
    folder: Path, *, zone: ZoneInfo = SHANGHAI, now: datetime = NOW, language: str = "en"
) -> tuple[Roster, tuple[str, ...]]:
    """The roster of a folder, and its notices."""
    times = NamedTimes.parse(TIMES, zone=zone)
    return load_contacts(folder, zone=zone, times=times, channels=CHANNELS, language=language, now=now)


def roster(folder: Path, *texts: str, people: str = PEOPLE, zone: ZoneInfo = SHANGHAI, language: str = "en") -> Roster:
    """A roster of the texts, with three people and the severities beside them."""
    return load(write(folder, people, SEVERITIES, *texts), zone=zone, language=language)


def complaints(
    folder: Path, *texts: str, people: str = PEOPLE, severities: str = SEVERITIES, **files: str
) -> list[str]:
    """What is wrong with the files, a line each, without the folder's name."""
    try:
        load(write(folder, people, severities, *texts, **files))
    except ConfigError as error:
        return str(error).replace(f"{folder}/", "").splitlines()
    return []
