"""What sentinel.yaml and topology.yaml may say; the stages own what is theirs."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, StringConstraints

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.settings import Language, Name, NotYet, Secret, Strict, TextByLanguage
from ebank_sentinel.paging.settings import ChannelSettings
from ebank_sentinel.probes.place import check_url
from ebank_sentinel.probes.settings import LabelName, ProbeSettings
from ebank_sentinel.yamlfile import did_you_mean
from ebank_sentinel.yamlfile import load as load_yaml

STORE = "sqlite:///"


def _zone(value: object) -> object:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = did_you_mean(str(value), available_timezones()) or ": write it as in Asia/Shanghai"
        raise ValueError(f"{value!r} is no time zone that is known here{close}") from None
    return value


def _store(value: object) -> object:
    text = str(value)
    if text.startswith(("postgresql:", "postgres:")):
        raise ValueError("not yet: several nodes over PostgreSQL come later; write sqlite:///FILE")
    file = text.removeprefix(STORE)
    if not text.startswith(STORE) or file in ("", ".", "..") or file.endswith("/") or "?" in file:
        raise ValueError("this names no file: write sqlite:///FILE (relative to this file) or sqlite:////PATH/FILE")
    if file.startswith(":"):
        raise ValueError("a store in memory forgets every page at a restart: write sqlite:///FILE")
    return value


def _listen(value: object) -> object:
    host, colon, port = str(value).rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        fits = bool(colon) and 1 <= int(port) <= 65535
    except ValueError:
        fits = False
    if not fits and "@" in str(value):
        raise ValueError("this is no address to listen on: write an IP address and a port, no user and password")
    if not fits:
        raise ValueError(f"{value!r} is no address to listen on: write an IP address and a port, as in 127.0.0.1:9720")
    return value


def _external_url(value: object) -> object:
    try:
        check_url(str(value))
    except ValueError:
        reason = "write the address under which people reach this program, as in https://sentinel.bank.example"
        raise ValueError(f"{reason}; no user and password in it") from None
    return value


class BankSettings(Strict):
    """Who we are."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=20)] = Field(description="signature of every text")
    language: Language = Field(default="zh-CN", description="of channels that have no person")
    timezone: Annotated[str, BeforeValidator(_zone)] = Field(description="IANA name, as in Asia/Shanghai")


class ApiSettings(Strict):
    """Who may use the API."""

    token: Secret = Field(description="bearer token; needed when `listen` is not a loopback address")


class SentinelFile(Strict):
    """sentinel.yaml: the environment. Paths are relative to the file."""

    bank: BankSettings
    root: str = Field(default=".", description="all files that this one names lie under it; secrets excepted")
    store: Annotated[str, BeforeValidator(_store)] = "sqlite:///sentinel.db"
    listen: Annotated[str, BeforeValidator(_listen)] = "127.0.0.1:9720"
    external_url: Annotated[str, BeforeValidator(_external_url)] = "http://127.0.0.1:9720"
    api: ApiSettings | None = None
    rules: list[str] = Field(min_length=1, description="files, or folders of *.yaml")
    contacts: str = Field(description="the folder of the contact files")
    topology: str | None = None
    times: str | None = None
    probes: dict[Name, ProbeSettings] = Field(min_length=1)
    channels: dict[Name, ChannelSettings] = Field(min_length=1)
    plans: NotYet = None
    regimes: NotYet = None
    windows: NotYet = None


class JoinSettings(Strict):
    """More labels for every target that has one of them."""

    csv: str
    on: LabelName = Field(description="the label, and the column, that both have")


class ServiceSettings(Strict):
    """What customers use."""

    title: TextByLanguage
    hours: Name = Field(default="always", description="a named time")
    customers: int | None = Field(default=None, ge=0)
    critical: bool = False
    needs: list[Name] = []


class TopologyFile(Strict):
    """topology.yaml: how the bank is laid out."""

    levels: list[LabelName] = Field(default=[], description="labels, narrow to wide")
    join: JoinSettings | None = None
    place: str = Field(default="", description="where a target is, in words: `{branch_name} {address}`")
    services: dict[Name, ServiceSettings] = {}


def store_path(store: str, home: Path) -> Path:
    """The file behind `store:`; relative to the folder of sentinel.yaml."""
    return home / store.removeprefix(STORE)


def find_store(path: Path) -> Path:
    """Where the store of a sentinel.yaml lies, even when the file does not hold otherwise."""
    return store_path(_store_of(path) or "sqlite:///sentinel.db", path.parent)


def _store_of(path: Path) -> str | None:
    try:
        data = load_yaml(path).data()
        written = data.get("store") if isinstance(data, dict) else None
    except ConfigError:  # no YAML at all: the line may still be there
        try:
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        except OSError:
            text = ""
        line = re.search(rf"^store:\s*([\"']?)({STORE}[^\n]+?)\1\s*(#.*)?$", text, re.MULTILINE)
        written = line[2] if line else None
    try:
        return str(_store(written)) if isinstance(written, str) else None
    except ValueError:
        return None
