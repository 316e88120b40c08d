"""Real receivers on loopback: texts, mails and webhooks come in; what arrived is on disk before it is answered."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import json
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass(slots=True)
class Arrivals:
    """One page's: when it came, how often, and whether it always said the same."""

    first_at: float  # monotonic seconds
    first_wall: float  # seconds since 1970
    channel: str
    digest: str
    times: int = 1
    differs: bool = False


@dataclass(slots=True)
class Ledger:
    """Everything that arrived, by page id. A line is on disk before its sender is told that it was taken."""

    path: Path
    sync: bool = True
    by_page: dict[str, Arrivals] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)  # what no page may look like
    _file: int = -1

    def __enter__(self) -> Self:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def arrived(self, channel: str, page: str, content: str) -> None:
        """Keep one arrival."""
        if not page:
            self.refused.append(f"{channel}: a page without an id")
            return
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        line = {"at": time.time(), "channel": channel, "page": page, "digest": digest}
        os.write(self._file, json.dumps(line).encode() + b"\n")
        if self.sync:
            os.fsync(self._file)
        known = self.by_page.get(page)
        if known is None:
            self.by_page[page] = Arrivals(time.monotonic(), time.time(), channel, digest)
        else:
            known.times += 1
            known.differs |= known.digest != digest or known.channel != channel


class Receivers:
    """A text gateway, a webhook receiver and a mail server that take what comes, each after a moment."""

    def __init__(self, ledger: Ledger, *, hook_secret: str, slowness: float, dice: random.Random) -> None:
        self._ledger = ledger
        self._hook = Webhook(hook_secret)
        self._slowness = slowness  # seconds that an answer takes at most: so long a page is in flight
        self._dice = dice

    @asynccontextmanager
    async def serve(self, *, sms: int, mail: int, hook: int) -> AsyncIterator[None]:
        """Listen on 127.0.0.1 while the block runs; 0 leaves a receiver out."""
        app = web.Application()
        app.add_routes([web.get("/sms", self._take_text), web.post("/hook", self._take_hook)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        mails = None
        try:
            for port in filter(None, (sms, hook)):
                await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
            if mail:
                loop = asyncio.get_running_loop()
                mails = await loop.create_server(
                    lambda: SMTP(self, loop=loop, hostname="mail.bank.example", enable_SMTPUTF8=True), "127.0.0.1", mail
                )
            yield
        finally:
            await runner.cleanup()
            if mails is not None:
                mails.close()

    async def _take_text(self, request: web.Request) -> web.Response:
        await self._dawdle()
        query = request.query
        self._ledger.arrived("sms", query.get("id", ""), f"{query.get('to')} {query.get('text')}")
        await self._dawdle()
        return web.Response(status=202, text="0: Accepted for delivery")

    async def _take_hook(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            self._hook.verify(raw, dict(request.headers))
        except WebhookVerificationError as error:
            self._ledger.refused.append(f"hook: {error}")
            return web.Response(status=401)
        await self._dawdle()
        self._ledger.arrived("hook", request.headers["webhook-id"], raw.decode())
        await self._dawdle()
        return web.Response(status=204)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd finds it by this name
        """A mail is complete."""
        await self._dawdle()
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        body = mail.get_body(("plain",))
        page = str(mail["Message-ID"] or "").strip("<> ").partition("@")[0]
        words = body.get_content() if body is not None else ""
        self._ledger.arrived("mail", page, f"{envelope.rcpt_tos} {mail['Subject']} {words}")
        await self._dawdle()
        return "250 2.0.0 Ok: queued"

    async def _dawdle(self) -> None:
        """Half of a provider's time before it has the page, half before it says so."""
        if self._slowness:
            await asyncio.sleep(self._dice.random() * self._slowness / 2)
