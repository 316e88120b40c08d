"""One request to a provider: what is asked enters, status and the beginning of the answer leave.

No redirect is followed, no cookie kept, nothing decompressed, and an error names the host alone: paths and
queries of text gateways hold passwords.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from pydantic import AfterValidator, StringConstraints
from yarl import URL

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.forbidden import is_metadata
from ebank_sentinel.paging.trust import tls_words

LONGEST_ANSWER: Final = 64 * 1024
"""Bytes read of an answer: what a provider says in more than that says nothing to us."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""A provider that asks for more is asked again after this."""

FOR_GOOD: Final = frozenset({400, 405, 410, 413, 414, 415, 422})
"""What says that this very request will never be taken. The rest may be mended while the page waits: a secret is
being changed (401, 403), a receiver put up anew (404)."""

_WHO_ASKS: Final = frozenset({401, 403})

_SHORTEST_KEY: Final = 8  # characters; a shorter piece of a URL is a word such as `sendsms`


def _url(text: str) -> str:
    """A URL as a file gives it. Raises ValueError."""
    if not text.isascii() or not text.isprintable() or any(character in ' \\<>"{}|^`' for character in text):
        raise ValueError("it holds a character that must not stand in a URL: percent-encode it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is not a URL, or its port is not a number from 1 to 65535") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must be http://HOST/... or https://HOST/...")
    if "@" in parts.netloc:
        raise ValueError("no user and password in a URL: use `user` and `password`")
    if port == 0 or parts.netloc.endswith(":") or "%" in parts.netloc:
        raise ValueError("its host or its port does not hold")
    if parts.fragment:
        raise ValueError("take off the # and what follows it")
    if is_metadata(parts.hostname):
        raise ValueError("that is a cloud's metadata service, not a provider")
    return text


HttpUrl = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_url)]
"""An http or https URL with a plain host and nothing secret in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider said."""

    status: int
    text: str  # the beginning of the body
    retry_after: float | None  # seconds that it asked us to wait


class HttpClient:
    """Talks to one provider."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None, timeout: timedelta) -> None:
        self.place = redacted(url)
        self._tls = tls
        self._timeout = timeout.total_seconds()
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, now: datetime
    ) -> Answer:
        """One exchange, within the timeout. Raises DeliveryError, temporary, when there is no answer."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(method, url, headers, body, now)
        except TimeoutError:
            raise DeliveryError(f"no answer from {self.place} within {self._timeout:g} s", permanent=False) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DeliveryError(f"{self.place}: {_words(error)}", permanent=False) from None

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, now: datetime
    ) -> Answer:
        request = self._opened().request(
            method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
        )
        async with request as response:
            beginning = bytearray()
            async for chunk in response.content.iter_chunked(8192):
                beginning += chunk
                if len(beginning) >= LONGEST_ANSWER:
                    break
            text = bytes(beginning[:LONGEST_ANSWER]).decode("utf-8", "replace")
            asked = seconds_to_wait(response.headers.get("Retry-After"), now)
            return Answer(status=response.status, text=text, retry_after=asked)

    async def close(self) -> None:
        """Let connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._tls or True,
                    limit=0,  # the dispatcher counts what is being sent
                    use_dns_cache=False,
                    force_close=True,  # an idle connection that the provider closed would cost an attempt
                    socket_factory=_socket,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # one deadline over the whole
                headers={"User-Agent": "ebank-sentinel", "Accept-Encoding": "identity"},
            )
        return self._session


def redacted(url: str) -> str:
    """Scheme, host and port: what an error may show."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def private_parts(url: str) -> tuple[str, ...]:
    """What of a URL may be a key, and must not be shown when a provider repeats it."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), *parts.query.split("&")]
    return tuple(piece for piece in pieces if len(piece) >= _SHORTEST_KEY)


def refused(answer: Answer, place: str, words: str) -> DeliveryError:
    """What an answer other than success means: redirects and FOR_GOOD are permanent, the rest passes by."""
    redirect = 300 <= answer.status < 400
    permanent = redirect or answer.status in FOR_GOOD
    if redirect:
        words = "a redirect, which is never followed: write the new address into the configuration"
    said = f"{place} answered {answer.status}"
    if answer.status in _WHO_ASKS:
        said += " (check the user, the password or the secret)"
    if words:
        said += f": {words}"
    return DeliveryError(said, permanent=permanent, retry_after=None if permanent else answer.retry_after)


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """`Retry-After` in seconds, given as a number or as a date (RFC 9110, 10.2.3); at most an hour."""
    if header is None:
        return None
    try:
        seconds = float(header) if not header.strip()[:1].isalpha() else _until(header, now)
    except (ValueError, OverflowError, TypeError):
        return None
    if math.isnan(seconds) or seconds < 0:
        return None if math.isnan(seconds) else 0.0
    return min(seconds, LONGEST_WAIT.total_seconds())


def _until(date: str, now: datetime) -> float:
    when = parsedate_to_datetime(date)
    return (when if when.tzinfo else when.replace(tzinfo=now.tzinfo)).timestamp() - now.timestamp()


def _words(error: Exception) -> str:
    if reason := tls_words(error):
        return reason
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not found"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection ({error.os_error.strerror or type(error.os_error).__name__})"
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return f"what it answered is not HTTP ({type(error).__name__})"
    return f"the connection broke before an answer ({type(error).__name__})"


def _socket(place: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for one address: here, after the name was looked up, is where forbidden ones stop."""
    family, kind, protocol, _, where = place
    if is_metadata(str(where[0])):
        raise OSError("that is a cloud's metadata service")
    return socket.socket(family=family, type=kind, proto=protocol)
