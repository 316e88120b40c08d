"""What every kind of channel hands to the registry: its settings, the address that it needs, and how it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.settings import Secret, Strict
from ebank_sentinel.paging.channel import Channel

S = TypeVar("S", bound=Strict)
"""The settings of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext(Generic[S]):
    """Everything that a channel is built from."""

    name: str  # of the channel, in sentinel.yaml
    settings: S
    read: Callable[[Secret], str]  # raises ValueError for a secret that cannot be read
    folder: Path  # paths in settings are relative to it
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One kind of channel."""

    settings: type[S]
    address_kind: str | None  # which address of a person it needs; None: it has an address of its own
    channel: Callable[[ChannelContext[S]], Channel]  # raises ValueError for what a file promises and the disk lacks
