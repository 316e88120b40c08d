"""The real daemon inside a test, on loopback and in real time: a bank that fails when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.daemon import Daemon
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.systemd import Notifier
from support.bank_files import BankFiles
from support.driven_clock import eventually
from support.real import free_port
from support.sms_gateway import SmsGateway
from support.target_server import TargetServer

PROBES = {
    "login": '{http: {url: "@TARGET@/login"}, every: 300ms, timeout: 250ms, labels: {service: login}}',
    "batch": "{heartbeat: {within: 26h}}",
}
RULE = """\
  - id: login-down
    title: {zh-CN: 登录失败, en: Logins fail}
    watch: login
    when: not up
    for: 100ms
    clear_after: 100ms
    category: system
    severity: II
    groups: [technical]
"""
CHANNELS = {
    "sms": '{sms_http: {url: "http://127.0.0.1:@SMS@/send", params: {to: "{to}", text: "{text}", id: "{id}"}}}',
    "mail": "{log: {}}",
    "hook": "{log: {}}",
}


@dataclass
class LoopbackDaemon:
    """What a test sees of it."""

    files: BankFiles
    daemon: Daemon
    metrics: Metrics
    target: TargetServer
    sms: SmsGateway
    port: int
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body (JSON as a value, else text) and headers."""
        headers = {**self.headers, **more.pop("headers", {})}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, **more) as answer,
        ):
            body = await (answer.json() if "json" in answer.content_type else answer.text())
            return answer.status, body, answer.headers

    async def raw(self, request: bytes, *, seconds: float = 10) -> bytes:
        """Bytes as they are, and whatever comes back until the daemon closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            with contextlib.suppress(ConnectionError):
                return await asyncio.wait_for(reader.read(), seconds)
            return b""
        finally:
            writer.close()

    async def incident(self) -> dict[str, Any]:
        """The one that is open, once the login fails."""
        self.target.status["/login"] = 500
        await eventually(lambda: bool(self.daemon._flow.desk.ledger.incidents))
        _, body, _ = await self.ask("GET", "/api/v1/incidents")
        found: dict[str, Any] = body["incidents"][0]
        return found


@contextlib.asynccontextmanager
async def running_daemon(
    folder: Path,
    *,
    notifier: Notifier | None = None,
    more: str = "",
    probes: Mapping[str, str] = PROBES,
    rules: str = RULE,
) -> AsyncIterator[LoopbackDaemon]:
    """It runs as long as the block. `more`: lines of sentinel.yaml."""
    async with TargetServer().serve() as target, SmsGateway().serve() as sms:
        port = free_port()
        places = {
            "TARGET": f"http://127.0.0.1:{target.port}",
            "SMS": str(sms.port),
            "LISTEN": f"127.0.0.1:{port}",
        }
        files = BankFiles(folder=folder, places=places)
        files.write(probes=probes, rules=rules, channels=CHANNELS)
        if more:
            files.configuration.write_text(files.configuration.read_text(encoding="utf-8") + more, encoding="utf-8")
        metrics = Metrics()
        daemon = Daemon(
            files.configuration,
            clock=SystemClock(),
            metrics=metrics,
            notifier=notifier or Notifier({}),
            credentials=None,
        )
        listening = asyncio.Event()
        running = asyncio.create_task(daemon.run(listening=lambda _: listening.set()))
        waiting = asyncio.create_task(listening.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            if running.done():
                running.result()
            yield LoopbackDaemon(files=files, daemon=daemon, metrics=metrics, target=target, sms=sms, port=port)
        finally:
            daemon.stop()
            await running
