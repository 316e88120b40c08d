"""A mail server on loopback that does what a test says, and keeps every mail that it took."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class SmtpReceiver:
    """Its answers are attributes: a test changes them before it sends."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.in_clear: list[bool] = []  # of each mail: whether it came without TLS
        self.port = 0
        self.to_mail = "250 OK"  # what MAIL FROM is answered with
        self.to_rcpt = "250 OK"
        self.to_data = "250 2.0.0 Ok: queued as 4XYZ"
        self.hang = False  # never answer the final dot
        self.reset = False  # break the connection at the final dot, with the mail taken
        self.users: dict[str, str] = {}  # asks for a login when there are any
        self._servers: list[SMTP] = []

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.to_mail

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.to_rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data.startswith("2"):
            content = envelope.content or b""
            raw = content if isinstance(content, bytes) else content.encode()
            self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
            self.in_clear.append(session.ssl is None and _transport(server).get_extra_info("ssl_object") is None)
        if self.hang:
            await asyncio.sleep(3600)
        if self.reset:
            _transport(server).abort()
        return self.to_data

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        known = self.users.get(given.login.decode()) == given.password.decode()
        return AuthResult(success=known, handled=False)  # a handled refusal would leave the client without an answer

    @asynccontextmanager
    async def serve(
        self, *, starttls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None, auth: bool = False
    ) -> AsyncIterator[SmtpReceiver]:
        """Listen for as long as the block runs."""
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            server = SMTP(
                self,
                loop=loop,
                hostname="mail.bank.example",
                enable_SMTPUTF8=True,
                tls_context=starttls,
                authenticator=self.authenticate if auth else None,
                auth_required=auth,
                auth_require_tls=starttls is not None,
            )
            self._servers.append(server)
            return server

        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for each in self._servers:
                if each.transport is not None:
                    with suppress(AttributeError):  # before 3.11.4, a TLS transport that is closed has no protocol
                        _transport(each).abort()
                if each._handler_coroutine is not None:
                    each._handler_coroutine.cancel()
            await asyncio.sleep(0)


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport
