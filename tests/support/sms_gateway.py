"""A text gateway on loopback with Kannel's interface, or any other, that answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from support.webhook_receiver import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it came over the wire."""

    method: str
    query: dict[str, str]
    raw_query: str
    headers: dict[str, str]
    body: str
    answered: int = 0  # the status that it was, or would have been, answered with


@dataclass(slots=True)
class SmsGateway:
    """Its answers are attributes: a test changes them before it sends."""

    asked: list[Asked] = field(default_factory=list)
    status: int = 202
    text: str = "0: Accepted for delivery"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False
    port: int = 0

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            Asked(
                method=request.method,
                query=dict(request.query),
                raw_query=request.rel_url.raw_query_string,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.text(),
                answered=self.status,
            )
        )
        if self.hang:
            await asyncio.sleep(3600)
        if self.reset:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status, text=self.text, headers=self.headers)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[SmsGateway]:
        """Listen for as long as the block runs."""
        async with serving(self._take) as self.port:
            yield self
