"""A webhook receiver on loopback that verifies signatures and answers as a test says."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What came in, with a signature that holds."""

    id: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(slots=True)
class WebhookReceiver:
    """Its answers are attributes: a test changes them before it sends."""

    secret: str | bytes
    any_time: bool = False  # the sender's clock is driven: its signature must hold, its time stamp need not be ours
    hooks: list[Hook] = field(default_factory=list)
    status: int = 204
    text: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False
    requests: int = 0  # with or without a signature that holds
    port: int = 0

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = self._verified(raw, headers)
        except WebhookVerificationError as error:
            return web.Response(status=401, text=str(error))
        if 200 <= self.status < 300:
            self.hooks.append(Hook(id=headers["webhook-id"], body=body, headers=headers))
        if self.hang:
            await asyncio.sleep(3600)
        if self.reset:
            assert request.transport is not None
            request.transport.abort()
        raw_text = self.text.encode() if isinstance(self.text, str) else self.text
        return web.Response(status=self.status, body=raw_text or None, headers=self.headers)

    def _verified(self, raw: bytes, headers: dict[str, str]) -> Any:
        receiver = Webhook(self.secret)
        if not self.any_time:
            return receiver.verify(raw, headers)
        sent = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        signature = receiver.sign(msg_id=headers["webhook-id"], timestamp=sent, data=raw.decode())
        if signature not in headers["webhook-signature"].split(" "):
            raise WebhookVerificationError("no signature holds")
        return json.loads(raw)

    @asynccontextmanager
    async def serve(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebhookReceiver]:
        """Listen for as long as the block runs."""
        async with serving(self._take, tls=tls) as self.port:
            yield self


@asynccontextmanager
async def serving(handler: Any, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a web server that gives every request to one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
