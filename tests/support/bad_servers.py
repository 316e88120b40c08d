"""Servers that misbehave in one way each: what a probe must survive, and name."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with one connection; the connection ends when it returns."""


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[int]:
    """The port, on loopback, of a server that behaves so."""
    busy: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(handle(reader, writer))
        busy.add(task)
        task.add_done_callback(busy.discard)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(busy):
            task.cancel()
        if busy:
            await asyncio.wait(busy)


async def never_answers(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Takes the connection and whatever is sent, and stays silent."""
    while await reader.read(4096):
        pass
    await asyncio.sleep(3600)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte a second, of a head that looks well."""
    await reader.read(4096)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b" " * 1000:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(1)


async def drips_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The head at once, the body a byte a second."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(1)


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Resets the connection once something was sent."""
    await reader.read(1)
    reset(writer)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends the connection without an answer."""
    await reader.read(4096)
    writer.close()
    await writer.wait_closed()


async def hangs_up_in_the_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promises a thousand bytes and sends three."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes that are no protocol."""
    await reader.read(4096)
    writer.write(bytes(range(256)) * 20 + b"\r\n\r\n")
    await writer.drain()
    await reader.read(4096)


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Headers without end."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body without end, as fast as it is taken."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    while True:
        writer.write(chunk)
        await writer.drain()


BEHAVIOURS: dict[str, Behaviour] = {
    each.__name__: each
    for each in (
        never_answers,
        drips,
        drips_body,
        resets,
        hangs_up,
        hangs_up_in_the_body,
        garbage,
        endless_head,
        endless_body,
    )
}


def answering(head: str, body: bytes = b"") -> Behaviour:
    """A server that answers every request with these bytes: a head without its last empty line, and a body."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        length = [line for line in request.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if length:
            await reader.readexactly(int(length[0].split(b":")[1]))
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return answer


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN."""
    open_socket: socket.socket = writer.get_extra_info("socket")
    open_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
