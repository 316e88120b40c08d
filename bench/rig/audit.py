"""Snapshots of the store and what the receivers got enter; whatever does not hold leaves, by name.

The promise that is checked: nothing is acted upon before it is committed, everything that is committed
arrives, repeats carry the same id and the same words, and the store ends up believing what is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from rig.bank import PERSON
from rig.receivers import Ledger
from rig.store import Snapshot

LATEST = 10.0
"""Seconds of a running daemon within which a page that a crash left behind must have arrived."""

_EXPECTED = ((PERSON, "sms"), (PERSON, "mail"), ("hook", "hook"))
"""Whom an incident pages, by which channel: from the bank's files, not from the daemon's outbox."""


@dataclass(slots=True)
class Recovery:
    """Pages that crashes left behind: how long the daemon had run, over all restarts, when each arrived."""

    ran: dict[str, float] = field(default_factory=dict)  # page that is still to come -> seconds that it had so far
    took: list[float] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    behind: int = 0  # pages that were left behind, in all

    def life_ended(self, ready_at: float, ended_at: float, ledger: Ledger) -> None:
        """A daemon that was ready from then to then was killed, or looked at."""
        for page, before in list(self.ran.items()):
            arrival = ledger.by_page.get(page)
            if arrival is not None:
                seconds = before + max(0.0, arrival.first_at - ready_at)
                self.took.append(seconds)
                del self.ran[page]
            else:
                seconds = self.ran[page] = before + ended_at - ready_at
            if seconds > LATEST:
                self.late.add(page)

    def left_behind(self, snapshot: Snapshot, ledger: Ledger) -> int:
        """A crash happened: what the store wants to send and no receiver has. How many are new."""
        new = snapshot.waiting() - ledger.by_page.keys() - self.ran.keys()
        self.ran.update(dict.fromkeys(new, 0.0))
        self.behind += len(new)
        return len(new)


@dataclass(slots=True)
class Findings:
    """What must be empty, by what is wrong."""

    false: set[str] = field(default_factory=set)  # the store says accepted, no receiver has it
    strange: set[str] = field(default_factory=set)  # a receiver has it, the store never heard of it
    missing: set[str] = field(default_factory=set)  # an incident without a page that it must have
    differs: set[str] = field(default_factory=set)  # a repeat under the same id with other words
    lost: set[str] = field(default_factory=set)  # committed, and never arrived
    undecided: set[str] = field(default_factory=set)  # arrived, and never recorded
    unnoticed: set[str] = field(default_factory=set)  # failing at the end without an incident, or the reverse
    refused: set[str] = field(default_factory=set)  # what receivers turned away

    def look(self, snapshot: Snapshot, ledger: Ledger) -> None:
        """What must hold at every moment, a crash or not."""
        self.false |= snapshot.accepted() - ledger.by_page.keys()
        self.strange |= ledger.by_page.keys() - snapshot.pages.keys()
        self.differs |= {page for page, arrivals in ledger.by_page.items() if arrivals.differs}
        self.refused |= set(ledger.refused)
        has = {(page.cause, page.step, page.recipient, page.channel) for page in snapshot.pages.values()}
        for incident in snapshot.incidents.values():
            for step in filter(None, ("first", incident.ended_as)):
                for recipient, channel in _EXPECTED:
                    if (incident.id, step, recipient, channel) not in has:
                        self.missing.add(f"{incident.id} {step} {recipient} by {channel}")

    def settle(self, snapshot: Snapshot, ledger: Ledger, failing: Collection[str]) -> None:
        """What must hold once nothing changes any more."""
        self.look(snapshot, ledger)
        self.lost |= snapshot.pages.keys() - ledger.by_page.keys()
        self.undecided |= ledger.by_page.keys() - snapshot.accepted()
        self.unnoticed |= snapshot.open_targets() ^ set(failing)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {
            "lost": len(self.lost),
            "accepted_but_never_arrived": len(self.false),
            "arrived_but_never_committed": len(self.strange),
            "incident_without_its_page": len(self.missing),
            "repeat_with_other_words": len(self.differs),
            "arrived_but_not_recorded": len(self.undecided),
            "wrong_incidents_at_the_end": len(self.unnoticed),
            "refused_by_receivers": len(self.refused),
        }

    def examples(self) -> dict[str, list[str]]:
        """Some of each that is not empty, to begin searching with."""
        found = zip(
            self.counts(),
            (
                self.lost,
                self.false,
                self.strange,
                self.missing,
                self.differs,
                self.undecided,
                self.unnoticed,
                self.refused,
            ),
            strict=True,
        )
        return {name: sorted(ids)[:5] for name, ids in found if ids}


def repeats(ledger: Ledger) -> dict[str, int]:
    """Arrivals beyond the first, by channel."""
    counted = Counter(
        {channel: 0 for _, channel in _EXPECTED},
    )
    for arrivals in ledger.by_page.values():
        counted[arrivals.channel] += arrivals.times - 1
    return dict(counted)
