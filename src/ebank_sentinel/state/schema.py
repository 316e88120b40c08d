"""The store's schema version: kept current by Alembic, which is imported only when there is work for it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ebank_sentinel.errors import StoreDamaged, StoreTooNew

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0003"
"""The newest migration: its file's name begins with it."""


def make(connection: Connection) -> None:
    """Every table, in an empty database."""
    _migrate(connection)


def upgrade(connection: Connection, path: Path) -> None:
    """Bring the schema to HEAD, in one transaction. Raises StoreTooNew or StoreDamaged."""
    present = set(inspect(connection).get_table_names())
    connection.rollback()
    if "alembic_version" not in present:
        held = f"holds tables of something else ({', '.join(sorted(present)[:3])})" if present else "holds no table"
        raise StoreDamaged(
            f"{path} is no store of this program: it {held}. Move it away, and put a backup in its place"
        )
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    connection.rollback()
    if version == HEAD:
        return
    if version is not None and version.isdigit() and version > HEAD:
        raise StoreTooNew(
            f"{path} is at schema {version}, and this program knows {HEAD}: a newer version wrote it. Install that"
        )
    if version not in {file.name[: len(HEAD)] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}:
        raise StoreDamaged(f"{path} is at schema {version!r}, which never was: put a backup in its place")
    _migrate(connection)


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - the import takes a second, and is needed once a version
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, "head")
