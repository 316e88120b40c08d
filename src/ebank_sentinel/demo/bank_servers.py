"""The servers of the simulated bank: a Bank enters, HTTP on loopback leaves.

The e-banking service shows its health and its counters, and answers queries as Prometheus does. One more server speaks
for every device under a path of its own: ATMs, the UPS of branches, the agents of journeys, the guard of web pages.
A dead terminal hangs up without a word, as a dead one does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.figures import Figures, UnknownQuery
from ebank_sentinel.demo.terminal_status import status_of

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


def ebanking(bank: Bank, figures: Figures) -> web.Application:
    """The e-banking service: /health and /metrics; and /api/v1/query, as Prometheus has it."""

    async def health(_request: web.Request) -> web.Response:
        return _json({"status": "UP", "version": "8.4.1", "queue": {"depth": 3}, "sessions": 4211})

    async def query(request: web.Request) -> web.Response:
        try:
            result = figures.answer(str((await request.post()).get("query", "")))
        except UnknownQuery as error:
            return _json({"status": "error", "errorType": "bad_data", "error": str(error)}, status=400)
        return _json({"status": "success", "data": {"resultType": "vector", "result": result}})

    async def metrics(_request: web.Request) -> web.Response:
        attempts, ok = bank.traffic.counters(bank.clock.monotonic())
        login = figures.login()
        lines = [
            "# HELP login_attempts_total Logins that customers tried.",
            "# TYPE login_attempts_total counter",
            f'login_attempts_total{{channel="mobile"}} {attempts}',
            "# HELP login_ok_total Logins that succeeded.",
            "# TYPE login_ok_total counter",
            f'login_ok_total{{channel="mobile"}} {ok}',
            "# HELP login_failed_to_last_week Logins that failed, to those of the same hour last week.",
            "# TYPE login_failed_to_last_week gauge",
            f"login_failed_to_last_week {login['failed_ratio']}",
            "# HELP login_failing_networks Networks that failing logins came from.",
            "# TYPE login_failing_networks gauge",
            f"login_failing_networks {login['failed_sources']}",
            "",
        ]
        return web.Response(
            body="\n".join(lines).encode(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    app = web.Application()
    app.add_routes([web.get("/health", health), web.get("/metrics", metrics), web.post("/api/v1/query", query)])
    return app


def devices(bank: Bank) -> web.Application:
    """All devices of branches, and what looks at the bank from outside."""
    by_name = {terminal.terminal: terminal for terminal in bank.terminals}

    async def status(request: web.Request) -> web.Response:
        terminal = by_name.get(request.match_info["terminal"])
        if terminal is None:
            raise web.HTTPNotFound(text="no such terminal\n")
        if terminal.terminal in bank.dead:
            if request.transport is not None:
                request.transport.abort()  # the line goes dead: no status, no header, no goodbye
            return web.Response()  # goes nowhere: aiohttp finds the connection gone
        return _json(status_of(terminal))

    async def ups(request: web.Request) -> web.Response:
        engaged = request.match_info["branch"] in bank.on_battery
        return _json({"state": "engaged" if engaged else "mains", "minutes_left": 38 if engaged else 60})

    async def journey(_request: web.Request) -> web.Response:
        return _json({"passed": True, "failed_step": "", "took_s": 1.8})

    async def page(request: web.Request) -> web.Response:
        return _json({"changed": False, "sha256": f"{sum(request.path.encode()):064x}"})

    app = web.Application()
    app.add_routes([web.get("/atm/{terminal}/status", status), web.get("/ups/{branch}/status", ups)])
    app.add_routes([web.get("/agents/{place}/journeys/{journey}", journey), web.get("/guard/pages/{page}", page)])
    return app


def _json(body: dict[str, object], *, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode(),
        status=status,
        headers={"Content-Type": "application/json"},
    )
