"""Named times of the bank's files enter; whether one covers an instant, and when that changes next, leave.

One grammar for all files, parsed by timewords.py: `workdays 08:30-17:30`, `22:00-07:00`, `day last`,
`2026-12-20/2026-12-27`; a list covers what any of its entries covers. Hours are those on the wall of the
bank's zone; a name is covered from the start of a span up to, and without, its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from ebank_sentinel.model.localtime import instant, wall_time
from ebank_sentinel.model.settings import Name, Strict
from ebank_sentinel.model.timewords import DayWord, Once, Span, parse_day, parse_span
from ebank_sentinel.model.workdays import WORDS, Workdays

ALWAYS = "always"
_DAY = timedelta(days=1)
_HORIZON_DAYS = 400  # a recurring time that does not change within a year never does

Moments = tuple[datetime, datetime]  # start and end of a span, in UTC


class TimesError(ValueError):
    """Named times that do not hold: a reason by the path of the name, or of the entry in its list."""

    def __init__(self, reasons: Mapping[tuple[str | int, ...], str]) -> None:
        super().__init__("; ".join(f"{path[0]}: {reason}" for path, reason in reasons.items()))
        self.reasons = dict(reasons)


class TimesSettings(Strict):
    """What times.yaml holds."""

    times: dict[Name, str | list[str]] = Field(default_factory=dict, description="a time, or a list of them, by name")
    holidays: str | None = Field(
        default=None, description="whose public holidays: CN, or US-NY; none: Monday to Friday"
    )
    workdays: dict[str, Literal["work", "off", "holiday"]] = Field(
        default_factory=dict, description='what the calendar does not know: {"2027-10-10": work}'
    )


class NamedTimes:
    """The times that a bank has named, and `always`."""

    def __init__(
        self, spans: Mapping[str, tuple[Span, ...]], *, zone: ZoneInfo, workdays: Workdays | None = None
    ) -> None:
        self._spans = dict(spans)
        self._zone = zone
        self._workdays = workdays or Workdays()
        self._known: tuple[datetime, datetime, frozenset[str]] | None = None  # from, until, what is covered

    @classmethod
    def parse(
        cls, raw: Mapping[str, str | list[str]], *, zone: ZoneInfo, workdays: Workdays | None = None
    ) -> NamedTimes:
        """The times as files give them. Raises TimesError with all that is wrong."""
        spans: dict[str, tuple[Span, ...]] = {}
        reasons: dict[tuple[str | int, ...], str] = {}
        for name, value in raw.items():
            texts: list[tuple[tuple[str | int, ...], str]] = (
                [((name,), value)] if isinstance(value, str) else [((name, n), text) for n, text in enumerate(value)]
            )
            if name == ALWAYS:
                reasons[name,] = f"{ALWAYS!r} is built in: take another name"
            elif not texts:
                reasons[name,] = "the list is empty: a time needs at least one entry"
            parsed = []
            for path, text in texts:
                try:
                    parsed.append(parse_span(text))
                except ValueError as error:
                    reasons.setdefault(path, str(error))
            spans[name] = tuple(parsed)
        if reasons:
            raise TimesError(reasons)
        return cls(spans, zone=zone, workdays=workdays)

    @classmethod
    def read(cls, settings: TimesSettings, *, zone: ZoneInfo) -> NamedTimes:
        """The times and the calendar of times.yaml. Raises TimesError, its paths from the top of that file."""
        reasons: dict[tuple[str | int, ...], str] = {}
        corrections: dict[date, bool] = {}
        for text, word in settings.workdays.items():
            try:
                corrections[parse_day(text)] = WORDS[word]
            except ValueError as error:
                reasons["workdays", text] = str(error)
        workdays = times = None
        try:
            workdays = Workdays(settings.holidays, corrections)
        except ValueError as error:
            reasons["holidays",] = str(error)
        try:
            times = cls.parse(settings.times, zone=zone, workdays=workdays)
        except TimesError as error:
            reasons.update({("times", *path): reason for path, reason in error.reasons.items()})
        if times is None or reasons:
            raise TimesError(reasons)
        return times

    @property
    def names(self) -> frozenset[str]:
        """All names, `always` among them."""
        return frozenset((*self._spans, ALWAYS))

    def covers(self, name: str, at: datetime) -> bool:
        """Whether the instant lies in the named time. Raises KeyError for a name that there is not."""
        return name == ALWAYS or any(start <= at < end for start, end in self._around(name, at))

    def active(self, at: datetime) -> frozenset[str]:
        """All names that cover the instant; cheap when asked again before the next boundary."""
        if self._known is not None and self._known[0] <= at < self._known[1]:
            return self._known[2]
        names = frozenset(name for name in self.names if self.covers(name, at))
        boundary = self.next_boundary(at)
        self._known = (at, at + _DAY * 365 if boundary is None else boundary, names)
        return names

    def next_boundary(self, after: datetime, names: Iterable[str] | None = None) -> datetime | None:
        """The next instant at which any of the names (or of all) begins or ends to be covered.

        None when nothing changes within 400 days, but for spans with a date of their own.
        """
        changes = (self._next_change(name, after) for name in (self._spans if names is None else names))
        return min((change for change in changes if change is not None), default=None)

    def next_start(self, name: str, after: datetime) -> datetime | None:
        """The next instant at which the name begins to be covered; None as in `next_boundary`."""
        change = self._next_change(name, after)
        if change is not None and not self.covers(name, change):
            change = self._next_change(name, change)
        return change

    def notices(self, at: datetime) -> tuple[str, ...]:
        """What a person should know of the calendar, when any time asks for workdays or holidays."""
        asked = {span.days for spans in self._spans.values() for span in spans if isinstance(span.days, DayWord)}
        if not asked & {DayWord.WORKDAYS, DayWord.HOLIDAYS}:
            return ()
        year = wall_time(at, self._zone).year
        soon = wall_time(at + _DAY * 31, self._zone).year
        return tuple(notice for one in sorted({year, soon}) for notice in self._workdays.notices(one))

    def _next_change(self, name: str, after: datetime) -> datetime | None:
        if name == ALWAYS:
            return None
        now = self.covers(name, after)
        for edge in self._edges(name, after):
            if self.covers(name, edge) != now:
                return edge
        return None

    def _edges(self, name: str, after: datetime) -> Iterator[datetime]:
        """Starts and ends behind the instant, in order: first those of the coming days, then far dates."""
        today = wall_time(after, self._zone).date()
        once: list[datetime] = []
        recurring: list[Span] = []
        for span in self._spans[name]:
            if isinstance(span.days, Once):
                once.extend(edge for edge in self._once(span.days) if edge > after)
            else:
                recurring.append(span)
        once.sort()
        floor = after
        for distance in range(-2, _HORIZON_DAYS if recurring else -2):
            day = today + _DAY * distance
            # An end may lie on the day after its start: a day's edges are complete with those of the day before.
            limit = instant(datetime.combine(day + _DAY, datetime.min.time()), self._zone)
            spans = [self._on(span, day + _DAY * back) for span in recurring for back in (-1, 0)]
            edges = {edge for moments in spans if moments for edge in moments if floor < edge < limit}
            edges.update(edge for edge in once if edge < limit)
            once = [edge for edge in once if edge >= limit]
            yield from sorted(edges)
            floor = max(edges, default=floor)
        yield from once

    def _around(self, name: str, at: datetime) -> Iterator[Moments]:
        """The spans that may cover the instant."""
        today = wall_time(at, self._zone).date()
        for span in self._spans[name]:
            if isinstance(span.days, Once):
                yield self._once(span.days)
                continue
            for day in (today - _DAY, today):
                moments = self._on(span, day)
                if moments is not None:
                    yield moments

    def _once(self, once: Once) -> Moments:
        return instant(once.start, self._zone), instant(once.end, self._zone)

    def _on(self, span: Span, day: date) -> Moments | None:
        """The span that starts on this day."""
        if not self._starts_on(span, day):
            return None
        midnight = datetime.combine(day, datetime.min.time())
        start, end = instant(midnight + span.start, self._zone), instant(midnight + span.end, self._zone)
        return (start, end) if start < end else None  # empty when a gap of daylight saving swallows it

    def _starts_on(self, span: Span, day: date) -> bool:
        match span.days:
            case DayWord() as word:
                return self._is(word, day)
            case frozenset() as weekdays:
                return day.weekday() in weekdays
            case int() as number:
                return day.day == number
            case Once():
                return False

    def _is(self, word: DayWord, day: date) -> bool:
        match word:
            case DayWord.WORKDAYS:
                return self._workdays.is_workday(day)
            case DayWord.HOLIDAYS:
                return self._workdays.is_holiday(day)
            case DayWord.LAST_OF_MONTH:
                return (day + _DAY).day == 1
            case DayWord.DAILY:
                return True
