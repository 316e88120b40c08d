"""Pages as text messages, through a gateway that speaks HTTP: a page enters, one filled request leaves.

A gateway is described by where its values go (`params`, `form`, `json`, `headers`) and by what it says when
it took a message (`success`); `profile` does that for a gateway that we know. Values are put in by value and
encoded for where they stand: a text can change no request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, Field, model_validator

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.pattern import Pattern, compile_pattern
from ebank_sentinel.model.settings import Duration, Secret, Strict
from ebank_sentinel.model.template import fill, placeholders
from ebank_sentinel.paging import kannel
from ebank_sentinel.paging.http import Answer, HttpClient, HttpUrl, private_parts, refused
from ebank_sentinel.paging.kind import ChannelContext, Kind
from ebank_sentinel.paging.parts import cut, is_septets
from ebank_sentinel.paging.plain import detail, one_line
from ebank_sentinel.paging.trust import trust

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_KNOWN: Final = ("to", "text", "user", "password", "sender", "id", "coding")
_IN_HEADERS: Final = frozenset({"user", "password", "sender", "id"})  # nothing that may need more than ASCII


def _template(text: str) -> str:
    """Raises ValueError for a placeholder that this channel does not fill."""
    for name in placeholders(text):
        if name not in _KNOWN:
            raise ValueError(f"{{{name}}} is not known here: use {', '.join(f'{{{known}}}' for known in _KNOWN)}")
    return text


Template = Annotated[str, AfterValidator(_template)]


def _no_replies(replies: bool) -> bool:  # noqa: FBT001 - pydantic hands it in by position
    if replies:
        raise ValueError("not yet: this version cannot take answers, write `replies: false`")
    return replies


class Success(Strict):
    """What the gateway says when it took a message."""

    status: list[Annotated[int, Field(ge=100, le=599)]] | None = Field(default=None, min_length=1)
    regex: Pattern | None = Field(default=None, description="RE2, searched in the body")


class SmsHttpSettings(Strict):
    """A text gateway that is asked over HTTP."""

    profile: Literal["kannel"] | None = None
    url: HttpUrl
    method: Literal["GET", "POST"] | None = None
    params: dict[str, Template] | None = Field(default=None, description="the query")
    form: dict[str, Template] | None = Field(default=None, description="the body, URL-encoded")
    json_: Any = Field(default=None, alias="json", description="the body, as JSON")
    headers: dict[str, Template] | None = None
    success: Success | None = Field(default=None, description="default: any 2xx")
    user: str | None = None
    password: Secret | None = None
    sender: str | None = None
    timeout: Duration = Field(default=timedelta(seconds=10), description="over the whole exchange")
    ca: str | None = Field(default=None, description="authorities in PEM form, for a certificate of the bank's own")
    replies: Annotated[bool, AfterValidator(_no_replies)] = Field(
        default=False, description="whether recipients can answer: only false is possible now"
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for text in _texts(self.json_):
            _template(text)
        described = any(part is not None for part in (self.params, self.form, self.json_, self.method, self.success))
        if self.profile is not None:
            if described:
                raise ValueError(
                    f"profile {self.profile} says how to ask: leave out method, params, form, json, success"
                )
            if self.user is None or self.password is None:
                raise ValueError(f"profile {self.profile} needs user and password")
            return self
        if self.form is not None and self.json_ is not None:
            raise ValueError("form and json: a request has one body, give one of them")
        if self.method == "GET" and (self.form is not None or self.json_ is not None):
            raise ValueError("method: a GET has no body, use params or POST")
        self._check_placeholders()
        return self

    def _check_placeholders(self) -> None:
        used = {name for text in _texts([self.params, self.form, self.json_]) for name in placeholders(text)}
        if missing := {"to", "text"} - used:
            raise ValueError(f"nothing says where {{{min(missing)}}} goes: put it into params, form or json")
        in_headers = {name for text in _texts(self.headers) for name in placeholders(text)}
        if wrong := in_headers - _IN_HEADERS:
            raise ValueError(f"headers: {{{min(wrong)}}} cannot stand in a header")
        for name in ("user", "password", "sender"):
            if name in used | in_headers and getattr(self, name) is None:
                raise ValueError(f"{{{name}}} is used, and {name} is not given")


def _texts(template: object) -> Iterator[str]:
    """Every text in a nested template."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, dict):
        for value in template.values():
            yield from _texts(value)
    elif isinstance(template, list):
        for value in template:
            yield from _texts(value)


