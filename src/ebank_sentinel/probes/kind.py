"""What every kind of probe is made of: its settings, the fields that it reads, and the prober that reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.reading import ProbeError, Reading, Scalar, Target, TargetId
from ebank_sentinel.model.settings import Strict, format_duration
from ebank_sentinel.probes.failure import Failed, explain, one_line
from ebank_sentinel.probes.network import Network

T = TypeVar("T")
S = TypeVar("S", bound=Strict)
"""The settings of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailure:
    """The probe itself failed, which says nothing of what is watched: no reading, so rules go unknown."""

    probe: str
    at: datetime
    error: ProbeError
    detail: str  # one line, no secret in it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeContext(Generic[S]):
    """Everything that a prober is built from."""

    name: str  # of the probe, in sentinel.yaml
    settings: S
    every: timedelta
    timeout: timedelta  # the deadline over one whole probe
    absent: str  # "no_data", or "clear" for a query that returns only what is wrong
    clock: Clock
    network: Network
    folder: Path  # the folder of sentinel.yaml: paths in settings are relative to it
    credentials: Path | None  # systemd's folder of credentials
    open_targets: Callable[[str], Iterable[Target]]  # probe -> its targets that have a symptom
    last_beat: Callable[[TargetId], datetime | None]


class Prober(Protocol):
    """Reads targets of one probe. Never raises, apart from being cancelled."""

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """Probe once, within the deadline. One reading; several or none for a probe that finds its own targets."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def _no_body(_settings: Strict) -> bool:
    return False


def _fits(_settings: Strict, _labels: Mapping[str, str]) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One kind of probe: what its file hands to the registry."""

    settings: type[S]
    every: Callable[[S], timedelta]  # the interval when the file names none
    fields: Callable[[S], Mapping[str, type]]  # what rules may name; `object` for a scalar of a type not yet known
    prober: Callable[[ProbeContext[S]], Prober]  # raises ValueError for what a file promises and the disk does not hold
    has_body: Callable[[S], bool] = _no_body  # whether `body.x.y` is allowed
    check_target: Callable[[S, Mapping[str, str]], None] = _fits  # raises ValueError for labels that give no address
    finds_targets: bool = False  # its targets are what it reads: `targets` is refused, `absent` is allowed


@dataclass(slots=True)
class Sight:
    """What has been seen so far: kept even when the probe ends badly."""

    fields: dict[str, Scalar] = field(default_factory=dict)
    body: object = None
    doing: Callable[[], str] = lambda: "waiting"  # in words, for a timeout
    verdict: Failed | None = None  # known already: what goes wrong later does not hide it


def placed(place: Callable[[S, Mapping[str, str]], T], settings: S, labels: Mapping[str, str]) -> T:
    """Where a target is. Raises Failed: labels that give no address say nothing of what is watched."""
    try:
        return place(settings, labels)
    except ValueError as error:
        raise Failed(ProbeError.LOCAL, f"the target's labels give no address: {error}") from None


async def within(limit: timedelta, sight: Sight, look: Awaitable[None]) -> Failed | None:
    """Carry out a look within its deadline: why it failed, or None. Raises nothing but CancelledError."""
    failed = await _within(limit, sight, look)
    return sight.verdict or failed


async def _within(limit: timedelta, sight: Sight, look: Awaitable[None]) -> Failed | None:
    try:
        async with asyncio.timeout(limit.total_seconds()) as deadline:
            try:
                await look
            except TimeoutError:
                if deadline.expired():
                    raise
                return Failed(ProbeError.TIMEOUT, f"the connection timed out while {sight.doing()}")
    except TimeoutError:
        return Failed(ProbeError.TIMEOUT, f"no answer within {format_duration(limit)}: still {sight.doing()}")
    except Exception as error:  # noqa: BLE001 - one target's strange answer must not stop the others
        reason = explain(error)
        if reason is not None:
            return reason
        structlog.get_logger().exception("a probe met something unforeseen", error=type(error).__name__)
        return Failed(ProbeError.PROTOCOL, f"something unforeseen: {type(error).__name__}: {one_line(str(error), 120)}")
    return None


async def read_one(
    context: ProbeContext[S], target: Target, sight: Sight, look: Awaitable[None]
) -> Sequence[Reading] | ProbeFailure:
    """One look at one target as its reading."""
    failed = await within(context.timeout, sight, look)
    if failed is not None and failed.error is ProbeError.LOCAL:
        return ProbeFailure(probe=context.name, at=context.clock.now(), error=failed.error, detail=failed.detail)
    reading = Reading(
        target=target,
        at=context.clock.now(),
        up=failed is None,
        error=failed.error if failed else None,
        detail=failed.detail if failed else "",
        fields=sight.fields,
        body=sight.body,
    )
    return (reading,)
