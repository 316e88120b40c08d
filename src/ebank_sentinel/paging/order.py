"""Which page goes next: pages enter in any order, and leave the gravest first, then the oldest.

One rule is stronger: pages of one cause to one recipient leave one after the other, by age, and the next
waits until the one before has ended. An all-clear never overtakes its alarm.
"""

from __future__ import annotations

import heapq
import itertools
from datetime import datetime
from typing import NamedTuple, TypeAlias

from ebank_sentinel.model.page import Page
from ebank_sentinel.model.severity import Severity


class _Line(NamedTuple):
    """Whose pages follow each other; all of a Queue are of one channel."""

    cause: str
    recipient: str


_Aged: TypeAlias = tuple[datetime, int, Page]
_Ranked: TypeAlias = tuple[int, datetime, int, Page]


class Queue:
    """The pages of one channel: those that wait, and those that are out.

    Invariant: of each line at most one page is `head`, no page that waits behind it is older unless the
    head is out, and every head that is not out has an entry in `_ranked`. Entries that no longer name a
    waiting head are skipped when they come up.
    """

    def __init__(self) -> None:
        self._arrivals = itertools.count()  # pages of one instant keep the order of arrival
        self._known: set[str] = set()  # ids, waiting or out
        self._out: set[str] = set()
        self._heads: dict[_Line, _Aged] = {}
        self._behind: dict[_Line, list[_Aged]] = {}
        self._ranked: list[_Ranked] = []

    @property
    def waiting(self) -> int:
        """How many pages have not been taken."""
        return len(self._known) - len(self._out)

    @property
    def out(self) -> int:
        """How many pages were taken and are not done."""
        return len(self._out)

    def add(self, page: Page) -> bool:
        """Let a page wait. False when the same id waits already or is out."""
        if page.id in self._known:
            return False
        self._known.add(page.id)
        line = _Line(page.cause, page.recipient)
        new: _Aged = (page.created_at, next(self._arrivals), page)
        head = self._heads.get(line)
        if head is None:
            self._lead(line, new)
        elif head[2].id not in self._out and new < head:
            heapq.heappush(self._behind.setdefault(line, []), head)
            self._lead(line, new)
        else:
            heapq.heappush(self._behind.setdefault(line, []), new)
            if page.severity > head[2].severity and head[2].id not in self._out:
                self._rank(head, page.severity)  # what a grave page waits for is as urgent as that page
        return True

    def take(self) -> Page | None:
        """The page that goes next; it is out until `done`. None when all wait for others, or there is none."""
        while self._ranked:
            page = heapq.heappop(self._ranked)[3]
            head = self._heads.get(_Line(page.cause, page.recipient))
            if head is not None and head[2] is page and page.id not in self._out:
                self._out.add(page.id)
                return page
        return None

    def done(self, page: Page) -> None:
        """The attempt ended, however it ended: the next page of its line may go."""
        self._out.discard(page.id)
        self._known.discard(page.id)
        line = _Line(page.cause, page.recipient)
        del self._heads[line]
        if behind := self._behind.get(line):
            following = heapq.heappop(behind)
            if not behind:
                del self._behind[line]
            self._lead(line, following)

    def clear(self) -> None:
        """Forget what waits; what is out stays out."""
        self._ranked.clear()
        self._behind.clear()
        self._heads = {line: head for line, head in self._heads.items() if head[2].id in self._out}
        self._known = set(self._out)

    def _lead(self, line: _Line, aged: _Aged) -> None:
        self._heads[line] = aged
        waiting = (other[2].severity for other in self._behind.get(line, ()))
        self._rank(aged, max(waiting, default=aged[2].severity))

    def _rank(self, aged: _Aged, severity: Severity) -> None:
        created_at, arrival, page = aged
        heapq.heappush(self._ranked, (-max(severity, page.severity), created_at, arrival, page))
