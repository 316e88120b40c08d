"""What cannot be done is answered with a problem document (RFC 9457), never with a traceback."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import structlog
from aiohttp import web

from ebank_sentinel.errors import RequestError, StoreError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger()


def problem(
    status: int, title: str, detail: str, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The document."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if request_id is not None:
        body["instance"] = f"urn:uuid:{request_id}"
    return web.json_response(body, status=status, content_type="application/problem+json", headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a problem document; what was not foreseen is logged with the request's id."""
    request_id = str(uuid.uuid4())
    try:
        return await handler(request)
    except RequestError as error:
        headers = {"Retry-After": "5"} if error.status == 503 else {}
        return problem(error.status, error.title, error.detail, request_id, headers)
    except StoreError as error:
        _log.warning("a request met a store that refuses", error=str(error), request=request_id)
        return problem(503, "The store refuses", "nothing was changed: try again", request_id, {"Retry-After": "5"})
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        detail = f"{request.method} {request.path[:200]}: {error.reason}"
        if error.status == 413:
            detail = f"a body may have at most {request.client_max_size} bytes"
        return problem(error.status, error.reason, detail, request_id, headers)
    except Exception:  # noqa: BLE001 - a caller gets an answer, whatever broke
        _log.exception("a request failed", method=request.method, path=request.path, request=request_id)
        return problem(500, "Internal error", f"the log has it under {request_id}", request_id)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object. Raises RequestError 400 or 415."""
    body = await request.read()
    if not body:
        return {}
    if request.content_type != "application/json":
        raise RequestError(415, "Unsupported media type", "send application/json")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise RequestError(400, "Bad JSON", f"the body is not JSON: {reason}") from None
    if not isinstance(value, dict):
        raise RequestError(400, "Bad JSON", "the body must be a JSON object")
    return value


def text_of(body: Mapping[str, Any], key: str, *, known: tuple[str, ...], required: bool = True) -> str:
    """A text of the body, at most 500 characters. Raises RequestError 422, for unknown keys too."""
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise RequestError(422, "Unknown key", f"{unknown[0]!r} is not known here: {', '.join(known)} are")
    value = body.get(key, "" if not required else None)
    if not isinstance(value, str) or (required and not value.strip()):
        raise RequestError(422, "Missing value", f"{key!r} must be a text")
    if len(value) > 500 or any(ord(character) < 32 for character in value):
        raise RequestError(422, "Bad value", f"{key!r} may have at most 500 characters, on one line")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
