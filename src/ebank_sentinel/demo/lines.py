"""What the simulated bank is reached by: a port for every line; those take connections whose bank says so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ebank_sentinel.demo.bank_state import Bank


class Lines:
    """Servers that take a connection and say nothing; a line that is down refuses it."""

    def __init__(self, bank: Bank, ports: Mapping[str, int]) -> None:
        self._bank = bank
        self._ports = ports
        self._servers: dict[str, asyncio.Server] = {}

    async def follow(self) -> None:
        """Take up what is there, and down what is not. Raises OSError when a port is taken by somebody else."""
        for name, port in self._ports.items():
            server = self._servers.get(name)
            if self._bank.has_line(name) and server is None:
                self._servers[name] = await asyncio.start_server(_hang_up, "127.0.0.1", port)
            elif not self._bank.has_line(name) and server is not None:
                server.close()
                await server.wait_closed()
                del self._servers[name]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """All lines, for as long as the block runs."""
        try:
            await self.follow()
            yield
        finally:
            for server in self._servers.values():
                server.close()
                await server.wait_closed()
            self._servers.clear()


@asynccontextmanager
async def tls_server(context: ssl.SSLContext, *, port: int) -> AsyncIterator[None]:
    """Shows a certificate, for as long as the block runs. Raises OSError when the port is taken."""
    server = await asyncio.start_server(_hang_up, "127.0.0.1", port, ssl=context)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
