"""The story of the demo: how long it may take enters, events and the pages that must come of them leave.

Both are data. What is expected is not read off a run: it follows from what breaks, from the shipped rules and from the
contacts. Whoever is on call is worked out when the demo starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.directory import HOOK_RECIPIENT, ON_CALL, Directory
from ebank_sentinel.demo.people import Deed, Ends, Reports, Takes
from ebank_sentinel.model.reason import ALL_CLEAR, Reason

USUAL_SECONDS = 75.0

SHORTEST_SECONDS = 60.0
"""Below it the holds of the rules, at a sixtieth, no longer fit between the events."""

TERMINAL = "A0302"  # looked after by the vendor xinghe; its branch has one more
BRANCH = "1017"  # three ATMs of the western region's twelve
REGION = "east"

_FAILING_SUCCESS = 0.90  # below the rule's 95 %, above the 80 % of its `worse` row
_WORSE_SUCCESS = 0.62

TECHNICAL = f"{ON_CALL}technical"
INFOSEC = f"{ON_CALL}infosec"

_PHISHING = {"type": "phishing", "place": "http://ebank-login.example/", "note": "客户收到短信链接,页面仿冒我行登录页"}


def _nothing(_bank: Bank) -> None:
    """The bank stays as it is."""


class Event(NamedTuple):
    """Something that happens to the bank, or that a person does."""

    name: str
    share: float  # when, as a share of the timeline: 0 is its begin, 1 its end
    caption: str  # what a spectator reads
    act: Callable[[Bank], None] = _nothing
    deed: Deed | None = None


def _mend(bank: Bank) -> None:
    """The power is back, and the vendor was at the machine."""
    bank.restore_power(BRANCH)
    bank.repair_terminal(TERMINAL)


def _at(second: float) -> float:
    """A second of the shortest story, as a share."""
    return second / SHORTEST_SECONDS


EVENTS: tuple[Event, ...] = (
    Event("healthy", 0.0, "All is well: logins work, 60 ATMs answer"),
    Event("failing", _at(2), "One login in ten fails", lambda bank: bank.fail_logins(_FAILING_SUCCESS)),
    Event("dark", _at(3.5), f"One ATM goes dark: {TERMINAL}", lambda bank: bank.break_terminal(TERMINAL)),
    Event("worse", _at(9), "Now four logins in ten fail", lambda bank: bank.fail_logins(_WORSE_SUCCESS)),
    Event(
        "mains", _at(12), f"Branch {BRANCH} loses its mains: the UPS is engaged", lambda bank: bank.lose_mains(BRANCH)
    ),
    Event("unpowered", _at(16), f"Branch {BRANCH}'s ATMs and router go dark", lambda bank: bank.lose_power(BRANCH)),
    Event("line", _at(24), "The eastern region's line fails: 12 ATMs dark", lambda bank: bank.cut_line(REGION)),
    Event(
        "taken",
        _at(33),
        "Technical support takes the region",
        deed=Takes(person=TECHNICAL, rule="atm-dark", about=f"region={REGION}", note="已联系运营商"),
    ),
    Event(
        "phishing",
        _at(34.5),
        "Staff report a phishing site, and do not know everything",
        deed=Reports(person="lin.jie", body=_PHISHING),
    ),
    Event("mended", _at(37), f"Power is back in branch {BRANCH}; {TERMINAL} is mended", _mend),
    Event("switch", _at(42), "The switch that all ATMs hang on is lost", lambda bank: bank.lose_switch()),
    Event("sessions", _at(46), "Every ATM's session times out: all 60 dark", lambda bank: bank.drop_sessions()),
    Event("login_back", _at(48), "Logins are repaired", lambda bank: bank.repair_logins()),
    Event(
        "line_back",
        _at(50),
        "The eastern line is repaired: nobody is told twice",
        lambda bank: bank.repair_line(REGION),
    ),
    Event("switch_back", _at(52), "The switch is back, and with it all ATMs", lambda bank: bank.restore_switch()),
    Event(
        "closed",
        _at(54.5),
        "The phishing site is taken down: a person ends it",
        deed=Ends(person=INFOSEC, rule="phishing-reported", about="report", note="网站已关停"),
    ),
)

END_CAPTION = "the end: who was told, and how fast"


class ExpectedPage(NamedTuple):
    """A page that must arrive, once. This is all by which pages are compared."""

    to: str  # number, mail address, or the webhook's own name
    channel: str
    rule: str
    about: str  # the terminal, the service, or the scope (`region=east`)
    reason: str  # a word of model/reason.py

    def __str__(self) -> str:
        return f"{self.reason:<9} {self.rule:<18} {self.about:<11} {self.channel:<5} {self.to}"


class ExpectedIncident(NamedTuple):
    """An incident that the story must lead to, as it must be when all is over."""

    rule: str
    about: str
    severity: str
    category: str
    end: str  # how it ended: a word of model/reason.py, `part of ABOUT`, or `still open`

    def __str__(self) -> str:
        return f"{self.severity:<3} {self.rule:<18} {self.about:<11} {self.category:<8} {self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """Whom one decision pages, and why."""

    reason: Reason
    to: tuple[tuple[str, str], ...]  # (recipient, channel)
    event: str = ""  # name of the event that causes it; "": the one that causes the trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One incident of the story: what opens it, what follows, and how it ends."""

    rule: str
    about: str
    event: str  # name of the event that causes it
    severity: str  # in the end
    category: str
    steps: tuple[_Step, ...]
    end: Reason = Reason.RESOLVED  # its all-clear, to whoever got the alarm
    into: str = ""  # what the incident is about that takes it over, and has the all-clear; "": none does

    def cause(self, reason: str) -> str | None:
        """The event that causes its pages of this reason; None: no failure does, as of an all-clear."""
        return next((step.event or self.event for step in self.steps if step.reason.value == reason), None)


