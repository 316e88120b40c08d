"""Any batch that a desk could meet: changes of targets, alerts and reports, and what people and channels say meanwhile.

Two rules on two targets; machines that fail together, under a switch, because of their power; a rule of parts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
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
    End,
    Heartbeat,
    Item,
    Pushed,
    Reloaded,
    RuleTruth,
    Signal,
)
from ebank_sentinel.model.item import TestPage as PageToTest  # pytest would collect it by its own name
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Delivery, Outcome, page_id
from ebank_sentinel.model.rule import ALERTS, FLEET, REPORTS, Cause, Meaning, Parent, Width
from ebank_sentinel.model.severity import Severity
from support.deciding import MAIL, SMS_THEN_MAIL, SmallBank, at, row, rule, seconds, target

ZERO, MINUTE = timedelta(), timedelta(minutes=1)
WIDE = (
    Width(over="branch", share=1, at_least=2, within=MINUTE, meaning=Meaning(category="link", severity=Severity.II)),
    Width(over=FLEET, share=0.7, at_least=3, within=MINUTE, meaning=Meaning(severity=Severity.I, groups=("command",))),
)
BURST = Width(over="type", share=0, at_least=2, within=None, meaning=Meaning(severity=Severity.II))

RULES = (
    rule("quick", hold=0, clear=20, rows=(row(30, severity=Severity.II), row(60, up=True, groups=("business",)))),
    rule("slow", hold=50, clear=40, severity=Severity.IV, rows=(row(10, category="link"),)),
    rule(
        "dark",
        hold=20,
        clear=20,
        watch="atm",
        widens=WIDE,
        because=(Cause(seen="ups", same=("branch",), within=MINUTE, meaning=Meaning(category="power")),),
        unless=(Parent(rule="switch", same=("switch",)),),
        reopen_within=MINUTE,
    ),
    rule("ups", hold=0, clear=20, watch="ups", groups=("business",)),
    rule("switch", hold=15, clear=20, watch="switch", severity=Severity.II, groups=("command",)),
    rule("both", hold=0, watch="", every=ZERO, all_of=("ups", "switch"), same=("switch",), within=MINUTE),
    rule("phishing", hold=0, clear=0, watch=REPORTS, every=ZERO, widens=(BURST,)),
    rule("threat", hold=0, clear=0, watch=REPORTS, every=ZERO, referred=True),
    rule("alert", hold=10, clear=20, watch=ALERTS, every=ZERO),
)
TARGETS = [target("a"), target("b", branch="0001")]
MACHINES = [target(f"m{number}", "atm", branch=str(number // 2), switch="s") for number in range(4)]
OTHERS = [
    target("u0", "ups", branch="0", switch="s"),
    target("u1", "ups", branch="1"),
    target("s", "switch", switch="s"),
]
READ = [*TARGETS, *MACHINES, *MACHINES, *OTHERS]
TOLD = [
    *(target(f"r{number}", REPORTS, type=kind) for number, kind in enumerate(["phishing", "phishing", "threat"])),
    target("f", ALERTS),
]
END = 1200


def bank() -> SmallBank:
    """Two rules on two targets; IV waits until second 150; texts come first to a phone, then by mail."""
    made = SmallBank(
        rules={one.id: one for one in RULES},
        always_read=True,
        opens_at={"business": at(150)},
        listed=tuple(MACHINES),
    )
    made.roster.severities[Severity.III] = SeverityPolicy(via=(SMS_THEN_MAIL,), wait=seconds(60))
    made.roster.severities[Severity.IV] = SeverityPolicy(via=(MAIL,), wait=seconds(60), during="business")
    return made


def empty() -> Ledger:
    """One that holds nothing, and counts what these rules ask for."""
    ledger = Ledger()
    ledger.count_by(bank().world().relations.counted)
    return ledger


truths = st.sampled_from([True, True, False, False, None])
moments = st.integers(0, 250).map(at)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    of = draw(st.sampled_from(READ))
    answers = {}
    for one in RULES:
        if one.watch == of.id.probe:
            holds = draw(truths)
            rows = tuple(None if holds is None else holds and draw(truths) for _ in one.rows)
            answers[one.id] = RuleTruth(draw(st.sampled_from([True, True, True, True, None, False])), holds, rows)
    return Change(target=of, at=draw(moments), truths=answers, values={"rate": 0.62})


@st.composite
def told(draw: st.DrawFn) -> tuple[datetime, Signal]:
    """A report, an alert, or the end of one."""
    of, moment, lasts = draw(st.sampled_from(TOLD)), draw(moments), draw(st.sampled_from([None, 30]))
    report = of.id.probe == REPORTS
    answers = {
        one.id: RuleTruth(True, one.id == of.labels["type"] if report else draw(st.booleans()), ())
        for one in RULES
        if one.watch == of.id.probe
    }
    until = None if lasts is None or report else moment + seconds(lasts)
    return moment, Signal(change=Change(target=of, at=moment, truths=answers), until=until)


def _incidents(ats: list[datetime]) -> list[str]:
    """Ids of the incidents that could have begun at these moments."""
    world = bank().world()
    return [
        id_of(world, Place(one.id, "", f"{of.id.probe}\x1f{of.id.key}"), moment)
        for moment in ats
        for one in RULES
        for of in (*TARGETS, *MACHINES, *OTHERS, *TOLD)
        if one.watch == of.id.probe
    ]


@st.composite
def batches(draw: st.DrawFn) -> list[Item]:
    """Changes, and what people and channels say of the incidents and pages that may come of them."""
    items: list[Any] = [
        replace(change, seq=number) for number, change in enumerate(draw(st.lists(changes(), min_size=1, max_size=14)))
    ]
    causes = _incidents([item.at for item in items])
    for number in range(draw(st.integers(0, 10))):
        moment = draw(moments)
        cause, step = draw(st.sampled_from(causes)), draw(st.sampled_from(["first", "worse-II-1", "resolved"]))
        page = page_id(cause, step, draw(st.sampled_from(["wang", "zhao"])), draw(st.sampled_from(["sms", "mail"])))
        outcome = draw(st.sampled_from(Outcome))
        request, person = f"r{number}", draw(st.sampled_from(["wang", "li"]))
        told_at, signal = draw(told())
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
                        Pushed(request=request, at=told_at, signals=(signal,)),
                        Pushed(request=request, at=told_at, signals=(signal,)),
                        End(request=request, incident=cause, person=person, at=moment),
                    ]
                )
            )
        )  # fmt: skip
    return items
