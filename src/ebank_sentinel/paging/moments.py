"""When and where, in words: times and places of a notice enter, short phrases leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.model.notice import DigestEntry, Notice
from ebank_sentinel.paging.phrases import Phrases
from ebank_sentinel.paging.plain import harmless


def moment(when: datetime, today: datetime, zone: ZoneInfo) -> str:
    """`03:09`; with its date when that is another day, with its year when that is another year."""
    local, now = when.astimezone(zone), today.astimezone(zone)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    year = "" if local.year == now.year else f"{local.year:04}-"
    return f"{year}{local:%m-%d %H:%M}"


def since(notice: Notice, words: Phrases, zone: ZoneInfo) -> str:
    """`03:09起`."""
    return words.since.format(start=moment(notice.since, notice.at, zone))


def span(notice: Notice, words: Phrases, zone: ZoneInfo) -> str:
    """`03:09至03:41共32分`; the end has a date only where it is not the day of the start."""
    ended = notice.ended_at or notice.at
    start, end = moment(notice.since, notice.at, zone), moment(ended, notice.since, zone)
    return words.span.format(start=start, end=end, length=_length(notice.since, ended, words))


def of_entry(entry: DigestEntry, notice: Notice, words: Phrases, zone: ZoneInfo) -> str:
    """When one line of a digest was: `03:09起`, or until when with the word for its end."""
    if entry.ended_at is None:
        return words.since.format(start=moment(entry.since, notice.at, zone))
    start, end = moment(entry.since, notice.at, zone), moment(entry.ended_at, entry.since, zone)
    length = _length(entry.since, entry.ended_at, words)
    return f"{words.span.format(start=start, end=end, length=length)} {words.entry_ended}"


def impact(notice: Notice, words: Phrases) -> str:
    """Where and what: `全行手机网银登不上`; "" when neither is known."""
    if not notice.impact:
        return notice.place
    place = f"{notice.place}{words.between}" if notice.place else everywhere(notice, words)
    return harmless(place + notice.impact)  # once more: two harmless texts may make a link together


def everywhere(notice: Notice, words: Phrases) -> str:
    """The whole bank, when a notice has no place; but whoever tells us may just not have said where."""
    return words.everywhere if notice.placed else ""


def lacking(notice: Notice, words: Phrases) -> str:
    """What somebody must ask the reporter for: `待问清:地点、影响`; "" when the report says everything."""
    what = words.list_joined_by.join(words.lacks.get(name, name) for name in notice.lacks)
    return words.lacking.format(what=what) if what else ""


def _length(start: datetime, end: datetime, words: Phrases) -> str:
    """Counted between the minutes that the reader sees, so that the sum is right for who checks it."""
    first, last = (when.astimezone(UTC).replace(second=0, microsecond=0) for when in (start, end))
    minutes = max(last - first, timedelta()) // timedelta(minutes=1)
    if minutes >= 24 * 60:
        return words.days.format(days=minutes // (24 * 60), hours=minutes % (24 * 60) // 60)
    if minutes >= 60:
        return words.hours.format(hours=minutes // 60, minutes=minutes % 60)
    return words.minutes.format(minutes=minutes) if minutes else words.no_minute
