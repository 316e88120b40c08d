"""What is counted as symptoms move is what one who counts everything finds; and a fork keeps its changes to itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.model.census import Apart, Census, Counted, census_of
from ebank_sentinel.model.incident import Place
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState

COUNTED = Counted(labels={"dark": ("branch", "region", FLEET)}, related=frozenset({"dark", "switch"}))
LABELS: Mapping[str, Mapping[str, str]] = {
    "a": {"branch": "1", "region": "x"},
    "b": {"branch": "1", "region": "x"},
    "c": {"branch": "2", "region": "x"},
    "d": {"region": "y"},  # in no branch
    "e": {"branch": "", "region": "y"},  # a label without a value is none
}
PLACES = [
    *(Place("dark", "branch", branch) for branch in ("1", "2", "")),
    *(Place("dark", "region", region) for region in "xy"),
    Place("dark", FLEET, ""),
]
INCIDENTS = [None, "one", "two"]
PARENT = SymptomId("switch", "switch", "sw")


@dataclass(frozen=True)
class Move:
    """A symptom becomes another one, or is over; or a target counts no more, or again."""

    symptom: SymptomId
    new: Symptom | None
    apart: Apart | None
    is_symptom: bool


@st.composite
def moves(draw: st.DrawFn) -> Move:
    one = SymptomId(
        draw(st.sampled_from(["dark", "dark", "dark", "switch", "other"])), "atm", draw(st.sampled_from("abcde"))
    )
    state = draw(st.sampled_from(SymptomState))
    new = Symptom(
        id=one,
        state=state,
        onset=datetime(2026, 12, 9, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 5))),
        known=draw(st.sampled_from([True, True, True, False])),
        incident=draw(st.sampled_from(INCIDENTS)),
        under=draw(st.sampled_from([None, None, PARENT])),
        labels=LABELS[one.key],
    )
    return Move(
        symptom=one,
        new=draw(st.sampled_from([new, new, new, None])),
        apart=draw(st.sampled_from([None, *Apart])),
        is_symptom=draw(st.sampled_from([True, True, True, False])),
    )


class Counting:
    """A census, and everything that it must follow from."""

    def __init__(self) -> None:
        self.symptoms: dict[SymptomId, Symptom] = {}
        self.apart: dict[TargetId, Apart] = {}

    def take(self, census: Census, move: Move) -> None:
        if not move.is_symptom:
            target = move.symptom.target
            census.set_apart("dark", target, LABELS[target.key], move.apart)
            self.apart.pop(target, None)
            if move.apart is not None:
                self.apart[target] = move.apart
            return
        census.move(self.symptoms.get(move.symptom), move.new)
        self.symptoms.pop(move.symptom, None)
        if move.new is not None:
            self.symptoms[move.symptom] = move.new

    def agrees_with(self, census: Census) -> None:
        """Every question has the answer that a recount gives."""
        for place in PLACES:
            failing = [
                (one.onset, one.id, one.under)
                for one in self.symptoms.values()
                if one.id.rule == "dark" and one.known and one.holds and _is_in(one.id.key, place)
            ]
            scope = census.scope(place)
            assert scope.failing == sorted((onset, one) for onset, one, under in failing if under is None)
            assert scope.explained == sum(under is not None for *_, under in failing)
            there = [apart for target, apart in self.apart.items() if _is_in(target.key, place)]
            assert (scope.no_data, scope.not_counted) == (there.count(Apart.NO_DATA), there.count(Apart.NOT_COUNTED))
        for incident in filter(None, INCIDENTS):
            members = {one.id for one in self.symptoms.values() if one.incident == incident}
            assert census.members(incident) == members
            for rule in ("dark", "switch", "other"):
                holding = sum(self.symptoms[one].holds for one in members if one.rule == rule)
                assert census.holding(incident, rule) == holding
        for rule in COUNTED.related:
            assert census.of_rule(rule) == {one for one in self.symptoms if one.rule == rule}
        assert census.of_rule("other") == set()
        assert {target for _, target in census.all_apart()} == set(self.apart)


def _is_in(key: str, place: Place) -> bool:
    return place.over == FLEET or (bool(place.value) and LABELS[key].get(place.over) == place.value)


@given(st.lists(moves(), max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_census_that_moved_is_one_that_was_counted_at_the_end(some: list[Move]) -> None:
    census, counting = Census(COUNTED), Counting()
    for move in some:
        counting.take(census, move)
        counting.agrees_with(census)
    again = census_of(COUNTED, iter(counting.symptoms.values()), census)
    counting.agrees_with(again)
    assert {place: again.scope(place) for place in PLACES} == {place: census.scope(place) for place in PLACES}


@given(st.lists(moves(), max_size=20), st.lists(moves(), max_size=20), st.lists(moves(), max_size=10))
@settings(max_examples=200, deadline=None)
def test_a_fork_sees_its_origin_and_does_not_touch_it(
    before: list[Move], meanwhile: list[Move], other: list[Move]
) -> None:
    census, counting = Census(COUNTED), Counting()
    for move in before:
        counting.take(census, move)
    for some in (meanwhile, other):  # two that begin alike, and know nothing of each other
        fork, ahead = census.fork(), Counting()
        ahead.symptoms, ahead.apart = dict(counting.symptoms), dict(counting.apart)
        ahead.agrees_with(fork)
        for move in some:
            ahead.take(fork, move)
            ahead.agrees_with(fork)
        counting.agrees_with(census)


@given(st.lists(moves(), max_size=20), st.lists(moves(), max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_a_reload_counts_otherwise_is_counted_from_the_beginning(before: list[Move], after: list[Move]) -> None:
    fewer = Counted(labels={"dark": ("region", FLEET)}, related=COUNTED.related)
    census, counting = Census(COUNTED), Counting()
    for move in before:
        counting.take(census, move)
    fewer_now = census_of(fewer, iter(counting.symptoms.values()), census)
    assert all(fewer_now.scope(place).failing == [] for place in PLACES if place.over == "branch")
    for place in PLACES:
        if place.over != "branch":
            assert fewer_now.scope(place) == census.scope(place)
    again = census_of(COUNTED, iter(counting.symptoms.values()), census)
    for move in after:
        counting.take(again, move)
    counting.agrees_with(again)
