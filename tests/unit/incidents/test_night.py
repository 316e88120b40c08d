"""Whatever happens in whatever order: to which incident a symptom belongs, and what its people hear of it.

One night by itself; two of which one is started anew at random; two that are cut into batches otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition
from hypothesis.stateful import rule as action

from ebank_sentinel.model.ledger import Timer, TimerKind
from ebank_sentinel.model.page import Page
from support.night import Night
from support.nights import Nights

TestNights = Nights.TestCase
TestNights.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)


class Restarts(Nights):
    """Two nights to which the same happens, but the process of one of them ends and starts again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.nights.append(Night())

    def restarts(self) -> None:
        self.nights[1].starts_anew()

    @invariant()
    def a_restart_changes_nothing(self) -> None:
        one, other = self.nights
        assert one.ledger.incidents == other.ledger.incidents
        assert one.ledger.symptoms == other.ledger.symptoms
        assert one.ledger.timers == other.ledger.timers
        assert one.ledger.firings == other.ledger.firings
        assert without_leases(one) == without_leases(other)
        assert one.incidents == other.incidents


def without_leases(night: Night) -> dict[str, Page]:
    """What went out, and to whom."""
    return {key: replace(page, lease_until=None) for key, page in night.pages.items()}


class Cuts(Nights):
    """Two nights to which the same happens, but of one of them many things at different times are one batch.

    Pages are not compared: what was decided in the batch in which its incident is taken over does not go out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nights.append(Night())
        self.of = 3

    def step(self, wait: float) -> None:
        super().step(max(wait, 1))  # what is of one moment belongs together

    def happens(self, wait: float, what: Callable[[Night], None]) -> None:
        self.step(wait)
        for night in self.nights:
            what(night)
        self.nights[0].flush()
        if self.steps % self.of == 0:
            self.nights[1].flush()

    @action(of=st.integers(1, 6))
    def batches(self, of: int) -> None:
        """So many things are one batch from now on."""
        self.of = of

    @precondition(lambda _: False)
    @action()
    def deliver(self) -> None:
        """Nothing: what is sent depends on the cut."""

    @invariant()
    def a_cut_changes_nothing(self) -> None:
        one, other = self.nights
        if not other.waiting:
            assert one.incidents == other.incidents
            assert one.ledger.symptoms == other.ledger.symptoms
            assert one.ledger.firings == other.ledger.firings
            assert timers_of(one) == timers_of(other)


def timers_of(night: Night) -> list[Timer]:
    """Those that are not about a page."""
    return [timer for key, timer in sorted(night.ledger.timers.items()) if key.kind is not TimerKind.NEXT_CHANNEL]


TestCuts = Cuts.TestCase
TestCuts.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestRestarts = Restarts.TestCase
TestRestarts.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
