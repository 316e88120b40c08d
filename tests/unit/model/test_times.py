"""Named times: what the words mean, on the wall of the bank's zone, over daylight saving and holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebank_sentinel.model.localtime import instant, wall_time
from ebank_sentinel.model.times import NamedTimes, TimesError, TimesSettings
from ebank_sentinel.model.workdays import Workdays

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
CHINA = Workdays("CN")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def times(zone: ZoneInfo = SHANGHAI, **raw: str | list[str]) -> NamedTimes:
    return NamedTimes.parse(raw, zone=zone, workdays=CHINA)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "inside", "outside"),
        [
            ("08:30-17:30", ["2026-11-24T08:30", "2026-11-24T17:29"], ["2026-11-24T08:29", "2026-11-24T17:30"]),
            ("22:00-07:00", ["2026-11-24T22:00", "2026-11-25T06:59"], ["2026-11-24T21:59", "2026-11-25T07:00"]),
            ("00:00-24:00", ["2026-11-24T00:00", "2026-11-24T23:59"], []),
            ("18:00-24:00", ["2026-11-24T23:59"], ["2026-11-25T00:00"]),
            ("mon-fri 09:00-17:00", ["2026-11-27T09:00"], ["2026-11-28T09:00"]),
            ("weekdays 9:00-17:00", ["2026-11-27T09:00"], ["2026-11-28T09:00"]),
            ("sat,sun", ["2026-11-28T00:00", "2026-11-29T23:59"], ["2026-11-27T23:59", "2026-11-30T00:00"]),
            ("fri-mon", ["2026-11-27T00:00", "2026-11-30T23:59"], ["2026-11-26T23:59", "2026-12-01T00:00"]),
            ("friday 22:00-06:00", ["2026-11-28T05:59"], ["2026-11-27T05:59", "2026-11-28T22:00"]),
            ("day 10", ["2026-12-10T00:00", "2026-12-10T23:59"], ["2026-12-09T23:59", "2026-12-11T00:00"]),
            ("day last", ["2026-02-28T12:00", "2028-02-29T12:00"], ["2028-02-28T12:00", "2026-03-01T00:00"]),
            ("day last 20:00-08:00", ["2026-12-01T07:59"], ["2026-12-01T08:00", "2026-11-30T19:59"]),
            ("2026-12-20/2026-12-27", ["2026-12-20T00:00", "2026-12-27T23:59"], ["2026-12-28T00:00"]),
            ("2026-12-20", ["2026-12-20T00:00", "2026-12-20T23:59"], ["2026-12-21T00:00"]),
            (
                "2026-11-10T20:00/2026-11-12T02:00",
                ["2026-11-10T20:00", "2026-11-12T01:59"],
                ["2026-11-10T19:59", "2026-11-12T02:00"],
            ),
            ("workdays 08:30-17:30", ["2026-10-10T09:00"], ["2026-10-11T09:00", "2026-10-05T09:00"]),
            ("holidays", ["2026-10-01T00:00", "2026-10-04T12:00"], ["2026-10-10T12:00", "2026-11-28T12:00"]),
        ],
    )
    def test_a_time_covers_what_its_words_say(self, text: str, inside: list[str], outside: list[str]) -> None:
        named = times(it=text)
        assert [moment for moment in inside if not named.covers("it", at(moment))] == []
        assert [moment for moment in outside if named.covers("it", at(moment))] == []

    def test_a_list_covers_what_any_entry_covers(self) -> None:
        named = times(salary_day=["day 10", "day 15", "day last"])
        days = [day for day in range(1, 31) if named.covers("salary_day", at(f"2026-11-{day:02}T12:00"))]
        assert days == [10, 15, 30]

    def test_always_is_built_in(self) -> None:
        named = times(night="22:00-07:00")
        assert named.names == {"always", "night"}
        assert named.covers("always", at("2026-11-24T12:00"))
        assert named.next_boundary(at("2026-11-24T12:00"), ["always"]) is None

    def test_the_active_names_change_with_the_boundaries_and_with_a_clock_set_back(self) -> None:
        named = times(night="22:00-07:00", early="06:00-08:00")
        assert named.active(at("2026-11-24T05:00")) == {"always", "night"}
        assert named.active(at("2026-11-24T06:00")) == {"always", "night", "early"}
        assert named.active(at("2026-11-24T07:00")) == {"always", "early"}
        assert named.active(at("2026-11-24T05:30")) == {"always", "night"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the time is empty"),
        ("25:00-26:00", "'25:00' is not a time of day: write 00:00 to 24:00"),
        ("08:60-09:00", "'08:60' is not a time of day"),
        ("24:00-08:00", "starts at the end of the day: write 00:00"),
        ("08:30", "'08:30' has no end"),
        ("08:30-08:30", "is no time at all: a whole day is 00:00-24:00"),
        ("workday 08:30-17:30", "'workday' is not a time: did you mean \"workdays\"?"),
        ("wrokdays", 'did you mean "workdays"?'),
        ("workdays morning", "'morning' is not a span of hours"),
        ("sat,sum", "'sum' is not a time: did you mean \"sun\"?"),
        ("day 32", "`day 32` is not a day of the month"),
        ("day first", "`day first` is not a day of the month"),
        ("2026-02-30", "'2026-02-30' is not a date: February 2026 has 28 days"),
        ("2026-13-01/2026-13-02", "there is no month 2026-13"),
        ("2026-12-27/2026-12-20", "ends before it begins"),
        ("2026-12-27T10:00", "has no end"),
        ("2026-12-27T25:00/2026-12-28", "'25:00' is not a time of day"),
        ("2026-12-27T10:00+08:00/2026-12-28", "leave the zone out"),
        ("2026-12-27T10:00:30/2026-12-28", "is not a date or time"),
        ("the 10th", "'the 10th' is not a time"),
    ],
)
def test_what_is_not_a_time_is_told_with_what_to_write(text: str, reason: str) -> None:
    with pytest.raises(TimesError) as caught:
        times(good="day 1", bad=text)
    assert list(caught.value.reasons) == [("bad",)]
    assert reason in caught.value.reasons["bad",]


def test_all_wrong_names_are_told_at_once_and_by_their_entry() -> None:
    with pytest.raises(TimesError) as caught:
        times(always="day 1", empty=[], some=["day 1", "25:00-26:00", "day 40"])
    assert list(caught.value.reasons) == [("always",), ("empty",), ("some", 1), ("some", 2)]


class TestTheBanksCalendar:
    def test_corrections_win_over_the_public_calendar(self) -> None:
        workdays = Workdays("CN", {date(2026, 10, 10): False, date(2026, 10, 5): True})
        assert not workdays.is_workday(date(2026, 10, 10))
        assert workdays.is_holiday(date(2026, 10, 10))
        assert workdays.is_workday(date(2026, 10, 5))

    def test_without_a_country_workdays_are_monday_to_friday(self) -> None:
        workdays = Workdays()
        assert [workdays.is_workday(date(2026, 11, day)) for day in range(23, 30)] == [True] * 5 + [False] * 2
        assert not workdays.is_holiday(date(2026, 11, 28))

    def test_a_country_that_is_not_known_is_told(self) -> None:
        for country, reason in [("XX", "not a country"), ("China", "not a country"), ("US-NW", "not a part of US")]:
            with pytest.raises(ValueError, match=reason):
                Workdays(country)

    def test_a_chinese_year_without_swap_days_is_a_notice_until_the_bank_lists_some(self) -> None:
        asking = times(business="workdays 08:30-17:30")
        assert asking.notices(at("2026-06-01T00:00")) == ()
        (notice,) = asking.notices(at("2040-06-01T00:00"))
        assert "swapped workdays of China in 2040" in notice
        assert times(night="22:00-07:00").notices(at("2040-06-01T00:00")) == ()
        assert Workdays("CN", {date(2040, 10, 10): True}).notices(2040) == ()

    def test_a_file_is_read_with_its_calendar_and_all_its_mistakes(self) -> None:
        good = TimesSettings(times={"w": "workdays"}, holidays="CN", workdays={"2026-11-24": "off"})
        named = NamedTimes.read(good, zone=SHANGHAI)
        assert not named.covers("w", at("2026-11-24T12:00"))
        bad = TimesSettings(times={"w": "25:00-26:00"}, holidays="XX", workdays={"2026-02-30": "work"})
        with pytest.raises(TimesError) as caught:
            NamedTimes.read(bad, zone=SHANGHAI)
        assert list(caught.value.reasons) == [("workdays", "2026-02-30"), ("holidays",), ("times", "w")]


class TestDaylightSaving:
    def test_a_wall_time_that_does_not_exist_is_the_first_moment_behind_the_gap(self) -> None:
        assert instant(datetime(2026, 3, 8, 2, 30), NEW_YORK) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)  # noqa: DTZ001

    def test_a_wall_time_that_comes_twice_is_its_first(self) -> None:
        assert instant(datetime(2026, 11, 1, 1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # noqa: DTZ001

    def test_a_span_that_starts_in_the_gap_starts_behind_it(self) -> None:
        named = times(NEW_YORK, it="02:30-04:00")
        assert named.next_start("it", at("2026-03-08T00:00", NEW_YORK)) == at("2026-03-08T03:00", NEW_YORK)

    def test_a_span_inside_the_gap_does_not_happen_that_night(self) -> None:
        named = times(NEW_YORK, it="02:10-02:50")
        assert named.next_start("it", at("2026-03-08T00:00", NEW_YORK)) == at("2026-03-09T02:10", NEW_YORK)

    def test_an_hour_that_comes_twice_counts_once(self) -> None:
        named = times(NEW_YORK, it="01:00-01:30")
        first = named.next_start("it", at("2026-11-01T00:00", NEW_YORK))
        assert first == datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
        assert named.next_start("it", first) == datetime(2026, 11, 2, 6, 0, tzinfo=UTC)

    @given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 5000))  # noqa: DTZ001
    def test_later_wall_times_never_name_earlier_instants(self, wall: datetime, minutes: int) -> None:
        assert instant(wall, NEW_YORK) <= instant(wall + MINUTE * minutes, NEW_YORK)

    @example(datetime(2026, 3, 8, 2, 0, 0, 1))  # noqa: DTZ001
    @given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001
    def test_an_instant_shows_its_wall_time_or_the_end_of_the_gap(self, wall: datetime) -> None:
        shown = wall_time(instant(wall, NEW_YORK), NEW_YORK)
        assert shown == wall or (shown == datetime(2026, 3, 8, 3, 0) and wall.hour == 2)  # noqa: DTZ001


HOURS = st.builds(
    lambda start, length: (
        f"{start // 60:02}:{start % 60:02}-{(start + length) // 60 % 24:02}:{(start + length) % 60:02}"
    ),
    st.integers(0, 1439),
    st.integers(1, 1438),
)
DAYS = st.sampled_from(["", "sat", "sun", "mon", "sat,sun", "weekdays", "day 1", "day 8", "day last"])
SPANS = st.builds(lambda days, hours: f"{days} {hours}".strip(), DAYS, HOURS)
ONCE = st.sampled_from(["2026-11-01", "2026-03-07T23:00/2026-03-08T02:30", "2026-11-01T01:30/2026-11-01T03:00"])
NIGHTS = [datetime(2026, 3, 7, 5, tzinfo=UTC), datetime(2026, 10, 31, 4, tzinfo=UTC)]


def boundaries(named: NamedTimes, name: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    moment = named.next_boundary(begin, [name])
    while moment is not None and moment < end:
        yield moment
        moment = named.next_boundary(moment, [name])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(SPANS, ONCE), min_size=1, max_size=3), st.sampled_from(NIGHTS))
def test_the_boundaries_are_where_covering_changes_minute_by_minute(texts: list[str], begin: datetime) -> None:
    named = times(NEW_YORK, it=texts)
    end = begin + timedelta(hours=48)
    minutes = [begin + MINUTE * count for count in range(48 * 60)]
    covered = [named.covers("it", moment) for moment in minutes]
    changes = [minutes[n] for n in range(1, len(minutes)) if covered[n] != covered[n - 1]]
    assert list(boundaries(named, "it", begin, end)) == changes
    starts = [moment for moment in changes if named.covers("it", moment)]
    assert named.next_start("it", begin) == starts[0] if starts else True


def test_workdays_of_a_chinese_year_have_their_boundaries_where_covering_changes() -> None:
    named = times(business="workdays 08:30-17:30", off="holidays")
    begin, end = at("2026-01-01T00:00"), at("2027-01-01T00:00")
    for name in ("business", "off"):
        moments = [begin + timedelta(minutes=30 * count) for count in range(365 * 48)]
        covered = [named.covers(name, moment) for moment in moments]
        changes = [moments[n] for n in range(1, len(moments)) if covered[n] != covered[n - 1]]
        assert list(boundaries(named, name, begin, end)) == changes
    assert sum(named.covers("business", at("2026-01-01T12:00") + timedelta(days=n)) for n in range(365)) == 248


def test_a_time_that_never_changes_has_no_boundary() -> None:
    assert times(it="mon-sun").next_boundary(at("2026-11-24T12:00")) is None
    assert times(it="2026-11-01").next_boundary(at("2026-11-24T12:00")) is None


def test_a_date_years_ahead_is_a_boundary() -> None:
    named = times(it=["mon-sun 00:00-24:00", "2031-01-01"], far="2031-01-01")
    assert named.next_boundary(at("2026-11-24T12:00")) == at("2031-01-01T00:00")
    assert named.next_start("it", at("2026-11-24T12:00")) is None


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_an_error_with_a_sentence(text: str) -> None:
    try:
        covered = times(it=text).covers("it", at("2026-11-24T12:00"))
    except TimesError as error:
        covered = not error.reasons["it",]
    assert covered in {True, False}
