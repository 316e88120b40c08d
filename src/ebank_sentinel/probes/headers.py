"""`headers:` and `tls:` of a probe that speaks HTTP: settings enter, what is sent leaves; secrets come from files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag

from ebank_sentinel.model.settings import Secret, Strict, read_secret

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_NAMES = ("authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token")
_OURS = ("content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "expect", "te", "trailer")


def _check_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower() in _OURS:
        raise ValueError(f"{name} is set by the probe itself: leave it out")
    return name


def _check_value(value: str) -> str:
    if any(not letter.isprintable() for letter in value):
        raise ValueError("the value of a header holds no control characters and no line breaks")
    return value


def _which(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


Headers = dict[
    Annotated[str, AfterValidator(_check_name)],
    Annotated[
        Annotated[Annotated[str, AfterValidator(_check_value)], Tag("text")] | Annotated[Secret, Tag("secret")],
        Discriminator(_which),
    ],
]


def check_headers(headers: Headers) -> Headers:
    """The headers as they stand. Raises ValueError for a credential that is written into the file."""
    for name, value in headers.items():
        if isinstance(value, str) and name.lower() in _SECRET_NAMES:
            raise ValueError(f"{name}: a secret is never written inline: use {{file: PATH}} or {{credential: NAME}}")
    return headers


class TlsSettings(Strict):
    """The `tls:` of a probe that speaks HTTP. Verifying cannot be turned off."""

    ca: str | None = Field(
        default=None, min_length=1, description="PEM file of the only authorities to trust; else those of this machine"
    )

    def path(self, folder: Path) -> Path | None:
        """Where the authorities lie, None for the machine's own."""
        return None if self.ca is None else folder / self.ca


def read_headers(headers: Headers, folder: Path, credentials: Path | None) -> Mapping[str, str]:
    """What is sent. Raises ValueError when a secret cannot be read."""
    sent = {}
    for name, value in headers.items():
        text = value if isinstance(value, str) else read_secret(value.path(folder, credentials))
        if any(not letter.isprintable() for letter in text):
            raise ValueError(f"the secret for the header {name} holds a line break or a control character")
        sent[name] = text
    return sent
