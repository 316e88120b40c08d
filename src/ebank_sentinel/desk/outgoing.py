"""Which page may go now: pages as a decision left them enter, those to send at once leave, in time the others.

Two rules. An all-clear never overtakes its alarm: a page waits until every older one of the same cause to the
same recipient on the same channel is final. And a page that failed for now waits by the monotonic clock, so
that a wall clock which is set back does not hold it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.reason import ALL_CLEAR


class Outgoing:
    """Remembers only when to try again; all else is asked of the ledger."""

    def __init__(self, ledger: Callable[[], Ledger], clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._later: dict[str, float] = {}  # page that waits for another attempt -> when, monotonic

    def due(self, pages: Iterable[Page], now: datetime) -> list[Page]:
        """What is to be sent of pages that changed, and of those that waited behind them."""
        due: dict[str, Page] = {}
        for page in pages:
            self._later.pop(page.id, None)
            if page.state is PageState.READY and (wait := _wait_of(page, now)) > 0:
                self._later[page.id] = self._clock.monotonic() + wait
            elif page.state is PageState.READY:
                due[page.id] = page
            elif page.state.final:
                due |= {one.id: one for one in self._same_recipient(page) if one.id not in self._later}
        return [page for page in due.values() if not self._is_behind(page)]

    def due_again(self) -> list[Page]:
        """Pages whose next attempt has come."""
        moment, ledger = self._clock.monotonic(), self._ledger()
        due = [page_id for page_id, when in self._later.items() if when <= moment]
        for page_id in due:
            del self._later[page_id]
        pages = [ledger.pages[page_id] for page_id in due if page_id in ledger.pages]
        return [page for page in pages if page.state is PageState.READY and not self._is_behind(page)]

    def next_attempt(self) -> float | None:
        """When the next one of them comes, on the monotonic clock."""
        return min(self._later.values(), default=None)

    def _same_recipient(self, page: Page) -> list[Page]:
        """The pages of the same cause that the same recipient is still to get on the same channel."""
        ledger = self._ledger()
        others = (ledger.pages[other] for other in ledger.pages_of.get(page.cause, ()))
        return [
            other
            for other in others
            if other.state is PageState.READY and (other.recipient, other.channel) == (page.recipient, page.channel)
        ]

    def _is_behind(self, page: Page) -> bool:
        return any(_order(other) < _order(page) for other in self._same_recipient(page))


def _order(page: Page) -> tuple[bool, datetime]:
    """An all-clear comes last, also when the wall clock was set back in between."""
    return page.reason in ALL_CLEAR, page.created_at


def _wait_of(page: Page, now: datetime) -> float:
    """Seconds until it is due. A first attempt is due at once, whatever a clock that was moved says."""
    return (page.due - now).total_seconds() if page.attempts else 0.0
