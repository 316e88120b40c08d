"""A day enters; whether the bank works on it leaves, by the public calendar and the bank's own corrections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol

from ebank_sentinel.yamlfile import did_you_mean

_DAY = timedelta(days=1)
_LONGEST_RUN = 20  # days off in a row, at the most

WORDS = {"work": True, "off": False, "holiday": False}
"""What the file says of a day, and whether it is a workday."""


class _Calendar(Protocol):
    """What we use of a calendar of the `holidays` library."""

    weekend_workdays: set[date]

    def __contains__(self, key: object) -> bool: ...

    def is_working_day(self, key: date) -> bool: ...


class Workdays:
    """The bank's workdays: Monday to Friday, or those of a country, then what the bank says itself."""

    def __init__(self, country: str | None = None, corrections: Mapping[date, bool] | None = None) -> None:
        """A country such as `CN` or `US-NY`. Raises ValueError for one that is not known."""
        self._country = country
        self._corrections = dict(corrections or {})
        self._calendar = None if country is None else _calendar(country)

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day, swapped weekends included."""
        if day in self._corrections:
            return self._corrections[day]
        return day.weekday() < 5 if self._calendar is None else bool(self._calendar.is_working_day(day))

    def is_holiday(self, day: date) -> bool:
        """Whether this day is off for a holiday; a weekend in the middle of a holiday belongs to it."""
        if self.is_workday(day):
            return False
        return self._named_holiday(day) or (self._touches_holiday(day, -_DAY) and self._touches_holiday(day, _DAY))

    def notices(self, year: int) -> tuple[str, ...]:
        """What a person should know: that the year's swap days are not published yet, or not known to us."""
        if self._country != "CN" or self._calendar is None or any(day.year == year for day in self._corrections):
            return ()
        self._calendar.is_working_day(date(year, 1, 1))  # fills the year
        if any(day.year == year for day in self._calendar.weekend_workdays):
            return ()
        return (
            (
                f"the swapped workdays of China in {year} are not known: update the holidays package, or list"
                f' them under `workdays`, as in {{"{year}-10-10": work}}'
            ),
        )

    def _named_holiday(self, day: date) -> bool:
        if day in self._corrections:
            return not self._corrections[day]
        return self._calendar is not None and day in self._calendar

    def _touches_holiday(self, day: date, step: timedelta) -> bool:
        for _ in range(_LONGEST_RUN):
            day += step
            if self.is_workday(day):
                return False
            if self._named_holiday(day):
                return True
        return False


def _calendar(country: str) -> _Calendar:
    # The library takes 0.2 s to import: only those pay who name a country.
    import holidays  # noqa: PLC0415

    known = {code: parts for code, parts in holidays.list_supported_countries().items() if len(code) == 2}
    code, _, part = country.partition("-")
    if code not in known:
        raise ValueError(f"{country!r} is not a country whose holidays are known: write its two letters, as in CN")
    if part and part not in known[code]:
        raise ValueError(f"{part!r} is not a part of {code} whose holidays are known{did_you_mean(part, known[code])}")
    return holidays.country_holidays(code, subdiv=part or None)
