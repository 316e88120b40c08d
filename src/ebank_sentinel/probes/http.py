"""`http`: a URL enters; status, the time of each phase, fields of the body and the certificate's days leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from ebank_sentinel.model.reading import Reading, Target
from ebank_sentinel.probes.body import json_of, parse_path, read_fields, text_of
from ebank_sentinel.probes.expect import Expect, Expectation
from ebank_sentinel.probes.failure import Failed
from ebank_sentinel.probes.fetch import OWN, Fetcher, FetchSettings, check_target, own_fields
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, read_one
from ebank_sentinel.probes.names import FieldName


def _check_read(paths: dict[str, str]) -> dict[str, str]:
    for name, path in paths.items():
        if name in OWN:
            raise ValueError(f"{name} is a field that every http probe has: read {path} under another name")
        parse_path(path)
    return paths


class Settings(FetchSettings):
    """The `http:` of a probe."""

    method: Literal["GET", "HEAD", "POST"] = Field(default="GET", description="a probe must change nothing")
    body: str | None = Field(default=None, description="sent with POST, in UTF-8")
    expect: Expect = Field(default_factory=Expect, description="what makes the target up")
    read: Annotated[
        Annotated[dict[FieldName, str], AfterValidator(_check_read), Tag("fields")]
        | Annotated[Literal["*"], Tag("whole")],
        Discriminator(lambda value: "fields" if isinstance(value, dict) else "whole"),
    ] = Field(default_factory=dict, description='field -> path in the JSON body; "*" keeps the whole body, as body.x.y')

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.body is not None and self.method != "POST":
            raise ValueError("body is sent with POST alone: set method: POST, or take the body away")
        if self.method == "HEAD" and (self.read or self.expect.json_ or self.expect.regex or self.expect.not_regex):
            raise ValueError("the answer to HEAD has no body: use GET to read or to expect something of it")
        return self


class HttpProber:
    """Reads what the settings name from an answer, and judges it."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context
        settings = context.settings
        self._expect = Expectation(settings.expect)
        self._whole = settings.read == "*"
        self._paths = {} if settings.read == "*" else {name: parse_path(path) for name, path in settings.read.items()}
        self._fetcher = Fetcher(
            context,
            takes=self._expect.takes,
            method=settings.method,
            body=None if settings.body is None else settings.body.encode(),
        )

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading: up when status and body are as expected. What was read is kept when they are not."""
        sight = Sight()
        return await read_one(self._context, target, sight, self._look(target, sight))

    async def _look(self, target: Target, sight: Sight) -> None:
        body, charset = await self._fetcher.fetch(target, sight)
        self._judge(body, charset, sight)

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
        await self._fetcher.close()


def fields(settings: Settings) -> Mapping[str, type]:
    """What a rule may name; what `read` names is a scalar whose type only the answer knows."""
    own = own_fields(settings)
    if settings.read != "*":
        own.update(dict.fromkeys(settings.read, object))
    return own


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(seconds=30),
    fields=fields,
    prober=HttpProber,
    has_body=lambda settings: settings.read == "*",
    check_target=check_target,
)
