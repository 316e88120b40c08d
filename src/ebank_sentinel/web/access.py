"""Who may come in: a token where one is set, and no web page of somebody else, ever."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from ebank_sentinel.web.problems import Handler, problem

OPEN = frozenset({"/-/healthy", "/-/ready"})
"""What anyone who reaches the port may ask: whether we live."""


def guard(token: Callable[[], str | None], hosts: Callable[[], frozenset[str]]) -> Middleware:
    """A middleware. `token`: the bearer token, None where the loopback address is the guard.

    `hosts`: names under which browsers may know us. Every other Host is refused, and every Origin but our own,
    so that a web page that an operator visits can neither read nor write here (cross-site requests, DNS rebinding).
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")  # not request.host: without the header that asks the name service
        if not _is_known(host, hosts()):
            return problem(421, "Unknown host", "this address is not served under that name")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return problem(403, "Foreign origin", "requests from other sites are refused")
        wanted = token()
        if wanted is not None and request.path not in OPEN:
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {wanted}".encode()):
                challenge = {"WWW-Authenticate": "Bearer"}
                return problem(401, "Token needed", "send `Authorization: Bearer TOKEN`", headers=challenge)
        return await handler(request)

    return middleware


def _is_known(netloc: str, hosts: frozenset[str]) -> bool:
    """An address as such is fine: rebinding needs a name."""
    try:
        host = urlsplit(f"//{netloc}").hostname or ""
        if host not in hosts:
            ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
