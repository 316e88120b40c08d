"""Verbs that need the running daemon ask it here; a refusal becomes an error with the daemon's own words."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from ebank_sentinel.config import Config
from ebank_sentinel.errors import SentinelError


def call(config: Config, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    """One request to the daemon of this configuration. Raises SentinelError."""
    return asyncio.run(_call(config, method, path, body))


async def _call(config: Config, method: str, path: str, body: dict[str, str] | None) -> dict[str, Any]:
    api = config.settings.api
    headers = {} if api is None else {"Authorization": f"Bearer {config.secret(api.token)}"}
    url = f"http://{_reachable(config.settings.listen)}{path}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), headers=headers) as session,
            session.request(method, url, json=body) as response,
        ):
            answer: dict[str, Any] = await response.json(content_type=None)
            if response.status >= 400:
                raise SentinelError(f"{answer.get('title', response.reason)}: {answer.get('detail', '')}")
            return answer
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise SentinelError(f"the daemon does not answer on {config.settings.listen}: {reason}") from None
    except ValueError as error:
        raise SentinelError(f"the daemon cannot be asked: {error}") from None


def _reachable(listen: str) -> str:
    """Listening everywhere is reached on loopback."""
    host, _, port = listen.rpartition(":")
    return f"{ {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'}.get(host, host) }:{port}".replace(" ", "")  # noqa: S104 - compared, not bound
