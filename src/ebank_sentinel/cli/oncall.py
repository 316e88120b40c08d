"""`oncall`: who would be paged, now or at a moment."""

from __future__ import annotations

import json as json_module
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.table import Table

from ebank_sentinel.cli.files import load_config, parse_moment
from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.errors import UsageError
from ebank_sentinel.yamlfile import did_you_mean

_LAYERS = {0: "override", 1: "on call", 2: "next", None: "member"}


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
    rows = [
        {
            "group": name,
            "layer": _LAYERS.get(duty.layer, f"layer {duty.layer}"),
            "person": duty.person.id,
            "name": duty.person.name,
            "instead_of": ", ".join(person.id for person in duty.instead_of),
            "from": _local(duty.since, found.zone),
            "until": _local(duty.until, found.zone),
        }
        for name in ([group] if group is not None else found.roster.groups)
        for duty in found.roster.on_call(name, moment)
    ]
    if json:
        OUT.print_json(json_module.dumps({"at": moment.isoformat(), "oncall": rows}, ensure_ascii=False))
        return 0
    table = Table(title=f"On call at {moment.astimezone(found.zone):%Y-%m-%d %H:%M %Z}", title_justify="left")
    for column in ("group", "layer", "person", "name", "instead of", "from", "until"):
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value or "") for value in row.values()))
    OUT.print(table)
    return 0


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
