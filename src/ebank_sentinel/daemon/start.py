"""What a start runs: a path enters, a configuration that can be built leaves, the last good one if need be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from ebank_sentinel.config import Config, LastGood, find_store, load
from ebank_sentinel.daemon.assembly import Parts
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.state.sqlite import SqliteStore

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration, and all that it describes, built."""

    config: Config
    parts: Parts
    token: str | None  # what a request must carry
    broken: str = ""  # what is wrong with the files on disk, when the last good ones are run


def load_and_build(
    path: Path,
    build: Callable[[Config], Parts],
    *,
    now: datetime,
    credentials: Path | None,
    home: Path | None = None,
) -> Loaded:
    """Read, check and build everything. Raises ConfigError, and then nothing has happened."""
    config = load(path, now=now, credentials=credentials, home=home)
    return Loaded(config=config, parts=build(config), token=_token(config))


def load_or_last_good(
    path: Path, build: Callable[[Config], Parts], *, now: datetime, credentials: Path | None
) -> Loaded:
    """The configuration on disk; when it does not hold, the last one that did. Raises ConfigError without one."""
    try:
        return load_and_build(path, build, now=now, credentials=credentials)
    except ConfigError as error:
        saved = LastGood(find_store(path)).find()
        if saved is None:
            raise
        copy, home = saved
        try:
            good = load_and_build(copy, build, now=now, credentials=credentials, home=home)
        except ConfigError as worse:
            _log.error("the last good configuration does not hold either", problems=str(worse).splitlines())
            raise error from None
        broken = str(error)
    _log.error("the configuration does not hold: the last good one runs", problems=broken.splitlines())
    return Loaded(config=good.config, parts=good.parts, token=good.token, broken=broken)


def open_store(config: Config) -> SqliteStore:
    """The store that a configuration names. Raises StoreError."""
    return SqliteStore.open(config.store, traces=LastGood(config.store).folders)


def keep_as_good(config: Config, now: datetime) -> None:
    """Save it beside the store, for a start with broken files."""
    try:
        LastGood(config.store).save(config, now=now)
    except OSError as error:
        _log.error("the good configuration could not be kept beside the store", error=str(error))
    except ConfigError as error:
        _log.error(
            "the files on disk are no longer those that run: the good configuration of before is kept",
            problems=str(error).splitlines(),
        )


def _token(config: Config) -> str | None:
    api = config.settings.api
    if api is None:
        return None
    try:
        return config.secret(api.token)
    except ValueError as error:
        raise config.problem(["api", "token"], str(error)) from None
