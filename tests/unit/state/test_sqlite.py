"""The SQLite file: one holder, full sync, whole or refused; nothing empty ever takes the place of what is damaged."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine
from sqlalchemy.event import listen

from ebank_sentinel.errors import StoreDamaged, StoreInUse, StoreLost, StoreRefused, StoreTooNew
from ebank_sentinel.model.incident import Event, Incident, IncidentState
from ebank_sentinel.model.ledger import Delta, TimerId, TimerKind
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomId
from ebank_sentinel.state import rows, schema, tables
from ebank_sentinel.state.sqlite import SqliteStore

NOW = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)


def incident(name: str) -> Incident:
    return Incident(
        id=name,
        code="4821",
        state=IncidentState.OPEN,
        rule="dead",
        symptom=SymptomId("dead", "atm", name),
        severity=Severity.II,
        category="device",
        since=NOW,
        opened_at=NOW,
    )


def delta(*names: str) -> Delta:
    return Delta(incidents={name: incident(name) for name in names})


async def filled(path: Path, many: int = 200) -> None:
    """A store that was used, and closed."""
    store = SqliteStore.open(path)
    await store.commit(delta(*(f"incident-{number}" for number in range(many))))
    await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sentinel.db"


# -- durable ------------------------------------------------------------------------------------------


async def test_every_connection_writes_ahead_and_syncs_in_full(path: Path) -> None:
    store = SqliteStore.open(path)
    for engine in (store._engine, store._history._engine):
        with engine.connect() as connection:
            for name, value in (("journal_mode", "wal"), ("synchronous", 2)):
                assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value
    await store.close()


async def test_a_commit_is_synced_before_it_returns(path: Path) -> None:
    from support.real import program  # noqa: PLC0415 - this file is imported by its own subprocesses, too

    program("strace")
    code = (
        "import asyncio, sys; from pathlib import Path; from ebank_sentinel.state.sqlite import SqliteStore\n"
        "from ebank_sentinel.model.ledger import Delta; from ebank_sentinel.model.reading import TargetId\n"
        "from datetime import datetime, UTC; import os\n"
        "async def main():\n"
        "    store = SqliteStore.open(Path(sys.argv[1])); await store.load()\n"
        "    for n in range(3):\n"
        "        os.write(1, b'commit\\n')\n"
        "        await store.commit(Delta(heartbeats={TargetId('a', 'b'): datetime.now(UTC)}))\n"
        "        os.write(1, b'done\\n')\n"
        "asyncio.run(main())"
    )
    command = ["strace", "-f", "-e", "trace=fdatasync,fsync,write", sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - fixed words
    parts = done.stderr.split('"commit\\n"')[1:]
    assert len(parts) == 3
    assert all("sync(" in part.split('"done\\n"')[0] for part in parts)


async def test_the_store_is_for_its_owner_alone(path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = SqliteStore.open(path)
        await store.commit(delta("a"))
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    expected = ("sentinel.db", "sentinel.db-wal", "sentinel.db-shm", "sentinel.db.lock")
    assert modes == dict.fromkeys(expected, 0o600)
    await store.close()


async def test_a_store_that_others_could_read_is_closed_to_them(path: Path) -> None:
    await filled(path)
    path.chmod(0o644)
    store = SqliteStore.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await store.close()


# -- one holder ---------------------------------------------------------------------------------------


async def test_a_second_start_is_refused_and_told_who_holds_the_store(path: Path) -> None:
    store = SqliteStore.open(path)
    with pytest.raises(StoreInUse, match=rf"in use by process {os.getpid()} on \S+ \(lock {path}.lock\)"):
        SqliteStore.open(path)
    await store.close()
    await SqliteStore.open(path).close()


@pytest.mark.parametrize("found", ["removed", "replaced"])
async def test_a_holder_whose_lock_is_gone_writes_no_more(path: Path, found: str) -> None:
    store = SqliteStore.open(path)
    await store.commit(delta("a"))
    lock = path.with_name("sentinel.db.lock")
    lock.unlink()
    second = SqliteStore.open(path) if found == "replaced" else None
    with pytest.raises(StoreLost, match=rf"the lock {lock} was {found} while this process held it"):
        await store.commit(delta("b"))
    with pytest.raises(StoreLost):
        await store.claim("node", NOW, NOW, orphaned=False)
    if second is not None:
        await second.commit(delta("c"))
        assert set((await second.load()).incidents) == {"a", "c"}
        await second.close()
    await store.close()


async def test_a_killed_holder_frees_the_store_and_what_it_committed_is_there(path: Path) -> None:
    code = (
        "import asyncio, sys, time; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from unit_state_sqlite import SqliteStore, delta\n"
        "async def main():\n"
        "    store = SqliteStore.open(Path(sys.argv[1])); await store.commit(delta('a'))\n"
        "    print('committed', flush=True); time.sleep(60)\n"
        "asyncio.run(main())"
    )
    (path.parent / "unit_state_sqlite.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    holder = subprocess.Popen([sys.executable, "-c", code, path, path.parent], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
    assert holder.stdout is not None
    assert holder.stdout.readline() == "committed\n"
    with pytest.raises(StoreInUse, match=f"process {holder.pid}"):
        SqliteStore.open(path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    store = SqliteStore.open(path)
    assert list((await store.load()).incidents) == ["a"]
    await store.close()


# -- what cannot be trusted ---------------------------------------------------------------------------


def refused(path: Path) -> str:
    before = {
        file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith((".lock", "-shm"))
    }
    with pytest.raises(StoreDamaged) as damaged:
        SqliteStore.open(path)
    after = {name: (path.parent / name).read_bytes() for name in before}
    assert after == before, "what is damaged is evidence, and stays as it is"
    with pytest.raises(StoreDamaged):
        SqliteStore.open(path)
    return str(damaged.value)


WAY_BACK = "move it away, and put a backup in its place"


async def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()
    assert refused(path) == f"{path} is damaged (it is empty): {WAY_BACK}"


async def test_a_text_file_is_refused(path: Path) -> None:
    path.write_text("this is no database\n" * 100)
    assert refused(path) == f"{path} is damaged (file is not a database): {WAY_BACK}"


async def test_the_database_of_another_program_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE customers (id)")
        connection.commit()
    assert refused(path) == f"{path} is no store of this program (application id 0): {WAY_BACK}"


async def test_a_store_that_lost_its_tables_is_refused(path: Path) -> None:
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE alembic_version")
        connection.commit()
    assert refused(path).startswith(f"{path} is no store of this program: it holds tables of something else (")


async def test_half_a_store_is_refused(path: Path) -> None:
    await filled(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    message = refused(path)
    assert message.startswith(f"{path} is damaged (")
    assert message.endswith(WAY_BACK)


async def test_a_store_of_which_only_the_log_is_left_is_refused(path: Path) -> None:
    store = SqliteStore.open(path)
    await store.commit(delta("a"))
    kept = path.with_name("kept-wal")
    shutil.copyfile(f"{path}-wal", kept)
    await store.close()
    path.unlink()
    shutil.copyfile(kept, f"{path}-wal")
    message = f"{path} is missing, but sentinel.db-wal is there: put both back, or move that away too"
    assert refused(path) == message
    assert not path.exists()


async def test_a_store_that_is_gone_altogether_is_begun_anew_only_when_the_traces_of_it_are_removed(path: Path) -> None:
    await filled(path)
    path.unlink()
    lock, trace = path.with_name("sentinel.db.lock"), path.with_name("trace")
    anew = f"{path} is missing, but there was a store: put a backup in its place, or, to begin anew and forget all open"
    message = refused(path)
    assert message == f"{anew} incidents and unsent pages, remove {lock}"
    assert refused(path) == message, "a refused start leaves the trace"
    trace.mkdir()
    with pytest.raises(StoreDamaged, match=f"remove {lock} and {trace}$"):
        SqliteStore.open(path, traces=[trace])
    assert not path.exists()
    lock.unlink()
    with pytest.raises(StoreDamaged, match=f"remove {trace}$"):
        SqliteStore.open(path, traces=[trace])
    await SqliteStore.open(path).close()


async def test_a_killed_holder_leaves_the_trace_of_its_store(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from ebank_sentinel.state.sqlite import SqliteStore\n"
        "SqliteStore.open(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)  # noqa: S603 - our own words
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    assert "there was a store" in refused(path)


async def test_a_bit_that_flipped_in_any_page_is_found_or_harms_nothing(path: Path) -> None:
    await filled(path)
    whole = path.read_bytes()
    store = SqliteStore.open(path)
    truth = await store.load()
    await store.close()
    found = harmless = 0
    for page in range(min(100, len(whole) // 4096)):
        for offset in (0, 3, 8, 2000, 4090):
            damaged = bytearray(whole)
            damaged[page * 4096 + offset] ^= 0x10
            path.write_bytes(damaged)
            try:
                store = SqliteStore.open(path)
            except (StoreDamaged, StoreTooNew, StoreRefused) as error:
                assert str(path) in str(error)
                found += 1
                continue
            try:
                ledger = await store.load()
            except StoreDamaged as error:
                assert str(error).startswith(f"{path} is damaged (")
                found += 1
            else:
                harmless += 1
                assert len(ledger.incidents) == len(truth.incidents), f"page {page}, offset {offset}: rows are lost"
            finally:
                await store.close()
    assert found > harmless / 10
    assert harmless > 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("incidents", "labels", "{broken"),
        ("incidents", "severity", "VII"),
        ("incidents", "state", "opem"),
        ("incidents", "code", b"\xff\xfe"),
        ("pages", "message", '{"shorts": 1}'),
        ("pages", "reason", "fist"),
        ("symptoms", "rows", "[1]"),
        ("timers", "subject", "not json"),
    ],
)
async def test_a_row_that_cannot_be_read_is_named_and_not_left_out(
    path: Path, table: str, column: str, value: object
) -> None:
    await filled(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        if table != "incidents":
            connection.execute(f"INSERT INTO {table} SELECT {_example(table)}")
        write = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
        connection.execute(f"UPDATE {table} SET {column} = {write}", [value])  # noqa: S608 - our own words
        connection.commit()
    store = SqliteStore.open(path)
    with pytest.raises(StoreDamaged, match=f"{path} is damaged \\("):
        await store.load()
    await store.close()


def _example(table: str) -> str:
    """A row of this table, all by its types."""
    columns = tables.metadata.tables[table].columns
    examples = {"INTEGER": "1", "BIGINT": "1", "JSON": "'{}'", "BOOLEAN": "0"}
    special = {"state": "'ready'" if table == "pages" else "'firing'", "kind": f"'{TimerKind.HOLD}'"}
    return ", ".join(special.get(one.name, examples.get(_sql_type(one.type), "'x'")) for one in columns)


def _sql_type(kind: object) -> str:
    return str(getattr(kind, "impl", kind))


async def test_a_timer_of_a_target_whose_name_holds_control_characters_survives_a_start() -> None:
    timer = TimerId(TimerKind.HOLD, SymptomId("r", "p", "k\x1f2"))
    assert rows.timer_of({**rows.timer_key(timer), "onset": NOW, "due": NOW}).id == timer


# -- the schema ---------------------------------------------------------------------------------------


async def test_a_store_of_a_newer_version_is_refused_by_name(path: Path) -> None:
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9000'")
        connection.commit()
    with pytest.raises(StoreTooNew, match=f"{path} is at schema 9000, and this program knows {schema.HEAD}"):
        SqliteStore.open(path)


async def test_a_schema_that_never_was_is_refused(path: Path) -> None:
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    assert refused(path) == f"{path} is at schema '0000', which never was: put a backup in its place"


async def test_a_report_is_found_by_its_key_without_a_look_at_every_event(path: Path) -> None:
    keys = ("0a1", "0a.", "0a", "0b")
    reports = [Event(at=NOW, incident="i", reason=Reason.REPORTED, detail=f"{key}-1 phishing") for key in keys]
    store = SqliteStore.open(path)
    await store.commit(Delta(events=(Event(at=NOW, incident="i", reason=Reason.FIRST, detail="0a-0"), *reports)))
    assert await store.read(lambda history: history.reported("0a-")) == reports[2]
    assert await store.read(lambda history: history.reported("0c-")) is None
    asked: list[tuple[str, tuple[str, ...]]] = []
    engine = store._history._engine
    listen(engine, "before_cursor_execute", lambda _c, _u, text, values, *_: asked.append((text, values)))
    await store.read(lambda history: history.reported("0a-"))
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1])
    assert "USING INDEX ix_events_reports" in plan[-1]


def test_head_is_the_newest_migration() -> None:
    newest = max(file.name for file in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert newest.startswith(f"{schema.HEAD}_")


async def test_the_migrations_make_the_tables_that_the_program_knows(path: Path) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow to import
    from alembic.migration import MigrationContext  # noqa: PLC0415 - as above

    await filled(path, 1)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        found = MetaData()
        found.reflect(connection)
        unnamed = [table.name for table in found.tables.values() if table.name in tables.metadata.tables]
    engine.dispose()
    assert sorted(unnamed) == sorted(tables.metadata.tables)


async def test_a_start_that_was_killed_before_the_first_store_was_whole_begins_again(path: Path) -> None:
    path.with_name("sentinel.db.new").write_bytes(b"SQLite format 3\0 and then the power went")
    path.with_name("sentinel.db.new-wal").write_bytes(b"x" * 4096)
    store = SqliteStore.open(path)
    assert (await store.load()).incidents == {}
    await store.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["sentinel.db", "sentinel.db.lock"]


# -- refused now --------------------------------------------------------------------------------------


async def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match=f"the folder of the store is missing: {tmp_path}/gone"):
        SqliteStore.open(tmp_path / "gone" / "sentinel.db")


async def test_a_store_that_is_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises((StoreRefused, StoreDamaged), match=str(path)):
        SqliteStore.open(path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of one megabyte, on its own mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True)  # noqa: S603, S607 - fixed words
    if done.returncode != 0:
        pytest.skip("only root can mount a small disk")
    return folder


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", folder], check=False)  # noqa: S603, S607 - fixed words


async def test_a_full_disk_is_refused_and_works_again_when_there_is_room(small_disk: Path) -> None:
    try:
        store = SqliteStore.open(small_disk / "sentinel.db")
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        written = 0
        with pytest.raises(StoreRefused, match=r"sentinel\.db cannot be written or read now: .*full"):
            for number in range(5000):
                await store.commit(delta(*(f"{number}-{part}" for part in range(20))))
                written += 1
        assert len((await store.load()).incidents) == 20 * written, "what was committed is there, and no more"
        filler.unlink()
        await store.commit(delta("after"))
        assert "after" in (await store.load()).incidents
        await store.close()
    finally:
        unmount(small_disk)


async def test_a_disk_that_is_read_only_is_refused_at_the_start(small_disk: Path) -> None:
    try:
        await filled(small_disk / "sentinel.db", 1)
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)  # noqa: S603, S607 - fixed words
        with pytest.raises(StoreRefused, match="Read-only file system"):
            SqliteStore.open(small_disk / "sentinel.db")
    finally:
        unmount(small_disk)


async def test_a_store_that_another_program_locks_is_refused_and_works_again(path: Path) -> None:
    store = SqliteStore.open(path)
    await store.load()
    assert store._connection is not None
    store._connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    store._connection.rollback()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreRefused, match="locked"):
            await store.commit(delta("a"))
        other.execute("ROLLBACK")
    await store.commit(delta("a"))
    await store.close()


async def test_a_store_that_is_deleted_while_it_is_used_refuses_and_is_not_made_anew(path: Path) -> None:
    store = SqliteStore.open(path)
    await store.commit(delta("a"))
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink()
    for _ in range(2):
        with pytest.raises(
            StoreRefused, match=f"the store's file is gone .*: {path}: move the right one back, or stop"
        ):
            await store.commit(delta("b"))
    assert not path.exists()
    await store.close()
    assert not path.exists()


async def test_no_connection_makes_a_file_that_is_missing(path: Path) -> None:
    store = SqliteStore.open(path)
    store._engine.dispose()
    path.unlink()
    with pytest.raises(StoreRefused, match="unable to open"):
        await store.read(lambda history: history.incidents(ended=True, limit=1))
    with pytest.raises(StoreRefused, match="gone"):
        await store.commit(delta("b"))
    assert not path.exists()
    await store.close()


async def test_another_file_in_the_stores_place_is_not_written_and_the_right_one_is_when_it_is_back(path: Path) -> None:
    store = SqliteStore.open(path)
    await store.commit(delta("a"))
    aside = path.with_name("aside.db")
    path.rename(aside)
    shutil.copyfile(aside, path)
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match="the store's file is another one"):
        await store.commit(delta("b"))
    assert path.read_bytes() == before
    aside.rename(path)
    await store.commit(delta("c"))
    assert set((await store.load()).incidents) == {"a", "c"}
    await store.close()


async def test_a_path_of_any_characters_is_that_path(tmp_path: Path) -> None:
    path = tmp_path / "a%20b?mode=memory#c.db"
    await filled(path, 1)
    assert path.stat().st_size > 0
    store = SqliteStore.open(path)
    assert len((await store.load()).incidents) == 1
    await store.close()


async def test_an_unforeseen_failure_while_making_it_leaves_nothing_half_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(schema, "make", breaks)
    with pytest.raises(Exception, match="disk I/O error"):
        SqliteStore.open(path)
    monkeypatch.undo()
    assert not path.exists()
    await asyncio.wait_for(SqliteStore.open(path).close(), 10)
