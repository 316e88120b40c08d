"""The targets: requests for /t/KEY come in, 200 or 503 leaves, and what was asked is counted by the one asked.

Written over asyncio's protocols alone, so that it costs little beside what it measures. In a process of its own
(`python answering.py PORT`) it is steered over HTTP: /-/fail and /-/heal for all targets, /-/report, /-/forget.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

_HEALTHY = b'{"status":"UP","queue":{"depth":3},"version":"2026.11"}'
_FAILING = b'{"status":"DOWN"}'


@dataclass(slots=True)
class Targets:
    """What is wrong, and what was asked."""

    failing: set[str] = field(default_factory=set)
    all_fail: bool = False
    connections: int = 0
    read_at: dict[str, list[float]] = field(default_factory=dict)  # target -> wall seconds of each request
    first_failure: dict[str, float] = field(default_factory=dict)  # target -> wall seconds of the first 503

    def answer(self, path: str) -> bytes:
        """The whole answer to one request."""
        if path.startswith("/-/"):
            return _response(200, self._steer(path[3:]))
        key = path.removeprefix("/t/")
        now = time.time()
        self.read_at.setdefault(key, []).append(now)
        if self.all_fail or key in self.failing:
            self.first_failure.setdefault(key, now)
            return _response(503, _FAILING)
        return _response(200, _HEALTHY)

    def _steer(self, order: str) -> bytes:
        if order in ("fail", "heal"):
            self.all_fail = order == "fail"
        if order == "forget":
            self.connections = 0
            self.read_at.clear()
            self.first_failure.clear()
        if order == "report":
            report = {
                "connections": self.connections,
                "read_at": self.read_at,
                "first_failure": self.first_failure,
            }
            return json.dumps(report).encode()
        return b"{}"

    async def serve(self, port: int = 0) -> asyncio.Server:
        """Listen on 127.0.0.1."""
        return await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=4096
        )


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as probes speak it: requests without bodies."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._targets.connections += 1

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._pending += data
        while b"\r\n\r\n" in self._pending:
            head, _, self._pending = self._pending.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode("ascii", "replace")
            self._transport.write(self._targets.answer(path))
            if b"connection: close" in head.lower():
                self._transport.close()


def _response(status: int, body: bytes) -> bytes:
    reason = b"200 OK" if status == 200 else b"503 Service Unavailable"
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (reason, len(body), body)


async def _main(port: int) -> None:
    server = await Targets().serve(port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
