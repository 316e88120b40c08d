"""Who may come in: a token where one is set, and no web page of somebody else, ever."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from ebank_sentinel.web.problems import Handler, problem

OPEN = frozenset({"/-/healthy", "/-/ready", "/metrics"})
"""What anyone who reaches the port may read: aggregates, no names."""


def guard(token: Callable[[], str | None], hosts: Callable[[], frozenset[str]]) -> Middleware:
    """A middleware. `token`: the bearer token, None where the loopback address is the guard.

    `hosts`: names under which browsers may know us; every other Host or Origin is refused, so that a web
    page that an operator visits can neither read nor write here (cross-site requests, DNS rebinding).
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_known(request.host, hosts()):
            return problem(421, "Unknown host", "this address is not served under that name")
        origin = request.headers.get("Origin")
        if origin is not None and not _is_known(urlsplit(origin).netloc, hosts()):
            return problem(403, "Foreign origin", "requests from other sites are refused")
        wanted = token()
        if wanted is not None and request.path not in OPEN:
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {wanted}".encode()):
                refused = problem(401, "Token needed", "send `Authorization: Bearer TOKEN`")
                refused.headers["WWW-Authenticate"] = "Bearer"
                return refused
        return await handler(request)

    return middleware


def _is_known(netloc: str, hosts: frozenset[str]) -> bool:
    """An address as such is fine: rebinding needs a name."""
    host = urlsplit(f"//{netloc}").hostname or ""
    if host in hosts:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
