"""The SQLite file itself: a path enters, an engine over a file that can be trusted leaves, or the reason why not.

A new file is made under another name and moved into place whole. So a store that is there is complete, and
one that is empty, or holds no tables, is a damaged one: it is refused, and never silently begun anew.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ebank_sentinel.errors import StoreDamaged, StoreError, StoreRefused
from ebank_sentinel.state import schema

_APPLICATION = 0x45425331  # "EBS1": SQLite keeps it in the file's header, so that `file` and we know whose it is
_WAY_BACK = "move it away, and put a backup in its place"
_REFUSALS = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
    }
)


def open_database(path: Path) -> Engine:
    """The file, made if it is missing, checked and migrated. Raises StoreRefused, StoreDamaged or StoreTooNew."""
    wal = path.with_name(path.name + "-wal")
    try:
        if not path.exists():
            if wal.exists():
                raise StoreDamaged(f"{path} is missing, but {wal.name} is there: put both back, or move that away too")
            _make(path)
        if path.stat().st_size == 0:
            raise StoreDamaged(f"{path} is damaged (it is empty): {_WAY_BACK}")
        path.chmod(0o600)
    except OSError as error:
        raise StoreRefused(f"{path} cannot be opened: {error.strerror}") from None
    engine = make_engine(path, read_only=False)
    with translated(path), engine.connect() as connection:
        _check(path, connection)
        schema.upgrade(connection, path)
    return engine


def make_engine(path: Path, *, read_only: bool) -> Engine:
    """Connections to the file, each set up so that a commit is believed only when it is on disk."""
    engine = create_engine(f"sqlite:///{path}", isolation_level=None)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
        for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # BEGIN alone would let two writers read before either writes, and lose an update silently.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Foreign exceptions stop here."""
    try:
        yield
    except DBAPIError as error:
        raise _our_error(path, error.orig) from error
    except sqlite3.Error as error:
        raise _our_error(path, error) from error
    except (SQLAlchemyError, TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"{path}: {type(error).__name__}: {error}") from error


def _make(path: Path) -> None:
    """A new file, complete before it has its name."""
    fresh = path.with_name(path.name + ".new")
    for leftover in ("", "-wal", "-shm", "-journal"):
        fresh.with_name(fresh.name + leftover).unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = make_engine(fresh, read_only=False)
    with translated(path):
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
            connection.commit()
            schema.make(connection)
        engine.dispose()  # the last connection puts everything into the file itself
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check(path: Path, connection: Connection) -> None:
    """What must hold before anything is believed."""

    def pragma(name: str) -> object:
        value = connection.execute(text(f"PRAGMA {name}")).scalar()
        connection.rollback()
        return value

    if (owner := pragma("application_id")) != _APPLICATION:
        raise StoreDamaged(f"{path} is no store of this program (application id {owner}): {_WAY_BACK}")
    mode, synchronous = pragma("journal_mode"), pragma("synchronous")
    if mode != "wal" or synchronous != 2:
        raise StoreRefused(f"{path}: journal mode {mode}, synchronous {synchronous}: not a disk that keeps promises")
    verdict = pragma("quick_check(1)")
    if verdict != "ok":
        raise StoreDamaged(f"{path} is damaged (quick_check: {str(verdict).strip()}): {_WAY_BACK}")


def _our_error(path: Path, error: object) -> StoreError:
    """Refused now (full, locked, read-only, gone), damaged, or a row that cannot be written at all."""
    words = str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code
    damaged = "no such table" in words or "no such column" in words or "decode to UTF-8" in words
    if damaged or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(f"{path} is damaged ({words}): {_WAY_BACK}")
    if code in _REFUSALS:
        return StoreRefused(f"{path} cannot be written or read now: {words}")
    return StoreError(f"{path}: {words}")
