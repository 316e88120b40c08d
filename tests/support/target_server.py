"""What is watched in a story: a real HTTP server whose answers the test sets, path by path."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from support.webhook_receiver import serving


@dataclass(slots=True)
class TargetServer:
    """Every path answers 200 and `{}` until the test says otherwise."""

    status: dict[str, int] = field(default_factory=dict)  # path -> HTTP status
    body: dict[str, Mapping[str, object]] = field(default_factory=dict)  # path -> what the JSON body says
    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        return web.json_response(self.body.get(request.path, {}), status=self.status.get(request.path, 200))

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[TargetServer]:
        """Listen for as long as the block runs."""
        async with serving(self._answer) as self.port:
            yield self
