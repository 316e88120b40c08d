"""The live screen: a view enters, one frame in rich's terms leaves. It looks right from 100 by 30 upwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich import box
from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ebank_sentinel.demo.bubbles import CLEAR_STYLE, SEVERITY_STYLE, Bubbles
from ebank_sentinel.demo.seen import live, seen_failing, width_of
from ebank_sentinel.demo.view import View

_STORY_LINES = 7
_BANK_LINES = 8
_STATE_STYLE = {"pending": "yellow", "firing": "bold red", "clearing": "blue"}
_GOOD_SUCCESS = 0.95


def frame(view: View, *, width: int) -> Layout:
    """The whole screen, so many cells wide."""
    left = Layout(name="left", ratio=9)
    left.split_column(
        Layout(_bank(view), size=_BANK_LINES),
        Layout(_failing(view), ratio=2, minimum_size=4),
        Layout(_incidents(view), ratio=3, minimum_size=6),
    )
    pages = Bubbles(view.pages, view.directory)
    body = Layout(name="body")
    body.split_row(left, Layout(_panel(pages, "Pages, as the receivers really got them", padding=0), ratio=11))
    root = Layout(name="root")
    root.split_column(
        Layout(_head(view), size=1),
        Layout(_story(view, width), size=_STORY_LINES),
        body,
        Layout(_foot(view), size=1),
    )
    return root


def _panel(content: RenderableType, title: str, *, padding: int = 1) -> Panel:
    """A titled box."""
    return Panel(
        content,
        title=Text(f" {title} ", style="bold"),
        title_align="left",
        border_style="bright_black",
        box=box.ROUNDED,
        padding=(0, padding),
    )


def _head(view: View) -> Table:
    """What this is, and the bank's time."""
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(
        Text.assemble(
            (" ebank-sentinel ", "bold bright_white on dark_green"),
            ("  the real daemon, the example bank 示例银行; minutes run as seconds", "bold"),
        ),
        Text(f"{view.now:%H:%M:%S} "),
    )
    return line


def _story(view: View, width: int) -> Panel:
    """Where the story is, what happens now and what comes next."""
    words = Table.grid(padding=(0, 1))
    words.add_row(Text("now ", style="bold"), Text(view.caption, style="bold"))
    in_seconds = f"in {view.next_in:.0f} s" if view.next_in >= 0.5 else "now"
    words.add_row(Text("next", style="dim"), Text(f"{in_seconds}: {view.next_caption}", style="dim"))
    said = view.said or "nobody has said anything yet"
    words.add_row(Text("said", style="dim"), Text(said, style="dim cyan", overflow="fold"))
    rows = Table.grid()
    rows.add_row(_bar(view, width - 4))
    rows.add_row(words)
    return _panel(rows, f"The story: {min(view.elapsed, view.seconds):.0f} of {view.seconds:.0f} s")


def _bar(view: View, cells: int) -> Text:
    """The timeline: how far it is, and a dot for everything that happens."""
    bar = Text(no_wrap=True)
    dots = {min(int(mark / view.seconds * cells), cells - 1): mark for mark in view.marks if mark > 0}
    reached = int(min(view.elapsed / view.seconds, 1.0) * cells)
    for cell in range(cells):
        style = "bright_green" if cell < reached else "bright_black"
        if cell in dots:
            bar.append("●", "bold yellow" if dots[cell] <= view.elapsed else "white")
        else:
            bar.append("━", style)
    return bar


def _bank(view: View) -> Panel:
    """What is true of the bank: the sentinel has to find out."""
    bank = view.bank
    rows = Table.grid(padding=(0, 1))
    rows.add_row(
        Text("logins", style="dim"),
        Text.assemble(
            (f"{bank.success:.0%} succeed", "green" if bank.success >= _GOOD_SUCCESS else "bold red"),
            ("  switch ", "dim"),
            ("ok", "green") if bank.switch_answers else ("lost", "bold red"),
            ("  UPS ", "dim"),
            (", ".join(sorted(bank.on_battery)) or "none", "bold yellow" if bank.on_battery else "green"),
        ),
    )
    by_region: dict[str, dict[str, list[str]]] = {}
    for atm in live(bank.terminals):
        by_region.setdefault(atm.region_name, {}).setdefault(atm.branch, []).append(atm.terminal)
    for region, branches in by_region.items():
        rows.add_row(Text(region, style="dim"), _dots(branches.values(), bank.dead))
    return _panel(rows, "The bank, as it really is")


