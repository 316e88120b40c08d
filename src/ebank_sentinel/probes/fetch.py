"""A probe's URL enters; the answer leaves, with status and the time of each phase: what kinds over HTTP share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Generic, Literal, TypeVar

import aiohttp
from pydantic import AfterValidator, Field
from yarl import URL

from ebank_sentinel.model.reading import ProbeError, Target
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.body import read_capped
from ebank_sentinel.probes.certificate import days_left
from ebank_sentinel.probes.failure import Failed, one_line
from ebank_sentinel.probes.headers import Headers, TlsSettings, check_headers, read_headers
from ebank_sentinel.probes.kind import ProbeContext, Sight, placed
from ebank_sentinel.probes.network import Stopwatch
from ebank_sentinel.probes.place import check_url, check_url_template, fill, placeholders

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_HOPS = 5
OWN: Mapping[str, type] = {
    "status": int,
    "latency_ms": float,
    "dns_ms": float,
    "connect_ms": float,
    "tls_ms": float,
    "first_byte_ms": float,
    "body_bytes": int,
    "cert_days": float,
}
"""The fields of every answer over HTTP."""


class FetchSettings(Strict):
    """Where and how an answer is asked for."""

    url: Annotated[str, AfterValidator(check_url_template)] = Field(
        description="http or https URL; {column} is filled from the target"
    )
    headers: Annotated[Headers, AfterValidator(check_headers)] = Field(
        default_factory=dict, description="sent with the request; secrets as {file: PATH} or {credential: NAME}"
    )
    follow: Literal["none", "same_host", "any"] = Field(
        default="none", description="which redirects are followed, at most 5; else one is the error `redirect`"
    )
    max_body: int = Field(default=1_048_576, ge=1, le=33_554_432, description="bytes of the body that are read at most")
    tls: TlsSettings = Field(default_factory=TlsSettings, description="whom to trust; verifying is always on")


F = TypeVar("F", bound=FetchSettings)


class Fetcher(Generic[F]):
    """Asks over a new connection each time."""

    def __init__(
        self,
        context: ProbeContext[F],
        *,
        takes: Callable[[int], bool],
        method: str = "GET",
        body: bytes | None = None,
    ) -> None:
        settings = context.settings
        self._context = context
        self._takes = takes
        self._method = method
        self._body = body
        self._follow = settings.follow
        self._headers = read_headers(settings.headers, context.folder, context.credentials)
        self._open = context.network.session(ca=settings.tls.path(context.folder), https=_may_be_https(settings))
        self._session: aiohttp.ClientSession | None = None
        self._fixed = None if placeholders(settings.url) else URL(fill(settings.url, {}))

    async def fetch(self, target: Target, sight: Sight) -> tuple[bytes, str | None]:
        """The answer's body and charset, after redirects; its fields go to the sight, whatever happens.

        Raises Failed and what aiohttp raises.
        """
        watch = self._context.network.stopwatch()
        sight.doing = lambda: watch.phase
        try:
            url = self._fixed or placed(url_for, self._context.settings, target.labels)
            body, charset = await self._ask(url, watch, sight)
            sight.fields["body_bytes"] = len(body)
            sight.fields["latency_ms"] = watch.latency_ms()
            return body, charset
        finally:
            sight.fields.update(watch.spent)

    async def _ask(self, url: URL, watch: Stopwatch, sight: Sight) -> tuple[bytes, str | None]:
        if self._session is None:
            self._session = self._open()
        method = self._method
        data, headers = self._body, self._headers
        for hop in range(_MOST_HOPS + 1):
            watch.certificate = None
            async with self._session.request(
                method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=("Content-Type",),
                trace_request_ctx=watch,
            ) as response:
                watch.leave("first_byte_ms")
                watch.enter("reading the body")
                sight.fields["status"] = response.status
                self._note_certificate(watch, sight)
                if response.status not in _REDIRECTS or self._takes(response.status):
                    return await read_capped(response, self._context.settings.max_body), response.charset
                following = self._next(response, url, hop)
                if response.status == 303 or (response.status in (301, 302) and method == "POST"):
                    method, data = "GET", None
                if following.origin() != url.origin():
                    headers = {}  # what they hold was meant for the first host alone
                url = following
        raise AssertionError("unreachable: the last hop returns or raises")

    def _next(self, response: aiohttp.ClientResponse, url: URL, hop: int) -> URL:
        """Where a redirect leads. Raises Failed when it is not followed."""
        where = response.headers.get("Location", "")
        try:
            following = url.join(URL(where))
            check_url(str(following.with_fragment(None)))
        except ValueError:
            raise Failed(ProbeError.REDIRECT, f"status {response.status} with a Location that is no address") from None
        host = one_line(f"{following.scheme}://{following.host}", 120)  # the path may hold a token
        if self._follow == "none":
            raise Failed(ProbeError.REDIRECT, f"status {response.status} leads to {host}, and `follow` is none")
        if self._follow == "same_host" and following.host != url.host:
            raise Failed(ProbeError.REDIRECT, f"status {response.status} leads to another host, {host}")
        if url.scheme == "https" and following.scheme == "http":
            raise Failed(ProbeError.REDIRECT, f"status {response.status} leads from https back to {host}")
        if hop == _MOST_HOPS:
            raise Failed(ProbeError.REDIRECT, f"more than {_MOST_HOPS} redirects, the last to {host}")
        return following.with_fragment(None)

    def _note_certificate(self, watch: Stopwatch, sight: Sight) -> None:
        if watch.certificate is None:
            sight.fields.pop("cert_days", None)
            return
        left = days_left(watch.certificate.getpeercert(binary_form=True), self._context.clock.now())
        if left is not None:
            sight.fields["cert_days"] = left

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def url_for(settings: FetchSettings, labels: Mapping[str, str]) -> URL:
    """The URL of a target. Raises ValueError when its labels give none."""
    text = fill(settings.url, labels)
    check_url(text)
    return URL(text)


def _may_be_https(settings: FetchSettings) -> bool:
    return settings.url.lower().startswith("https://") or settings.follow != "none"


def own_fields(settings: FetchSettings) -> dict[str, type]:
    """What a rule may name of any answer."""
    own = dict(OWN)
    if not _may_be_https(settings):
        del own["tls_ms"], own["cert_days"]
    return own


def check_target(settings: FetchSettings, labels: Mapping[str, str]) -> None:
    """Raises ValueError when a target's labels give no URL."""
    check_url(fill(settings.url, labels))
