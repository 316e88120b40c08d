"""The SQLite file itself: a path enters, an engine over a file that can be trusted leaves, or the reason why not.

A new file is made under another name and moved into place whole. So a store that is there is complete, and
one that is empty, or holds no tables, is a damaged one: it is refused, and never silently begun anew.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
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


class FileIdentity(NamedTuple):
    """Which file it is, whatever its name."""

    device: int
    inode: int


def open_database(path: Path, traces: Iterable[Path]) -> tuple[Engine, FileIdentity]:
    """The file, made if it is missing, checked and migrated. Raises StoreRefused, StoreDamaged or StoreTooNew.

    `traces`: what shows that a store was here, so that one that is missing was lost and is not begun anew.
    """
    wal = path.with_name(path.name + "-wal")
    try:
        if not path.exists():
            if wal.exists():
                raise StoreDamaged(f"{path} is missing, but {wal.name} is there: put both back, or move that away too")
            if left := [str(trace) for trace in traces if trace.exists()]:
                raise StoreDamaged(
                    f"{path} is missing, but there was a store: put a backup in its place, or, to begin anew and "
                    f"forget all open incidents and unsent pages, remove {' and '.join(left)}"
                )
            _make(path)
        status = path.stat()
        if status.st_size == 0:
            raise StoreDamaged(f"{path} is damaged (it is empty): {_WAY_BACK}")
        path.chmod(0o600)
    except OSError as error:
        raise StoreRefused(f"{path} cannot be opened: {error.strerror}") from None
    engine = make_engine(path, read_only=False)
    with translated(path), engine.connect() as connection:
        _check(path, connection)
        schema.upgrade(connection, path)
    return engine, FileIdentity(status.st_dev, status.st_ino)


def check_identity(path: Path, opened: FileIdentity) -> None:
    """Raises StoreRefused when the name no longer leads to the file that was opened: what is written would be lost."""
    try:
        status = path.stat()
    except OSError as error:
        found = f"gone ({error.strerror})"
    else:
        if (status.st_dev, status.st_ino) == opened:
            return
        found = "another one"
    raise StoreRefused(
        f"the store's file is {found}: {path}: move the right one back, or stop, put a backup in its place, and start"
    )


def make_engine(path: Path, *, read_only: bool) -> Engine:
    """Connections to the file, each set up so that a commit is believed only when it is on disk."""
    # By "rw" a file that is missing stays so: an empty one in its place would be taken for the store.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None),
    )

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
