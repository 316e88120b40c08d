"""What was: reads for the command line and the API, beside the writer and never in its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, and_, or_, select

from ebank_sentinel.model.incident import Event, Incident, IncidentState
from ebank_sentinel.model.page import Page
from ebank_sentinel.state import rows, tables


class History:
    """Reads of ended and open rows alike, newest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def incidents(self, *, ended: bool, limit: int) -> list[Incident]:
        """Incidents, open ones alone unless `ended`."""
        query = select(tables.incidents).order_by(tables.incidents.c.opened_at.desc()).limit(limit)
        if not ended:
            query = query.where(tables.incidents.c.state != IncidentState.ENDED.value)
        return [rows.incident_of(row) for row in self._rows(query)]

    def incident(self, id_or_code: str) -> Incident | None:
        """The newest incident with this id or code; an open one goes before ended ones of the same code."""
        table = tables.incidents
        query = (
            select(table)
            .where(or_(table.c.id == id_or_code, table.c.code == id_or_code))
            .order_by(table.c.state == IncidentState.ENDED.value, table.c.opened_at.desc())
            .limit(1)
        )
        return next((rows.incident_of(row) for row in self._rows(query)), None)

    def events(self, incident: str) -> list[Event]:
        """An incident's history, the oldest line first."""
        query = select(tables.events).where(tables.events.c.incident == incident).order_by(tables.events.c.seq)
        return [rows.event_of(row) for row in self._rows(query)]

    def reported(self, key: str) -> Event | None:
        """The line that a report left whose name begins so."""
        table = tables.events
        beyond = key[:-1] + chr(ord(key[-1]) + 1)  # a range: the index has no use for LIKE
        named = and_(tables.REPORTS, table.c.detail >= key, table.c.detail < beyond)
        query = select(table).where(named).order_by(table.c.detail, table.c.seq).limit(1)
        return next((rows.event_of(row) for row in self._rows(query)), None)

    def pages(self, *, cause: str | None = None, since: datetime | None = None, limit: int) -> list[Page]:
        """Pages, the oldest first: of one cause, or made since a moment."""
        query = select(tables.pages).order_by(tables.pages.c.created_at, tables.pages.c.id).limit(limit)
        if cause is not None:
            query = query.where(tables.pages.c.cause == cause)
        if since is not None:
            query = query.where(tables.pages.c.created_at >= since)
        return [rows.page_of(row) for row in self._rows(query)]

    def causes(self, causes: Sequence[str]) -> dict[str, Incident]:
        """Incidents by id."""
        query = select(tables.incidents).where(tables.incidents.c.id.in_(causes))
        return {row["id"]: rows.incident_of(row) for row in self._rows(query)}

    def taken_over(self, incident: str, *, limit: int) -> list[Incident]:
        """The incidents that an incident took over, the oldest first."""
        table = tables.incidents
        query = select(table).where(table.c.into == incident).order_by(table.c.opened_at, table.c.id).limit(limit)
        return [rows.incident_of(row) for row in self._rows(query)]

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _rows(self, query: Select[Any]) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query).mappings())
