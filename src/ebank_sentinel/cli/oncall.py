"""`oncall`: who would be paged, now or at a moment."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ebank_sentinel.cli.files import load_config, parse_moment
from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.contacts import Roster
from ebank_sentinel.errors import UsageError
from ebank_sentinel.model.contact import Person
from ebank_sentinel.yamlfile import did_you_mean


def command(
    group: Annotated[str | None, Parameter(help="One group; all without it.")] = None,
    *,
    config: ConfigPath = DEFAULT,
    at: Annotated[str | None, Parameter(help="A moment in the bank's time, as in 2026-12-10T03:00.")] = None,
    json: AsJson = False,
) -> int:
    """Print who is on call, who is next, and until when."""
    found = load_config(config)
    moment = parse_moment(at, found)
    if group is not None and not found.roster.group_exists(group):
        raise UsageError(f"there is no group {group!r}{did_you_mean(group, found.roster.groups)}")
    groups = [group] if group is not None else found.roster.groups
    rows = [row for name in groups for row in _rows(found.roster, name, moment)]
    if json:
        as_json = [
            {
                "group": row.group,
                "layer": row.layer,
                "person": row.person.id if row.person is not None else None,
                "name": row.person.name if row.person is not None else None,
                "instead_of": ", ".join(person.id for person in row.instead_of),
                "from": _local(row.since, found.zone),
                "until": _local(row.until, found.zone),
            }
            for row in rows
        ]
        OUT.print_json(json_module.dumps({"at": moment.isoformat(), "oncall": as_json}, ensure_ascii=False))
        return 0
    OUT.print(_table(rows, moment, found.zone))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Somebody, or nobody, of a group."""

    group: str
    layer: str  # "override", "on call", "next", "later"; "member" without a rota; "else"; "nobody"
    person: Person | None = None
    instead_of: tuple[Person, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def _rows(roster: Roster, group: str, moment: datetime) -> Iterator[_Row]:
    """Who is on call and who is next; where there is none, whom the group's pages reach all the same."""
    duties = roster.on_call(group, moment)
    for number, duty in enumerate(duties):
        if duty.layer is None:
            layer = "member"
        elif duty.layer == 0:
            layer = "override"
        else:  # the first that covers the moment is on call, whatever its place in the file
            layer = ("on call", "next", "later")[min(number, 2)]
        yield _Row(
            group=group,
            layer=layer,
            person=duty.person,
            instead_of=duty.instead_of,
            since=duty.since,
            until=duty.until,
        )
    if not duties:
        step = roster.first_step(group, {}, moment)
        for person in step.people if step is not None else ():
            yield _Row(group=group, layer="else", person=person)
        if step is None:
            yield _Row(group=group, layer="nobody")


def _table(rows: Sequence[_Row], moment: datetime, zone: ZoneInfo) -> Table:
    """The rows for a terminal; a column that would be empty is not there."""
    table = Table(
        title=f"On call at {moment.astimezone(zone):%Y-%m-%d %H:%M %Z}", title_justify="left", box=SIMPLE_HEAD
    )
    columns: list[tuple[str, list[str]]] = [
        ("group", [row.group for row in rows]),
        ("layer", [row.layer for row in rows]),
        ("person", [row.person.id if row.person is not None else "" for row in rows]),
        ("name", [row.person.name if row.person is not None else "" for row in rows]),
        ("instead of", [", ".join(person.id for person in row.instead_of) for row in rows]),
        ("from", [_short(row.since, moment, zone) for row in rows]),
        ("until", [_short(row.until, moment, zone) for row in rows]),
    ]
    shown = [(name, cells) for name, cells in columns if any(cells)]
    for name, _ in shown:
        table.add_column(name)
    for cells in zip(*(cells for _, cells in shown), strict=True):
        table.add_row(*map(escape, cells))
    return table


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _short(moment: datetime | None, at: datetime, zone: ZoneInfo) -> str:
    """`12-07 09:00`, with its year when that is another one."""
    if moment is None:
        return ""
    wall = moment.astimezone(zone)
    return f"{wall:%m-%d %H:%M}" if wall.year == at.astimezone(zone).year else f"{wall:%Y-%m-%d %H:%M}"
