"""`tcp`: an address enters; whether somebody takes the connection, and how long that took, leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from ebank_sentinel.model.reading import Reading, Target
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, placed, read_one
from ebank_sentinel.probes.place import Address, check_address_template, fill, parse_address


class Settings(Strict):
    """The `tcp:` of a probe."""

    address: Annotated[str, AfterValidator(check_address_template)] = Field(
        description="host:port to connect to; {column} is filled from the target"
    )


class TcpProber:
    """Connects, and hangs up."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading: up when the connection was made."""
        sight = Sight()
        return await read_one(self._context, target, sight, self._look(target, sight))

    async def _look(self, target: Target, sight: Sight) -> None:
        network = self._context.network
        watch = network.stopwatch()
        sight.doing = lambda: watch.phase
        try:
            address = placed(address_for, self._context.settings, target.labels)
            connected = await network.connect(address, watch, self._context.timeout)
            connected.close()
            sight.fields["latency_ms"] = watch.latency_ms()
        finally:
            sight.fields.update(watch.spent)

    async def close(self) -> None:
        """Nothing is kept."""


def address_for(settings: Settings, labels: Mapping[str, str]) -> Address:
    """The address of a target. Raises ValueError when its labels give none."""
    return parse_address(fill(settings.address, labels))


def fields(_settings: Settings) -> Mapping[str, type]:
    """What a rule may name."""
    return {"latency_ms": float, "dns_ms": float, "connect_ms": float}


def check_target(settings: Settings, labels: Mapping[str, str]) -> None:
    """Raises ValueError when a target's labels give no address."""
    address_for(settings, labels)


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(seconds=30),
    fields=fields,
    prober=TcpProber,
    check_target=check_target,
)
