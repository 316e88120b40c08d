"""A report is found by its key without a look at every event: a report that is sent again must not wait for that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index the lines that reports left, and no others."""
    reports = sa.text("reason = 'reported'")
    op.create_index("ix_events_reports", "events", ["detail"], sqlite_where=reports, postgresql_where=reports)
