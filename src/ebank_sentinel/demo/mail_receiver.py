"""The SMTP server of the demo: mails come in by aiosmtpd, arrivals leave."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.receivers import Arrival

PAGE_HEADER = "X-Ebank-Sentinel-Page"


class MailReceiver:
    """Takes every mail, as a company's mail server would."""

    def __init__(self, *, clock: Clock, on_arrival: Callable[[Arrival], None]) -> None:
        self._clock = clock
        self._on_arrival = on_arrival

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd finds it by this name
        """A mail is complete: one arrival for each of its recipients."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        for recipient in envelope.rcpt_tos:
            self._on_arrival(self._arrival(message, recipient))
        return "250 2.0.0 OK: queued"

    def _arrival(self, message: EmailMessage, recipient: str) -> Arrival:
        """The mail as its reader sees it: the subject, then the text."""
        subject = str(message["Subject"] or "")
        body = message.get_body(preferencelist=("plain",))
        text = "\n".join(body.get_content().splitlines()) if body is not None else ""  # the wire has CRLF
        message_id = str(message["Message-ID"] or "").strip().strip("<>")
        return Arrival(
            at=self._clock.now(),
            channel="mail",
            address=recipient,
            text=f"{subject}\n\n{text}",
            page=str(message[PAGE_HEADER] or "").strip() or message_id.partition("@")[0],
            subject=subject,
        )

    @asynccontextmanager
    async def serve(self, *, port: int) -> AsyncIterator[None]:
        """Listen on 127.0.0.1 for as long as the block runs. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, loop=loop, hostname="mail.bank.example", ident="demo", enable_SMTPUTF8=True),
            "127.0.0.1",
            port,
        )
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()
