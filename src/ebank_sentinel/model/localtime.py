"""A wall time and a zone enter; the one instant that it names leaves, over daylight saving in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a wall time without zone.

    A wall time that comes twice means its first; one that is skipped, the first moment behind the gap.
    So every wall time names one instant, and later wall times never name earlier instants.
    """
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows, without zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the zone's offset changes."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)  # zones change on whole seconds, and the change is less than one away
