"""A real store behind a gate: a test lets it refuse, hold still, or choke on one row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ebank_sentinel.errors import StoreError
from ebank_sentinel.model.ledger import Delta, Ledger
from ebank_sentinel.model.page import Page
from ebank_sentinel.state.sqlite import SqliteStore


class GatedStore:
    """Passes everything on to SQLite, unless the test says otherwise."""

    def __init__(self, path: Path) -> None:
        self.inner = SqliteStore.open(path)
        self.error: StoreError | None = None  # what every write raises
        self.chokes_on: Callable[[Delta], bool] = lambda _: False  # such a change can never be stored
        self.open = asyncio.Event()
        self.open.set()
        self.commits: list[Delta] = []  # those that were written
        self.attempts = 0

    async def load(self) -> Ledger:
        return await self.inner.load()

    async def commit(self, delta: Delta) -> None:
        self.attempts += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        if self.chokes_on(delta):
            raise StoreError("this row cannot be stored")
        await self.inner.commit(delta)
        self.commits.append(delta)

    async def claim(self, node: str, now: datetime, until: datetime, *, orphaned: bool) -> list[Page]:
        return await self.inner.claim(node, now, until, orphaned=orphaned)
