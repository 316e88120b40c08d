"""Which kinds of channel there are: a name enters, what builds such a channel leaves.

A new kind is a file beside this one, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.settings import Secret, Strict
from ebank_sentinel.paging import email, log, sms_http, webhook
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.kind import ChannelContext, Kind

KINDS: Final[Mapping[str, Kind[Any]]] = {
    "email": email.KIND,
    "webhook": webhook.KIND,
    "sms_http": sms_http.KIND,
    "log": log.KIND,
}

NOT_YET: Final = ("sms_smpp", "voice_http", "voice_sip", "chat")
"""Kinds that the format has and this version refuses by name."""


def build(
    name: str, kind: str, settings: Strict, *, read: Callable[[Secret], str], folder: Path, clock: Clock
) -> Channel:
    """The channel of a name. Raises ValueError for what the file promises and the disk does not hold."""
    context = ChannelContext(name=name, settings=settings, read=read, folder=folder, clock=clock)
    return KINDS[kind].channel(context)