class _Request(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


class SmsHttpChannel:
    """Sends each page as one text of at most three parts."""

    address_kind: str | None = "sms"

    def __init__(self, context: ChannelContext[SmsHttpSettings]) -> None:
        self._settings = settings = context.settings
        self._clock = context.clock
        self._password = context.read(settings.password) if settings.password else ""
        self._private = (self._password, *_encoded(self._password), *private_parts(settings.url))
        success = settings.success or Success()
        self._regex = compile_pattern(success.regex) if success.regex else None
        tls = trust(settings.ca, context.folder) if settings.url.startswith("https:") else None
        self._http = HttpClient(settings.url, tls=tls, timeout=settings.timeout)
        if not (self._password.isascii() and self._password.isprintable()) and settings.headers:
            raise ValueError("the password holds characters that cannot stand in a header")

    async def send(self, page: Page) -> str:
        """What the gateway said when it took the text. Raises DeliveryError."""
        if not _E164.fullmatch(page.address):
            raise DeliveryError("the recipient's number is not +COUNTRY...: mend it in people.yaml", permanent=True)
        request = self._request(page)
        answer = await self._http.ask(
            request.method, request.url, headers=request.headers, body=request.body, now=self._clock.now()
        )
        words = detail(answer.text, self._private)
        if self._settings.profile == "kannel":
            return kannel.taken(answer, self._http.place, words)
        return self._taken(answer, words)

    async def close(self) -> None:
        """Let connections go."""
        await self._http.close()

    def _request(self, page: Page) -> _Request:
        settings = self._settings
        text = cut(one_line(page.message.short))
        values = {
            "to": page.address,
            "text": text,
            "user": settings.user or "",
            "password": self._password,
            "sender": settings.sender or "",
            "id": page.id,
            "coding": "0" if is_septets(text) else "2",
        }
        params, form, method = settings.params, settings.form, settings.method
        if settings.profile == "kannel":
            params, method = kannel.params(with_sender=settings.sender is not None), "GET"
        headers = {name: fill(value, values) for name, value in (settings.headers or {}).items()}
        body = None
        if form is not None:
            body = _query(form, values).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif settings.json_ is not None:
            body = json.dumps(_filled(settings.json_, values), ensure_ascii=False).encode("utf-8", "replace")
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        url = settings.url
        if params:
            url += ("&" if "?" in url else "?") + _query(params, values)
        return _Request(method or ("GET" if body is None else "POST"), url, headers, body)

    def _taken(self, answer: Answer, words: str) -> str:
        success = self._settings.success or Success()
        expected = answer.status in success.status if success.status else 200 <= answer.status < 300
        if expected and (self._regex is None or self._regex.search(answer.text)):
            return words or f"answered {answer.status}"
        if expected or 200 <= answer.status < 300:
            raise DeliveryError(f"{self._http.place} did not take it: {words}", permanent=False)
        raise refused(answer, self._http.place, words)


def _query(templates: dict[str, str], values: dict[str, str]) -> str:
    filled = {name: fill(value, values) for name, value in templates.items()}
    return urlencode(filled, encoding="utf-8", errors="replace")


def _filled(template: object, values: dict[str, str]) -> object:
    if isinstance(template, str):
        return fill(template, values)
    if isinstance(template, dict):
        return {name: _filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    return template


def _encoded(secret: str) -> tuple[str, ...]:
    """The other forms in which a gateway may repeat a secret."""
    return (urlencode({"": secret})[1:], json.dumps(secret)[1:-1])


KIND = Kind(settings=SmsHttpSettings, address_kind="sms", channel=SmsHttpChannel)
