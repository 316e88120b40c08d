"""What a request says: its query and its JSON body enter, checked values leave, or a RequestError with the mistake."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from aiohttp import web
from aiohttp.typedefs import Middleware

from ebank_sentinel.errors import RequestError
from ebank_sentinel.web.problems import Handler

MOST_ROWS = 1000
MOST_CHARACTERS = 500

NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line and paragraph separators
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they reorder what a person reads

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


async def json_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object. Raises RequestError 400 or 415."""
    body = await request.read()
    if not body:
        return {}
    value = _json(request, body)
    if not isinstance(value, dict):
        raise RequestError(400, "Bad JSON", "the body must be a JSON object")
    return value


async def json_value(request: web.Request) -> Any:
    """The JSON in the body, whatever it is. Raises RequestError 400 or 415."""
    return _json(request, await request.read())


def larger(sizes: Mapping[str, int]) -> Middleware:
    """A middleware: at these paths a body may have so many bytes, and not what the application says."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        most = sizes.get(request.path)
        if most is None:
            return await handler(request)
        try:
            return await handler(request.clone(client_max_size=most))
        except web.HTTPRequestEntityTooLarge as error:
            raise RequestError(413, error.reason, f"a body may have at most {most} bytes") from None

    return middleware


def _json(request: web.Request, body: bytes) -> Any:
    if request.content_type != "application/json":
        raise RequestError(415, "Unsupported media type", "send application/json")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise RequestError(400, "Bad JSON", f"the body is not JSON: {reason}") from None


def only(body: Mapping[str, Any], *known: str) -> None:
    """Raises RequestError 422 for a key that is not known: what is ignored in silence is missed in silence."""
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise RequestError(422, "Unknown key", f"{unknown[0][:80]!r} is not known here: {', '.join(known)} are")


def text(body: Mapping[str, Any], key: str, *, required: bool = True) -> str:
    """A line of text. Raises RequestError 422."""
    value = body.get(key, "" if not required else None)
    if not isinstance(value, str) or (required and not value.strip()):
        raise RequestError(422, "Missing value", f"{key!r} must be a text")
    if len(value) > MOST_CHARACTERS:
        raise RequestError(422, "Bad value", f"{key!r} may have at most {MOST_CHARACTERS} characters")
    if any(unicodedata.category(one) in NO_TEXT or one in TURNS for one in value):
        raise RequestError(422, "Bad value", f"{key!r} may have no line breaks and no control characters")
    return value


def query(request: web.Request, known: Collection[str]) -> dict[str, str]:
    """The query. Raises RequestError 400 for what is not known, or given twice."""
    for name in request.query:
        if name not in known:
            what = f"{', '.join(known)} are" if known else "nothing is"
            raise RequestError(400, "Bad query", f"{name[:80]!r} is not known here: {what}")
        if len(request.query.getall(name)) > 1:
            raise RequestError(400, "Bad query", f"{name} is given twice")
    return dict(request.query)


def flag(asked: Mapping[str, str], name: str) -> bool:
    """`true` or `false`; false when it is not given. Raises RequestError 400."""
    value = asked.get(name, "false")
    if value not in ("true", "false"):
        raise RequestError(400, "Bad query", f"{name} is true or false")
    return value == "true"


def limit(asked: Mapping[str, str]) -> int:
    """How many rows. Raises RequestError 400."""
    value = asked.get("limit", str(MOST_ROWS))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= MOST_ROWS):
        raise RequestError(400, "Bad query", f"limit is a number from 1 to {MOST_ROWS}")
    return int(value)


def moment(asked: Mapping[str, str], name: str) -> datetime | None:
    """A moment with its zone, in UTC. Raises RequestError 400."""
    value = asked.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise RequestError(400, "Bad query", f"{name} needs a zone, as in 2026-11-22T03:00:00Z")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        words = f"{name} is a moment, as in 2026-11-22T03:00:00Z (a + of a zone is written %2B)"
        raise RequestError(400, "Bad query", words) from None


def moment_of(text: str) -> datetime | None:
    """A moment as RFC 3339 writes it, in UTC; None for anything else."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
