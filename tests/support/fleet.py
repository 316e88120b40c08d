"""A fleet of ATMs to decide for: branches in regions behind one switch, and the rules that widen over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Item
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.rule import PUSHED, Cause, Meaning, Parent, Rule, Width, Words
from ebank_sentinel.model.severity import Severity
from support.deciding import PlainRoster, SmallBank, Story, rule, target

MINUTE = 60.0
LONG_AGO = -7 * 86_400.0

BRANCH = Width(
    over="branch",
    share=1.0,
    at_least=2,
    within=timedelta(minutes=5),
    meaning=Meaning(
        category="link",
        severity=Severity.III,
        groups=("technical",),
        tell=("business",),
        words=Words(title={"": "branch off the net"}, number={"": "{failing} of {base}"}),
    ),
)
REGION = Width(
    over="region",
    share=0.2,
    at_least=5,
    within=timedelta(minutes=10),
    spread={"branch": 3},
    meaning=Meaning(category="link", severity=Severity.II, groups=("technical", "command")),
)
ALL = Width(
    over="fleet",
    share=0.5,
    at_least=10,
    within=timedelta(minutes=10),
    spread={"region": 2},
    meaning=Meaning(category="system", severity=Severity.I, groups=("command",)),
)
POWER = Cause(
    seen="ups",
    same=("branch",),
    within=timedelta(minutes=10),
    meaning=Meaning(category="power", groups=("logistics",)),
)


def dark(**changed: Any) -> Rule:
    """ATMs that do not answer: alone the vendor's, together a branch's, a region's, everybody's."""
    plain: dict[str, Any] = {
        "hold": 5 * MINUTE,
        "clear": 60,
        "watch": "atm",
        "severity": Severity.IV,
        "category": "device",
        "groups": ("vendor",),
        "title": {"": "ATM dark"},
        "number": {},
        "normal": {},
        "impact": {},
        "widens": (BRANCH, REGION, ALL),
        "because": (POWER,),
        "unless": (Parent(rule="switch", same=("switch",)),),
    }
    return rule("dark", **{**plain, **changed})


def ups() -> Rule:
    """A branch's batteries carry it."""
    return rule("ups", hold=0, watch="ups", severity=Severity.IV, category="power", groups=("logistics",))


def switch(**changed: Any) -> Rule:
    """The front end that all machines of some regions are behind."""
    plain: dict[str, Any] = {"hold": 30, "watch": "switch", "severity": Severity.I, "groups": ("command",)}
    return rule("switch", **{**plain, **changed})


def machines(regions: int = 5, branches: int = 6, each: int = 3) -> tuple[Target, ...]:
    """`A-r-b-n`: the n-th machine of the b-th branch of the r-th region."""
    return tuple(
        target(f"A-{region}-{branch}-{number}", "atm", branch=f"{region}-{branch}", region=str(region), switch="sw1")
        for region in range(regions)
        for branch in range(branches)
        for number in range(each)
    )


def roster() -> PlainRoster:
    """Who answers: wang technical, li the vendor, zhao commands; each by mail."""
    people = PlainRoster()
    people.groups |= {"vendor": ("li",), "command": ("zhao",), "logistics": ("wang",), "business": ("zhao",)}
    return people


class Fleet(Story):
    """A story of many machines; seconds count from the start."""

    def __init__(self, *rules: Rule, fleet: tuple[Target, ...] = machines()) -> None:
        bank = SmallBank(roster=roster(), listed=fleet, always_read=True)
        super().__init__(bank, *(rules or (dark(), ups(), switch())))
        self.fleet = fleet

    def of(self, region: int | None = None, branch: int | None = None, number: int | None = None) -> list[Target]:
        """Machines by their place."""
        wanted = {0: region, 1: branch, 2: number}
        return [
            one
            for one in self.fleet
            if all(value is None or one.id.key.split("-")[place + 1] == str(value) for place, value in wanted.items())
        ]

    def go(self, second: float, targets: Iterable[Target], *, rule: str = "dark", holds: bool | None = True) -> None:
        """They all fail, work or tell nothing from then on; one after the other, within a second."""
        targets = list(targets)
        changes: list[Item] = [
            self.change(second + index / (len(targets) + 1), holds, of=one, rule=rule)
            for index, one in enumerate(targets)
        ]
        self.decide(*changes, now=second + 1)

    def signal(self, second: float, *, rule: str, key: str, holds: bool = True, **labels: str) -> None:
        """A target of another probe fails or works."""
        one = target(key, self.bank.rules[rule].watch, **labels)
        self.decide(self.change(second, holds, of=one, rule=rule), now=second)

    @property
    def open(self) -> list[Incident]:
        """What is open, the oldest first."""
        return sorted(self.ledger.incidents.values(), key=lambda one: (one.since, one.id))

    @property
    def shown(self) -> list[str]:
        """What is open, in short: `rule place category severity`."""
        return [f"{one.rule} {self.place(one)} {one.category} {one.severity.name}" for one in self.open]

    @staticmethod
    def place(incident: Incident) -> str:
        """Its scope in short."""
        scope = ",".join(f"{label}={value}" for label, value in incident.scope.items())
        return scope or incident.over or incident.symptom.key

    def paged(self) -> list[str]:
        """`recipient step reason` of the pages that went out since this was last asked, sorted."""
        new = [page for page in self.pages.values() if page.id not in self._asked]
        self._asked = set(self.pages)
        out = (page for page in new if page.state not in (PageState.DROPPED, PageState.HELD))
        return sorted(f"{page.recipient} {page.step} {page.reason}" for page in out)

    _asked: set[str] = set()  # noqa: RUF012 - replaced, never changed

    def restarts(self) -> None:
        """The process ends and starts anew."""
        super().restarts()
        symptoms = self.ledger.symptoms
        self.ledger.symptoms = {}
        for symptom_id, symptom in symptoms.items():
            self.ledger.symptoms[symptom_id] = replace(symptom, known=symptom_id.probe in PUSHED)
        self.ledger = fresh(self.ledger)


def fresh(ledger: Any) -> Any:
    """A ledger as a start reads it: its indexes made anew."""
    from ebank_sentinel.model.ledger import Delta, Ledger  # noqa: PLC0415

    again = Ledger()
    again.count_by(ledger.census.counted)
    again.apply(
        Delta(
            symptoms=dict(ledger.symptoms),
            timers=dict(ledger.timers),
            incidents={**ledger.kept, **ledger.incidents},
            pages=dict(ledger.pages),
            heartbeats=dict(ledger.heartbeats),
            firings=dict(ledger.firings),
        )
    )
    return again
