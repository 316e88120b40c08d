"""Where verbs print, and the arguments that several of them share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console


class _Paper(Console):
    """Where a reader has had enough (`| head`), that is no failure."""

    def on_broken_pipe(self) -> None:
        """End in peace."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0)


OUT = _Paper()
ERR = _Paper(stderr=True)

_WIDE = 1000
"""Columns: more than a table ever has."""


def for_tables() -> Console:
    """A terminal folds a table to its width; elsewhere each row stays one line, for `grep` and its like."""
    return OUT if OUT.is_terminal else _Paper(width=_WIDE)


DEFAULT = Path("/etc/ebank-sentinel/sentinel.yaml")

ConfigPath = Annotated[
    Path,
    Parameter(
        name=["--config", "-c"],
        env_var="EBANK_SENTINEL_CONFIG",
        help="The configuration.",
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")]
