"""The order inside a batch changes nothing, nor where batches are cut, as far as `now` allows; memory is never touched.

What is promised. Any permutation of a batch gives an equal Delta and equal answers. A sequence in the order of
its times, cut into batches anywhere, gives the same ledger and the same history, provided that

- no batch holds an item that is older than what an earlier batch, or a timer of it, has decided (the desk runs
  timers no further than the oldest item that waits);
- the rest of the world answers alike: what was read last, who is on call, what a named time covers. A decision
  that is made later knows later readings, so a text may show a newer figure, and whether a hold was read is
  asked of the readings that there are by then;
- and apart from leases, which run from `now`: whoever decides later holds them longer.

Where an incident takes others over, pages are not promised, nor the history of them: what was decided in the very
batch in which its incident was taken over does not go out. Symptoms, incidents, and the timers of both are.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.model.incident import Event
from ebank_sentinel.model.item import Item
from ebank_sentinel.model.ledger import Ledger, TimerKind
from ebank_sentinel.model.reason import Reason
from support.any_batch import END, bank, batches, empty
from support.deciding import at


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_order_inside_a_batch_gives_the_same_delta_and_the_same_answers(items: list[Item], random: Any) -> None:
    world = bank().world()
    shuffled = list(items)
    random.shuffle(shuffled)
    one, other = (decide(empty(), order, world, at(END)) for order in (items, shuffled))
    assert one.delta() == other.delta()
    assert one.answers == other.answers
    assert list(one.delta().pages) == list(other.delta().pages)


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_upon_a_ledger_that_holds_something_too(items: list[Item], random: Any) -> None:
    world, ledger = bank().world(), empty()
    half = sorted(items, key=lambda item: item.at)[: len(items) // 2]
    ledger.apply(decide(ledger, half, world, at(100)).delta())
    before = ledger.copy()
    rest = [item for item in items if item not in half]
    shuffled = list(rest)
    random.shuffle(shuffled)
    one, other = (decide(ledger, order, world, at(END)) for order in (rest, shuffled))
    assert (one.delta(), one.answers) == (other.delta(), other.answers)
    assert ledger == before


def _run(items: list[Item], cuts: list[int]) -> tuple[Ledger, list[Event], dict[str, Answer]]:
    """Decide the items in batches that end at these places, each as late as the next batch allows."""
    world, ledger = bank().world(), empty()
    events: list[Event] = []
    answers: dict[str, Answer] = {}
    places = [0, *sorted(cuts), len(items)]
    for begin, end in itertools.pairwise(places):
        waiting = items[end:]
        now = min((item.at for item in waiting), default=at(END))
        draft = decide(ledger, items[begin:end], world, now)
        delta = draft.delta()
        ledger.apply(delta)
        events += delta.events
        answers |= draft.answers
    return ledger, events, answers


def _without_leases(ledger: Ledger) -> tuple[object, ...]:
    pages = {page_id: replace(page, lease_until=None) for page_id, page in ledger.pages.items()}
    return pages, ledger.timers, ledger.heartbeats


def _without_pages(ledger: Ledger) -> tuple[object, ...]:
    timers = {key: timer for key, timer in ledger.timers.items() if key.kind not in OF_PAGES}
    incidents = ledger.incidents, ledger.kept, ledger.place_of, ledger.incident_by_code
    return ledger.symptoms, timers, incidents, ledger.firings, ledger.census


OF_PAGES = (TimerKind.NEXT_CHANNEL, TimerKind.DIGEST)


@given(batches(), st.data())
@settings(max_examples=150, deadline=None)
def test_where_batches_are_cut_changes_nothing_but_leases(items: list[Item], data: st.DataObject) -> None:
    # Items of one moment belong together: which of them is decided first is a matter of the batch.
    moments = sorted({item.at for item in items})
    in_order = sorted(items, key=lambda item: item.at)
    chosen = data.draw(st.sets(st.sampled_from(moments)))
    cuts = [next(place for place, item in enumerate(in_order) if item.at == moment) for moment in chosen]
    whole, events, answers = _run(in_order, [])
    cut, cut_events, cut_answers = _run(in_order, cuts)
    assert _without_pages(cut) == _without_pages(whole)
    if not any(event.reason in (Reason.WIDENED, Reason.PART_OF) for event in events):
        assert _without_leases(cut) == _without_leases(whole)
        assert cut_events == events
        assert cut_answers == answers
