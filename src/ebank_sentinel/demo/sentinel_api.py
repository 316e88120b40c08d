"""What the running daemon says of itself: its HTTP API is asked, rows leave.

The demo looks at the daemon only through the doors that anybody has. Keys that it does not need are
not looked at, so that the API may grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ebank_sentinel.errors import SentinelError
from ebank_sentinel.model.rule import in_language

_TIMEOUT = aiohttp.ClientTimeout(total=3.0)  # seconds; the daemon is on this machine


REPORT = "@report"
"""The pseudo probe of what people report."""


class ApiUnavailable(SentinelError):
    """The daemon did not answer, or not with what its API promises."""


class _Row(BaseModel):
    """A row of the API."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _words(value: object) -> object:
    """A text for the screen: of several languages the bank's; nothing is ""."""
    if isinstance(value, dict):
        return in_language(value, "zh-CN")
    return "" if value is None else value


_Words = Annotated[str, BeforeValidator(_words)]

_R = TypeVar("_R", bound=_Row)


class PageRow(_Row):
    """A page, as /api/v1/pages lists it."""

    id: str
    incident: str | None = None
    code: str | None = None
    rule: str | None = None
    severity: str | None = None
    category: str | None = None
    reason: str
    recipient: str
    address: str
    channel: str
    text: str


class TargetRow(_Row):
    """What an incident is on."""

    probe: str
    key: str


class IncidentRow(_Row):
    """An incident, as /api/v1/incidents lists it."""

    id: str
    code: str
    state: str
    rule: str
    target: TargetRow
    labels: dict[str, str] = Field(default_factory=dict)
    severity: str
    category: str
    groups: tuple[str, ...] = ()
    over: str = ""  # "": one target; else a label, or `fleet`
    scope: dict[str, str] = Field(default_factory=dict)
    into: str | None = None  # id of the incident that took it over
    into_code: str | None = None
    ended_as: str | None = None
    title: _Words = ""
    number: _Words = ""
    since: datetime
    ended_at: datetime | None = None
    ack: dict[str, Any] | None = None

    @property
    def subject(self) -> str:
        """What it is about, as the script names it: a scope, a terminal, a service, or the target itself."""
        if self.over:
            return ",".join(f"{name}={value}" for name, value in self.scope.items()) or self.over
        if self.target.probe == REPORT:
            return "report"  # its key is a number
        if self.target.key != self.target.probe:
            return self.target.key
        return self.labels.get("service") or self.target.key


class SymptomRow(_Row):
    """A symptom, as /api/v1/symptoms lists it."""

    rule: str
    probe: str
    key: str
    state: str
    known: bool = True
    onset: datetime
    labels: dict[str, str] = Field(default_factory=dict)


class ReportAnswer(_Row):
    """What whoever reports is answered."""

    code: str | None = None
    ask: tuple[str, ...] = ()  # a question for each thing that is missing


class SentinelApi:
    """Asks one daemon."""

    def __init__(self, session: aiohttp.ClientSession, *, port: int) -> None:
        self._session = session
        self._url = f"http://127.0.0.1:{port}"

    async def ready(self) -> bool:
        """Whether the daemon probes and pages by now."""
        try:
            async with self._session.get(f"{self._url}/-/ready", timeout=_TIMEOUT) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def pages(self, *, since: datetime) -> list[PageRow]:
        """The pages made since then. Raises ApiUnavailable."""
        moment = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return [_row(PageRow, row) for row in await self._list("pages", since=moment)]

    async def incidents(self) -> list[IncidentRow]:
        """The incidents, ended ones too: one that only left the list would stay as it was. Raises ApiUnavailable."""
        return [_row(IncidentRow, row) for row in await self._list("incidents", ended="true")]

    async def symptoms(self) -> list[SymptomRow]:
        """What fails, as the daemon sees it. Raises ApiUnavailable."""
        return [_row(SymptomRow, row) for row in await self._list("symptoms")]

    async def acknowledge(self, incident: str, *, person: str, note: str) -> None:
        """Somebody takes an incident. Raises ApiUnavailable."""
        await self._post(f"incidents/{incident}/ack", {"person": person, "note": note})

    async def end(self, incident: str, *, person: str, note: str) -> None:
        """Somebody ends what was reported. Raises ApiUnavailable."""
        await self._post(f"incidents/{incident}/end", {"person": person, "note": note})

    async def report(self, body: Mapping[str, object]) -> ReportAnswer:
        """Somebody reports something: its incident, and what is asked back. Raises ApiUnavailable."""
        return _row(ReportAnswer, await self._post("reports", body))

    async def beat(self, probe: str) -> None:
        """A job calls that it is done. Raises ApiUnavailable."""
        await self._post(f"heartbeats/{probe}", {})

    async def _post(self, path: str, body: Mapping[str, object]) -> object:
        """What the daemon answers."""
        try:
            async with self._session.post(f"{self._url}/api/v1/{path}", json=body, timeout=_TIMEOUT) as answer:
                if answer.status >= 300:
                    raise ApiUnavailable(f"POST /api/v1/{path} answered {answer.status}: {(await answer.text())[:300]}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiUnavailable(f"POST /api/v1/{path} failed: {type(error).__name__}") from None

    async def _list(self, name: str, **query: str) -> list[object]:
        """The list that a collection answers with."""
        url = f"{self._url}/api/v1/{name}"
        try:
            async with self._session.get(url, params=query, timeout=_TIMEOUT) as answer:
                if answer.status != 200:
                    raise ApiUnavailable(f"GET /api/v1/{name} answered {answer.status}")
                body = await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiUnavailable(f"GET /api/v1/{name} failed: {type(error).__name__}") from None
        rows = body.get(name) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise ApiUnavailable(f"GET /api/v1/{name} answered without a list `{name}`")
        return rows


async def ask_all(
    api: SentinelApi,
    *,
    since: datetime,
) -> tuple[list[PageRow], list[IncidentRow], list[SymptomRow]]:
    """The three lists at one moment, as far as three requests can be one. Raises ApiUnavailable."""
    return await asyncio.gather(api.pages(since=since), api.incidents(), api.symptoms())


def _row(kind: type[_R], row: object) -> _R:
    """One row, checked. Raises ApiUnavailable."""
    try:
        return kind.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ApiUnavailable(f"the API's {kind.__name__} is not as promised: {place}: {first['msg']}") from None
