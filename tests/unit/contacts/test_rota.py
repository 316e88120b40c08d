"""Who is on call when: layers, turns on the wall, overrides, gaps, and the nights of daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.contacts.rota import Rota, Shift
from ebank_sentinel.contacts.settings import RotaSettings
from ebank_sentinel.model.times import NamedTimes
from support.contact_files import NEW_YORK, NOW, PEOPLE, SEVERITIES, SHANGHAI, TIMES, UNUSED, notices, roster, write

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NIGHTS = [datetime(2026, 3, 7, 5, tzinfo=UTC), datetime(2026, 10, 31, 4, tzinfo=UTC)]  # midnight before, New York


def rota(
    *layers: dict[str, object], zone: ZoneInfo = SHANGHAI, overrides: list[dict[str, object]] | None = None
) -> Rota:
    parsed = RotaSettings.model_validate({"layers": list(layers), "overrides": overrides or []})
    return Rota(parsed, zone=zone, times=NamedTimes.parse(TIMES, zone=zone))


def layer(people: str, begin: str, every: str, during: str | None = None) -> dict[str, object]:
    return {"people": people.split(), "from": begin, "every": every, "during": during}


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def on_call(asked: Rota, moment: datetime) -> str:
    return asked.shifts(moment)[0].order[0]


def test_turns_go_round_in_order_and_hand_over_at_the_hour() -> None:
    weekly = rota(layer("a b c", "2026-11-02T09:00", "1w"))
    handovers = [at("2026-11-02T09:00") + timedelta(weeks=count) for count in range(6)]
    assert [on_call(weekly, moment) for moment in handovers] == ["a", "b", "c", "a", "b", "c"]
    assert [on_call(weekly, moment - MINUTE) for moment in handovers[1:]] == ["a", "b", "c", "a", "b"]


def test_before_its_first_turn_a_layer_covers_nothing() -> None:
    assert rota(layer("a", "2026-11-02T09:00", "1w")).shifts(at("2026-11-02T08:59")) == []


def test_the_first_layer_that_covers_is_on_call_and_the_second_is_next() -> None:
    both = rota(
        layer("a b", "2026-11-02T08:00", "1w", "day"),
        layer("d e", "2026-11-02T20:00", "1d", "night"),
        layer("f", "2026-11-02T08:00", "1w"),
    )
    assert [shift.order[0] for shift in both.shifts(at("2026-11-03T12:00"))] == ["a", "f"]
    assert [shift.order[0] for shift in both.shifts(at("2026-11-03T21:00"))] == ["e", "f"]
    assert [shift.order[0] for shift in both.shifts(at("2026-11-04T07:59"))] == ["e", "f"]
    night = both.shifts(at("2026-11-04T02:00"))[0]
    assert (night.since, night.until) == (at("2026-11-03T20:00"), at("2026-11-04T08:00"))


def test_an_override_stands_in_and_the_others_stay_as_they_are() -> None:
    asked = rota(
        layer("a b", "2026-11-02T09:00", "1w"),
        layer("c", "2026-11-02T09:00", "1w"),
        overrides=[{"person": "z", "from": "2026-11-03T09:00", "to": "2026-11-04T09:00"}],
    )
    assert [on_call(asked, at(text)) for text in ("2026-11-03T08:59", "2026-11-03T09:00", "2026-11-04T09:00")] == list(
        "aza"
    )
    during = asked.shifts(at("2026-11-03T12:00"))
    assert [shift.layer for shift in during] == [0, 2]
    assert during[0].order == ("z", "a", "b")
    before, after = asked.shifts(at("2026-11-03T00:00"))[0], asked.shifts(at("2026-11-05T00:00"))[0]
    assert before.until == at("2026-11-03T09:00")
    assert after.since == at("2026-11-04T09:00")


def test_an_override_also_fills_a_gap() -> None:
    asked = rota(
        layer("a", "2026-11-02T08:00", "1w", "day"),
        overrides=[{"person": "z", "from": "2026-11-03T20:00", "to": "2026-11-04T08:00"}],
    )
    assert on_call(asked, at("2026-11-03T22:00")) == "z"


def test_daily_turns_keep_their_hour_on_the_wall_and_turns_of_hours_do_not() -> None:
    daily = rota(layer("a b", "2026-03-06T09:00", "1d"), zone=NEW_YORK)
    assert [on_call(daily, at(text, NEW_YORK)) for text in ("2026-03-08T08:59", "2026-03-08T09:00")] == ["b", "a"]
    half_days = rota(layer("a b", "2026-03-07T12:00", "12h"), zone=NEW_YORK)
    assert on_call(half_days, at("2026-03-08T12:30", NEW_YORK)) == "b"  # 23.5 hours later: the night lost one
    assert on_call(half_days, at("2026-03-08T13:00", NEW_YORK)) == "a"


LAYERS = st.builds(
    lambda hour, minute, every: layer("a b c", f"2026-02-01T{hour:02}:{minute:02}", every),
    st.integers(0, 23),
    st.sampled_from([0, 1, 30, 59]),
    st.sampled_from(["1d", "2d", "1w", "1h", "12h", "25h"]),
)


@settings(max_examples=30, deadline=None)
@given(LAYERS, st.sampled_from(NIGHTS))
def test_one_person_is_on_call_at_every_minute_of_the_nights_of_daylight_saving(
    one: dict[str, object], begin: datetime
) -> None:
    asked = rota(one, zone=NEW_YORK)
    names = "abc"
    turns: list[Shift] = []
    for count in range(48 * 60):
        moment = begin + MINUTE * count
        (shift,) = asked.shifts(moment)
        assert shift.since <= moment < shift.until
        if not turns or turns[-1] != shift:
            turns.append(shift)
    for earlier, later in pairwise(turns):
        assert earlier.until == later.since
        assert names.index(later.order[0]) == (names.index(earlier.order[0]) + 1) % 3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 23), st.sampled_from([0, 30]), st.sampled_from(NIGHTS))
def test_handovers_of_a_day_come_at_the_same_hour_on_the_wall(hour: int, minute: int, night: datetime) -> None:
    asked = rota(layer("a b", f"2026-02-01T{hour:02}:{minute:02}", "1d"), zone=NEW_YORK)
    shift = asked.shifts(night + HOUR * 30)[0]
    wall = shift.until.astimezone(NEW_YORK)
    assert (wall.hour, wall.minute) in {(hour, minute), (3, 0)}  # 02:30 of the short night is 03:00


def test_day_and_night_layers_leave_no_minute_uncovered_in_new_york() -> None:
    asked = rota(
        layer("a b", "2026-02-01T08:00", "1w", "day"), layer("d e", "2026-02-01T20:00", "1d", "night"), zone=NEW_YORK
    )
    for begin in NIGHTS:
        assert all(len(asked.shifts(begin + MINUTE * count)) == 1 for count in range(48 * 60))
        assert list(asked.gaps(begin, begin + timedelta(days=30))) == []


def test_gaps_are_where_nobody_covers() -> None:
    asked = rota(
        layer("a", "2026-11-02T08:00", "1w", "day"),
        overrides=[{"person": "z", "from": "2026-11-03T20:00", "to": "2026-11-04T08:00"}],
    )
    begin = at("2026-11-03T12:00")
    assert list(asked.gaps(begin, begin + timedelta(days=2))) == [(at("2026-11-04T20:00"), at("2026-11-05T08:00"))]
    late = rota(layer("a", "2026-12-01T09:00", "1w"))
    assert list(late.gaps(NOW, NOW + timedelta(days=3))) == [(NOW, NOW + timedelta(days=3))]


class TestNotices:
    GROUPS = "groups: {tech: {members: [wang], rota: r}}"

    def said(self, folder: Path, *texts: str, people: str = PEOPLE) -> tuple[str, ...]:
        return tuple(one for one in notices(write(folder, people, SEVERITIES, *texts))[1] if one != UNUSED)

    def test_a_gap_within_thirty_days_is_told_with_its_time(self, tmp_path: Path) -> None:
        rotas = "rotas: {r: {layers: [{people: [wang], from: 2026-12-01T09:00, every: 1w}]}}"
        assert self.said(tmp_path, self.GROUPS, rotas) == ("rota r: nobody is on call from now to 2026-12-01 09:00",)

    def test_many_gaps_are_not_all_listed(self, tmp_path: Path) -> None:
        rotas = "rotas: {r: {layers: [{people: [wang], from: 2026-11-01T09:00, every: 1w, during: day}]}}"
        assert self.said(tmp_path, self.GROUPS, rotas) == (
            "rota r: nobody is on call from 2026-11-24 20:00 to 2026-11-25 08:00",
            "rota r: nobody is on call from 2026-11-25 20:00 to 2026-11-26 08:00",
            "rota r: nobody is on call from 2026-11-26 20:00 to 2026-11-27 08:00",
            "rota r: more such gaps follow within 30 days",
        )

    def test_later_steps_unused_rotas_and_people_out_of_reach_are_told(self, tmp_path: Path) -> None:
        people = PEOPLE.replace(", email: li@bank.example", "")
        rotas = "rotas: {r: {layers: [{people: [wang], from: 2026-11-01T09:00, every: 1w}]}}"
        chain = "escalations: {default: {steps: [{page: on_call}, {page: next}, {page: leader}]}}"
        assert self.said(tmp_path, "groups: {tech: {members: [li]}}", rotas, chain, people=people) == (
            "li has no address for email, by which severity IV pages",
            "escalation default: steps 2 to 3 are not carried out in this version",
            "rota r: no group uses it",
        )

    def test_an_escalation_and_a_channel_that_nobody_uses_are_told(self, tmp_path: Path) -> None:
        chains = "escalations: {default: {steps: [{page: leader}]}, other: {steps: [{page: leader, via: [mail]}]}}"
        own = "groups: {tech: {leader: li, escalation: other}}"
        said = notices(write(tmp_path, PEOPLE, SEVERITIES, own, chains))[1]
        assert said == ("escalation default: no group follows it", UNUSED)

    def test_a_channel_of_a_step_is_used(self, tmp_path: Path) -> None:
        chains = "escalations: {default: {steps: [{page: leader, via: [{first_of: [sms, hook]}]}]}}"
        assert notices(write(tmp_path, PEOPLE, SEVERITIES, "groups: {tech: {leader: li}}", chains))[1] == ()


def test_who_is_on_call_is_listed_with_layer_times_and_whom_they_stand_in_for(tmp_path: Path) -> None:
    people = PEOPLE.replace("li: {", "li: {away: [2026-11-24], ")
    asked = roster(
        tmp_path,
        "groups: {tech: {members: [wang], rota: r}, desk: {members: [li, zhao]}, any: {use: desk}}",
        "rotas: {r: {layers: [{people: [wang, li], from: 2026-11-02T09:00, every: 1w},"
        " {people: [zhao], from: 2026-11-02T09:00, every: 1w}]}}",
        people=people,
    )
    first, second = asked.on_call("tech", NOW)
    assert (first.person.id, first.layer, [one.id for one in first.instead_of]) == ("wang", 1, ["li"])
    assert (first.since, first.until) == (at("2026-11-23T09:00"), at("2026-11-30T09:00"))
    assert (second.person.id, second.layer) == ("zhao", 2)
    assert [(duty.person.id, duty.layer) for duty in asked.on_call("desk", NOW)] == [("zhao", None)]
    assert asked.on_call("any", NOW) == []
    with pytest.raises(KeyError):
        asked.on_call("no-such-group", NOW)
