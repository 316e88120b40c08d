"""Slow and silent clients: each has its deadline, and whoever acknowledges gets in all the same."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from ebank_sentinel.errors import SentinelError
from ebank_sentinel.web import asked
from ebank_sentinel.web.listener import Listener, Room
from ebank_sentinel.web.problems import problems
from support.driven_clock import eventually

HALF_A_HEAD = b"POST /ack HTTP/1.1\r\nHost: x\r\nX-Slow: "
HALF_A_BODY = b"POST /ack HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


class Server:
    """A listener with one route that reads a body, one that is slow, and one that says a lot."""

    def __init__(self, room: Room) -> None:
        self.room = room
        app = web.Application(middlewares=[problems, room.answering])
        app.add_routes([web.post("/ack", self.ack), web.get("/slow", self.slow), web.get("/much", self.much)])
        self.listener = Listener(app, room)
        self.release = asyncio.Event()
        self.port = 0

    async def ack(self, request: web.Request) -> web.Response:
        return web.json_response(await asked.json_object(request))

    async def slow(self, _request: web.Request) -> web.Response:
        await self.release.wait()
        return web.Response(text="at last")

    async def much(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 20_000_000)

    async def open(
        self, first: bytes = b"", *, peer: str = "127.0.0.1"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(peer, 0))
        writer.write(first)
        return reader, writer

    async def acknowledge(self) -> float:
        """Seconds that an ack takes, on a connection of its own."""
        begin = time.monotonic()
        async with aiohttp.ClientSession() as session:
            answer = await session.post(f"http://127.0.0.1:{self.port}/ack", json={"person": "wang.fang"})
            assert await answer.json() == {"person": "wang.fang"}
        return time.monotonic() - begin


@contextlib.asynccontextmanager
async def serving(*, most: int = 50, patience: float = 0.3) -> AsyncIterator[Server]:
    server = Server(Room(most, patience))
    server.port = await server.listener.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        server.release.set()
        await server.listener.stop()


async def hung_up(reader: asyncio.StreamReader) -> bytes:
    """What came until the server closed."""
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""


SLOW = {"silent": b"", "one byte": b"G", "half a head": HALF_A_HEAD, "half a body": HALF_A_BODY}


@pytest.mark.parametrize("kind", SLOW)
async def test_a_connection_whose_request_does_not_come_is_closed(kind: str) -> None:
    async with serving() as server:
        reader, writer = await server.open(SLOW[kind])
        assert await hung_up(reader) == b""
        assert len(server.room) == 0
        writer.close()


@pytest.mark.parametrize("begun", [HALF_A_HEAD, HALF_A_BODY], ids=["its head", "its body"])
async def test_a_client_that_drips_is_closed_all_the_same(begun: bytes) -> None:
    async with serving() as server:
        reader, writer = await server.open(begun)
        ended = asyncio.create_task(hung_up(reader))
        with contextlib.suppress(ConnectionError):
            while not ended.done():
                writer.write(b"x")
                await asyncio.sleep(0.02)
        await ended
        writer.close()


async def test_an_idle_connection_is_closed_after_its_answer() -> None:
    async with serving() as server:
        reader, writer = await server.open(b"POST /ack HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await hung_up(reader)).startswith(b"HTTP/1.1 200 OK")
        writer.close()


async def test_a_client_that_does_not_read_its_answer_is_closed() -> None:
    async with serving() as server:
        _, writer = await server.open(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        await eventually(lambda: len(server.room) == 1)
        await eventually(lambda: len(server.room) == 0)
        transport.abort()


async def test_a_request_that_is_being_handled_has_all_the_time_that_this_takes() -> None:
    async with serving(patience=0.1) as server:
        reader, writer = await server.open(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(0.4)
        server.release.set()
        assert (await hung_up(reader)).endswith(b"at last")
        writer.close()


async def test_when_all_places_are_taken_the_one_that_waited_longest_gives_way() -> None:
    async with serving(most=3, patience=30) as server:
        first = await server.open(HALF_A_HEAD)
        await eventually(lambda: len(server.room) == 1)
        others = [await server.open(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"), await server.open()]
        await eventually(lambda: len(server.room) == 3)
        await server.acknowledge()
        assert await hung_up(first[0]) == b""
        assert not others[1][0].at_eof()
        for _, writer in (first, *others):
            writer.close()


async def test_whoever_holds_most_places_gives_one_up() -> None:
    async with serving(most=4, patience=30) as server:
        quiet = await server.open()
        await eventually(lambda: len(server.room) == 1)
        greedy = [await server.open(peer="127.0.0.2") for _ in range(3)]
        await eventually(lambda: len(server.room) == 4)
        another = await server.open(peer="127.0.0.2")
        assert await hung_up(greedy[0][0]) == b""
        assert len(server.room) == 4
        quiet[1].write(b"POST /ack HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await hung_up(quiet[0])).startswith(b"HTTP/1.1 200 OK")
        for _, writer in (quiet, another, *greedy):
            writer.close()


async def test_nobody_who_is_being_answered_is_sent_away() -> None:
    async with serving(most=2, patience=30) as server:
        busy = [await server.open(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(2)]
        await eventually(lambda: len(server.room._answered) == 2)
        reader, writer = await server.open(b"POST /ack HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await hung_up(reader) == b""
        server.release.set()
        for one in busy:
            assert (await hung_up(one[0])).endswith(b"at last")
            one[1].close()
        writer.close()


@pytest.mark.parametrize("kinds", [tuple(SLOW.values()), (HALF_A_BODY,)], ids=["of every kind", "with half a body"])
async def test_two_hundred_slow_clients_do_not_stop_an_ack(kinds: tuple[bytes, ...]) -> None:
    async with serving(most=50, patience=5) as server:
        stop = asyncio.Event()

        async def slow(sent: bytes) -> None:
            """As an attacker does: comes again whenever it is sent away."""
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    reader, writer = await server.open(sent, peer="127.0.0.2")
                    reading = asyncio.create_task(hung_up(reader))
                    stopping = asyncio.create_task(stop.wait())
                    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    reading.cancel()
                    stopping.cancel()
                    writer.close()
                await asyncio.sleep(0.2)

        attack = [asyncio.create_task(slow(sent)) for sent in kinds * (200 // len(kinds))]
        await eventually(lambda: len(server.room) >= 50)
        took = []
        for _ in range(20):
            took.append(await server.acknowledge())
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*attack)
        assert max(took) < 1.0
        assert len(server.room) <= 50 + 1


async def test_an_address_that_is_taken_is_named() -> None:
    async with serving() as server:
        with pytest.raises(SentinelError, match=f"cannot listen on 127.0.0.1:{server.port}: "):
            await Server(Room()).listener.start("127.0.0.1", server.port)
