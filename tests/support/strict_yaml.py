"""A small settings model, and what is said of a file that is to hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.settings import Duration, Name, NotYet, Secret, Strict, TextByLanguage
from ebank_sentinel.yamlfile import Document, load


class Http(Strict):
    url: str
    status: list[int] = Field(default=[200])
    password: Secret | None = None


class FirstOf(Strict):
    first_of: list[str]


class Probe(Strict):
    http: Http | None = None
    every: Duration
    labels: dict[str, str] = Field(default_factory=dict)
    mode: Literal["no_data", "clear"] = "clear"
    from_: str | None = Field(default=None, alias="from")
    sweep: NotYet = None

    @model_validator(mode="after")
    def _a_clear_probe_has_no_labels(self) -> Probe:
        if self.mode == "no_data" and self.labels:
            raise ValueError("labels need mode: clear")
        return self


class Settings(Strict):
    probes: dict[Name, Probe] = Field(default_factory=dict)
    via: list[str | FirstOf] = Field(default_factory=list)
    query: str | dict[str, str] | None = None
    count: Annotated[int, Field(gt=0)] = 1
    title: TextByLanguage = Field(default_factory=dict)
    language: str = "en"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "sentinel.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes) -> Document:
    return load(write(folder, content), shown_as="sentinel.yaml")


def complaints(folder: Path, content: str | bytes) -> list[str]:
    """What `validate` says, a line each; nothing when it holds."""
    try:
        read(folder, content).validate(Settings)
    except ConfigError as error:
        return str(error).splitlines()
    return []
