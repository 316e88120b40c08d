"""Hosts and ports enter, connections leave: names are looked up, forbidden addresses refused, phases timed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from ebank_sentinel.clock import Clock
from ebank_sentinel.probes.failure import ForbiddenAddress
from ebank_sentinel.probes.place import Address, refuse_metadata

_LOOKUP_THREADS = 32  # names that are looked up at once; as many can hang before others wait
USER_AGENT = "ebank-sentinel"
IN_TLS = "in the TLS handshake"


@dataclass(slots=True)
class Stopwatch:
    """How long each phase of one probe took, and which one it is in."""

    monotonic: Callable[[], float]
    phase: str = "before the connection"  # in words: a timeout says where it happened
    spent: dict[str, float] = field(default_factory=dict)  # phase -> milliseconds, summed over redirects
    certificate: ssl.SSLObject | None = None  # of the last TLS connection
    began: float = field(init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self._since = self.monotonic()

    def enter(self, phase: str) -> None:
        """A phase begins."""
        self.phase = phase
        self._since = self.monotonic()

    def leave(self, name: str) -> None:
        """What began last is over: its time goes under this name."""
        now = self.monotonic()
        self.spent[name] = round(self.spent.get(name, 0.0) + (now - self._since) * 1000, 3)
        self._since = now

    def latency_ms(self) -> float:
        """Milliseconds since the probe began."""
        return round((self.monotonic() - self.began) * 1000, 3)


_WATCHING: ContextVar[Stopwatch | None] = ContextVar("stopwatch of the probe that runs", default=None)


class TimedContext(ssl.SSLContext):
    """A TLS client's settings that tell the probe's stopwatch when a handshake begins, and on what."""

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """The TLS object of a new connection: made when TCP stands and the handshake is about to begin."""
        made = super().wrap_bio(*arguments, **options)
        watch = _WATCHING.get()
        if watch is not None:
            watch.leave("connect_ms")
            watch.enter(IN_TLS)
            watch.certificate = made
        return made


class Resolver(AbstractResolver):
    """Names to addresses, in threads of its own: a DNS server that hangs holds up nobody else."""

    def __init__(self, threads: int = _LOOKUP_THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dns")
        self._asked: dict[str, asyncio.Future[list[tuple[socket.AddressFamily, str]]]] = {}

    async def addresses(self, host: str) -> list[tuple[socket.AddressFamily, str]]:
        """The addresses of a host, which may be one already. Raises socket.gaierror."""
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            return [(socket.AF_INET6 if literal.version == 6 else socket.AF_INET, host)]
        asked = self._asked.get(host)
        if asked is None:
            # Many targets share a name: it is looked up once for all that ask while it is looked up.
            asked = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)
            self._asked[host] = asked
            asked.add_done_callback(lambda done: self._answered(host, done))
        return await asyncio.shield(asked)

    def _answered(self, host: str, done: asyncio.Future[list[tuple[socket.AddressFamily, str]]]) -> None:
        del self._asked[host]
        if not done.cancelled():
            done.exception()  # whoever asked may have given up: it counts as seen

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The same, as aiohttp asks for it."""
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, ip in await self.addresses(host)
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label that is too long for IDNA
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    return [(family, str(place[0])) for family, _, _, _, place in found]


