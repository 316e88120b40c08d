from __future__ import annotations

import pytest

from ebank_sentinel.demo.overlay import faster, merged, turned, with_ports
from support.demo_bank import SENTINEL


@pytest.mark.parametrize(
    ("shipped", "turned"),
    [
        ("    for: 5m", "    for: 5s"),
        ("    for: 30s  # three echoes", "    for: 2s  # three echoes"),
        ("    clear_after: 1m", "    clear_after: 2s"),
        ("      - {for: 2h, severity: up}", "      - {for: 2m, severity: up}"),
        ("      - {count: 3, within: 7d, tell: [x]}", "      - {count: 3, within: 2h48m, tell: [x]}"),
        ("    within: 30s", "    within: 500ms"),
        ("    reopen_within: 1h30m", "    reopen_within: 1m30s"),
        ("    # whoever waits for: 5m", "    # whoever waits for: 5m"),
        ("    when: rate < 0.95", "    when: rate < 0.95"),
    ],
)
def test_minutes_run_as_seconds_and_nothing_else_changes(shipped: str, turned: str) -> None:
    assert faster(shipped) == turned + "\n"


def test_what_is_laid_over_wins_key_by_key_and_null_takes_away() -> None:
    base = {"a": {"x": 1, "y": 2}, "b": [1], "c": 3}
    assert merged(base, {"a": {"y": 5, "x": None}, "b": [2]}) == {"a": {"y": 5}, "b": [2], "c": 3}


def test_intervals_are_a_sixtieth_within_reason_and_timeouts_no_longer_than_they() -> None:
    over = {"sentinel": {}, "figures": "http://127.0.0.1:1"}
    lines = {name: 2 for probe in SENTINEL["probes"].values() for name in names_of(probe)}
    text = turned(SENTINEL, over, lines={**lines, "core": 2}, with_prometheus=False)
    assert "every: 1h" not in text
    assert "timeout" not in text
    assert "every: 5s" in text  # the certificates: an hour would be a minute
    assert "within: 26h" in text  # the night's jobs run by day and night


def names_of(probe: dict[str, object]) -> list[str]:
    targets = probe.get("targets")
    if not isinstance(targets, dict) or "rows" not in targets:
        return []
    return [row[targets["key"]] for row in targets["rows"]]


def test_each_line_gets_its_port_and_keeps_its_other_columns() -> None:
    table = "router,branch,address\nr1,1001,10.0.0.1:22\nr2,1002,10.0.0.2:22\n"
    assert with_ports(table, "router", {"r1": 7001, "r2": 7002}) == (
        "router,branch,address\nr1,1001,127.0.0.1:7001\nr2,1002,127.0.0.1:7002\n"
    )
