"""Whether the demo holds: expected and received pages enter, the difference and the figures leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import ExpectedPage, Trouble
from ebank_sentinel.model.reason import Reason


def as_expected(page: Received) -> ExpectedPage:
    """A received page, as far as the script can foretell it."""
    return ExpectedPage(to=page.to, channel=page.channel, rule=page.rule, about=page.about, reason=page.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What should have come and did not, and the other way round. Empty: the demo holds."""

    missing: tuple[ExpectedPage, ...]
    surplus: tuple[ExpectedPage, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)

    def lines(self) -> list[str]:
        """The difference, for a person."""
        return [
            *_block("expected, but did not come:", self.missing),
            *_block("came, but was not expected:", self.surplus),
        ]


def compare(expected: Iterable[ExpectedPage], received: Iterable[Received]) -> Difference:
    """Each expected page must have come exactly once, and no other."""
    wanted = Counter(expected)
    came = Counter(as_expected(page) for page in received)
    return Difference(
        missing=tuple(sorted((wanted - came).elements())),
        surplus=tuple(sorted((came - wanted).elements())),
    )


def _block(title: str, pages: Sequence[ExpectedPage]) -> list[str]:
    """A heading with its pages under it; nothing when there are none."""
    return [title, *(f"  {page}" for page in pages)] if pages else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the demo's last lines say."""

    pages: int
    incidents: int
    slowest: tuple[str, timedelta] | None  # the rule, and how long from the failure to its first page


def figures(
    *,
    received: Sequence[Received],
    troubles: Iterable[Trouble],
    happened: Mapping[str, datetime],
) -> Figures:
    """Count, and take the longest time from a failure to the first page of its incident."""
    delays = []
    for trouble in troubles:
        arrivals = [
            page.at
            for page in received
            if (page.rule, page.about, page.reason) == (trouble.rule, trouble.about, Reason.FIRST.value)
        ]
        if arrivals and trouble.event in happened:
            delays.append((trouble.rule, min(arrivals) - happened[trouble.event]))
    return Figures(
        pages=len(received),
        incidents=len({page.incident for page in received if page.incident}),
        slowest=max(delays, key=lambda delay: delay[1], default=None),
    )
