"""The story of the demo: how long it may take enters, events and the pages that must come of them leave.

Both are data. What is expected is not read off a run: it follows from what breaks, from the rules in
bank/rules/ and from the contacts in bank/contacts/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.directory import HOOK_RECIPIENT, Directory
from ebank_sentinel.model.reason import Reason

SHORTEST_SECONDS = 40.0
"""Below it the holds of the rules (4 s, and 3 s to clear) no longer fit between the events."""

DEAD_TERMINALS = frozenset({"A0701", "A0702"})
"""Two ATMs of one branch; both are looked after by the vendor grg."""

_SLOW_LATENCY_SECONDS = 0.6  # the rule's threshold is 300 ms
_FAILING_SUCCESS = 0.90  # below the rule's 95 %, above the 80 % of its `worse` row
_WORSE_SUCCESS = 0.62


class Event(NamedTuple):
    """Something that happens to the bank."""

    name: str
    share: float  # when, as a share of the timeline: 0 is its begin, 1 its end
    caption: str  # what a spectator reads
    act: Callable[[Bank], None]


EVENTS: tuple[Event, ...] = (
    Event("healthy", 0.00, "All is well: logins are quick, 60 ATMs answer", lambda _bank: None),
    Event("slow", 0.10, "Logins slow down to 0.6 s", lambda bank: bank.slow_down(_SLOW_LATENCY_SECONDS)),
    Event("failing", 0.25, "One login in ten fails", lambda bank: bank.fail_logins(_FAILING_SUCCESS)),
    Event("worse", 0.42, "Now four in ten fail", lambda bank: bank.fail_logins(_WORSE_SUCCESS)),
    Event("dark", 0.46, "Two ATMs of one branch go dark", lambda bank: bank.kill(DEAD_TERMINALS)),
    Event("recovery", 0.70, "Everything is repaired", lambda bank: bank.recover()),
)

END_CAPTION = "the end: who was told, and how fast"


class ExpectedPage(NamedTuple):
    """A page that must arrive, once. This is all by which pages are compared."""

    to: str  # number, mail address, or the webhook's own name
    channel: str
    rule: str
    about: str  # the terminal or the service
    reason: str  # a word of model/reason.py

    def __str__(self) -> str:
        return f"{self.reason:<9} {self.rule:<18} {self.about:<7} {self.channel:<5} {self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """Whom one decision pages, and why."""

    reason: Reason
    to: tuple[tuple[str, str], ...]  # (recipient, channel)
    event: str = ""  # name of the event that causes it; "": the one that causes the trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One incident of the story: what opens it, and what follows."""

    rule: str
    about: str
    event: str  # name of the event that causes it
    steps: tuple[_Step, ...]

    def cause(self, reason: str) -> str | None:
        """The event that causes its pages of this reason; None: no failure does, as of an all-clear."""
        return next((step.event or self.event for step in self.steps if step.reason.value == reason), None)


_HOOK = (HOOK_RECIPIENT, "hook")
_COMMAND = tuple((person, channel) for person in ("zhao.hang", "helen.zhou") for channel in ("sms", "mail"))

TROUBLES: tuple[Trouble, ...] = (
    Trouble(
        rule="login-slow",
        about="login",
        event="slow",
        steps=(_Step(reason=Reason.FIRST, to=(("wang.fang", "sms"), _HOOK)),),  # III to technical
    ),
    Trouble(
        rule="login-success-low",
        about="login",
        event="failing",
        steps=(
            _Step(reason=Reason.FIRST, to=(("wang.fang", "sms"), _HOOK)),  # III to technical
            _Step(reason=Reason.TELL, to=(("chen.jing", "sms"),)),  # customer service gets one notice
            _Step(
                reason=Reason.WORSE,  # II: mail too, the command group joins, and who was told is told again
                to=(("wang.fang", "sms"), ("wang.fang", "mail"), _HOOK, *_COMMAND, ("chen.jing", "sms")),
                event="worse",
            ),
        ),
    ),
    *(
        Trouble(
            rule="atm-dark",
            about=terminal,
            event="dark",
            steps=(_Step(reason=Reason.FIRST, to=(("liu.gong", "mail"), _HOOK)),),  # IV to the vendor
        )
        for terminal in sorted(DEAD_TERMINALS)
    ),
)


def expected_pages(directory: Directory) -> tuple[ExpectedPage, ...]:
    """Every page that the story must lead to; the all-clear goes to whoever got the alarm, where they got it."""
    expected = []
    for trouble in TROUBLES:
        told: dict[tuple[str, str], None] = {}
        for step in trouble.steps:
            told.update(dict.fromkeys(step.to))
        for reason, to in (*((step.reason, step.to) for step in trouble.steps), (Reason.RESOLVED, tuple(told))):
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
