"""The store over SQLite: one writer thread, every commit synced to disk before it is believed."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    Table,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import SQLAlchemyError

from ebank_sentinel.errors import StoreDamaged, StoreError, StoreRefused
from ebank_sentinel.model.incident import Incident, IncidentState
from ebank_sentinel.model.ledger import Delta, Ledger, Timer, TimerKind
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.state import rows, tables
from ebank_sentinel.state.database import FileIdentity, check_identity, make_engine, open_database, translated
from ebank_sentinel.state.history import History
from ebank_sentinel.state.lock import FileLock

_Result = TypeVar("_Result")

_READERS = 2
_MOST_PARAMETERS = 500
"""Values of one `IN (...)`."""

_OPEN_PAGES = (PageState.HELD.value, PageState.READY.value)


class SqliteStore:
    """Implements the desk's `Store`. Every method may raise StoreRefused, StoreDamaged or StoreError.

    Those that write raise StoreLost once the lock is no longer ours.
    """

    def __init__(self, path: Path, lock: FileLock, engine: Engine, identity: FileIdentity, history: History) -> None:
        self._path = path
        self._identity = identity
        self._lock = lock
        self._engine = engine
        self._connection: Connection | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._history = history

    @classmethod
    def open(cls, path: Path, *, traces: Iterable[Path] = ()) -> Self:
        """Lock, check, migrate. Raises StoreInUse, StoreTooNew, StoreDamaged or StoreRefused.

        A missing file is made, unless the lock file or one of `traces` (what only a store's process leaves) shows
        that there was one. A folder that is missing, or a file that is no store, is refused.
        """
        if not path.parent.is_dir():
            raise StoreRefused(f"the folder of the store is missing: {path.parent}")
        lock_path = path.with_name(path.name + ".lock")
        lock = FileLock(lock_path)
        try:
            engine, identity = open_database(path, [*([lock_path] if lock.made else []), *traces])
            lock.mark_made()
            return cls(path, lock, engine, identity, History(make_engine(path, read_only=True)))
        except BaseException:
            lock.release()
            raise

    async def load(self) -> Ledger:
        """Everything that is open."""
        return await self._write(self._load)

    async def commit(self, delta: Delta) -> None:
        """One transaction, on disk when this returns."""
        await self._write(lambda connection: _write_delta(connection, delta))

    async def claim(self, node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
        """Lease to `node` every page that is due and whose lease ran out: compare-and-set, row by row.

        `orphaned`: our lock proves that every other node is dead, so what it leased is taken over, due or not.
        """
        return await self._write(lambda connection: _claim(connection, node, now, until, orphaned=orphaned))

    async def read(self, query: Callable[[History], _Result]) -> _Result:
        """Ask for history, beside the writer."""

        def run() -> _Result:
            with translated(self._path):
                return query(self._history)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def close(self) -> None:
        """Finish what is being written, and let the next process in."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._disconnect)
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()
        self._history.close()
        self._lock.release()

    async def _write(self, work: Callable[[Connection], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, work)

    def _transact(self, work: Callable[[Connection], _Result]) -> _Result:
        """Runs in the writer thread. After a failure nothing is assumed of the connection: a new one is opened."""
        self._lock.check()
        check_identity(self._path, self._identity)  # the connection is kept: the file may be moved back
        try:
            with translated(self._path):
                if self._connection is None:
                    self._connection = self._engine.connect()
                with self._connection.begin():
                    return work(self._connection)
        except StoreError:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None

    def _load(self, connection: Connection) -> Ledger:
        try:
            return _read_ledger(connection)
        except (KeyError, TypeError, ValueError, OverflowError) as error:  # what a damaged disk makes of a row
            raise StoreDamaged(
                f"{self._path} is damaged (a row cannot be read: {type(error).__name__}: {str(error)[:200]}): "
                "move it away, and put a backup in its place"
            ) from error


def _read_ledger(connection: Connection) -> Ledger:
    """Everything that is open."""

    def every(table: Table, *conditions: Any) -> Iterator[Any]:
        yield from connection.execute(select(table).where(*conditions)).mappings()

    ledger = Ledger()
    open_incidents = [
        rows.incident_of(row) for row in every(tables.incidents, tables.incidents.c.state != IncidentState.ENDED.value)
    ]
    ids = [incident.id for incident in open_incidents]
    alive = select(tables.incidents.c.id).where(tables.incidents.c.state != IncidentState.ENDED.value)
    # While one page of a cause waits, all of them count: an all-clear asks whether its alarm arrived.
    waiting = select(tables.pages.c.cause).where(tables.pages.c.state.in_(_OPEN_PAGES))
    kept = or_(tables.pages.c.cause.in_(waiting), tables.pages.c.cause.in_(alive))
    timers = [rows.timer_of(row) for row in every(tables.timers)]
    kept_incidents = list(_kept(connection, ids, timers))
    symptoms = [rows.symptom_of(row) for row in every(tables.symptoms)]
    ledger.apply(
        Delta(
            symptoms={symptom.id: symptom for symptom in symptoms},
            timers={timer.id: timer for timer in timers},
            incidents={incident.id: incident for incident in (*kept_incidents, *open_incidents)},
            pages={row["id"]: rows.page_of(row) for row in every(tables.pages, kept)},
            heartbeats={TargetId(row["probe"], row["key"]): row["at"] for row in every(tables.heartbeats)},
            firings=dict(rows.firings_of(row) for row in every(tables.firings)),
        )
    )
    return ledger


def _kept(connection: Connection, open_ids: Sequence[str], timers: Iterable[Timer]) -> Iterator[Incident]:
    """Ended incidents that may come back, and those that an incident has taken over which is kept itself."""
    table = tables.incidents

    def those(column: Any, wanted: Sequence[str]) -> list[Incident]:
        found: list[Incident] = []
        for start in range(0, len(wanted), _MOST_PARAMETERS):
            query = select(table).where(
                column.in_(wanted[start : start + _MOST_PARAMETERS]), table.c.state == IncidentState.ENDED.value
            )
            found += [rows.incident_of(dict(row)) for row in connection.execute(query).mappings()]
        return found

    resting = those(table.c.id, [timer.id.subject[0] for timer in timers if timer.id.kind is TimerKind.FORGET])
    yield from resting
    takers = [*open_ids, *(incident.id for incident in resting)]
    while takers:
        taken = those(table.c.into, takers)
        yield from taken
        takers = [incident.id for incident in taken]


def _write_delta(connection: Connection, delta: Delta) -> None:
    _merge(connection, tables.symptoms, [rows.symptom_row(value) for value in delta.symptoms.values() if value])
    _remove(connection, tables.symptoms, [key._asdict() for key, value in delta.symptoms.items() if value is None])
    _merge(connection, tables.timers, [rows.timer_row(value) for value in delta.timers.values() if value])
    _remove(connection, tables.timers, [rows.timer_key(key) for key, value in delta.timers.items() if value is None])
    _merge(connection, tables.incidents, [rows.incident_row(value) for value in delta.incidents.values()])
    _merge(connection, tables.pages, [rows.page_row(value) for value in delta.pages.values()])
    beats = [{**target._asdict(), "at": at} for target, at in delta.heartbeats.items()]
    _merge(connection, tables.heartbeats, beats)
    firings = {key: moments for key, moments in delta.firings.items() if moments}
    _merge(connection, tables.firings, [rows.firings_row(key, moments) for key, moments in firings.items()])
    _remove(connection, tables.firings, [key._asdict() for key, moments in delta.firings.items() if not moments])
    for table, appended in (
        (tables.events, [rows.event_row(value) for value in delta.events]),
        (tables.deliveries, [rows.delivery_row(value) for value in delta.deliveries]),
    ):
        if appended:
            connection.execute(insert(table), appended)


def _merge(connection: Connection, table: Table, values: Sequence[rows.Row]) -> None:
    """Insert, or replace by primary key."""
    if values:
        connection.execute(_merging(table), values)


def _remove(connection: Connection, table: Table, keys: Sequence[rows.Row]) -> None:
    if keys:
        connection.execute(_removing(table), [{f"b_{name}": part for name, part in key.items()} for key in keys])


@functools.cache
def _merging(table: Table) -> Insert:
    """Made once: in a storm it runs hundreds of times a second."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@functools.cache
def _removing(table: Table) -> Delete:
    matches = and_(*(column == bindparam(f"b_{column.name}") for column in table.primary_key))
    return delete(table).where(matches)


def _claim(connection: Connection, node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
    table = tables.pages
    lapsed = and_(table.c.due <= now, or_(table.c.lease_until.is_(None), table.c.lease_until <= now))
    ready = and_(table.c.state == PageState.READY.value, table.c.lease_owner != node if orphaned else lapsed)
    statement = update(table).where(ready).values(lease_owner=node, lease_until=until).returning(table)
    return [rows.page_of(dict(row)) for row in connection.execute(statement).mappings()]
