"""What is watched, and what a probe saw of it once."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = str | int | float | bool
"""What a field of a reading can be. NaN never is one: such a field is missing."""


class TargetId(NamedTuple):
    """What a target is known by, whatever its labels become."""

    probe: str  # name of the probe in sentinel.yaml
    key: str  # the column that `key:` names, a series' labels, or the probe's own name

    def __str__(self) -> str:
        return self.probe if self.key == self.probe else f"{self.probe}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that is watched."""

    id: TargetId
    labels: Mapping[str, str] = field(default_factory=dict)  # attributes; may change, `topology` joined in


class ProbeError(enum.StrEnum):
    """Why a reading is not up: what a condition may compare `error` with."""

    TIMEOUT = "timeout"  # the deadline over the whole probe ran out
    DNS = "dns"  # the name was not resolved
    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # no route, or the network said no
    RESET = "reset"  # the peer hung up in the middle
    PROTOCOL = "protocol"  # what came is not the protocol that was asked for
    TLS = "tls"  # a handshake that failed for a reason of its own
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_WRONG_NAME = "tls_wrong_name"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_UNTRUSTED = "tls_untrusted"  # the chain leads to no authority that we know
    STATUS = "status"  # an HTTP status that is not among the expected
    REDIRECT = "redirect"  # a redirect where none is followed, or to somewhere forbidden
    TOO_LARGE = "too_large"  # the body is over the cap
    BODY = "body"  # the body is not what `read` needs (not JSON, not text)
    ASSERTION = "assertion"  # `expect` did not hold
    QUERY = "query"  # the server refused the PromQL
    SILENT = "silent"  # no heartbeat within its time
    LOCAL = "local"  # this machine could not probe (no descriptors, no address in its labels): only in a ProbeFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a probe saw of one target once. A probe never raises: a failure is a Reading with an error."""

    target: Target
    at: datetime  # when the probe ended, UTC
    up: bool
    error: ProbeError | None = None  # None when up
    detail: str = ""  # the error in words, one line, no secret in it
    fields: Mapping[str, Scalar] = field(default_factory=dict)  # latency_ms, status, value, what `read` names
    body: object = None  # the decoded JSON body under `read: "*"`, for `body.x.y`
    present: bool = True  # False: the series left a complete answer (`absent: clear`)
