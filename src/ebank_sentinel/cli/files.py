"""The configuration, for verbs that look at the files themselves."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import Config, load
from ebank_sentinel.errors import UsageError
from ebank_sentinel.systemd import credentials


def load_config(path: Path, *, secrets: bool = False) -> Config:
    """The configuration. Raises ConfigError."""
    return load(path, now=SystemClock().now(), credentials=credentials(os.environ), secrets=secrets)


def parse_moment(text: str | None, config: Config) -> datetime:
    """A moment in the bank's zone; now when there is none. Raises UsageError."""
    if text is None:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no moment: write 2026-12-10T03:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=config.zone)).astimezone(UTC)
