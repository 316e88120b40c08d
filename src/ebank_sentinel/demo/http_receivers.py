"""The text-message gateway and the webhook receiver of the demo: requests come in, arrivals leave."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.directory import HOOK_RECIPIENT
from ebank_sentinel.demo.receivers import Arrival

_SAID = ("incident", "rule", "severity", "category", "reason")
"""What a webhook's body says of its page, and a text message cannot."""


def sms_gateway(
    *,
    user: str,
    password: str,
    clock: Clock,
    on_arrival: Callable[[Arrival], None],
    on_refusal: Callable[[str], None],
) -> web.Application:
    """A gateway with Kannel's interface: GET /cgi-bin/sendsms, answered 202 `0: Accepted for delivery`."""

    async def send(request: web.Request) -> web.Response:
        query = request.query
        known = hmac.compare_digest(
            f"{query.get('username', '')}\0{query.get('password', '')}".encode(),
            f"{user}\0{password}".encode(),
        )
        if not known:
            on_refusal("a text message with a wrong user or password")
            return web.Response(status=403, text="Authorization failed for sendsms")
        number, text = query.get("to", ""), query.get("text", "")
        if not number or not text:
            on_refusal("a text message without a number or without a text")
            return web.Response(status=400, text="Missing receiver number or text, rejected")
        on_arrival(Arrival(at=clock.now(), channel="sms", address=_international(number), text=text))
        return web.Response(status=202, text="0: Accepted for delivery")

    app = web.Application()
    app.add_routes([web.get("/cgi-bin/sendsms", send)])
    return app


def webhook_receiver(
    *,
    secret: str,
    clock: Clock,
    on_arrival: Callable[[Arrival], None],
    on_refusal: Callable[[str], None],
) -> web.Application:
    """A receiver that believes nothing unsigned: POST /hook, 401 where the Standard Webhooks signature is wrong."""
    verifier = Webhook(secret)

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            body: Any = verifier.verify(raw, dict(request.headers))
        except (WebhookVerificationError, ValueError) as error:
            on_refusal(f"a webhook whose signature does not hold ({type(error).__name__})")
            return web.Response(status=401, text="the signature does not hold\n")
        if not isinstance(body, dict):
            on_refusal("a webhook whose body is no JSON object")
            return web.Response(status=400, text="the body is no JSON object\n")
        on_arrival(
            Arrival(
                at=clock.now(),
                channel="hook",
                address=HOOK_RECIPIENT,
                text=str(body.get("text") or json.dumps(body, ensure_ascii=False)),
                page=request.headers["webhook-id"],
                says={key: str(body[key]) for key in _SAID if isinstance(body.get(key), str)},
            ),
        )
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/hook", take)])
    return app


def _international(number: str) -> str:
    """Gateways differ in whether the plus is said: with it, a number is the one in people.yaml."""
    return f"+{number}" if number.isascii() and number.isdigit() else number
