"""What every way of reaching somebody has in common: a page enters, the provider's words leave."""

from __future__ import annotations

from typing import Protocol

from ebank_sentinel.model.page import Page


class Channel(Protocol):
    """One configured way of reaching people. It adds an envelope to a page's message, and nothing else."""

    @property
    def address_kind(self) -> str | None:
        """Which address of a person it needs (`email`, `sms`, `voice`); None: it has an address of its own."""
        ...

    async def send(self, page: Page) -> str:
        """Hand the page to the provider: its id for it, or its words, in one line.

        Raises DeliveryError: it says whether trying again can help. A page that is sent twice, because
        nobody knows what became of the first attempt, carries the same id both times.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. Closing twice is fine."""
        ...
