"""Pages as mail: a page enters, a message to the bank's own mail server leaves over SMTP.

When TLS is asked for, nothing goes out without it. A mail whose fate is unknown is sent again under the
same Message-ID, and all mails of one incident share a root, so that a mail program shows them as one thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Annotated, Final, Literal, Self

import aiosmtplib
from pydantic import AfterValidator, Field, model_validator

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.settings import Duration, Secret, Strict
from ebank_sentinel.paging.kind import ChannelContext, Kind
from ebank_sentinel.paging.plain import detail, one_line
from ebank_sentinel.paging.trust import tls_words, trust

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
_HOST: Final = r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$"
_PORTS: Final = {"none": 25, "starttls": 587, "implicit": 465}
_LOGIN_CODES: Final = frozenset({432, 454, 530, 534, 535, 538})  # RFC 4954: the login is what failed
_LONGEST_SUBJECT: Final = 200
_GOODBYE_SECONDS: Final = 2.0  # the mail is taken by then: a server that is slow to say goodbye changes nothing


def _host(text: str) -> str:
    """Raises ValueError, never with the value: `user:password@host` is a likely mistake."""
    if re.fullmatch(_HOST, text) and (":" not in text or _is_ipv6(text)):
        return text
    raise ValueError("it must be a host or an IP address alone, as in mail.bank.example: user and port are other keys")


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


class EmailSettings(Strict):
    """The bank's mail server."""

    host: Annotated[str, AfterValidator(_host)] = Field(json_schema_extra={"pattern": _HOST})
    port: int | None = Field(default=None, ge=1, le=65_535, description="default: 587, 465 for implicit, 25 for none")
    sender: str = Field(description="the address that pages come from")
    user: str | None = None
    password: Secret | None = None
    tls: Literal["none", "starttls", "implicit"] | None = Field(
        default=None, description="default: starttls; none on loopback, where alone it is allowed"
    )
    ca: str | None = Field(default=None, description="authorities in PEM form, for a certificate of the bank's own")
    timeout: Duration = Field(default=timedelta(seconds=30), description="over the whole send")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not _ADDRESS.fullmatch(self.sender):
            raise ValueError("sender: it must be one mail address, as in sentinel@bank.example")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password: give both, or neither")
        if self.tls == "none" and not self.on_loopback:
            raise ValueError("tls: none sends pages in clear, and is allowed to this machine alone: use starttls")
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine, by what the file says."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def security(self) -> Literal["none", "starttls", "implicit"]:
        """The TLS mode in force."""
        return self.tls or ("none" if self.on_loopback else "starttls")


class EmailChannel:
    """Sends each page as one mail, over a connection of its own."""

    address_kind: str | None = "email"

    def __init__(self, context: ChannelContext[EmailSettings]) -> None:
        self._settings = context.settings
        self._clock = context.clock
        self._password = context.read(context.settings.password) if context.settings.password else None
        security = context.settings.security
        self._tls = None if security == "none" else trust(context.settings.ca, context.folder)
        self._port = context.settings.port or _PORTS[security]
        self._domain = context.settings.sender.partition("@")[2]
        self._place = f"{context.settings.host}:{self._port}"

    async def send(self, page: Page) -> str:
        """What the server said when it took the mail. Raises DeliveryError."""
        if not _ADDRESS.fullmatch(page.address):
            raise DeliveryError("the recipient's mail address does not hold: mend it in people.yaml", permanent=True)
        timeout = self._settings.timeout.total_seconds()
        client = self._client(timeout)
        try:
            async with asyncio.timeout(timeout):
                await client.connect()
                _, words = await client.send_message(
                    self._message(page), sender=self._settings.sender, recipients=[page.address]
                )
        except (TimeoutError, aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise self._refused(error, timeout) from None
        except BaseException:
            client.close()
            raise
        await _goodbye(client)
        return detail(words, self._secrets)

    async def close(self) -> None:
        """There is nothing to let go of."""

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._password,) if self._password else ()

    def _client(self, timeout: float) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._settings.host,
            port=self._port,
            username=self._settings.user,
            password=self._password,
            local_hostname=self._domain,  # else the library asks the name service, and the loop waits
            timeout=timeout,
            use_tls=self._settings.security == "implicit",
            start_tls=self._settings.security == "starttls",
            tls_context=self._tls,
        )

    def _message(self, page: Page) -> EmailMessage:
        root = (
            f"<incident-{hashlib.sha256(page.message.thread.encode(errors='replace')).hexdigest()[:32]}@{self._domain}>"
        )
        page_id = re.sub(r"[^A-Za-z0-9._-]", "", page.id)
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._settings.sender
        message["To"] = page.address
        message["Subject"] = one_line(page.message.subject)[:_LONGEST_SUBJECT] or "ebank-sentinel"
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{page_id}@{self._domain}>"
        message["In-Reply-To"] = root
        message["References"] = root
        message["Auto-Submitted"] = "auto-generated"
        message["X-Ebank-Sentinel-Page"] = page_id
        body = page.message.body.encode("utf-8", "replace").decode()
        message.set_content(body, charset="utf-8", cte="base64")  # no server needs 8BITMIME for it
        return message

    def _refused(self, error: Exception, timeout: float) -> DeliveryError:
        """What an error means: 5xx for this mail is for good; whatever an operator can mend is for now."""
        permanent = False
        if reason := tls_words(error):
            words = reason
        elif isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            first = error.recipients[0]
            permanent, words = first.code >= 500, f"the recipient is refused: {first.code} {first.message}"
        elif isinstance(error, aiosmtplib.SMTPResponseException) and error.code in _LOGIN_CODES:
            words = f"user or password is refused: {error.code} {error.message}"
        elif isinstance(error, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPDataError):
            permanent, words = error.code >= 500, f"the mail is refused: {error.code} {error.message}"
        elif isinstance(error, aiosmtplib.SMTPResponseException):  # of the connection, not of this mail
            words = f"it serves nobody at present: {error.code} {error.message}"
        elif isinstance(error, TimeoutError):
            words = f"no answer within {timeout:g} s"
        elif isinstance(error, aiosmtplib.SMTPServerDisconnected):
            words = "the connection broke: the mail may or may not have been taken"
        elif isinstance(error, aiosmtplib.SMTPConnectError | OSError):
            words = f"no connection ({_cause(error)})"
        elif isinstance(error, aiosmtplib.SMTPException):  # no STARTTLS, no way to log in: nothing went out yet
            words = f"it lacks what we need, and nothing was sent ({error.message})"
        else:
            words = f"it said what SMTP does not have ({type(error).__name__})"
        return DeliveryError(detail(f"{self._place}: {words}", self._secrets), permanent=permanent)


async def _goodbye(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_GOODBYE_SECONDS)
    client.close()


def _cause(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return getattr(cause, "strerror", None) or type(cause).__name__


KIND = Kind(settings=EmailSettings, address_kind="email", channel=EmailChannel)
