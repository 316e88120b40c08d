"""The daemon's SQLite file enters, read with nothing but sqlite3; its incidents and pages leave."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A page, as the store has it."""

    id: str
    cause: str
    step: str
    recipient: str
    channel: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident, as the store has it."""

    id: str
    key: str
    state: str
    ended_as: str | None
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the store held at one moment."""

    incidents: dict[str, IncidentRow]
    pages: dict[str, PageRow]
    deliveries: int
    symptoms: int

    def open_targets(self) -> set[str]:
        """Targets with an open incident."""
        return {incident.key for incident in self.incidents.values() if incident.state == "open"}

    def waiting(self) -> set[str]:
        """Pages that are to be sent, or whose sending is not recorded."""
        return {page.id for page in self.pages.values() if page.state == "ready"}

    def accepted(self) -> set[str]:
        """Pages that the store believes the receivers have."""
        return {page.id for page in self.pages.values() if page.state == "accepted"}


def read_live(store: Path) -> Snapshot:
    """Beside a daemon that runs."""
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        return _read(connection)


def read_dead(store: Path) -> Snapshot:
    """Of a daemon that was killed: from a copy, so that the daemon itself meets the file just as it left it."""
    with _copied(store) as copy, closing(sqlite3.connect(copy)) as connection:
        return _read(connection)


def integrity(store: Path) -> str:
    """SQLite's verdict over the whole file: `ok`."""
    with closing(sqlite3.connect(store)) as connection:
        return "; ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check"))


@contextmanager
def _copied(store: Path) -> Iterator[Path]:
    folder = store.parent / "copy"
    folder.mkdir()
    try:
        for suffix in ("", "-wal"):
            part = store.with_name(store.name + suffix)
            if part.exists():
                shutil.copyfile(part, folder / part.name)
        yield folder / store.name
    finally:
        shutil.rmtree(folder)


def _read(connection: sqlite3.Connection) -> Snapshot:
    connection.execute("BEGIN")  # both tables as of one moment
    try:
        incidents = [
            IncidentRow(id=id_, key=key, state=state, ended_as=ended_as, over=over)
            for id_, key, state, ended_as, over in connection.execute(
                "SELECT id, key, state, ended_as, over FROM incidents"
            )
        ]
        pages = [
            PageRow(id=id_, cause=cause, step=step, recipient=recipient, channel=channel, state=state)
            for id_, cause, step, recipient, channel, state in connection.execute(
                "SELECT id, cause, step, recipient, channel, state FROM pages"
            )
        ]
        (symptoms,) = connection.execute("SELECT count(*) FROM symptoms").fetchone()
        (deliveries,) = connection.execute("SELECT count(*) FROM deliveries").fetchone()
    finally:
        connection.rollback()
    return Snapshot(
        incidents={incident.id: incident for incident in incidents},
        pages={page.id: page for page in pages},
        deliveries=deliveries,
        symptoms=symptoms,
    )
