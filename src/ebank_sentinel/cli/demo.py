"""`demo`: the daemon against a simulated bank on loopback."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ebank_sentinel.cli.terminal import AsJson


def command(
    *,
    seconds: Annotated[float, Parameter(help="Length of the story, at least 60.")] = 75.0,
    json: AsJson = False,
    folder: Annotated[Path | None, Parameter(help="Keep the run's files here.")] = None,
) -> int:
    """Show the example bank fail in six ways, and the pages that people get; 0 when exactly the expected ones came."""
    from ebank_sentinel.demo import run_demo  # noqa: PLC0415 - the demo's servers are no part of the daemon

    return asyncio.run(run_demo(seconds=seconds, as_json=json, folder=folder, out=sys.stdout, err=sys.stderr))