class Network:
    """What all probes share: the resolver, and the authorities that TLS trusts."""

    def __init__(self, clock: Clock) -> None:
        self.resolver = Resolver()
        self._clock = clock
        self._trust: dict[tuple[Path, int, int] | None, TimedContext] = {}

    def stopwatch(self) -> Stopwatch:
        """One for a probe that begins now; TLS handshakes of this task report to it."""
        watch = Stopwatch(self._clock.monotonic)
        _WATCHING.set(watch)
        return watch

    def trust(self, ca: Path | None) -> ssl.SSLContext:
        """TLS that verifies against an own authority, or the machine's. Raises ValueError: it names the file."""
        key = None
        if ca is not None:
            try:
                found = ca.stat()
            except OSError as error:
                raise ValueError(f"cannot read the authorities in {ca}: {error.strerror}") from None
            key = (ca, found.st_mtime_ns, found.st_size)
        if key not in self._trust:
            self._trust[key] = _verifying(ca)
        return self._trust[key]

    async def connect(self, address: Address, watch: Stopwatch, limit: timedelta) -> socket.socket:
        """A connected socket, from the first of the host's addresses that answers. Raises OSError."""
        watch.enter("looking the name up")
        found = await self.resolver.addresses(address.host)
        watch.leave("dns_ms")
        watch.enter("connecting")
        last: OSError = socket.gaierror(socket.EAI_NONAME, "it has no address")
        for family, ip in found:
            try:
                # An address that swallows packets must leave time for the next one.
                async with asyncio.timeout(limit.total_seconds() / len(found) if len(found) > 1 else None):
                    connected = await _connect_one(family, ip, address.port)
            except OSError as error:  # a TimeoutError is one
                last = error
            else:
                watch.leave("connect_ms")
                return connected
        raise last

    def session(self, *, ca: Path | None, https: bool) -> Callable[[], aiohttp.ClientSession]:
        """What opens an HTTP client once the loop runs. Raises ValueError at once when `ca` cannot be read."""
        tls: ssl.SSLContext | bool = self.trust(ca) if https else True

        def opened() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self.resolver,
                    use_dns_cache=False,
                    force_close=True,  # a probe asks what a customer meets: a new connection
                    limit=0,  # the engine counts what is in flight
                    ssl=tls,
                    socket_factory=_socket_for,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # decoded under the cap, see body.py
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # one deadline over the whole probe
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                trace_configs=[_traces()],
            )

        return opened

    async def close(self) -> None:
        """End what runs in the background."""
        await self.resolver.close()


def _verifying(ca: Path | None) -> TimedContext:
    context = TimedContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=ca)
    except ssl.SSLError:
        raise ValueError(f"{ca} holds no certificates in PEM form") from None
    except OSError as error:
        raise ValueError(f"cannot read the authorities in {ca}: {error.strerror}") from None
    return context


async def _connect_one(family: socket.AddressFamily, ip: str, port: int) -> socket.socket:
    made = _socket_for((family, socket.SOCK_STREAM, 0, "", (ip, port)))
    made.setblocking(False)  # noqa: FBT003 - the socket's own interface
    try:
        await asyncio.get_running_loop().sock_connect(made, (ip, port))
    except BaseException:
        made.close()
        raise
    return made


def _socket_for(place: AddrInfoType) -> socket.socket:
    """A socket for one address. Here, after every look-up and redirect, is where forbidden ones stop."""
    family, kind, protocol, _, where = place
    try:
        refuse_metadata(str(where[0]))
    except ValueError as error:
        raise ForbiddenAddress(str(error)) from None
    return socket.socket(family=family, type=kind, proto=protocol)


def _traces() -> aiohttp.TraceConfig:
    """Tells the stopwatch of a request, which travels as its `trace_request_ctx`, how the connection comes about."""
    traces = aiohttp.TraceConfig()

    async def looking_up(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.enter("looking the name up")

    async def looked_up(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.leave("dns_ms")
        context.trace_request_ctx.enter("connecting")

    async def connecting(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.enter("connecting")

    async def connected(_session: object, context: SimpleNamespace, _what: object) -> None:
        watch: Stopwatch = context.trace_request_ctx
        watch.leave("tls_ms" if watch.phase == IN_TLS else "connect_ms")
        watch.enter("waiting for the first byte of the answer")

    traces.on_dns_resolvehost_start.append(looking_up)
    traces.on_dns_resolvehost_end.append(looked_up)
    traces.on_connection_create_start.append(connecting)
    traces.on_connection_create_end.append(connected)
    return traces
