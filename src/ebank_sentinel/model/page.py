"""A page, and what became of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity

_PAGES = UUID("6f2a7a0e-53a5-4f6c-8f38-1b8f2f4c5a11")


def page_id(cause: str, step: str, recipient: str, channel: str) -> str:
    """The id of a page: the same four always give the same one, over restarts and re-sends."""
    return str(uuid5(_PAGES, f"{cause}\x1f{step}\x1f{recipient}\x1f{channel}"))


class PageState(enum.StrEnum):
    """`ready` is the only state in which a page is sent; all but `held` and `ready` are final."""

    HELD = "held"  # waits for `during`, goes out in a digest
    READY = "ready"  # to be sent when `due` has come, by whoever holds the lease
    ACCEPTED = "accepted"  # the provider took it
    FAILED = "failed"  # it cannot be delivered on this channel
    MERGED = "merged"  # it went out in a digest
    DROPPED = "dropped"  # it was over before it went out

    @property
    def final(self) -> bool:
        """Nothing more will happen to it."""
        return self not in _OPEN_STATES

    @property
    def reached(self) -> bool:
        """Its recipient got it, or will: who was alarmed in this way also gets the all-clear."""
        return self in _REACHING_STATES


_OPEN_STATES = frozenset({PageState.HELD, PageState.READY})
_REACHING_STATES = frozenset({PageState.READY, PageState.ACCEPTED, PageState.MERGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a recipient reads, ready to send: a channel adds nothing but its envelope."""

    short: str  # for a phone: one paragraph
    subject: str  # for mail
    body: str  # for mail: plain text, many lines
    thread: str  # pages of one cause share it (mail threads by it)
    payload: Mapping[str, object] = field(default_factory=dict)  # for machines (webhook), JSON types only


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message to one recipient on one channel, for one step of one cause."""

    id: str  # page_id(cause, step, recipient, channel): never changes over re-sends
    cause: str  # an incident's id, or what else called for it ("config", "test-...")
    step: str  # "first", "worse-1", "resolved", ...
    recipient: str  # a person's id, or the name of a channel that has an address of its own
    channel: str  # its name in sentinel.yaml
    address: str  # number, mail address or "" where the channel has its own
    reason: Reason
    severity: Severity
    message: Message
    created_at: datetime
    state: PageState = PageState.READY
    due: datetime  # not before; moves with every attempt that failed for now
    lease_owner: str = ""  # the node that may send it
    lease_until: datetime | None = None  # after this anyone may claim it
    attempts: int = 0
    next_channels: tuple[str, ...] = ()  # rest of `first_of`
    unsaved: bool = False  # went out from memory while the store refused


class Outcome(enum.StrEnum):
    """What a channel said of one attempt."""

    ACCEPTED = "accepted"
    FAILED = "failed"  # for good
    RETRY = "retry"  # failed for now


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to send a page, and what the provider said."""

    page: str
    at: datetime
    outcome: Outcome
    detail: str = ""  # the provider's words or its id for the message, one line
    retry_after: float | None = None  # seconds the provider asked for
