"""`promql`: queries enter; one reading a series leaves, its fields joined over the queries on equal labels.

When the server fails, nothing is known of the series: no reading leaves but a ProbeFailure.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import aiohttp
import promql_parser
import structlog
from pydantic import AfterValidator, Discriminator, Field, Tag

from ebank_sentinel.model.reading import ProbeError, Reading, Scalar, Target, TargetId
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.body import json_of, read_capped
from ebank_sentinel.probes.failure import Failed, one_line
from ebank_sentinel.probes.headers import Headers, TlsSettings, check_headers, read_headers
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, within
from ebank_sentinel.probes.names import FieldName
from ebank_sentinel.probes.place import check_url

_MOST_BYTES = 33_554_432
_MOST_SERIES = 100_000
_LONGEST_KEY = 1000  # characters: all labels are in it, and it is stored and shown with each symptom
_DECODED_ASIDE = 65_536  # bytes; a larger answer is decoded in a thread, so that the loop goes on
_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", "=": "\\=", "\n": "\\n"})

_A_RANGE = "it gives a range of values: put a function around it, as in rate(...) or avg_over_time(...)"
_NO_NUMBER: Mapping[type, str] = {
    promql_parser.MatrixSelector: _A_RANGE,
    promql_parser.SubqueryExpr: _A_RANGE,
    promql_parser.StringLiteral: "it gives a text, and a field is a number",
}

Series = dict[tuple[tuple[str, str], ...], float | None]
"""Sorted labels -> value; None for a value that is no finite number."""


def _check_server(text: str) -> str:
    check_url(text)
    if "?" in text:
        raise ValueError("write the server's address without a query, as in http://127.0.0.1:9090")
    return text.rstrip("/")


def _check_query(text: str) -> str:
    """Raises ValueError for what the server would refuse, or answer with something that is no number."""
    try:
        expression: Any = promql_parser.parse(text)
    except ValueError as error:
        raise ValueError(f"it is not PromQL: {one_line(str(error))}") from None
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    reason = _NO_NUMBER.get(type(expression))
    if reason is not None:
        raise ValueError(reason)
    return text


Query = Annotated[str, AfterValidator(_check_query)]


def _check_queries(queries: object) -> object:
    if not queries:
        raise ValueError("there is no query in it")
    return queries


class Settings(Strict):
    """The `promql:` of a probe."""

    server: Annotated[str, AfterValidator(_check_server)] = Field(
        description="URL of Prometheus, or of what speaks its API; /api/v1/query is added"
    )
    query: Annotated[
        Annotated[Query, Tag("one")]
        | Annotated[dict[FieldName, Query], AfterValidator(_check_queries), Tag("several")],
        Discriminator(lambda value: "several" if isinstance(value, dict) else "one"),
    ] = Field(description="PromQL, whose value is the field `value`; or field -> PromQL, joined on equal labels")
    headers: Annotated[Headers, AfterValidator(check_headers)] = Field(
        default_factory=dict, description="sent with each query; secrets as {file: PATH} or {credential: NAME}"
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="whom to trust; verifying is always on")


@dataclass(slots=True)
class _Answers:
    """What the queries gave so far."""

    by_field: dict[str, Series]
    doing: str = "connecting"


class PromqlProber:
    """Asks one server all its queries, one after the other."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context
        settings = context.settings
        self._queries = queries_of(settings)
        self._headers = read_headers(settings.headers, context.folder, context.credentials)
        self._open = context.network.session(
            ca=settings.tls.path(context.folder), https=settings.server.lower().startswith("https://")
        )
        self._session: aiohttp.ClientSession | None = None
        self._log = structlog.get_logger()

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """A reading a series; a failure, and no reading, when one of the queries has no complete answer."""
        answers = _Answers({})
        sight = Sight(doing=lambda: answers.doing)
        failed = await within(self._context.timeout, sight, self._ask_all(answers))
        at = self._context.clock.now()
        if failed is not None:
            return ProbeFailure(probe=self._context.name, at=at, error=failed.error, detail=failed.detail)
        found = [(self._target(target, labels), fields) for labels, fields in join(answers.by_field).items()]
        readings = [
            Reading(target=one, at=at, up=True, fields=fields)
            for one, fields in found
            if len(one.id.key) <= _LONGEST_KEY
        ]
        if len(readings) < len(found):
            self._tell_too_long(found, len(found) - len(readings))
        if self._context.absent == "clear":
            seen = {one.id for one, _ in found}
            readings += [
                Reading(target=gone, at=at, up=True, present=False)
                for gone in self._context.open_targets(self._context.name)
                if gone.id not in seen
            ]
        return readings

    def _target(self, probe: Target, labels: tuple[tuple[str, str], ...]) -> Target:
        key = key_of(labels) or self._context.name
        return Target(id=TargetId(self._context.name, key), labels={**probe.labels, **dict(labels)})

    def _tell_too_long(self, found: Sequence[tuple[Target, object]], lost: int) -> None:
        """A series that nobody watches must not go unseen: the log says which, and how to shorten it."""
        first = next(one.id.key for one, _ in found if len(one.id.key) > _LONGEST_KEY)
        self._log.error(
            f"series with over {_LONGEST_KEY} characters of labels are not watched: take labels away with sum by (...)",
            probe=self._context.name,
            lost=lost,
            first=one_line(first, 120),
        )

    async def _ask_all(self, answers: _Answers) -> None:
        watch = self._context.network.stopwatch()
        for field, query in self._queries.items():
            answers.doing = f"asking for {field}"
            answers.by_field[field] = await self._ask(query, watch)
        if len(set().union(*answers.by_field.values())) > _MOST_SERIES:
            raise Failed(ProbeError.TOO_LARGE, f"the queries give more than {_MOST_SERIES} series")

    async def _ask(self, query: str, watch: object) -> Series:
        """The series of one query. Raises Failed, and what aiohttp raises."""
        if self._session is None:
            self._session = self._open()
        milliseconds = self._context.timeout // timedelta(milliseconds=1)  # "0.5s" is no duration there
        async with self._session.post(
            f"{self._context.settings.server}/api/v1/query",
            data={"query": query, "timeout": f"{milliseconds}ms"},
            headers=self._headers,
            allow_redirects=False,
            trace_request_ctx=watch,
        ) as response:
            body = await read_capped(response, _MOST_BYTES)
            status = response.status
        if len(body) > _DECODED_ASIDE:
            return await asyncio.to_thread(decode, status, body)
        return decode(status, body)

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def queries_of(settings: Settings) -> Mapping[str, str]:
    """Field -> PromQL."""
    return {"value": settings.query} if isinstance(settings.query, str) else settings.query


