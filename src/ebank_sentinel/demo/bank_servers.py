"""The servers of the simulated bank: a Bank enters, HTTP on loopback leaves.

The e-banking service shows its health, its statistics and its counters; the ATM server speaks for
every terminal under a path of its own. A dead terminal hangs up without a word, as a dead one does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from ebank_sentinel.demo.bank_state import Bank, Terminal

STATS_WINDOW_SECONDS = 5.0
"""Over how long /stats looks back; the PromQL of the demo has the same window."""

_GOODBYE_SECONDS: Final = 1.0  # a probe may still hang on a slow answer when the demo ends


@asynccontextmanager
async def serve(app: web.Application, *, port: int) -> AsyncIterator[None]:
    """Serve an application on 127.0.0.1 for as long as the block runs. Raises OSError when the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def ebanking(bank: Bank) -> web.Application:
    """The e-banking service: /health (takes as long as a login), /stats and /metrics."""

    async def health(_request: web.Request) -> web.Response:
        latency = bank.latency_seconds
        await bank.clock.sleep(latency)
        queue = 3 + round(latency * 40)  # what is slow piles up
        return _json({"status": "UP", "version": "8.4.1", "queue": {"depth": queue}, "sessions": 4211})

    async def stats(_request: web.Request) -> web.Response:
        attempts, rate = bank.traffic.window(bank.clock.monotonic(), STATS_WINDOW_SECONDS)
        return _json({"login": {"rate": round(rate, 4), "attempts": round(attempts)}})

    async def metrics(_request: web.Request) -> web.Response:
        attempts, ok = bank.traffic.counters(bank.clock.monotonic())
        lines = [
            "# HELP login_attempts_total Logins that customers tried.",
            "# TYPE login_attempts_total counter",
            f'login_attempts_total{{channel="mobile"}} {attempts}',
            "# HELP login_ok_total Logins that succeeded.",
            "# TYPE login_ok_total counter",
            f'login_ok_total{{channel="mobile"}} {ok}',
            "# HELP login_latency_seconds How long a login takes now.",
            "# TYPE login_latency_seconds gauge",
            f'login_latency_seconds{{channel="mobile"}} {bank.latency_seconds}',
            "",
        ]
        return web.Response(
            body="\n".join(lines).encode(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    app = web.Application()
    app.add_routes([web.get("/health", health), web.get("/stats", stats), web.get("/metrics", metrics)])
    return app


def terminals(bank: Bank) -> web.Application:
    """All ATMs: /atm/{terminal}/status is the device's own page."""
    by_name = {terminal.terminal: terminal for terminal in bank.terminals}

    async def status(request: web.Request) -> web.Response:
        terminal = by_name.get(request.match_info["terminal"])
        if terminal is None:
            raise web.HTTPNotFound(text="no such terminal\n")
        if terminal.terminal in bank.dead:
            if request.transport is not None:
                request.transport.abort()  # the line goes dead: no status, no header, no goodbye
            return web.Response()  # goes nowhere: aiohttp finds the connection gone
        return _json(_device_page(terminal))

    app = web.Application()
    app.add_routes([web.get("/atm/{terminal}/status", status)])
    return app


def _device_page(terminal: Terminal) -> dict[str, object]:
    """What a healthy device says of itself; each has its own fill, the same on every run."""
    fill = 55 + sum(terminal.terminal.encode()) % 40  # percent
    return {
        "terminal": terminal.terminal,
        "vendor": terminal.vendor,
        "model": terminal.model,
        "device": {"online": True, "in_service": True},
        "cash_percent": fill,
        "cassettes": [
            {"slot": slot, "denomination": 100, "state": "ok", "notes": fill * 25 - slot * 10} for slot in range(1, 5)
        ],
        "modules": {"card_reader": "ok", "dispenser": "ok", "printer": "ok", "pin_pad": "ok"},
    }


def _json(body: dict[str, object]) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json"},
    )
