"""`check` of a configuration that holds: which rules watch what, which sleep, and which labels lead nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.config_folder import check, good_folder

RULES = """
rules:
  - {id: dark, title: ATM失联, watch: atm, when: not up, category: device, severity: IV, groups: [technical],
     worse: [{for: 2h, severity: up}],
     widens: [{over: branch, share: 100%, severity: II, groups: [vendor]}],
     because: [{seen: ups, same: branch, within: 5m, tell: [vendor]}]}
  - {id: pay, title: "{summary}", watch: {alert: team="pay"}, category: other, groups: [technical],
     severity: {label: level, critical: I, else: IV}}
  - {id: theft, title: "{place}", watch: {report: theft}, category: fraud, severity: III, groups: [technical]}
  - {id: ours, title: "{channel}", watch: {own: channels}, when: failing > 0.5, category: other, severity: III, groups: [technical]}
  - {id: ups, title: UPS, watch: ups, when: no_data, needs: the UPS of each branch, category: power, severity: III, groups: [technical]}
  - {id: both, title: 一起, all_of: [dark, pay], same: [branch], within: 5m, category: attack, severity: II, groups: [technical]}
  - {id: asleep, title: 一起, all_of: [dark, ups], same: [branch], within: 5m, category: power, severity: II, groups: [technical]}
"""  # noqa: E501 - a rule a line


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Its rules watch everything that there is to watch."""
    main_file = good_folder(tmp_path)
    (tmp_path / "rules" / "all.yaml").write_text(RULES, encoding="utf-8")
    groups = tmp_path / "contacts" / "groups.yaml"
    text = groups.read_text(encoding="utf-8")
    groups.write_text(text.replace("vendor-xinghe:", "vendor-other:"), encoding="utf-8")
    return main_file


def test_every_source_has_a_line(
    bank: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said, printed = check(bank, capsys=capsys, monkeypatch=monkeypatch)
    assert (status, said) == (0, [])
    assert printed.splitlines()[:10] == [
        "sentinel.yaml holds: 3 probes, 5 targets, 5 rules, 5 groups, 2 channels",
        "  login, every 15s: no rule watches it",
        "  atm, every 30s: dark IV to II",
        "  rate, every 30s: no rule watches it",
        "  alerts: pay IV to I",
        "  reports: theft III",
        "  our own channels: ours III",
        "  made of other rules: both II",
        "  dormant: ups: it needs the UPS of each branch",
        "  dormant: asleep: it needs its part ups, which needs the UPS of each branch",
    ]


def test_a_label_that_leads_nowhere_is_found_in_the_rows_of_width_and_cause_too(
    bank: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, printed = check(bank, capsys=capsys, monkeypatch=monkeypatch)
    found = [line for line in printed.splitlines() if "vendor xinghe" in line]
    reason = '1 target has vendor xinghe, and there is no group "vendor-xinghe": technical is paged instead'
    assert found == [f"note: group vendor of rule dark, on probe atm: {reason}"]


def test_the_same_as_json(bank: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, printed = check(bank, "--json", capsys=capsys, monkeypatch=monkeypatch)
    answer = json.loads(printed)
    assert (status, answer["ok"]) == (0, True)
    assert answer["rules"] == {
        "login": [],
        "atm": ["dark"],
        "rate": [],
        "@alert": ["pay"],
        "@report": ["theft"],
        "@own.channels": ["ours"],
        "": ["both"],
    }
    assert set(answer["dormant"]) == {"ups", "asleep"}
    assert any("vendor xinghe" in notice for notice in answer["notices"])


def test_many_rules_stay_on_a_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main_file = good_folder(tmp_path)
    settings = "title: x, watch: atm, when: not up, category: device, severity: IV, groups: [technical]"
    rules = "\n".join(f"  - {{id: a-rule-with-a-long-name-{number}, {settings}}}" for number in range(10, 40))
    (tmp_path / "rules" / "all.yaml").write_text(f"rules:\n{rules}\n", encoding="utf-8")
    _, _, printed = check(main_file, capsys=capsys, monkeypatch=monkeypatch)
    lines = [line for line in printed.splitlines() if "a-rule-with" in line]
    assert len(lines) > 5
    assert all(len(line) <= 100 for line in lines)
    assert all(line.rstrip(",").endswith(" IV") for line in lines)
