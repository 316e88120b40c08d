"""Alembic's entry: migrations run on the connection that the store hands in."""

from __future__ import annotations

from alembic import context

from ebank_sentinel.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