def decode(status: int, body: bytes) -> Series:
    """The series of an answer of the Prometheus API. Raises Failed."""
    if status not in (200, 400, 422, 503):
        raise Failed(ProbeError.STATUS, f"the server answered with status {status}")
    answer = json_of(body)
    if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
        raise Failed(ProbeError.PROTOCOL, f"status {status}, and no answer of the Prometheus API: is it one?")
    if answer["status"] == "error":
        kind, words = answer.get("errorType"), one_line(str(answer.get("error")), 200)
        raise Failed(ProbeError.TIMEOUT if kind == "timeout" else ProbeError.QUERY, f"the server says {kind}: {words}")
    if answer.get("warnings"):
        raise Failed(ProbeError.QUERY, f"the answer is not complete: {one_line(str(answer['warnings']), 200)}")
    try:
        return _series(answer["data"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Failed(ProbeError.PROTOCOL, "the answer is not shaped as the Prometheus API says") from None


def _series(data: Any) -> Series:
    if data["resultType"] == "scalar":
        return {(): _number(data["result"][1])}
    if data["resultType"] != "vector":
        raise Failed(ProbeError.QUERY, f"the query gives a {one_line(str(data['resultType']), 20)}, not a vector")
    if len(data["result"]) > _MOST_SERIES:
        raise Failed(ProbeError.TOO_LARGE, f"the query gives more than {_MOST_SERIES} series")
    found: Series = {}
    for series in data["result"]:
        labels = tuple(sorted((str(k), str(v)) for k, v in series["metric"].items() if k != "__name__"))
        if labels in found:
            raise Failed(ProbeError.QUERY, f"two series differ in nothing but their name: {{{key_of(labels)}}}")
        found[labels] = _number(series["value"][1]) if "value" in series else None  # a histogram has no one value
    return found


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def join(by_field: Mapping[str, Series]) -> dict[tuple[tuple[str, str], ...], dict[str, Scalar]]:
    """Labels -> fields; a series that one of the queries lacks, or whose value is not finite, lacks that field."""
    joined: dict[tuple[tuple[str, str], ...], dict[str, Scalar]] = {}
    for field, series in by_field.items():
        for labels, value in series.items():
            fields = joined.setdefault(labels, {})
            if value is not None:
                fields[field] = value
    return joined


def key_of(labels: Sequence[tuple[str, str]]) -> str:
    """The canonical key of a series: `a=1,b=2`, sorted by name; `,`, `=`, backslash and line break are escaped."""
    return ",".join(f"{name.translate(_ESCAPES)}={value.translate(_ESCAPES)}" for name, value in sorted(labels))


def fields(settings: Settings) -> Mapping[str, type]:
    """What a rule may name."""
    return dict.fromkeys(queries_of(settings), float)


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(seconds=30),
    fields=fields,
    prober=PromqlProber,
    finds_targets=True,
)
