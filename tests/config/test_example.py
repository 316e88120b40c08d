"""The example that an SRE starts from: it holds, everybody can be reached, and every text of every rule can be read."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from ebank_sentinel.cli import main
from ebank_sentinel.config import Config, load
from ebank_sentinel.daemon.preview import Previewed, previews
from ebank_sentinel.model.severity import Severity

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "deploy" / "sentinel.yaml"
RUNBOOKS = TOP / "docs" / "runbooks"
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # a Wednesday, 11:00 in Shanghai

STAND_INS = """
  interbank: {promql: {server: "http://127.0.0.1:9090", query: {share: vector(0)}}}
  replication: {promql: {server: "http://127.0.0.1:9090", query: {lag_s: vector(0)}}}
  queue_depth: {promql: {server: "http://127.0.0.1:9090", query: {ratio: vector(1)}}}
  otp_sms: {promql: {server: "http://127.0.0.1:9090", query: {error_rate: vector(0), delay_s: vector(8)}}}
  machine_room:
    promql:
      server: http://127.0.0.1:9090
      query: {celsius: vector(22), on_battery: vector(0), minutes_left: vector(60)}
  privileged_logins: {promql: {server: "http://127.0.0.1:9090", query: {logins: vector(0)}}}
  atm_withdrawals: {promql: {server: "http://127.0.0.1:9090", query: {expected: vector(20), approved: vector(9)}}}
"""
"""The probes that the rules with `needs:` wait for, as a bank would wire them up."""


@cache
def example() -> Config:
    """The example as it is shipped."""
    return load(EXAMPLE, now=NOW, secrets=False)


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The example, with the probes that it lacks."""
    folder = tmp_path_factory.mktemp("bank")
    for name in ("deploy", "rules", "contacts", "docs/runbooks"):
        shutil.copytree(TOP / name, folder / name)
    file = folder / "deploy" / "sentinel.yaml"
    text = file.read_text(encoding="utf-8").replace("\nprobes:\n", f"\nprobes:\n{STAND_INS}\n")
    file.write_text(text, encoding="utf-8")
    return load(file, now=NOW, secrets=False)


def run(*arguments: str) -> int:
    """The exit status of the command."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "-c", str(EXAMPLE)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_check_has_nothing_against_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--no-secrets") == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "12 probes, 32 targets, 25 rules, 15 groups, 2 channels" in said.out


def test_its_notices_are_only_what_a_later_version_does() -> None:
    assert [notice for notice in example().notices if "not carried out in this version" not in notice] == []


def test_every_dormant_rule_says_which_probe_with_which_fields_it_needs(wired: Config) -> None:
    rules = {rule.id: rule for rule in wired.book.rules.values()}
    assert wired.book.dormant == {}
    for rule, needs in example().book.dormant.items():
        watch = rules[rule].watch
        assert f"`{watch}`" in needs
        assert all(f"`{field}`" in needs for field in wired.probes[watch].fields())


def test_every_rule_has_a_runbook_of_its_own_with_three_checks(wired: Config) -> None:
    for rule in wired.book.rules.values():
        assert rule.runbook == f"docs/runbooks/{rule.id}.md"
        assert len(rule.first_checks) == 3, rule.id
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == set(wired.book.rules)


def test_a_runbook_says_what_it_means_who_decides_and_what_customers_hear() -> None:
    for page in RUNBOOKS.glob("*.md"):
        heads = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
        assert heads == [
            "## 含义 / What it means",
            "## 先查三项 / First three checks",
            "## 谁决定 / Who decides",
            "## 怎么答复客户 / What to tell customers",
        ], page


def test_whatever_customers_feel_says_what_customer_service_answers(wired: Config) -> None:
    for rule in wired.book.rules.values():
        if "customer_service" in rule.tell and rule.watch != "atm":
            assert rule.say, rule.id


def test_every_text_is_there_in_both_languages_or_in_none(wired: Config) -> None:
    for rule in wired.book.rules.values():
        for text in (rule.title, rule.number, rule.normal, rule.impact, rule.say):
            assert set(text) in ({"zh-CN", "en"}, {""}, set()), (rule.id, text)
        assert set(rule.title) == {"zh-CN", "en"}


def shown(config: Config, rule: str) -> list[Previewed]:
    """The pages that a rule would send."""
    return list(previews(config, rule, NOW))


def test_every_rule_can_be_previewed_and_no_text_has_a_gap(wired: Config) -> None:
    for rule in wired.book.rules.values():
        pages = shown(wired, rule.id)
        whens = {one.when for one in pages}
        assert {"opens", "ends"} <= whens, rule.id
        for one in pages:
            message = one.page.message
            for text in (message.short, message.subject, message.body):
                assert "?" not in text, (rule.id, text)
                assert "{" not in text, (rule.id, text)


def test_a_page_of_level_two_reaches_the_command_by_text_and_mail() -> None:
    opened = [one.page for one in shown(example(), "core-down") if one.when == "opens"]
    assert {(page.recipient, page.channel) for page in opened} >= {("zhao.hang", "sms"), ("zhao.hang", "mail")}
    assert all(page.severity is Severity.II for page in opened)


def test_oncall_prints_who_at_a_moment(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("oncall", "--at", "2026-12-10T03:00", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["at"] == "2026-12-09T19:00:00+00:00"
    rows = {(row["group"], row["layer"]): row["person"] for row in said["oncall"]}
    assert rows["technical", "on call"] == "li.lei"
    assert rows["technical", "next"] == "wang.fang"
    assert rows["site_security", "on call"] == "zheng.tao"  # at night, though the night is the second layer
    assert rows["site_security", "next"] == "wu.gang"
    assert rows["vendor", "else"] == "lv.bo"  # without a label


def test_oncall_fits_a_terminal_of_100_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run("oncall", "--at", "2026-12-10T03:00") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("technical" in line and "li.lei" in line and "李雷" in line for line in lines)
    assert max(sum(2 if ord(letter) >= 0x2E80 else 1 for letter in line) for line in lines) <= 100
    assert not any("…" in line for line in lines)


def test_a_rule_is_previewed_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("page", "--preview", "atm-dark") == 0
    assert "ATM失联" in capsys.readouterr().out
