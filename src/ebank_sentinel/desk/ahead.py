"""What was decided and is not written: Deltas enter while the store refuses, one Delta to write leaves."""

from __future__ import annotations

from collections.abc import Iterable

from ebank_sentinel.model.ledger import Delta, Ledger


class Ahead:
    """A copy of the ledger that goes on alone. What was decided upon it is written as it was decided."""

    def __init__(self, ledger: Ledger, next_attempt: float) -> None:
        self.ledger = ledger.copy()  # as it will be once everything is written
        self.next_attempt = next_attempt  # to write it; on the monotonic clock
        self.unwritten: list[Delta] = []  # in their order
        self.withheld: list[str] = []  # pages that wait until they are written

    def add(self, delta: Delta) -> None:
        """A decision."""
        if delta:
            self.unwritten.append(delta)
            self.ledger.apply(delta)


def merged(deltas: Iterable[Delta]) -> Delta:
    """Several changes as one: the newest row of each key, everything that was appended in its order."""
    every = list(deltas)
    return Delta(
        symptoms={key: value for delta in every for key, value in delta.symptoms.items()},
        timers={key: value for delta in every for key, value in delta.timers.items()},
        incidents={key: value for delta in every for key, value in delta.incidents.items()},
        pages={key: value for delta in every for key, value in delta.pages.items()},
        heartbeats={key: value for delta in every for key, value in delta.heartbeats.items()},
        firings={key: value for delta in every for key, value in delta.firings.items()},
        events=tuple(event for delta in every for event in delta.events),
        deliveries=tuple(delivery for delta in every for delivery in delta.deliveries),
    )
