"""Whether the demo holds: expected and received pages enter, the difference and the figures leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import ExpectedIncident, ExpectedPage, Trouble, is_all_clear
from ebank_sentinel.demo.sentinel_api import IncidentRow


def as_expected(page: Received) -> ExpectedPage:
    """A received page, as far as the script can foretell it."""
    return ExpectedPage(to=page.to, channel=page.channel, rule=page.rule, about=page.about, reason=page.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What should have come and did not, and the other way round. Empty: the demo holds."""

    missing: tuple[ExpectedPage, ...]
    surplus: tuple[ExpectedPage, ...]
    incidents_missing: tuple[ExpectedIncident, ...] = ()
    incidents_surplus: tuple[ExpectedIncident, ...] = ()

    def __bool__(self) -> bool:
        return any((self.missing, self.surplus, self.incidents_missing, self.incidents_surplus))

    def lines(self) -> list[str]:
        """The difference, for a person."""
        return [
            *_block("expected, but did not come:", self.missing),
            *_block("came, but was not expected:", self.surplus),
            *_block("incidents that should be, but are not:", self.incidents_missing),
            *_block("incidents that are, but should not be:", self.incidents_surplus),
        ]


def compare(expected: Iterable[ExpectedPage], received: Iterable[Received]) -> Difference:
    """Each expected page must have come exactly once, and no other."""
    wanted = Counter(expected)
    came = Counter(as_expected(page) for page in received)
    return Difference(
        missing=tuple(sorted((wanted - came).elements())),
        surplus=tuple(sorted((came - wanted).elements())),
    )


def compare_incidents(
    difference: Difference, expected: Iterable[ExpectedIncident], found: Mapping[str, IncidentRow]
) -> Difference:
    """The difference of pages, with that of incidents: each expected one must be there once, ended so, and no other."""
    wanted = Counter(expected)
    there = Counter(_as_expected(row, found) for row in found.values())
    return replace(
        difference,
        incidents_missing=tuple(sorted((wanted - there).elements())),
        incidents_surplus=tuple(sorted((there - wanted).elements())),
    )


def _as_expected(row: IncidentRow, found: Mapping[str, IncidentRow]) -> ExpectedIncident:
    """An incident, as far as the script can foretell it."""
    into = found.get(row.into or "")
    end = f"part of {into.subject}" if into else row.ended_as or row.state
    return ExpectedIncident(
        rule=row.rule,
        about=row.subject,
        severity=row.severity,
        category=row.category,
        end=end if row.ended_at else "still open",
    )


def _block(title: str, lines: Sequence[object]) -> list[str]:
    """A heading with its lines under it; nothing when there are none."""
    return [title, *(f"  {line}" for line in lines)] if lines else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one person got on one channel."""

    to: str  # number, mail address, or the webhook's own name
    channel: str
    alarms: int
    all_clears: int
    delays: tuple[timedelta, ...]  # from the failure to each alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the demo's last lines say."""

    expected: int
    missing: int
    unexpected: int
    incidents: int  # as they should be
    incidents_expected: int
    told: tuple[Told, ...]  # in the order in which they were told first


def figures(
    *,
    received: Sequence[Received],
    difference: Difference,
    expected: int,
    incidents: int,
    troubles: Iterable[Trouble],
    happened: Mapping[str, datetime],
) -> Figures:
    """Count, and measure from each failure to the pages that it led to."""
    by_incident = {(trouble.rule, trouble.about): trouble for trouble in troubles}
    by_reader: dict[tuple[str, str], list[Received]] = {}
    for page in sorted(received, key=lambda page: page.at):
        by_reader.setdefault((page.to, page.channel), []).append(page)

    def delays(pages: Iterable[Received]) -> Iterable[timedelta]:
        for page in pages:
            trouble = by_incident.get((page.rule, page.about))
            cause = trouble.cause(page.reason) if trouble else None
            if cause is not None and cause in happened:
                yield page.at - happened[cause]

    def told(to: str, channel: str, pages: Sequence[Received]) -> Told:
        all_clears = sum(is_all_clear(page.reason) for page in pages)
        return Told(
            to=to,
            channel=channel,
            alarms=len(pages) - all_clears,
            all_clears=all_clears,
            delays=tuple(delays(pages)),
        )

    return Figures(
        expected=expected,
        missing=len(difference.missing),
        unexpected=len(difference.surplus),
        incidents=incidents - len(difference.incidents_missing),
        incidents_expected=incidents,
        told=tuple(told(*reader, pages) for reader, pages in by_reader.items()),
    )
