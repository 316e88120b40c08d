"""Any batch that a desk could meet: changes of two rules on two targets, and what people and channels say meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from ebank_sentinel.incidents.opening import id_of
from ebank_sentinel.model.contact import SeverityPolicy
from ebank_sentinel.model.incident import Place
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
    world = bank().world()
    return [
        id_of(world, Place(one.id, "", f"{of.id.probe}\x1f{of.id.key}"), moment)
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
