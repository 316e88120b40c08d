"""Where verbs print, and the arguments that several of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

OUT = Console()
ERR = Console(stderr=True)

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
