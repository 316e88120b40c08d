"""`explain INCIDENT`, `explain --probe NAME --target KEY`: why it pages, or does not, as a person reads it at night."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from cyclopts import Parameter

from ebank_sentinel.cli.client import Door
from ebank_sentinel.cli.explain_incident import ShownIncident
from ebank_sentinel.cli.explain_target import ShownTarget
from ebank_sentinel.cli.terminal import DEFAULT, OUT, AsJson, ConfigPath
from ebank_sentinel.errors import UsageError
from ebank_sentinel.yamlfile import did_you_mean


def command(
    incident: Annotated[str | None, Parameter(help="The code that the page shows, or the incident's id.")] = None,
    /,
    *,
    probe: Annotated[str | None, Parameter(help="A probe, as sentinel.yaml names it.")] = None,
    target: Annotated[str | None, Parameter(help="Its target's key; not needed where it has one.")] = None,
    rule: Annotated[str | None, Parameter(help="This rule alone.")] = None,
    config: ConfigPath = DEFAULT,
    json: AsJson = False,
) -> int:
    """Say why: what each rule makes of a target now, or every decision about an incident."""
    if (incident is None) == (probe is None) or (incident is not None and (target or rule) is not None):
        raise UsageError("name an incident, or a --probe and its --target")
    asked = {"incident": incident, "probe": probe, "target": target}
    door = Door.of(config)
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    answer = door.call("GET", f"/api/v1/explain?{query}")
    if rule is not None:
        answer["rules"] = _only(rule, answer["rules"], probe)
    if json:
        OUT.print_json(json_module.dumps(answer, ensure_ascii=False))
    elif incident is not None:
        ShownIncident(answer, door.zone).show()
    else:
        ShownTarget(answer, door.zone).show()
    return 0


def _only(rule: str, rules: Sequence[dict[str, Any]], probe: str | None) -> list[dict[str, Any]]:
    ids = [one["rule"] for one in rules]
    if rule not in ids:
        raise UsageError(f"no rule {rule!r} watches {probe}{did_you_mean(rule, ids)}")
    return [one for one in rules if one["rule"] == rule]