def _dots(branches: Iterable[list[str]], dead: frozenset[str]) -> Text:
    """A dot for every terminal, those of a branch together."""
    dots = Text(no_wrap=True)
    for names in branches:
        for name in names:
            dots.append(*(("x", "bold red") if name in dead else ("●", "green")))
        dots.append("  ")
    return dots


def _failing(view: View) -> Panel:
    """What the daemon sees: the symptoms."""
    rows = Table.grid(expand=True, padding=(0, 1))
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    rows.add_column(no_wrap=True, justify="right")
    rows.add_column(no_wrap=True, justify="right")
    for seen in seen_failing(view):
        rows.add_row(
            Text.assemble((seen.what, "bold"), (f"  {seen.rule}", "dim")),
            Text(seen.state, style=_STATE_STYLE.get(seen.state, "")),
            Text(_lasting(seen.onset, view.now), style="dim"),
        )
    quiet = Text("nothing", style=CLEAR_STYLE)
    return _panel(rows if view.symptoms else quiet, f"What the sentinel sees failing: {len(view.symptoms)}")


def _incidents(view: View) -> Panel:
    """The incidents: two lines each, the open ones first."""
    still_open = sum(row.state != "ended" for row in view.incidents)
    rows = Table.grid(expand=True)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for line in _incident_lines(view):
        rows.add_row(line)
    quiet = Text("none", style=CLEAR_STYLE)
    return _panel(rows if view.incidents else quiet, f"Incidents: {still_open} open")


def _incident_lines(view: View) -> Iterable[Text]:
    """Level, title and number; then how wide, since when, whose, and the code; one line for what is part of another."""
    for row in view.incidents:
        ended = row.ended_at is not None
        if row.into_code:
            yield Text(f"      └ #{row.code} {row.title or row.rule}: part of #{row.into_code}", style="dim")
            continue
        style = CLEAR_STYLE if ended else SEVERITY_STYLE.get(row.severity, "white")
        place = "" if row.over or row.subject in {row.target.probe, "login", "report"} else f" {row.subject}"
        yield Text.assemble(
            (f" {row.severity:^3} ", f"{style} reverse"),
            (f" {row.title or row.rule}{place}", "dim" if ended else "bold"),
            ("" if ended or not row.number else f"  {row.number}", style),
        )
        since = row.since.astimezone(view.now.tzinfo)
        owner = (row.ack or {}).get("name") or ", ".join(row.groups)
        scope = "" if ended else width_of(row, view)
        told = f"over after {_lasting(row.since, row.ended_at)}" if row.ended_at else f"since {since:%H:%M:%S}  {owner}"
        yield Text.assemble((f"      #{row.code}  ", "dim"), (scope and f"{scope}  ", style), (told, "dim"))


def _foot(view: View) -> Text:
    """The counts, and what a spectator must know."""
    channels = [f"{sum(page.channel == name for page in view.pages)} {name}" for name in ("sms", "mail", "hook")]
    source = "a real Prometheus" if view.with_prometheus else "the bank (no prometheus installed)"
    foot = Text.assemble(
        (f" {len(view.pages)} of {view.expected} pages", "bold"),
        (f"  ({', '.join(channels)})   login rate from {source}   Ctrl-C ends", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
    if view.notice:
        foot = Text(f" {view.notice}", style="bold red", no_wrap=True, overflow="ellipsis")
    return foot


def _lasting(begin: datetime, end: datetime | None) -> str:
    """How long, in seconds."""
    return f"{max((end - begin).total_seconds(), 0):.0f} s" if end else ""
