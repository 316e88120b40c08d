"""The tables of the store, as SQLAlchemy Core has them; Alembic's migrations make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Utc(TypeDecorator[datetime]):
    """An aware moment, kept as microseconds since 1970 in UTC: no database gets to guess a zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the library's signature
        """To the database. A naive moment raises TypeError."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the library's signature
        """From the database."""
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

symptoms = Table(
    "symptoms",
    metadata,
    Column("rule", String, primary_key=True),
    Column("probe", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("onset", Utc, nullable=False),
    Column("rows", JSON, nullable=False),  # [[row, onset in microseconds], ...]
    Column("held", JSON, nullable=False),
    Column("fired_at", Utc),
    Column("clearing_since", Utc),
    Column("incident", String),
    Column("under", JSON(none_as_null=True)),  # [rule, probe, key]
    Column("labels", JSON, nullable=False),
    Column("values", JSON, nullable=False),
)

timers = Table(
    "timers",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),  # its parts, as a JSON array
    Column("row", Integer, primary_key=True),
    Column("onset", Utc, nullable=False),
    Column("due", Utc, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("state", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("probe", String, nullable=False),
    Column("key", String, nullable=False),
    Column("began_with", String, nullable=False),  # with probe and key: the symptom that it began with
    Column("over", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("into", String),
    Column("reopened", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("title", JSON, nullable=False),
    Column("severity", String, nullable=False),
    Column("category", String, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("tell", JSON, nullable=False),
    Column("since", Utc, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("ended_as", String),
    Column("ack_person", String),
    Column("ack_name", String),
    Column("ack_at", Utc),
    Column("ack_note", Text),
    Index(None, "state"),
    Index(None, "opened_at"),
)

pages = Table(
    "pages",
    metadata,
    Column("id", String, primary_key=True),
    Column("cause", String, nullable=False),
    Column("step", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("message", JSON, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("state", String, nullable=False),
    Column("due", Utc, nullable=False),
    Column("lease_owner", String, nullable=False),
    Column("lease_until", Utc),
    Column("attempts", Integer, nullable=False),
    Column("next_channels", JSON, nullable=False),
    Column("unsaved", Boolean, nullable=False),
    UniqueConstraint("cause", "step", "recipient", "channel"),
    Index(None, "state"),
    Index(None, "created_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("page", String, nullable=False),
    Column("at", Utc, nullable=False),
    Column("outcome", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("retry_after", Integer),
    Index(None, "page"),
)

firings = Table(
    "firings",
    metadata,
    Column("rule", String, primary_key=True),
    Column("probe", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("moments", JSON, nullable=False),  # microseconds since 1970, the oldest first
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("incident", String),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "incident"),
)

REPORTS = events.c.reason == literal_column("'reported'")
"""Lines that reports left. Written out, not as a parameter: otherwise their index is not used."""

Index("ix_events_reports", events.c.detail, sqlite_where=REPORTS, postgresql_where=REPORTS)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("probe", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("at", Utc, nullable=False),
)
