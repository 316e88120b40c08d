"""The order inside a batch changes nothing, nor where batches are cut, as far as `now` allows; memory is never touched.

What is promised. Any permutation of a batch gives an equal Delta and equal answers. A sequence in the order of
its times, cut into batches anywhere, gives the same ledger and the same history, provided that

- no batch holds an item that is older than what an earlier batch, or a timer of it, has decided (the desk runs
  timers no further than the oldest item that waits);
- the rest of the world answers alike: what was read last, who is on call, what a named time covers. A decision
  that is made later knows later readings, so a text may show a newer figure, and whether a hold was read is
  asked of the readings that there are by then;
- and apart from leases, which run from `now`: whoever decides later holds them longer.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.incident import Event
from ebank_sentinel.model.item import (
    Acknowledge,
    Announcement,
    Change,
    Delivered,
    Heartbeat,
    Item,
    Reloaded,
    RuleTruth,
)
from ebank_sentinel.model.item import TestPage as PageToTest  # pytest would collect it by its own name
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Delivery, Outcome, page_id
from ebank_sentinel.model.severity import Severity
from support.deciding import MAIL, SMS_THEN_MAIL, SmallBank, at, row, rule, seconds, target

RULES = (
    rule("quick", hold=0, clear=20, rows=(row(30, severity=Severity.II), row(60, up=True, groups=("business",)))),
    rule("slow", hold=50, clear=40, severity=Severity.IV, rows=(row(10, category="link"),)),
)
TARGETS = [target("a"), target("b", branch="0001")]
END = 400


def bank() -> SmallBank:
    """Two rules on two targets; IV waits until second 150; texts come first to a phone, then by mail."""
    made = SmallBank(rules={one.id: one for one in RULES}, always_read=True, opens_at={"business": at(150)})
    made.roster.severities[Severity.III] = SeverityPolicy(via=(SMS_THEN_MAIL,), wait=seconds(60))
    made.roster.severities[Severity.IV] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="business")
    return made


truths = st.sampled_from([True, True, False, False, None])
moments = st.integers(0, 250).map(at)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    answers = {}
    for one in RULES:
        holds = draw(truths)
        rows = tuple(None if holds is None else holds and draw(truths) for _ in one.rows)
        answers[one.id] = RuleTruth(draw(st.sampled_from([True, True, True, True, None, False])), holds, rows)
    of = draw(st.sampled_from(TARGETS))
    return Change(target=of, at=draw(moments), truths=answers, values={"rate": 0.62})


def _incidents(ats: list[datetime]) -> list[str]:
    """Ids of the incidents that could have begun at these moments."""
    from ebank_sentinel.incidents.opening import _incident_id  # noqa: PLC0415 - the ids are derived, and so known
    from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState  # noqa: PLC0415

    world = bank().world()
    return [
        _incident_id(world, Symptom(id=SymptomId(one.id, *of.id), state=SymptomState.PENDING, onset=moment, known=True))
        for moment in ats
        for one in RULES
        for of in TARGETS
    ]


@st.composite
def batches(draw: st.DrawFn) -> list[Item]:
    """Changes, and what people and channels say of the incidents and pages that may come of them."""
    items: list[Any] = [
        replace(change, seq=number) for number, change in enumerate(draw(st.lists(changes(), min_size=1, max_size=8)))
    ]
    causes = _incidents([item.at for item in items])
    for number in range(draw(st.integers(0, 8))):
        moment = draw(moments)
        cause, step = draw(st.sampled_from(causes)), draw(st.sampled_from(["first", "worse-II-1", "resolved"]))
        page = page_id(cause, step, draw(st.sampled_from(["wang", "zhao"])), draw(st.sampled_from(["sms", "mail"])))
        outcome = draw(st.sampled_from(Outcome))
        request, person = f"r{number}", draw(st.sampled_from(["wang", "li"]))
        items.append(
            draw(
                st.sampled_from(
                    [
                        Delivered(delivery=Delivery(page=page, at=moment, outcome=outcome, detail=request), at=moment),
                        Acknowledge(request=request, incident=cause, person=person, at=moment),
                        Heartbeat(request=request, target=TARGETS[0].id, at=moment),
                        PageToTest(request=request, person="wang", at=moment),
                        Announcement(request=request, group="technical", detail="x", at=moment),
                        Reloaded(at=moment),
                    ]
                )
            )
        )  # fmt: skip
    return items


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_order_inside_a_batch_gives_the_same_delta_and_the_same_answers(items: list[Item], random: Any) -> None:
    world = bank().world()
    shuffled = list(items)
    random.shuffle(shuffled)
    one, other = (decide(Ledger(), order, world, at(END)) for order in (items, shuffled))
    assert one.delta() == other.delta()
    assert one.answers == other.answers
    assert list(one.delta().pages) == list(other.delta().pages)


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_upon_a_ledger_that_holds_something_too(items: list[Item], random: Any) -> None:
    world, ledger = bank().world(), Ledger()
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
    world, ledger = bank().world(), Ledger()
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
    return ledger.symptoms, ledger.timers, ledger.incidents, pages, ledger.heartbeats, ledger.incident_by_code


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
    assert _without_leases(cut) == _without_leases(whole)
    assert cut_events == events
    assert cut_answers == answers
