"""Jumping from change to change gives what reading by reading gives, at the same moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebank_sentinel.incidents.world import Bank
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.item import Change
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.times import NamedTimes
from ebank_sentinel.pipeline import Flow, Policy
from ebank_sentinel.rules.condition import Names, parse
from ebank_sentinel.rules.watch import Asked, Watch
from ebank_sentinel.trial.case import Span, Track
from ebank_sentinel.trial.play import Playback
from support.driven_clock import DrivenClock

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 12, 9, 13, 55, tzinfo=UTC)  # five minutes before `night` begins in Shanghai
LENGTH = 900  # seconds
TIMES = NamedTimes.parse({"night": "22:00-07:00", "late": "22:04-22:06"}, zone=ZONE)
NAMES = Names(fields={"up": bool, "value": float}, labels=["hours"], times=sorted(TIMES.names))
WHERE = replace(NAMES, reading=False)
INTERVALS = {"atm": timedelta(seconds=10), "rate": timedelta(seconds=30)}


def _watch(*asked: tuple[str, str | None, str | None]) -> Watch:
    questions = [
        Asked(
            rule=rule,
            where=None if where is None else parse(where, WHERE),
            when=None if when is None else parse(when, NAMES),
            rows=(),
        )
        for rule, where, when in asked
    ]
    return Watch.of(questions, sorted(TIMES.names))


WATCHES = {
    "atm": _watch(("dark", "now in label.hours", "not up"), ("silent", None, None)),
    "rate": _watch(
        ("low", None, "value < 5"), ("low-at-night", None, "value < 8 and now in late"), ("gone", None, None)
    ),
}
ATMS = tuple(
    Target(id=TargetId("atm", key), labels={"hours": hours}) for key, hours in (("A1", "night"), ("A2", "always"))
)
PROBE = Target(id=TargetId("rate", "rate"))
SERIES = tuple(Target(id=TargetId("rate", key)) for key in ("s=1", "s=2"))


class Seen(NamedTuple):
    """A target's truths at a moment."""

    at: datetime
    target: TargetId
    truths: Mapping[str, Any]
    values: Mapping[str, Any]


def _seen(changes: Sequence[Change]) -> dict[tuple[datetime, TargetId], Seen]:
    """Of several within one second the last one counts: they are one batch."""
    return {
        (one.at, one.target.id): Seen(one.at, one.target.id, one.truths, one.values)
        for one in changes
        if one.target.id != PROBE.id
    }


def _gone(changes: Sequence[Change]) -> list[tuple[datetime, object]]:
    """When a probe that finds its targets is missed, and when that is over; what else is said of it concerns nobody."""
    found: list[tuple[datetime, object]] = []
    for one in changes:
        if one.target.id == PROBE.id and one.truths["gone"].holds is not (found[-1][1] if found else False):
            found.append((one.at, one.truths["gone"].holds))
    return found


