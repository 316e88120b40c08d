"""`report`: what a person saw enters; the incident that it became leaves, and what is still to be asked."""

from __future__ import annotations

import json as json_module
import re
import secrets
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.markup import escape

from ebank_sentinel.cli.client import Door, Refused
from ebank_sentinel.cli.terminal import DEFAULT, ERR, OUT, AsJson, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.errors import SentinelError, UsageError

_HOUR = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def command(
    kind: Annotated[str, Parameter(name="TYPE", help="What it is, as the rules name it: phishing, robbery, flood.")],
    /,
    *,
    place: Annotated[str, Parameter(help="Where: a branch, a machine, an address.")] = "",
    at: Annotated[str, Parameter(help="When it happened: 14:05, or 2026-11-22T14:05, by the bank's clock.")] = "",
    impact: Annotated[str, Parameter(help="What it does, as far as it is known.")] = "",
    reporter: Annotated[str, Parameter(help="Who reports it, and how to reach them.")] = "",
    note: Annotated[str, Parameter(help="Anything else, in a line.")] = "",
    label: Annotated[
        list[str] | None, Parameter(negative=(), help="NAME=VALUE, as branch=0001. May be repeated.")
    ] = None,
    key: Annotated[str, Parameter(help="The same key again is the same report, not a second one.")] = "",
    config: ConfigPath = DEFAULT,
    json: AsJson = False,
) -> int:
    """Report something. Only TYPE is needed: what is missing is asked back."""
    door = Door.of(config)
    given = {"type": kind, "place": place, "impact": impact, "reporter": reporter, "note": note}
    body: dict[str, object] = {name: value for name, value in given.items() if value}
    if at:
        body["time"] = _moment(at, door.zone)
    if label:
        body["labels"] = dict(map(_label, label))
    key = key or secrets.token_hex(16)
    try:
        answer = door.call("POST", "/api/v1/reports", body, key=key)
    except Refused:
        raise
    except SentinelError:
        again = f"to try again: the same command with --key {key}; with it, nothing is reported twice"
        ERR.print(again, highlight=False, soft_wrap=True, markup=False)
        raise
    if json:
        OUT.print_json(json_module.dumps(answer, ensure_ascii=False))
    else:
        _print(answer)
    return 0


def _print(answer: dict[str, Any]) -> None:
    def line(text: str) -> None:
        OUT.print(text, highlight=False, soft_wrap=True)

    if answer["code"] is None:
        line(f"[green]taken[/green] as {answer['report']}; no incident yet: its rule waits for more")
    else:
        state = f" ({answer['state']})" if answer["state"] != "open" else ""
        line(f"[green]taken[/green] as incident {answer['code']}{state}, level {answer['severity']}")
        titles = answer["group_titles"]
        for words, groups in (("must answer", answer["groups"]), ("is told", answer["tell"])):
            if groups:
                line(f"  {words}: {escape(', '.join(titles.get(group, group) for group in groups))}")
    for note in answer["notes"]:
        line(f"[yellow]note[/yellow]: {escape(note)}")
    if answer["ask"]:
        line("[yellow]still missing[/yellow], please ask:")
        for sentence in answer["ask"]:
            line(f"  - {escape(sentence)}")


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(f"a label is NAME=VALUE, as branch=0001, and not {text[:80]!r}")
    return name, value


def _moment(text: str, zone: ZoneInfo) -> str:
    """A moment with its zone; without a date it is today's."""
    now = SystemClock().now().astimezone(zone)
    written = f"{now:%Y-%m-%d}T{text.zfill(5)}" if _HOUR.fullmatch(text) else text
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise UsageError(f"--at is 14:05 or 2026-11-22T14:05, by the bank's clock, and not {text[:80]!r}") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).isoformat(timespec="seconds")
