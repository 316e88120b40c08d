# ruff: noqa: INP001 - a script that stands alone, no module of a package
"""Make docs/demo.svg, the picture of the README: a real run of the demo, drawn shortly before the switch recovers.

.venv/bin/python docs/make_picture.py
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.directory import Directory
from ebank_sentinel.demo.picture import svg_of
from ebank_sentinel.demo.programs import installed
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.run import perform
from ebank_sentinel.demo.verdict import Figures
from ebank_sentinel.demo.view import View

_SECONDS = 75.0
_MOMENT = 51 / 60  # share of the timeline: the switch is lost, and took over what hung on it
_WIDTH, _HEIGHT = 120, 48


class Camera:
    """A show that keeps the frame of one moment."""

    def __init__(self) -> None:
        self.taken: View | None = None

    def update(self, view: View) -> None:
        """Keep it when the moment has come."""
        if self.taken is None and view.elapsed >= _MOMENT * view.seconds:
            self.taken = view

    def page(self, page: Received) -> None:
        """Nothing: the frame holds it."""

    def end(self, figures: Figures, directory: Directory) -> None:
        """Nothing."""


async def main() -> int:
    """Run the demo, write the picture; 1 when the demo did not hold."""
    camera = Camera()
    with tempfile.TemporaryDirectory(prefix="ebank-sentinel-picture-") as folder:
        place = Path(folder) / "demo"
        clock = SystemClock()
        problems = await perform(place, seconds=_SECONDS, show=camera, programs=installed(), clock=clock)
    if problems or camera.taken is None:
        sys.stderr.write("\n".join([*problems, "no picture was made"]) + "\n")
        return 1
    svg = svg_of(camera.taken, width=_WIDTH, height=_HEIGHT)
    await asyncio.to_thread(Path(__file__).with_name("demo.svg").write_text, svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
