"""Verbs that need the running daemon ask it here; a refusal becomes an error with the daemon's own words.

Only the address, the token and the zone are read of sentinel.yaml: whoever takes an incident at 3 a.m. must not
wait for a hundred files, nor fail for a rule that somebody is editing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
from pydantic import ValidationError

from ebank_sentinel.errors import SentinelError
from ebank_sentinel.model.settings import Secret, read_secret
from ebank_sentinel.systemd import credentials
from ebank_sentinel.yamlfile import load

LISTEN = "127.0.0.1:9720"


class Refused(SentinelError):
    """The daemon said no: the same request again gets the same answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the daemon listens, and what opens it."""

    listen: str
    token: str | None
    zone: ZoneInfo

    @classmethod
    def of(cls, config: Path) -> Door:
        """As sentinel.yaml says. Raises ConfigError for a file that is no YAML, SentinelError for a missing secret."""
        written = load(config).data()
        written = written if isinstance(written, dict) else {}
        bank, api = written.get("bank"), written.get("api")
        try:
            zone = ZoneInfo(str(bank.get("timezone")) if isinstance(bank, dict) else "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        token = None
        if isinstance(api, dict):
            try:
                secret = Secret.model_validate(api.get("token"))
                path = secret.path(config.parent, credentials(os.environ))
                token = read_secret(path, private=secret.credential is None)
            except (ValidationError, ValueError) as error:
                raise SentinelError(f"the API's token cannot be read, try as root: {error}") from None
        return cls(listen=str(written.get("listen", LISTEN)), token=token, zone=zone)

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """One request to the daemon; with the same key it is the same request again. Raises SentinelError."""
        return asyncio.run(self._call(method, path, body, key))

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None, key: str | None) -> dict[str, Any]:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        host, _, port = self.listen.rpartition(":")
        host = _LOOPBACK.get(host, host)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), headers=headers) as session,
                session.request(method, f"http://{host}:{port}{path}", json=body) as response,
            ):
                answer: dict[str, Any] = await response.json(content_type=None)
                if response.status >= 400:
                    kind = Refused if response.status < 500 else SentinelError
                    raise kind(f"{answer.get('title', response.reason)}: {answer.get('detail', '')}")
                return answer
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = "nobody listens there" if isinstance(error, aiohttp.ClientConnectorError) else str(error)
            raise SentinelError(
                f"the daemon does not answer on {self.listen}: {reason or 'it took too long'}. "
                "Is it started, and is -c its configuration?"
            ) from None


_LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - who listens everywhere is reached on loopback
