"""One entry of a named time enters as text; what it means leaves as a Span, or a ValueError that says what to write."""

from __future__ import annotations

import calendar
import enum
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from ebank_sentinel.yamlfile import did_you_mean

_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DayWord(enum.Enum):
    """Days that a word stands for."""

    DAILY = "daily"
    WORKDAYS = "workdays"  # of the bank's calendar, swap days included
    HOLIDAYS = "holidays"
    LAST_OF_MONTH = "day last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """From a wall time to a wall time of given dates."""

    start: datetime  # without zone: on the wall of the bank's zone
    end: datetime


Days: TypeAlias = DayWord | frozenset[int] | int | Once
"""Which days: by a word, by weekdays (Monday is 0), by the day of the month, or once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """On which days, from when to when."""

    days: Days
    start: timedelta = timedelta(0)  # from midnight on the wall
    end: timedelta = _DAY  # over 24 hours when it ends on the next day


_WORDS: dict[str, Days] = {
    "daily": DayWord.DAILY,
    "workdays": DayWord.WORKDAYS,
    "holidays": DayWord.HOLIDAYS,
    "weekdays": frozenset(range(5)),
}
_SPELLED_OUT = {
    name.lower(): name[:3].lower()
    for name in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
}
_KNOWN = (*_WORDS, *_WEEKDAYS, *_SPELLED_OUT, "day")
_EXAMPLES = "write one as in `workdays 08:30-17:30`, `sat,sun`, `22:00-07:00`, `day last` or `2026-12-20/2026-12-27`"


def parse_span(text: str) -> Span:
    """One entry: days, hours or both, or dates. Raises ValueError."""
    words = text.split()
    if not words:
        raise ValueError(f"the time is empty: {_EXAMPLES}")
    if re.match(r"[0-9]{3,}-", words[0]):
        return _dates(text.strip())
    start, end = timedelta(0), _DAY
    if ":" in words[-1]:
        start, end = _hours(words.pop())
    return Span(days=_days(words, text), start=start, end=end)


def _days(words: list[str], text: str) -> Days:
    match words:
        case []:
            return DayWord.DAILY
        case ["day", number]:
            return _day_of_month(number)
        case [word] if word in _WORDS:
            return _WORDS[word]
        case [word]:
            return frozenset(day for part in word.split(",") for day in _weekday_range(part))
    if words[0] in _WORDS and len(words) > 1:
        raise ValueError(f"{' '.join(words[1:])!r} is not a span of hours: write it as in 08:30-17:30")
    raise ValueError(f"{text!r} is not a time{did_you_mean(words[0], _KNOWN) or f': {_EXAMPLES}'}")


def _day_of_month(text: str) -> Days:
    if text == "last":
        return DayWord.LAST_OF_MONTH
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= 31:
        raise ValueError(f"`day {text}` is not a day of the month: write `day 1` to `day 31`, or `day last`")
    return int(text)


def _weekday_range(text: str) -> range | list[int]:
    first, dash, last = text.partition("-")
    begin = _weekday(first)
    if not dash:
        return [begin]
    end = _weekday(last)
    return range(begin, end + 1) if begin <= end else [*range(begin, 7), *range(end + 1)]


def _weekday(text: str) -> int:
    short = _SPELLED_OUT.get(text, text)
    if short in _WEEKDAYS:
        return _WEEKDAYS.index(short)
    raise ValueError(f"{text!r} is not a time{did_you_mean(text, _KNOWN) or f': {_EXAMPLES}'}")


def _hours(text: str) -> tuple[timedelta, timedelta]:
    first, dash, last = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} has no end: write hours as in 08:30-17:30")
    start, end = _hour(first), _hour(last)
    if start == _DAY:
        raise ValueError(f"{text!r} starts at the end of the day: write 00:00")
    if start == end:
        raise ValueError(f"{text!r} is no time at all: a whole day is 00:00-24:00")
    return start, end if start < end else end + _DAY


def _hour(text: str) -> timedelta:
    """The time since midnight of `08:30`; `24:00` is the end of the day."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if not found or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise ValueError(f"{text!r} is not a time of day: write 00:00 to 24:00")
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _dates(text: str) -> Span:
    first, slash, last = text.partition("/")
    start, begins_by_day = parse_moment(first)
    end, ends_by_day = parse_moment(last) if slash else (start, begins_by_day)
    if not slash and not begins_by_day:
        raise ValueError(f"{text!r} has no end: write both, as in 2026-11-10T20:00/2026-11-12T02:00")
    if ends_by_day:
        end += _DAY
    if end <= start:
        raise ValueError(f"{text!r} ends before it begins")
    return Span(days=Once(start=start, end=end))


def parse_moment(text: str) -> tuple[datetime, bool]:
    """A wall time `2026-11-10T20:00`, and whether only its day was given. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}:[0-9]{2})(:00)?)?", text)
    if not found:
        zoned = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[-+][0-9]{2}:?[0-9]{2})", text)
        why = "leave the zone out, times are those of the bank's" if zoned else "write 2026-11-10 or 2026-11-10T20:00"
        raise ValueError(f"{text!r} is not a date or time: {why}")
    year, month, day = (int(part) for part in found.group(1, 2, 3))
    if not 1 <= month <= 12 or not 1970 <= year <= 2999:
        raise ValueError(f"{text!r} is not a date: there is no month {found[1]}-{found[2]} to plan for")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise ValueError(f"{text!r} is not a date: {calendar.month_name[month]} {year} has {last} days")
    midnight = datetime.combine(date(year, month, day), time())
    return midnight + (_hour(found[4]) if found[4] else timedelta(0)), found[4] is None


def parse_day(text: str) -> date:
    """A date `2026-10-10`. Raises ValueError."""
    moment, whole_day = parse_moment(text)
    if not whole_day:
        raise ValueError(f"{text!r} is more than a date: write {moment:%Y-%m-%d}")
    return moment.date()
