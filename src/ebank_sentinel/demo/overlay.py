"""The example bank, turned so that it runs here and fast: its files as they ship enter, those of the demo leave.

Nothing is another rule: rules lose time only, and what else differs stands in bank/overlay.yaml, for everybody to read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import yaml

from ebank_sentinel.model.settings import format_duration, parse_duration

FASTER = 60
"""Minutes run as seconds."""

LEAST_HOLD = timedelta(seconds=2)
"""On a busy machine a single reading may be late: no hold is as short as one."""

LEAST_EVERY, MOST_EVERY = timedelta(seconds=1), timedelta(seconds=5)

REAL_TIME = "own.yaml"
"""The rules about this program: it runs in real time."""

_OVERLAY = files("ebank_sentinel.demo") / "bank" / "overlay.yaml"
_SPAN = re.compile(r"\b(?P<key>for|clear_after|within|reopen_within): (?P<span>(?:\d+(?:ms|[smhdw]))+)")
_HOLDS = {"for", "clear_after"}


def overlay(ports: Mapping[str, str]) -> dict[str, Any]:
    """bank/overlay.yaml with its ports filled in; one that has no port is a KeyError."""
    filled: dict[str, Any] = yaml.safe_load(Template(_OVERLAY.read_text(encoding="utf-8")).substitute(ports))
    return filled


def faster(rules: str) -> str:
    """The text of a rule file with every time a sixtieth; comments and all else stay."""

    def turn(found: re.Match[str]) -> str:
        span = parse_duration(found["span"]) / FASTER
        if found["key"] in _HOLDS:
            span = max(span, LEAST_HOLD)
        return f"{found['key']}: {_written(span)}"

    return (
        "\n".join(_SPAN.sub(turn, line) if not line.lstrip().startswith("#") else line for line in rules.splitlines())
        + "\n"
    )


def sentinel_of(bank: Path) -> dict[str, Any]:
    """sentinel.yaml of the example bank, as it ships."""
    settings: dict[str, Any] = yaml.safe_load((bank / "deploy" / "sentinel.yaml").read_text(encoding="utf-8"))
    return settings


def turned(
    shipped: Mapping[str, Any], over: Mapping[str, Any], *, lines: Mapping[str, int], with_prometheus: bool
) -> str:
    """sentinel.yaml of the demo. `lines`: what is reached by TCP -> its port."""
    settings = merged(deepcopy(shipped), over["sentinel"])
    for name, probe in settings["probes"].items():
        if "heartbeat" in probe:
            continue
        every = parse_duration(probe.get("every", "30s")) / FASTER
        probe["every"] = _written(min(max(every, LEAST_EVERY), MOST_EVERY))
        probe.pop("timeout", None)  # then it is the interval
        if "promql" in probe:
            probe["promql"]["server"] = over["figures"]
        if "tcp" in probe and "targets" not in probe:
            probe["tcp"]["address"] = f"127.0.0.1:{lines[name]}"
        for row in probe.get("targets", {}).get("rows", ()):
            if "tcp" in probe:
                row["address"] = f"127.0.0.1:{lines[row[probe['targets']['key']]]}"
    if with_prometheus:
        settings["probes"]["login_rate"]["promql"] = over["login_rate"]
    return _yaml(settings)


def merged(base: Any, over: Any) -> Any:
    """`over` laid on `base`, mapping by mapping; null takes a key away."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    found = {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}
    return {key: value for key, value in found.items() if value is not None}


def laid_over(shipped: str, key: str, over: Any) -> str:
    """A file of contacts or times with some of its entries changed."""
    return _yaml(merged(yaml.safe_load(shipped), {key: over}))


def with_ports(table: str, key: str, lines: Mapping[str, int]) -> str:
    """A CSV file of targets, the address of each a port on loopback."""
    rows = list(csv.DictReader(io.StringIO(table)))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "address": f"127.0.0.1:{lines[row[key]]}"} for row in rows)
    return out.getvalue()


def line_names(shipped: Mapping[str, Any], deploy: Path) -> list[str]:
    """What sentinel.yaml reaches by TCP: the keys of targets, and probes that have none."""
    names: list[str] = []
    for name, probe in shipped["probes"].items():
        targets = probe.get("targets", {})
        if "tcp" in probe and "csv" in targets:
            text = (deploy / targets["csv"]).read_text(encoding="utf-8")
            names += [row[targets["key"]] for row in csv.DictReader(text.splitlines())]
        elif "tcp" in probe:
            names += [row[targets["key"]] for row in targets.get("rows", ())] or [name]
    return names


def jobs(shipped: Mapping[str, Any]) -> list[str]:
    """The probes of sentinel.yaml that wait for a call."""
    return [name for name, probe in shipped["probes"].items() if "heartbeat" in probe]


def certified_hosts(shipped: Mapping[str, Any]) -> list[str]:
    """The hosts whose certificates sentinel.yaml watches."""
    probes = shipped["probes"].values()
    return [row["host"] for probe in probes if "tls" in probe for row in probe["targets"]["rows"]]


def _written(span: timedelta) -> str:
    """As files write it, whole milliseconds; never nothing."""
    return format_duration(timedelta(milliseconds=max(round(span / timedelta(milliseconds=1)), 1)))


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1000)
