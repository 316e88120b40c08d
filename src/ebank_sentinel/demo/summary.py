"""The demo's last lines: figures enter; a sentence and a small table leave, as text for any stream."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from ebank_sentinel.demo.directory import HOOK_RECIPIENT, Directory
from ebank_sentinel.demo.verdict import Figures, Told

_HEAD = ("who was told", "channel", "alarms", "all-clears", "from failure to page")
_GAP = "  "


def summary(figures: Figures, directory: Directory) -> str:
    """Whether all came; then who was told, on which channel, and how long after the failure (holds included)."""
    came = figures.expected - figures.missing
    sentence = (
        f"{came} of {figures.expected} expected pages came, "
        f"{figures.missing or 'none'} missing, {figures.unexpected or 'none'} unexpected"
    )
    incidents = f"{figures.incidents} of {figures.incidents_expected} incidents ended as they should"
    rows = [_row(told, directory) for told in figures.told]
    return "\n".join([sentence, incidents, *(_aligned([_HEAD, *rows]) if rows else ())])


def _row(told: Told, directory: Directory) -> tuple[str, ...]:
    """One reader on one channel."""
    who = "a machine (webhook)" if told.to == HOOK_RECIPIENT else directory.name(told.to)
    return (who, told.channel, str(told.alarms), str(told.all_clears), _span(told))


def _span(told: Told) -> str:
    """The shortest and the longest of the delays; one when they are as good as the same."""
    if not told.delays:
        return "-"
    shortest, longest = (f"{end.total_seconds():.1f}" for end in (min(told.delays), max(told.delays)))
    return f"{longest} s" if shortest == longest else f"{shortest} to {longest} s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell: a Chinese character takes two places."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
