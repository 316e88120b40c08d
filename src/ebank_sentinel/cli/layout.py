"""How incidents and explanations are laid out: colours, values, times, lines that go on further in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.padding import Padding
from rich.text import Text

from ebank_sentinel.cli.terminal import OUT

LABEL = 11
"""Columns for what a line is about."""

COLOURS = {"I": "bold white on red", "II": "bold red", "III": "yellow", "IV": "cyan"}
"""By severity."""


def head(words: str) -> None:
    """What follows, after an empty line."""
    OUT.print()
    line(0, f"[bold]{words}[/]")


def line(indent: int, markup: str, *, hang: int = 2) -> None:
    """One line; on a terminal what does not fit goes on further in, elsewhere it stays one line."""
    if not OUT.is_terminal:
        OUT.print(" " * indent + markup, highlight=False, soft_wrap=True)
        return
    first, *rest = Text.from_markup(markup).wrap(OUT, max(OUT.width - indent, 20))
    OUT.print(Padding(first, (0, 0, 0, indent), expand=False), highlight=False)
    more = Text(" ").join(rest)
    if more:
        left = min(indent + hang, OUT.width // 2)
        OUT.print(Padding(more, (0, 0, 0, left), expand=False), highlight=False)


def labelled(label: str, markup: str) -> None:
    """A line of a rule, with what it is about in front."""
    line(2, f"[cyan]{label:<{LABEL}}[/]{markup}", hang=LABEL)


def pairs(values: Mapping[str, Any]) -> str:
    """`rate = 0.62, attempts = 200`."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in values.items())


def value_text(value: object) -> str:
    """A value as short as it can be read."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def age(seconds: float) -> str:
    """How long ago, roughly."""
    if seconds < 120:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def local(moment: str, zone: ZoneInfo) -> str:
    """A moment of the API by the bank's clock."""
    return f"{datetime.fromisoformat(moment).astimezone(zone):%m-%d %H:%M:%S}"
