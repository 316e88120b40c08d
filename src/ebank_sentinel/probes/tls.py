"""`tls`: an address enters; whether its certificate is trusted, why not, and the days it has left, leave."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from ebank_sentinel.model.reading import Reading, Target
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.certificate import days_left
from ebank_sentinel.probes.failure import explain
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, placed, read_one
from ebank_sentinel.probes.network import IN_TLS, Stopwatch
from ebank_sentinel.probes.place import (
    Address,
    check_address_template,
    check_host,
    fill,
    parse_address,
    placeholders,
)


def _check_server_name(text: str) -> str:
    if not placeholders(text):
        check_host(fill(text, {}))
    return text


class Settings(Strict):
    """The `tls:` of a probe."""

    address: Annotated[str, AfterValidator(check_address_template)] = Field(
        description="host:port to shake hands with; {column} is filled from the target"
    )
    server_name: Annotated[str, AfterValidator(_check_server_name)] | None = Field(
        default=None, description="the name that the certificate must be for; else the host of the address"
    )
    ca: str | None = Field(
        default=None, min_length=1, description="PEM file of the only authorities to trust; else those of this machine"
    )


class TlsProber:
    """Shakes hands; where the certificate is refused, once more without verifying, only to read its dates."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context
        ca = context.settings.ca
        self._verifying = context.network.trust(None if ca is None else context.folder / ca)
        self._reading = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._reading.check_hostname = False
        self._reading.verify_mode = ssl.CERT_NONE

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading: up when the handshake succeeded and the certificate is trusted."""
        sight = Sight()
        return await read_one(self._context, target, sight, self._look(target, sight))

    async def _look(self, target: Target, sight: Sight) -> None:
        settings = self._context.settings
        network = self._context.network
        watch = network.stopwatch()
        sight.doing = lambda: watch.phase
        try:
            address, name = placed(address_for, settings, target.labels)
            try:
                certificate = await self._shake(address, name, self._verifying, watch)
            except ssl.SSLCertVerificationError as refused:
                sight.verdict = explain(refused)
                fresh = network.stopwatch()  # the phases of the first handshake are the reading's
                sight.doing = lambda: fresh.phase
                certificate = await self._shake(address, name, self._reading, fresh)
            else:
                sight.fields["latency_ms"] = watch.latency_ms()
            left = days_left(certificate, self._context.clock.now())
            if left is not None:
                sight.fields["cert_days"] = left
        finally:
            sight.fields.update(watch.spent)

    async def _shake(self, address: Address, name: str, context: ssl.SSLContext, watch: Stopwatch) -> bytes | None:
        """The certificate, as DER, of a handshake that succeeded. Raises OSError."""
        connected = await self._context.network.connect(address, watch, self._context.timeout)
        watch.enter(IN_TLS)
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol,
                sock=connected,
                ssl=context,
                server_hostname=name.rstrip("."),
                ssl_handshake_timeout=self._context.timeout.total_seconds() * 2,  # the probe's deadline is the limit
            )
        except ConnectionAbortedError:
            raise ConnectionResetError("hung up in the handshake") from None
        finally:
            if connected.fileno() == -1:
                connected.close()
        watch.leave("tls_ms")
        seen: ssl.SSLObject = transport.get_extra_info("ssl_object")
        certificate = seen.getpeercert(binary_form=True)
        transport.abort()
        return certificate

    async def close(self) -> None:
        """Nothing is kept."""


def address_for(settings: Settings, labels: Mapping[str, str]) -> tuple[Address, str]:
    """The address of a target and the name that its certificate must be for. Raises ValueError."""
    address = parse_address(fill(settings.address, labels))
    if settings.server_name is None:
        return address, address.host
    return address, check_host(fill(settings.server_name, labels))


def fields(_settings: Settings) -> Mapping[str, type]:
    """What a rule may name."""
    return {"cert_days": float, "latency_ms": float, "dns_ms": float, "connect_ms": float, "tls_ms": float}


def check_target(settings: Settings, labels: Mapping[str, str]) -> None:
    """Raises ValueError when a target's labels give no address."""
    address_for(settings, labels)


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(hours=1),
    fields=fields,
    prober=TlsProber,
    check_target=check_target,
)
