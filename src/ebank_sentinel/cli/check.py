"""`check`: whether the configuration holds, and what deserves a look."""

from __future__ import annotations

import json as json_module
import os
import textwrap
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import Config, load
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.contact import ABOUT_US
from ebank_sentinel.model.rule import ALERTS, OWN_CHANNELS, OWN_PROBES, OWN_RULES, OWN_STORE, REPORTS, Rule
from ebank_sentinel.model.settings import format_duration
from ebank_sentinel.systemd import credentials


def command(
    config: ConfigPath = DEFAULT,
    *,
    secrets: Annotated[bool, Parameter(help="Read the secret files too; CI has none.")] = True,
    json: AsJson = False,
) -> int:
    """Check every file; print all mistakes at once as file:line:column: key: reason."""
    try:
        found = load(config, now=SystemClock().now(), credentials=credentials(os.environ), secrets=secrets)
    except ConfigError as error:
        if not json:
            raise
        problems = [
            {"file": one.file, "line": one.line, "column": one.column, "key": one.key, "reason": one.reason}
            for one in error.problems
        ]
        OUT.print_json(json_module.dumps({"ok": False, "problems": problems, "notices": []}))
        return 1
    if json:
        answer = {"ok": True, "problems": [], "notices": _notices(found), "rules": _by_source(found)}
        OUT.print_json(json_module.dumps(answer | {"dormant": found.book.dormant}))
        return 0
    _print(found)
    return 0


def _print(config: Config) -> None:
    targets = sum(map(len, config.targets.values()))
    OUT.print(
        f"[green]{escape(str(config.path))} holds:[/green] {len(config.probes)} probes, {targets} targets, "
        f"{len(config.book.rules)} rules, {len(config.roster.groups)} groups, {len(config.channels)} channels",
        highlight=False,
        soft_wrap=True,
    )
    for source, rules in _by_source(config).items():
        words = [f"{rule} {_severities(config.book.rules[rule])}".replace(" ", _KEEP) for rule in rules]
        _print_list(f"{_title(source, config)}: ", words or ["no rule watches it"])
    for rule, needs in config.book.dormant.items():
        _print_list(f"dormant: {rule}: ", [f"it needs {needs}"])
    for notice in _notices(config):
        OUT.print(f"[yellow]note:[/yellow] {escape(notice)}", highlight=False, soft_wrap=True)


def _by_source(config: Config) -> dict[str, list[str]]:
    """The ids of the rules by what they watch: every probe, then what is told to us, ourselves, and wholes."""
    found: dict[str, list[str]] = {probe: [] for probe in config.probes}
    others = (rule.watch for rule in config.book.rules.values() if rule.watch not in found)
    found |= {source: [] for source in sorted(others, key=list(_TITLES).index)}
    for rule in config.book.rules.values():
        found[rule.watch].append(rule.id)
    return found


_KEEP = "\xa0"
"""A space that no line ends at."""

_TITLES = {
    ALERTS: "alerts",
    REPORTS: "reports",
    OWN_CHANNELS: "our own channels",
    OWN_PROBES: "our own probes",
    OWN_STORE: "our own store",
    OWN_RULES: "our own rules",
    "": "made of other rules",
}


def _title(source: str, config: Config) -> str:
    if source in config.probes:
        return f"{source}, every {format_duration(config.probes[source].every)}"
    return _TITLES[source]


def _severities(rule: Rule) -> str:
    """`IV`, or `IV to I` when a row makes it graver: what it can come to."""
    levels = [rule.severity, *(rule.severity_by.by_value.values() if rule.severity_by else ())]
    for meaning in rule.meanings:
        levels += [meaning.severity] if meaning.severity is not None else []
        levels += [max(levels).up()] if meaning.severity_up else []
    least, most = min(levels), max(levels)
    return least.name if least is most else f"{least.name} to {most.name}"


def _print_list(head: str, words: list[str]) -> None:
    """One entry: as many lines as it needs, those behind the first further to the right."""
    for line in textwrap.wrap(
        f"{head}{', '.join(words)}",
        width=100,
        initial_indent="  ",
        subsequent_indent="      ",
        break_on_hyphens=False,
        break_long_words=False,
    ):
        print(line.replace(_KEEP, " "))


def _notices(config: Config) -> list[str]:
    nobody = (
        []
        if config.roster.group_exists(ABOUT_US)
        else [f'there is no group "{ABOUT_US}": nobody is paged when the files on disk do not hold']
    )
    return [*config.notices, *nobody]
