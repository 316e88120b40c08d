"""The demo: a length in seconds enters; a real daemon runs against a simulated bank, and a verdict leaves."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TextIO


async def run_demo(*, seconds: float, as_json: bool, folder: Path | None, out: TextIO, err: TextIO) -> int:
    """Run the demo: 0 when every expected page came and no other, 1 when not, 2 when it cannot be run so."""
    if importlib.util.find_spec("aiosmtpd") is None:
        print("the demo needs a mail server of its own: pip install 'ebank-sentinel[demo]'", file=err)
        return 2
    from ebank_sentinel.demo.programs import installed  # noqa: PLC0415 - as below
    from ebank_sentinel.demo.run import run  # noqa: PLC0415 - it imports aiosmtpd, which an extra brings

    return await run(seconds=seconds, as_json=as_json, folder=folder, programs=installed(), out=out, err=err)


__all__ = ["run_demo"]
