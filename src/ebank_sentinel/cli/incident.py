"""`incident list/show/ack/end`: what the running daemon knows, who takes it, and what a person ends."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from cyclopts import App, Parameter
from rich.markup import escape
from rich.table import Table

from ebank_sentinel.cli.client import Door
from ebank_sentinel.cli.layout import COLOURS, local
from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath, for_tables
from ebank_sentinel.model.rule import PUSHED

_PLACES = ("place", "instance", "service", "job")
"""Of what was told to us, the first of these labels says where it is, as in pages."""

Wanted = Annotated[str, Parameter(help="The code that the page shows, or the incident's id.")]

app = App(name="incident", help="List, show, take and end incidents.")


@app.command(name="list")
def list_(
    *,
    ended: Annotated[bool, Parameter(negative=(), help="Ended ones too.")] = False,
    config: ConfigPath = DEFAULT,
    json: AsJson = False,
) -> int:
    """What is open now, newest first."""
    door = Door.of(config)
    answer = door.call("GET", f"/api/v1/incidents?ended={str(ended).lower()}")
    if json:
        OUT.print_json(json_module.dumps(answer, ensure_ascii=False))
        return 0
    if not answer["incidents"]:
        OUT.print("[green]no incident is open[/green]")
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("code", "level", "title", "figure", "target", "since", "state", "taken by", "owner"):
        table.add_column(column, overflow="fold", no_wrap=column in ("code", "level", "since"))
    for one in answer["incidents"]:
        table.add_row(*_row(one, door.zone))
    for_tables().print(table)
    return 0


@app.command
def show(incident: Wanted, /, *, config: ConfigPath = DEFAULT, json: AsJson = False) -> int:
    """One incident: its history and its pages."""
    door = Door.of(config)
    one = door.call("GET", f"/api/v1/incidents/{quote(incident, safe='')}")
    if json:
        OUT.print_json(json_module.dumps(one, ensure_ascii=False))
        return 0
    zone = door.zone
    colour = COLOURS[one["severity"]]
    OUT.print(
        f"[{colour}]{one['severity']}[/] [bold]{escape(one['title'])}[/bold] {escape(one['number'])}  #{one['code']}"
        f"  {_state(one)}  [dim]{one['id']}[/dim]",
        highlight=False,
        soft_wrap=True,
    )
    lines = {
        "rule": one["rule"],
        "target": f"{one['target']['probe']}/{one['target']['key']}",
        "scope": _scope(one),
        "came back": f"{one['reopened']} times" if one["reopened"] else "",
        "category": ", ".join((one["category"], *one["flags"])),
        "groups": ", ".join(one["groups"]),
        "since": local(one["since"], zone),
        "ended": "" if one["ended_at"] is None else local(one["ended_at"], zone),
        "taken by": "" if one["ack"] is None else f"{one['ack']['name']} {local(one['ack']['at'], zone)}",
    }
    for name, value in lines.items():
        if value:
            OUT.print(f"  {name}: {escape(value)}", highlight=False, soft_wrap=True)
    _print_symptoms(one["symptoms"], one["symptom_count"], zone)
    OUT.print("[bold]history[/bold]")
    for event in one["events"]:
        reason, detail = event["reason"], escape(event["detail"])
        OUT.print(f"  {local(event['at'], zone)}  [cyan]{reason:<13}[/cyan] {detail}", highlight=False, soft_wrap=True)
    OUT.print("[bold]pages[/bold]")
    for page in one["pages"]:
        OUT.print(
            f"  {local(page['created_at'], zone)}  {page['reason']:<9} {escape(page['recipient'])} by "
            f"{page['channel']}: {page['state']}, {page['attempts']} attempts",
            highlight=False,
            soft_wrap=True,
        )
        OUT.print(f"      [dim]{escape(page['text'])}[/dim]", highlight=False, soft_wrap=True)
    return 0


@app.command
def ack(
    incident: Wanted,
    /,
    *,
    person: Annotated[str, Parameter(name="--as", help="Who takes it: an id of the contacts.")],
    note: Annotated[str, Parameter(help="A line for the others.")] = "",
    config: ConfigPath = DEFAULT,
) -> int:
    """Take an incident: the first to do so has it."""
    return _say("ack", incident, person, note, config)


@app.command
def end(
    incident: Wanted,
    /,
    *,
    person: Annotated[str, Parameter(name="--as", help="Who ends it: an id of the contacts.")],
    note: Annotated[str, Parameter(help="A line for the record.")] = "",
    config: ConfigPath = DEFAULT,
) -> int:
    """End what was reported or referred. What a probe reads ends by itself."""
    return _say("end", incident, person, note, config)


def _say(verb: str, incident: str, person: str, note: str, config: Path) -> int:
    path = f"/api/v1/incidents/{quote(incident, safe='')}/{verb}"
    answer = Door.of(config).call("POST", path, {"person": person, "note": note})
    OUT.print(f"{answer['title']}: {escape(answer['detail'])}", highlight=False)
    return 0


def _print_symptoms(symptoms: list[dict[str, Any]], count: int, zone: ZoneInfo) -> None:
    """Where it began; a wide incident has thousands of them."""
    if not symptoms:
        return
    OUT.print(f"[bold]symptoms[/bold] {count}" + (f", the first {len(symptoms)}:" if len(symptoms) < count else ""))
    for one in symptoms:
        state = one["state"] if one["known"] else f"{one['state']}, no data"
        OUT.print(
            f"  {local(one['onset'], zone)}  {escape(one['rule'])} on "
            f"{escape(one['probe'])}/{escape(one['key'])}: {state}",
            highlight=False,
            soft_wrap=True,
        )


def _state(one: dict[str, Any]) -> str:
    """The state; of one that was taken over, by which."""
    if one["into"] is None:
        return str(one["state"])
    return f"{one['state']}: part of {one['into_code'] or one['into']}"


def _scope(one: dict[str, Any]) -> str:
    """Where a wide incident is; "" for one target."""
    return ", ".join(f"{name} {value}" for name, value in one["scope"].items()) or str(one["over"])


def _target(one: dict[str, Any]) -> str:
    """The target's key; of what was told to us, whose key is a hash, where it is."""
    target, labels = one["target"], one["labels"]
    if target["probe"] not in PUSHED:
        return str(target["key"])
    return next((labels[name] for name in _PLACES if labels.get(name)), "")


def _row(one: dict[str, Any], zone: ZoneInfo) -> list[str]:
    owner = one["groups"][0] if one["groups"] else ""
    return [
        one["code"],
        f"[{COLOURS[one['severity']]}]{one['severity']}[/]",
        escape(one["title"]),
        escape(one["number"]),
        escape(_scope(one) or _target(one)),
        local(one["since"], zone),
        escape(_state(one)) + (f", back {one['reopened']}x" if one["reopened"] else ""),
        "" if one["ack"] is None else escape(one["ack"]["name"]),
        escape(one["group_titles"].get(owner, owner)),
    ]
