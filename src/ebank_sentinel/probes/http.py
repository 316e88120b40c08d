"""`http`: a URL enters; status, the time of each phase, fields of the body and the certificate's days leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal

import aiohttp
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from yarl import URL

from ebank_sentinel.model.reading import ProbeError, Reading, Target
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.body import json_of, parse_path, read_capped, read_fields, text_of
from ebank_sentinel.probes.certificate import days_left
from ebank_sentinel.probes.expect import Expect, Expectation
from ebank_sentinel.probes.failure import Failed, one_line
from ebank_sentinel.probes.headers import Headers, TlsSettings, check_headers, read_headers
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, placed, read_one
from ebank_sentinel.probes.names import FieldName
from ebank_sentinel.probes.network import Stopwatch
from ebank_sentinel.probes.place import check_url, check_url_template, fill, placeholders

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_HOPS = 5
_OWN = {
    "status": int,
    "latency_ms": float,
    "dns_ms": float,
    "connect_ms": float,
    "tls_ms": float,
    "first_byte_ms": float,
    "body_bytes": int,
    "cert_days": float,
}


def _check_read(paths: dict[str, str]) -> dict[str, str]:
    for name, path in paths.items():
        if name in _OWN:
            raise ValueError(f"{name} is a field that every http probe has: read {path} under another name")
        parse_path(path)
    return paths


class Settings(Strict):
    """The `http:` of a probe."""

    url: Annotated[str, AfterValidator(check_url_template)] = Field(
        description="http or https URL; {column} is filled from the target"
    )
    method: Literal["GET", "HEAD", "POST"] = Field(default="GET", description="a probe must change nothing")
    headers: Annotated[Headers, AfterValidator(check_headers)] = Field(
        default_factory=dict, description="sent with the request; secrets as {file: PATH} or {credential: NAME}"
    )
    body: str | None = Field(default=None, description="sent with POST, in UTF-8")
    expect: Expect = Field(default_factory=Expect, description="what makes the target up")
    read: Annotated[
        Annotated[dict[FieldName, str], AfterValidator(_check_read), Tag("fields")]
        | Annotated[Literal["*"], Tag("whole")],
        Discriminator(lambda value: "fields" if isinstance(value, dict) else "whole"),
    ] = Field(default_factory=dict, description='field -> path in the JSON body; "*" keeps the whole body, as body.x.y')
    follow: Literal["none", "same_host", "any"] = Field(
        default="none", description="which redirects are followed, at most 5; else one is the error `redirect`"
    )
    max_body: int = Field(default=1_048_576, ge=1, le=33_554_432, description="bytes of the body that are read at most")
    tls: TlsSettings = Field(default_factory=TlsSettings, description="whom to trust; verifying is always on")

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.body is not None and self.method != "POST":
            raise ValueError("body is sent with POST alone: set method: POST, or take the body away")
        if self.method == "HEAD" and (self.read or self.expect.json_ or self.expect.regex or self.expect.not_regex):
            raise ValueError("the answer to HEAD has no body: use GET to read or to expect something of it")
        return self


class HttpProber:
    """Asks over a new connection each time."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context
        settings = context.settings
        self._expect = Expectation(settings.expect)
        self._whole = settings.read == "*"
        self._paths = {} if settings.read == "*" else {name: parse_path(path) for name, path in settings.read.items()}
        self._headers = read_headers(settings.headers, context.folder, context.credentials)
        self._body = None if settings.body is None else settings.body.encode()
        self._open = context.network.session(ca=settings.tls.path(context.folder), https=_may_be_https(settings))
        self._session: aiohttp.ClientSession | None = None
        self._fixed = None if placeholders(settings.url) else URL(fill(settings.url, {}))

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading: up when status and body are as expected. What was read is kept when they are not."""
        sight = Sight()
        return await read_one(self._context, target, sight, self._look(target, sight))

    async def _look(self, target: Target, sight: Sight) -> None:
        watch = self._context.network.stopwatch()
        sight.doing = lambda: watch.phase
        try:
            url = self._fixed or placed(url_for, self._context.settings, target.labels)
            body, charset = await self._fetch(url, watch, sight)
            sight.fields["body_bytes"] = len(body)
            sight.fields["latency_ms"] = watch.latency_ms()
            self._judge(body, charset, sight)
        finally:
            sight.fields.update(watch.spent)

    async def _fetch(self, url: URL, watch: Stopwatch, sight: Sight) -> tuple[bytes, str | None]:
        """The answer's body and charset, after redirects. Raises Failed and what aiohttp raises."""
        if self._session is None:
            self._session = self._open()
        method: str = self._context.settings.method
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
                if response.status not in _REDIRECTS or self._expect.takes(response.status):
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
        follow = self._context.settings.follow
        where = response.headers.get("Location", "")
        try:
            following = url.join(URL(where))
            check_url(str(following.with_fragment(None)))
        except ValueError:
            raise Failed(ProbeError.REDIRECT, f"status {response.status} with a Location that is no address") from None
        host = one_line(f"{following.scheme}://{following.host}", 120)  # the path may hold a token
        if follow == "none":
            raise Failed(ProbeError.REDIRECT, f"status {response.status} leads to {host}, and `follow` is none")
        if follow == "same_host" and following.host != url.host:
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

    def _judge(self, body: bytes, charset: str | None, sight: Sight) -> None:
        """Read first, then judge: fields are kept when the answer is not as expected. Raises Failed."""
        document: object = None
        unreadable: Failed | None = None
        if self._whole or self._paths or self._expect.wants_json:
            try:
                document = json_of(body)
            except Failed as failed:
                unreadable = failed
            else:
                sight.fields.update(read_fields(document, self._paths))
                sight.body = document if self._whole else None
        status = sight.fields["status"]
        self._expect.check_status(int(status))
        if unreadable is not None:
            raise unreadable
        if self._expect.wants_json:
            self._expect.check_json(document)
        if self._expect.wants_text:
            self._expect.check_text(text_of(body, charset))

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def url_for(settings: Settings, labels: Mapping[str, str]) -> URL:
    """The URL of a target. Raises ValueError when its labels give none."""
    text = fill(settings.url, labels)
    check_url(text)
    return URL(text)


def _may_be_https(settings: Settings) -> bool:
    return settings.url.lower().startswith("https://") or settings.follow != "none"


def fields(settings: Settings) -> Mapping[str, type]:
    """What a rule may name; what `read` names is a scalar whose type only the answer knows."""
    own: dict[str, type] = dict(_OWN)
    if not _may_be_https(settings):
        del own["tls_ms"], own["cert_days"]
    if settings.read != "*":
        own.update(dict.fromkeys(settings.read, object))
    return own


def check_target(settings: Settings, labels: Mapping[str, str]) -> None:
    """Raises ValueError when a target's labels give no URL."""
    check_url(fill(settings.url, labels))


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(seconds=30),
    fields=fields,
    prober=HttpProber,
    has_body=lambda settings: settings.read == "*",
    check_target=check_target,
)
