"""What cannot be done is answered with a problem document (RFC 9457), never with a traceback."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from ebank_sentinel.errors import RequestError, StoreError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Mapping[str, str] = {
    "Server": "ebank-sentinel",  # and no version
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""On every answer."""

RETRY = {"Retry-After": "5"}

_log = structlog.get_logger()


def problem(
    status: int, title: str, detail: str, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The document."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if request_id is not None:
        body["instance"] = f"urn:uuid:{request_id}"
    return web.json_response(
        body, status=status, content_type="application/problem+json", headers={**HEADERS, **(headers or {})}
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a problem document; what was not foreseen is logged with the request's id."""
    request_id = str(uuid.uuid4())
    try:
        return await handler(request)
    except RequestError as error:
        return problem(error.status, error.title, error.detail, request_id, RETRY if error.status == 503 else None)
    except StoreError as error:
        _log.warning("a request met a store that refuses", error=str(error), request=request_id)
        return problem(503, "The store refuses", "nothing was changed: try again", request_id, RETRY)
    except web.HTTPException as error:
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        detail = f"{request.method[:20]} {request.path[:200]}: {error.reason}"
        if error.status == 413:
            detail = f"a body may have at most {request.client_max_size} bytes"
        return problem(error.status, error.reason, detail, request_id, allowed)
    except (web.RequestPayloadError, ConnectionError) as error:
        return problem(400, "Bad request", f"the body cannot be read: {str(error)[:200]}", request_id)
    except Exception:  # noqa: BLE001 - a caller gets an answer, whatever broke
        _log.exception("a request failed", method=request.method, path=request.path[:200], request=request_id)
        return problem(500, "Internal error", f"the log has it under {request_id}", request_id)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal of the application: every answer carries HEADERS."""
    response.headers.update(HEADERS)
