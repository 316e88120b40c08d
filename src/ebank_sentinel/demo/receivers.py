"""What the receivers of the demo really got: arrivals off the wire enter, received pages leave.

A webhook says itself which page it is; of a mail we know the page's id by its header; a text message is
only a text. What the wire does not say is looked up afterwards in what the daemon lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ebank_sentinel.demo.sentinel_api import IncidentRow, PageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message, as a receiver took it off the wire."""

    at: datetime
    channel: str  # sms, mail, hook
    address: str  # number, mail address, or the webhook's own name
    text: str  # all that a person or a machine got to read
    page: str = ""  # the page's id; "": the wire does not say it
    subject: str = ""  # of a mail
    says: Mapping[str, str] = field(default_factory=dict)  # incident, rule, severity, category, reason of a webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One page that somebody really got."""

    at: datetime
    to: str
    channel: str
    page: str  # its id; "": the daemon lists no such page
    incident: str
    rule: str
    severity: str
    category: str
    reason: str
    about: str  # the terminal or the service; "?": unknown
    subject: str
    text: str

    def line(self) -> dict[str, str]:
        """What `--json` prints of it."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "to": self.to,
            "channel": self.channel,
            "incident": self.incident,
            "rule": self.rule,
            "severity": self.severity,
            "category": self.category,
            "reason": self.reason,
            "text": self.text,
        }


class Inbox:
    """Collects what arrives, and finds out which page it is. A page that is sent again counts once."""

    def __init__(self) -> None:
        self._waiting: list[Arrival] = []
        self._known: dict[str, Received] = {}
        self.repeats = 0  # arrivals of a page that had arrived before
        self.refused: list[str] = []  # what the receivers turned away, and why

    def arrive(self, arrival: Arrival) -> None:
        """A receiver took a message."""
        self._waiting.append(arrival)

    def refuse(self, reason: str) -> None:
        """A receiver turned a message away."""
        self.refused.append(reason)

    @property
    def waiting(self) -> int:
        """How many arrivals are not yet known as pages."""
        return len(self._waiting)

    def settle(self, pages: Sequence[PageRow], incidents: Mapping[str, IncidentRow]) -> list[Received]:
        """Those of the waiting that can be told by now: each page the first time only, in order of arrival."""
        settled = []
        still_waiting = []
        for arrival in self._waiting:
            page = self._page_of(arrival, pages)
            incident = incidents.get(page.incident or "") if page else None
            if page is None or (page.incident and incident is None):
                still_waiting.append(arrival)
            elif page.id in self._known:
                self.repeats += 1
            else:
                self._known[page.id] = _received(arrival, page, incident)
                settled.append(self._known[page.id])
        self._waiting = still_waiting
        return settled

    def give_up(self) -> list[Received]:
        """What is still waiting, as pages that the daemon knows nothing of."""
        leftover = [_received(arrival, None, None) for arrival in self._waiting]
        self._waiting = []
        return leftover

    def _page_of(self, arrival: Arrival, pages: Sequence[PageRow]) -> PageRow | None:
        """The page that an arrival is: by its id, else by channel, address and text."""
        if arrival.page:
            return next((page for page in pages if page.id == arrival.page), None)
        same = [
            page
            for page in pages
            if page.channel == arrival.channel and page.address == arrival.address and page.text == arrival.text
        ]
        fresh = [page for page in same if page.id not in self._known]
        return next(iter(fresh or same), None)


def _received(arrival: Arrival, page: PageRow | None, incident: IncidentRow | None) -> Received:
    """What the wire said; where it said nothing, what the daemon says."""
    says = arrival.says

    def told(key: str) -> str:
        return says.get(key) or (getattr(page, key) or "" if page else "")

    return Received(
        at=arrival.at,
        to=arrival.address,
        channel=arrival.channel,
        page=page.id if page else "",
        incident=told("incident"),
        rule=told("rule"),
        severity=told("severity"),
        category=told("category"),
        reason=told("reason"),
        about=incident.subject if incident else "?",
        subject=arrival.subject,
        text=arrival.text,
    )
