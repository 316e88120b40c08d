"""Incidents of a scope, taken over or come back; symptoms under a parent; how often a symptom fired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and the table; what is there was narrow, and opened by its own rule."""
    op.add_column("symptoms", sa.Column("under", sa.JSON(), nullable=True))
    op.add_column("incidents", sa.Column("began_with", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE incidents SET began_with = rule")
    op.add_column("incidents", sa.Column("over", sa.String(), nullable=False, server_default=""))
    op.add_column("incidents", sa.Column("row", sa.Integer(), nullable=False, server_default="-1"))
    op.add_column("incidents", sa.Column("cause", sa.Integer(), nullable=False, server_default="-1"))
    op.add_column("incidents", sa.Column("into", sa.String(), nullable=True))
    op.add_column("incidents", sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("incidents", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "firings",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("probe", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("moments", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "probe", "key", name=op.f("pk_firings")),
    )
