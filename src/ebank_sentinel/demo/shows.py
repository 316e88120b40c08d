"""Where a running demo is shown: views and pages enter; a live screen, lines of text or lines of JSON leave."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO
from zoneinfo import ZoneInfo

from rich.align import Align
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ebank_sentinel.demo.bubbles import words_of
from ebank_sentinel.demo.directory import Directory
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.screen import frame
from ebank_sentinel.demo.summary import summary
from ebank_sentinel.demo.verdict import Figures
from ebank_sentinel.demo.view import View


class Show(Protocol):
    """Somebody who watches the demo."""

    def update(self, view: View) -> None:
        """A new frame; comes several times a second."""
        ...

    def page(self, page: Received) -> None:
        """A receiver got a page; comes once for each."""
        ...

    def end(self, figures: Figures, directory: Directory) -> None:
        """The story is over."""
        ...


class JsonLines:
    """One JSON line per page, and nothing else."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def update(self, view: View) -> None:
        """Nothing: only pages are printed."""

    def page(self, page: Received) -> None:
        """The page as a line, at once."""
        print(json.dumps(page.line(), ensure_ascii=False), file=self._out, flush=True)

    def end(self, figures: Figures, directory: Directory) -> None:
        """Nothing: the exit status says it."""


class PlainLines:
    """For a pipe or a log: the captions and the pages, line by line."""

    def __init__(self, out: TextIO, *, zone: ZoneInfo) -> None:
        self._out = out
        self._zone = zone
        self._caption = ""
        self._said = ""
        print("the real daemon, the example bank; minutes run as seconds", file=out, flush=True)

    def update(self, view: View) -> None:
        """A line when the story goes on."""
        if view.caption != self._caption:
            self._caption = view.caption
            print(f"{view.now:%H:%M:%S} == {view.caption}", file=self._out, flush=True)
        if view.said != self._said:
            self._said = view.said
            print(f"{view.now:%H:%M:%S} -- {view.said}", file=self._out, flush=True)

    def page(self, page: Received) -> None:
        """A line for the page."""
        words = " / ".join(words_of(page).splitlines())
        at = page.at.astimezone(self._zone)
        print(f"{at:%H:%M:%S} {page.channel:<4} {page.to} {page.reason}: {words}", file=self._out, flush=True)

    def end(self, figures: Figures, directory: Directory) -> None:
        """The summary."""
        print(summary(figures, directory), file=self._out, flush=True)


class LiveScreen(AbstractContextManager["LiveScreen"]):
    """A whole terminal, redrawn several times a second; the last frame stays when it is over."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._last: View | None = None

    def __enter__(self) -> Self:
        self._live.__enter__()
        starting = Text("starting the simulated bank, its receivers and the daemon ...", style="bold")
        self._live.update(Align.center(starting, vertical="middle"), refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def update(self, view: View) -> None:
        """Draw the frame."""
        self._last = view
        self._live.update(frame(view, width=self._console.width), refresh=True)

    def page(self, page: Received) -> None:
        """Nothing: the next frame shows it."""

    def end(self, figures: Figures, directory: Directory) -> None:
        """Leave the screen as it was at the end in the terminal's own history, with the summary below."""
        self._live.stop()
        if self._last is not None:
            size = self._console.size
            self._console.print(frame(self._last, width=size.width), height=max(size.height - 2, 28))
        self._console.print(Text(summary(figures, directory), style="bold"))
