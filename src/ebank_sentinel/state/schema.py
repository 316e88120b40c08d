"""The store's schema version: kept current by Alembic, which is imported only when there is work for it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ebank_sentinel.errors import StoreDamaged, StoreTooNew

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"
"""The newest migration: its file's name begins with it."""


def upgrade(connection: Connection) -> None:
    """Bring the schema to HEAD, in one transaction. Raises StoreTooNew or StoreDamaged."""
    present = set(inspect(connection).get_table_names())
    connection.rollback()
    version = None
    if "alembic_version" in present:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        connection.rollback()
    elif present:
        raise StoreDamaged(
            f"the file holds tables of something else ({', '.join(sorted(present)[:3])}): it is no store"
        )
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise StoreTooNew(
            f"the store is at schema {version}, this program knows {HEAD}: install the newer version again"
        )
    from alembic import command  # noqa: PLC0415 - the import takes a second, and is needed once a version
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, "head")