class _Recorder:
    """Stands where the desk does, and keeps what the flow hands in."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.changes: list[Change] = []

    def put(self, *items: Change) -> None:
        self.changes += items


def _policy(finders: Mapping[str, Target]) -> Policy:
    return Policy(
        bank=Bank(name="b", language="en", zone=ZONE),
        rules={},
        watches=WATCHES,
        intervals=INTERVALS,
        targets={"atm": {one.id: one for one in ATMS}},
        roster=None,  # type: ignore[arg-type]  # nobody is asked who is on call
        channels={},
        finders=finders,
        services={},
        times=TIMES,
        locate=lambda target: target,
    )


def second_by_second(
    tracks: Sequence[Track], restarts: Sequence[datetime], asked: Sequence[TargetId]
) -> tuple[list[Change], list[object]]:
    """The real flow, with every reading of every target, and silence looked for each second as the daemon does."""
    finders = {track.target.id.probe: track.target for track in tracks if track.stand_in}
    changes: list[Change] = []
    answers: list[object] = []
    boundaries = set()
    at: datetime | None = START
    while (at := TIMES.next_boundary(at or START)) is not None and at <= START + timedelta(seconds=LENGTH):
        boundaries.add(at)
    flow, desk, began = None, _Recorder(), START
    for second in range(LENGTH + 1):
        now = START + timedelta(seconds=second)
        clock = DrivenClock(now)
        if flow is None or now in restarts:
            changes += desk.changes
            flow = Flow(
                _policy(finders),
                store=None,  # type: ignore[arg-type]  # nothing is committed
                send=lambda _: None,
                clock=clock,
                metrics=Metrics(),
                node="n",
            )
            desk = _Recorder()
            flow.desk = desk  # type: ignore[assignment]
            began = now
        flow._clock = clock
        for track in tracks:
            reading = _read_at(track, now)
            if reading is not None:
                flow.on_readings(PROBE if track.target.id.probe == "rate" else track.target, [reading])
        if now in boundaries and now > began:
            flow.on_boundary()
        if now > began:
            desk.put(*flow.evaluator.stale(now))
        answers += [_told(flow.evaluator, one) for one in asked]
    return changes + desk.changes, answers


def _read_at(track: Track, now: datetime) -> Reading | None:
    """What the probe reads of a target in this very second."""
    span = next((span for span in reversed(track.spans) if span.at <= now), None)
    if span is None or span.reading is None or (now - span.at) % INTERVALS[track.target.id.probe]:
        return None
    return replace(span.reading, at=now)


def _told(one: Any, target: TargetId) -> object:
    """What a decision may ask of a target."""
    latest = one.latest(target)
    return (None if latest is None else (latest.at, latest.fields, latest.present)), one.unbroken_since(target)


def jumping(
    tracks: Sequence[Track], restarts: Sequence[datetime], asked: Sequence[TargetId]
) -> tuple[list[Change], list[object]]:
    """The same by jumps; what a decision asks is asked in every second all the same."""
    play = Playback(tracks, WATCHES, INTERVALS, TIMES)
    end = START + timedelta(seconds=LENGTH)
    changes: list[Change] = []
    answers: list[object] = []
    for start, until in zip([START, *restarts], [*restarts, end + timedelta(seconds=1)], strict=True):
        play.begin(start, ())
        moments: dict[datetime, set[str]] = {}
        for at, probe in play.moments(until):
            if start <= at < until:
                moments.setdefault(at, set()).add(probe)
        now = start
        while now < until:
            if now in moments:
                changes += play.changes(now, moments[now])
            play.now = now
            answers += [_told(play, one) for one in asked]
            now += timedelta(seconds=1)
        assert all(at.microsecond == 0 for at in moments)
    return changes, answers


seconds = st.integers(0, LENGTH // 5).map(lambda number: START + timedelta(seconds=5 * number))
readings = st.one_of(st.none(), st.integers(0, 10))


def spans(target: Target, written: Mapping[datetime, int | None]) -> tuple[Span, ...]:
    return tuple(
        Span(
            at=at,
            reading=None
            if value is None
            else Reading(target=target, at=at, up=value >= 5, fields={"value": float(value)}),
        )
        for at, value in sorted(written.items())
    )


def story(written: Sequence[Mapping[datetime, int | None]]) -> tuple[Track, ...]:
    targets = [*ATMS, *SERIES]
    tracks = [
        Track(target=target, listed=target in ATMS, spans=spans(target, one))
        for target, one in zip(targets, written, strict=True)
    ]
    return (*tracks, Track(target=PROBE, listed=True, stand_in=True))


_AT = {number: START + timedelta(seconds=number) for number in (0, 60, 65, 200, 400, 500, 505)}


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(*[st.dictionaries(seconds, readings, max_size=5)] * 4),
    st.lists(seconds.filter(lambda at: at > START), max_size=2, unique=True).map(sorted),
)
@example(({_AT[0]: 9, _AT[60]: 1}, {_AT[0]: None, _AT[200]: 9}, {_AT[65]: 7, _AT[400]: None}, {}), [])
@example(({_AT[0]: 1, _AT[60]: None, _AT[505]: 1}, {}, {_AT[60]: 7}, {_AT[500]: 3}), [_AT[200]])
def test_every_change_comes_when_reading_by_reading_it_would(
    written: Sequence[Mapping[datetime, int | None]], restarts: Sequence[datetime]
) -> None:
    tracks = story(written)
    asked = [track.target.id for track in tracks if not track.stand_in]

    slow, slow_answers = second_by_second(tracks, restarts, asked)
    fast, fast_answers = jumping(tracks, restarts, asked)

    assert _seen(fast) == _seen(slow)
    assert _gone(fast) == _gone(slow)
    assert fast_answers == slow_answers


def test_a_week_of_readings_every_ten_seconds_is_a_handful_of_moments() -> None:
    track = Track(target=ATMS[1], listed=True, spans=spans(ATMS[1], {START: 9, START + timedelta(days=3): 1}))
    play = Playback([track], {"atm": _watch(("dark", None, "not up"))}, INTERVALS, TIMES)

    play.begin(START, ())

    assert len(play.moments(START + timedelta(days=7))) < 10