def _by(channel: str, *people: str) -> tuple[tuple[str, str], ...]:
    return tuple((person, channel) for person in people)


def _all_ways(*people: str) -> tuple[tuple[str, str], ...]:
    """As levels I and II go."""
    return _by("sms", *people) + _by("mail", *people)


_HOOK = (HOOK_RECIPIENT, "hook")
_COMMAND = ("zhao.hang", "qian.hang")
_CUSTOMER_SERVICE = ("yang.yan", "chen.jing")

TROUBLES: tuple[Trouble, ...] = (
    Trouble(
        rule="login-success-low",
        about="login",
        event="failing",
        severity="II",
        category="system",
        steps=(
            _Step(reason=Reason.FIRST, to=_by("sms", TECHNICAL)),  # III
            _Step(reason=Reason.TELL, to=_by("sms", *_CUSTOMER_SERVICE)),
            _Step(
                reason=Reason.WORSE,  # II: mail too, the command joins, and who was told is told again
                to=(*_all_ways(TECHNICAL, *_COMMAND, *_CUSTOMER_SERVICE), _HOOK),
                event="worse",
            ),
        ),
    ),
    Trouble(
        rule="atm-dark",
        about=TERMINAL,
        event="dark",
        severity="IV",
        category="device",
        steps=(_Step(reason=Reason.FIRST, to=_by("mail", "zhang.gong")),),  # the vendor only
    ),
    Trouble(
        rule="branch-on-battery",
        about=f"{BRANCH}-ups",
        event="mains",
        severity="IV",
        category="power",
        steps=(
            _Step(reason=Reason.FIRST, to=_by("mail", "zhu.qiang")),
            _Step(reason=Reason.TELL, to=_by("mail", "song.jia")),
        ),
        into=f"branch={BRANCH}",
    ),
    Trouble(
        rule="atm-dark",
        about=f"branch={BRANCH}",
        event="unpowered",
        severity="III",
        category="power",
        steps=(
            _Step(reason=Reason.FIRST, to=_by("sms", "zhu.qiang", TECHNICAL)),
            _Step(reason=Reason.TELL, to=_by("sms", *_CUSTOMER_SERVICE)),
            _Step(
                reason=Reason.PART_OF, to=_by("mail", "song.jia")
            ),  # who had heard of the battery, and hears of it so
        ),
    ),
    Trouble(
        rule="atm-dark",
        about=f"region={REGION}",
        event="line",
        severity="II",
        category="link",
        steps=(
            _Step(reason=Reason.FIRST, to=(*_all_ways(TECHNICAL, *_COMMAND), _HOOK)),
            _Step(reason=Reason.TELL, to=_all_ways("he.hua", *_CUSTOMER_SERVICE)),
        ),
        into="sw1",
    ),
    Trouble(
        rule="phishing-reported",
        about="report",
        event="phishing",
        severity="III",
        category="attack",
        steps=(
            _Step(reason=Reason.FIRST, to=_by("sms", INFOSEC)),
            _Step(reason=Reason.TELL, to=_by("sms", *_CUSTOMER_SERVICE, "he.hua")),
        ),
        end=Reason.CLOSED,
    ),
    Trouble(
        rule="switch-echo-lost",
        about="sw1",
        event="switch",
        severity="I",
        category="system",
        steps=(
            _Step(reason=Reason.FIRST, to=(*_all_ways(*_COMMAND, TECHNICAL), _HOOK)),
            _Step(reason=Reason.TELL, to=_all_ways(*_CUSTOMER_SERVICE, "he.hua")),
        ),
    ),
)


