"""The open door: connections enter, as many as there is room for, and none of them may dawdle.

aiohttp waits for ever for a client that sends its request slowly, or takes its answer slowly. Here a connection
that is not being answered has a deadline, and when all places are taken the one that has waited longest
gives way, so that whoever acknowledges at 3 a.m. always gets in.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from ebank_sentinel.errors import SentinelError
from ebank_sentinel.web.problems import Handler, problem

MOST_CONNECTIONS = 256
"""Open at once: far more than consoles, jobs and scrapers need, and far under what a process may open."""

PATIENCE = 15.0
"""Seconds that a connection may take from its start, or from its last answer, until its request is here."""

LINGER = 1.0
"""Seconds for the rest of a body that nobody wants."""

STOP = 0.5
"""Seconds that a stop waits for answers that are under way, and then once more until they are cancelled."""

_log = structlog.get_logger()


class Room:
    """Who is here: those that are being answered, and those that have until their deadline."""

    def __init__(self, most: int = MOST_CONNECTIONS, patience: float = PATIENCE) -> None:
        self._most = most
        self._patience = patience
        self._waiting: dict[str, dict[asyncio.BaseTransport, asyncio.TimerHandle]] = {}  # by peer, the longest first
        self._answered: set[asyncio.BaseTransport] = set()

    def __len__(self) -> int:
        """How many connections are open."""
        return sum(map(len, self._waiting.values())) + len(self._answered)

    def enter(self, transport: asyncio.Transport) -> None:
        """A connection came; when there is no room, one of whoever holds most places goes."""
        if len(self) >= self._most:
            theirs = max(self._waiting.values(), key=len, default={transport: None})
            longest = next(iter(theirs))
            self.leave(longest)
            _abort(longest)
        if not transport.is_closing():
            self._wait(transport)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """A connection went."""
        self._answered.discard(transport)
        theirs = self._waiting.get(_peer(transport), {})
        timer = theirs.pop(transport, None)
        if timer is not None:
            timer.cancel()
        if not theirs:
            self._waiting.pop(_peer(transport), None)

    @web.middleware
    async def answering(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Once its request is here whole, a connection has all the time that handling it takes."""
        transport = request.transport
        try:
            await request.read()  # it is kept there; a body that dawdles is a connection that waits
        except RuntimeError as error:  # aiohttp's word for it
            raise ConnectionResetError(str(error)) from None
        if transport is None or transport not in self._waiting.get(_peer(transport), {}):
            return await handler(request)
        self.leave(transport)
        self._answered.add(transport)
        try:
            return await handler(request)
        finally:
            if transport in self._answered:  # it may have gone meanwhile
                self._answered.discard(transport)
                self._wait(transport)

    def _wait(self, transport: asyncio.BaseTransport) -> None:
        timer = asyncio.get_running_loop().call_later(self._patience, _abort, transport)
        self._waiting.setdefault(_peer(transport), {})[transport] = timer


class _Connection(web.RequestHandler):
    """One connection of aiohttp's, that knows its place."""

    __slots__ = ("_place", "_room")

    def __init__(self, server: web.Server, room: Room) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            lingering_time=LINGER,
        )
        self._room = room
        self._place: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._place = transport
        if isinstance(transport, asyncio.Transport):
            self._room.enter(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._place is not None:
            self._room.leave(self._place)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is answered like everything else; the log gets one line of it, and not the whole value."""
        words = " ".join((message or type(exc).__name__).split())[:100]
        _log.warning("a request was no HTTP", remote=request.remote, error=words)
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer is out: another cannot follow it")
        answer = problem(status, "Bad request", f"this is not a request that HTTP knows: {words}")
        answer.force_close()
        return answer


class Listener:
    """Listens from `start` to `stop`."""

    def __init__(self, app: web.Application, room: Room) -> None:
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=STOP)
        self._room = room
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Begin. Returns the port. Raises SentinelError when the address cannot be had."""
        await self._runner.setup()
        server = self._runner.server
        if server is None:
            raise RuntimeError("a runner that was set up has a server")
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Connection(server, self._room), host, port
            )
        except OSError as error:
            await self._runner.cleanup()
            reason = error.strerror or str(error)
            raise SentinelError(f"cannot listen on {host}:{port}: {reason}") from None
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Take nobody in any more, and let those go who are here."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()


def _peer(transport: asyncio.BaseTransport) -> str:
    """The address that a connection comes from."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if name else ""


def _abort(transport: asyncio.BaseTransport) -> None:
    """Close it at once, whatever is still to be written."""
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    else:
        transport.close()
