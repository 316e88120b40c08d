"""`check`: whether the configuration holds, and what deserves a look."""

from __future__ import annotations

import json as json_module
import os
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import Config, load
from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.contact import ABOUT_US
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
        OUT.print_json(json_module.dumps({"ok": True, "problems": [], "notices": list(_notices(found))}))
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
    for rule in config.book.rules.values():
        print(
            f"  {rule.id}: watches {rule.watch} every {format_duration(rule.every)}, "
            f"{rule.severity.name} {rule.category} to {', '.join(rule.groups)}"
        )
    for notice in _notices(config):
        OUT.print(f"[yellow]note:[/yellow] {escape(notice)}", highlight=False, soft_wrap=True)


def _notices(config: Config) -> list[str]:
    dormant = [f"rule {rule} is dormant: it needs {needs}" for rule, needs in config.book.dormant.items()]
    nobody = (
        []
        if config.roster.group_exists(ABOUT_US)
        else [f'there is no group "{ABOUT_US}": nobody is paged when the files on disk do not hold']
    )
    return [*config.notices, *nobody, *dormant]
