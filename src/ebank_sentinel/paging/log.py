"""Pages as lines of the log: for a bank that has no provider yet. A page enters, nothing leaves the machine."""

from __future__ import annotations

import structlog

from ebank_sentinel.model.page import Page
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.paging.kind import ChannelContext, Kind


class LogSettings(Strict):
    """`log: {}`: there is nothing to set."""


class LogChannel:
    """Writes what a phone would show, at level warning."""

    address_kind: str | None = None

    def __init__(self, context: ChannelContext[LogSettings]) -> None:
        self._log = structlog.get_logger("paging.log").bind(channel=context.name)

    async def send(self, page: Page) -> str:
        """One line. Raises nothing."""
        self._log.warning(
            "page",
            text=page.message.short,
            page=page.id,
            recipient=page.recipient,
            reason=page.reason.value,
            severity=page.severity.name,
        )
        return "written to the log"

    async def close(self) -> None:
        """There is nothing to let go of."""


KIND = Kind(settings=LogSettings, address_kind=None, channel=LogChannel)
