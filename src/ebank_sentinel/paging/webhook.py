"""Pages to a program of the bank: a page enters, a signed JSON body leaves (Standard Webhooks 1.0)."""

from __future__ import annotations

import binascii
import json
from datetime import timedelta
from typing import Final

from pydantic import Field
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from ebank_sentinel.model.page import Page
from ebank_sentinel.model.settings import Duration, Secret, Strict
from ebank_sentinel.paging.http import HttpClient, HttpUrl, private_parts, refused
from ebank_sentinel.paging.kind import ChannelContext, Kind
from ebank_sentinel.paging.plain import detail
from ebank_sentinel.paging.trust import trust

_PREFIX: Final = "whsec_"


class WebhookSettings(Strict):
    """A receiver that checks signatures."""

    url: HttpUrl
    secret: Secret = Field(description="`whsec_` and Base64, or any text: its bytes are the key")
    previous_secret: Secret | None = Field(default=None, description="while it changes: both sign")
    timeout: Duration = Field(default=timedelta(seconds=10), description="over the whole exchange")
    ca: str | None = Field(default=None, description="authorities in PEM form, for a certificate of the bank's own")


class WebhookChannel:
    """Posts a page. What is signed is exactly what is sent, and a re-send carries the same `webhook-id`."""

    address_kind: str | None = None

    def __init__(self, context: ChannelContext[WebhookSettings]) -> None:
        settings = context.settings
        secrets = [secret for secret in (settings.secret, settings.previous_secret) if secret is not None]
        keys = [context.read(secret) for secret in secrets]
        self._signers = [_signer(key) for key in keys]
        self._private = (*keys, *(key.removeprefix(_PREFIX) for key in keys), *private_parts(settings.url))
        self._url = settings.url
        self._clock = context.clock
        tls = trust(settings.ca, context.folder) if settings.url.startswith("https:") else None
        self._http = HttpClient(settings.url, tls=tls, timeout=settings.timeout)

    async def send(self, page: Page) -> str:
        """2xx is taken. Raises DeliveryError for anything else."""
        now = self._clock.now()
        body = _body(page)
        page_id = detail(page.id)
        signatures = [signer.sign(msg_id=page_id, timestamp=now, data=body) for signer in self._signers]
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": page_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        answer = await self._http.ask("POST", self._url, headers=headers, body=body.encode(), now=now)
        words = detail(answer.text, self._private)
        if 200 <= answer.status < 300:
            return words or f"answered {answer.status}"
        raise refused(answer, self._http.place, words)

    async def close(self) -> None:
        """Let connections go."""
        await self._http.close()


def _signer(secret: str) -> Webhook:
    """Raises ValueError: never with the secret in it."""
    try:
        return Webhook(secret if secret.startswith(_PREFIX) else secret.encode())
    except (binascii.Error, EmptyWebhookSecretError, ValueError):
        raise ValueError("a secret that begins with whsec_ goes on with Base64, and this one does not") from None


def _body(page: Page) -> str:
    """The page as JSON, encodable whatever is in it."""
    ours = {
        "page": page.id,
        "channel": page.channel,
        "recipient": page.recipient,
        "reason": page.reason.value,
        "step": page.step,
        "severity": page.severity.name,
        "at": page.created_at.isoformat(),
        "text": page.message.short,
    }
    try:
        text = json.dumps({**page.message.payload, **ours}, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # facts that JSON has no form for: the page goes without them
        text = json.dumps(ours, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


KIND = Kind(settings=WebhookSettings, address_kind=None, channel=WebhookChannel)
