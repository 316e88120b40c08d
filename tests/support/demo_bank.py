"""The demo's bank, as its tests have it: the example bank's own files, and who is on call at one moment."""

from __future__ import annotations

from datetime import UTC, datetime

from ebank_sentinel.demo.directory import read_directory, read_terminals
from ebank_sentinel.demo.example import example_bank
from ebank_sentinel.demo.overlay import sentinel_of

AT = datetime(2026, 12, 10, 3, 9, tzinfo=UTC)
EXAMPLE = example_bank()
SENTINEL = sentinel_of(EXAMPLE)
DIRECTORY = read_directory(EXAMPLE, AT)
TERMINALS = read_terminals(EXAMPLE)