def expected_pages(directory: Directory) -> tuple[ExpectedPage, ...]:
    """Every page that the story must lead to; the all-clear goes to whoever got the alarm, where they got it."""
    expected = []
    for trouble in TROUBLES:
        told: dict[tuple[str, str], None] = {}
        for step in trouble.steps:
            told.update(dict.fromkeys(step.to))
        ends = () if trouble.into else ((trouble.end, tuple(told)),)
        for reason, to in (*((step.reason, step.to) for step in trouble.steps), *ends):
            expected += [
                ExpectedPage(
                    to=directory.address(recipient, channel),
                    channel=channel,
                    rule=trouble.rule,
                    about=trouble.about,
                    reason=reason.value,
                )
                for recipient, channel in to
            ]
    return tuple(expected)


def expected_incidents() -> tuple[ExpectedIncident, ...]:
    """Every incident that there must be, and no other."""
    return tuple(
        ExpectedIncident(
            rule=trouble.rule,
            about=trouble.about,
            severity=trouble.severity,
            category=trouble.category,
            end=f"part of {trouble.into}" if trouble.into else trouble.end.value,
        )
        for trouble in TROUBLES
    )


def is_all_clear(reason: str) -> bool:
    """Whether a page for this reason ends an alarm."""
    return reason in {one.value for one in ALL_CLEAR}


class Timeline:
    """The events at their seconds."""

    def __init__(self, seconds: float, events: Sequence[Event] = EVENTS) -> None:
        self.seconds = seconds
        self._events = sorted(events, key=lambda event: event.share)

    def at(self, event: Event) -> float:
        """When an event happens, in seconds from the start."""
        return event.share * self.seconds

    @property
    def marks(self) -> tuple[float, ...]:
        """When something happens, in seconds from the start."""
        return tuple(self.at(event) for event in self._events)

    def between(self, after: float, until: float) -> list[Event]:
        """What happens after one moment, and not after another."""
        return [event for event in self._events if after < self.at(event) <= until]

    def captions(self, elapsed: float) -> tuple[str, str, float]:
        """What happens now, what happens next, and in how many seconds."""
        now = next((event.caption for event in reversed(self._events) if self.at(event) <= elapsed), "")
        following = next((event for event in self._events if self.at(event) > elapsed), None)
        if following is None:
            return now, END_CAPTION, max(self.seconds - elapsed, 0.0)
        return now, following.caption, self.at(following) - elapsed
