"""A page as its reader sees it: a received page enters, a bubble in rich's terms leaves."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.text import Text

from ebank_sentinel.demo.directory import Directory
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import is_all_clear

SEVERITY_STYLE = {"I": "bold red", "II": "red", "III": "yellow", "IV": "cyan"}
CLEAR_STYLE = "green"

_CHANNEL = {
    "sms": ("SMS", "black on bright_white"),
    "mail": ("MAIL", "white on blue"),
    "hook": ("HOOK", "white on magenta"),
}

_MAIL_LINES = 2
"""Lines of a mail's text under its subject: what a phone shows before one opens it."""


def style_of(page: Received) -> str:
    """The colour of a page: of its severity, or of an all-clear."""
    return CLEAR_STYLE if is_all_clear(page.reason) else SEVERITY_STYLE.get(page.severity, "white")


def words_of(page: Received) -> str:
    """What a phone shows of it: a text whole, the first lines of a mail, one line of a webhook."""
    if page.channel == "mail":
        subject, _, body = page.text.partition("\n\n")
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        return "\n".join([subject, *lines[:_MAIL_LINES]])
    if page.channel == "hook":
        return f"{page.rule} {page.about}  {page.severity}  signed"
    return page.text


def bubble(pages: Sequence[Received], directory: Directory) -> RenderableType:
    """One page, or several with the same words on one channel; a webhook is for a machine and takes one line."""
    page = pages[0]
    style = style_of(page)
    label, label_style = _CHANNEL.get(page.channel, (page.channel, "reverse"))
    head = Text.assemble(
        (f" {label} ", label_style), (f" {page.at:%H:%M:%S}", "dim"), overflow="ellipsis", no_wrap=True
    )
    if page.channel == "hook":
        return head.append(f" {page.reason}", style).append("  " + words_of(page), "dim")
    for reason in dict.fromkeys(page.reason for page in pages):
        names = ", ".join(directory.name(page.to) for page in pages if page.reason == reason)
        head.append(f" {names}", "bold").append(f" {reason}", style)
    words = Text(words_of(page), overflow="fold")
    if page.channel == "mail":
        words.stylize("bold", 0, len(page.subject))
    return Panel(words, title=head, title_align="left", border_style=style, box=box.ROUNDED, padding=(0, 1))


def together(pages: Sequence[Received]) -> list[list[Received]]:
    """Pages of one incident with the same words on one channel, in the order in which the first of them came."""
    found: dict[tuple[str, str, str], list[Received]] = {}
    for page in pages:
        found.setdefault((page.channel, page.incident, words_of(page)), []).append(page)
    return list(found.values())


class Bubbles:
    """The latest pages that fit the height, the newest at the bottom, as on a phone."""

    def __init__(self, pages: Sequence[Received], directory: Directory) -> None:
        self._pages = pages
        self._directory = directory

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or options.max_height
        free = height
        inner = options.update(height=None)
        shown: list[RenderableType] = []
        for pages in reversed(together(self._pages)):
            drawn = bubble(pages, self._directory)
            lines = len(console.render_lines(drawn, inner, pad=False))
            if lines > free:
                break
            free -= lines
            shown.append(drawn)
        yield Group(*reversed(shown))
