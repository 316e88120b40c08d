"""`probe NAME`: read once, now, and show what came."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from ebank_sentinel.cli.files import load_config
from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import Config
from ebank_sentinel.daemon.assembly import build_one
from ebank_sentinel.errors import UsageError
from ebank_sentinel.model.reading import Reading, Target
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.yamlfile import did_you_mean


def command(
    name: Annotated[str, Parameter(help="The probe, as sentinel.yaml names it.")],
    target: Annotated[str | None, Parameter(help="One target by its key; all without it.")] = None,
    /,
    *,
    config: ConfigPath = DEFAULT,
    json: AsJson = False,
) -> int:
    """Read a probe's targets once and show the readings; 1 when one of them is not up."""
    found = load_config(config)  # building the prober reads its own secrets, and no others
    if name not in found.probes:
        raise UsageError(f"there is no probe {name!r}{did_you_mean(name, found.probes)}")
    if found.probes[name].kind == "heartbeat":
        raise UsageError(f"{name} is a heartbeat: it calls us, nothing can be read")
    targets = [one for one in found.targets[name] if target in (None, one.id.key)]
    if not targets:
        keys = [one.id.key for one in found.targets[name]]
        raise UsageError(f"{name} has no target {target!r}{did_you_mean(str(target), keys)}")
    outcomes = asyncio.run(_read(found, name, targets))
    readings = [reading for outcome in outcomes if not isinstance(outcome, ProbeFailure) for reading in outcome]
    failures = [outcome for outcome in outcomes if isinstance(outcome, ProbeFailure)]
    if json:
        shown = [_as_json(reading) for reading in readings]
        shown += [{"target": None, "up": False, "error": one.error.value, "detail": one.detail} for one in failures]
        OUT.print_json(json_module.dumps({"readings": shown}, ensure_ascii=False, default=str))
    else:
        for reading in readings:
            _print(reading)
        for failure in failures:
            OUT.print(f"[red]failed[/red]  {failure.error}: {escape(failure.detail)}", highlight=False)
        if not readings and not failures:
            OUT.print("[yellow]no series[/yellow]: the query has no result now", highlight=False)
    return 0 if not failures and all(reading.up for reading in readings) else 1


async def _read(config: Config, name: str, targets: Sequence[Target]) -> list[Sequence[Reading] | ProbeFailure]:
    prober = build_one(config, name, clock=SystemClock())
    gate = asyncio.Semaphore(50)

    async def one(target: Target) -> Sequence[Reading] | ProbeFailure:
        async with gate:
            return await prober.read(target)

    try:
        return await asyncio.gather(*(one(target) for target in targets))
    finally:
        await prober.close()


def _as_json(reading: Reading) -> dict[str, object]:
    return {
        "target": reading.target.id.key,
        "labels": dict(reading.target.labels),
        "at": reading.at.isoformat(),
        "up": reading.up,
        "error": reading.error.value if reading.error is not None else None,
        "detail": reading.detail,
        "fields": dict(reading.fields),
    }


def _print(reading: Reading) -> None:
    state = "[green]up[/green]    " if reading.up else "[red]down[/red]  "
    error = "" if reading.error is None else f"  [red]{reading.error}[/red] {escape(reading.detail)}"
    OUT.print(f"{state}  [bold]{escape(str(reading.target.id))}[/bold]{error}", highlight=False, soft_wrap=True)
    labels = ", ".join(f"{name}={value}" for name, value in reading.target.labels.items())
    if labels:
        OUT.print(f"        [dim]{escape(labels)}[/dim]", highlight=False, soft_wrap=True)
    for name, value in reading.fields.items():
        shown = f"{value:.1f}" if isinstance(value, float) else str(value)
        OUT.print(f"        {escape(name)}: [cyan]{escape(shown)}[/cyan]", highlight=False, soft_wrap=True)
