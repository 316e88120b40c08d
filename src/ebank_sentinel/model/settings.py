"""What a settings file is made of: strict models, durations, texts, secrets, and "not yet".

Each stage declares its own part of the files with these; config.py reads the files and hands
each stage its part. Validators raise ValueError with a sentence for a person; the place is added
by whoever knows the file.
"""

from __future__ import annotations

import re
import stat
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator
from pydantic.json_schema import WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)")
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h|d|w))+$"
LONGEST = timedelta(days=3660)
LARGEST_SECRET = 65_536
"""Bytes: over any key or token."""


def parse_duration(text: str) -> timedelta:
    """`500ms 30s 5m 2h 7d 1w`, also joined (`1h30m`). Raises ValueError: it says what to write."""
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration: write 500ms, 30s, 5m, 2h, 7d or 1w")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    if seconds == 0:
        raise ValueError(f"{text!r} is no time at all: a duration must be over zero")
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is over ten years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest way to write it: 90 s is `1m30s`, 0 is `0s`."""
    milliseconds = round(duration.total_seconds() * 1000)
    if milliseconds == 0:
        return "0s"
    parts = []
    for unit, size in (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration: it needs a unit, as in 500ms, 30s, 5m, 2h, 7d or 1w")  # noqa: TRY004 - pydantic turns only ValueError into a problem
    return parse_duration(value)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["500ms", "30s", "5m", "2h", "7d"]}),
]
"""A length of time, over zero."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An identifier that a file gives to something: letters, digits, `_`, `.` and `-`."""


def _text(value: object) -> object:
    if isinstance(value, bool | int | float):
        raise ValueError("expected text, got a number, true or false: quote it")  # noqa: TRY004 - pydantic's own way
    return {"": value} if isinstance(value, str) else value


LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Z][A-Za-z]+)?$"
_LANGUAGE_OR_ALL = r"^([a-z]{2,3}(-[A-Z][A-Za-z]+)?)?$"

Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
"""A language tag such as `zh-CN` or `en`."""

TextByLanguage = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=_LANGUAGE_OR_ALL)],
        Annotated[str, StringConstraints(min_length=1, max_length=2000)],
    ],
    Field(min_length=1),
    BeforeValidator(_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "patternProperties": {LANGUAGE_PATTERN: {"type": "string", "minLength": 1}},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        },
    ),
]
"""A text by language (`{zh-CN: ..., en: ...}`); a plain string is for all languages (key "")."""


def _not_yet(_value: object) -> NoReturn:
    raise ValueError("not yet: this key is part of the format, and this version does not act on it: take it out")


NotYet = Annotated[Any, BeforeValidator(_not_yet), WithJsonSchema({"not": {}, "description": "not yet"})]
"""A key that the format has and this version refuses rather than ignores."""


class Strict(BaseModel):
    """Base of everything that is read from a file: unknown keys are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=False)


class Secret(Strict):
    """Where a secret lies: never the secret itself. `{file: PATH}` or `{credential: NAME}` (systemd)."""

    file: str | None = Field(default=None, min_length=1, description="path, relative to this file")
    credential: Name | None = Field(default=None, description="a name under $CREDENTIALS_DIRECTORY")

    @model_validator(mode="before")
    @classmethod
    def _never_inline(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("a secret is never written inline: use {file: PATH} or {credential: NAME}")  # noqa: TRY004 - as above
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Secret:
        if (self.file is None) == (self.credential is None):
            raise ValueError("give exactly one of file and credential")
        return self

    def path(self, folder: Path, credentials: Path | None) -> Path:
        """Where it is read from. Raises ValueError when a credential is asked for and systemd gave none."""
        if self.file is not None:
            return folder / self.file
        if credentials is None:
            raise ValueError("systemd gave no credentials (no $CREDENTIALS_DIRECTORY): add LoadCredential= to the unit")
        return credentials / str(self.credential)


def read_secret(path: Path, *, private: bool = True) -> str:
    """The secret in a file, without its trailing newline. Raises ValueError: it names the file and what is wrong.

    `private`: nobody else may read it. systemd guards its credentials by itself, and with other means.
    """
    try:
        found = path.stat()
        mode = found.st_mode
        if not stat.S_ISREG(mode) or found.st_size > LARGEST_SECRET:
            what = "it is not a plain file" if not stat.S_ISREG(mode) else f"it has over {LARGEST_SECRET} bytes"
            raise ValueError(f"cannot read the secret in {path}: {what}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ValueError(f"cannot read the secret in {path}: {reason}") from None
    if private and mode & 0o077:
        raise ValueError(f"the secret in {path} can be read by others (mode {mode & 0o777:03o}): chmod 600 it")
    if not text.strip():
        raise ValueError(f"the secret in {path} is empty")
    return text.rstrip("\r\n")
