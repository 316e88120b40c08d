"""The example that an SRE starts from: it holds, everybody can be reached, and every text of every rule can be read."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from ebank_sentinel.cli import main
from ebank_sentinel.config import Config, load
from ebank_sentinel.daemon.preview import Previewed, previews
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Cause, Row, Rule, Width, Words
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.yamlfile import load as load_yaml

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "deploy" / "sentinel.yaml"
RUNBOOKS = TOP / "docs" / "runbooks"
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # a Wednesday, 11:00 in Shanghai


@cache
def example() -> Config:
    """The example as it is shipped."""
    return load(EXAMPLE, now=NOW, secrets=False)


def rules_as_written() -> list[dict[str, Any]]:
    """The entries of all rule files."""
    rules: list[dict[str, Any]] = []
    for file in sorted((TOP / "rules").glob("*.yaml")):
        rules += load_yaml(file).data(["rules"])
    return rules


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
    assert "27 probes, 148 targets, " in said.out
    assert " rules, 16 groups, 2 channels" in said.out


def test_its_notices_are_only_what_a_later_version_does() -> None:
    assert [notice for notice in example().notices if "not carried out in this version" not in notice] == []


def test_all_its_rules_run() -> None:
    assert example().book.dormant == {}


def test_what_a_rule_needs_is_a_probe_of_the_bank_and_its_fields() -> None:
    for rule in rules_as_written():
        if "needs" in rule:
            named = set(re.findall(r"`(\w+)`", rule["needs"]))
            probe = example().probes[rule["watch"]]
            labels = {label for target in example().targets[rule["watch"]] for label in target.labels}
            assert rule["watch"] in named, rule["id"]
            assert named & {*probe.fields(), *labels}, rule["id"]
            assert named <= {rule["watch"], *probe.fields(), *labels}, rule["id"]


def test_the_bank_has_sixty_live_machines_in_five_regions_behind_one_front_end() -> None:
    live = [target.labels for target in example().targets["atm"] if target.labels["status"] == "live"]
    assert len(live) == 60
    assert Counter(labels["region"] for labels in live) == dict.fromkeys(
        ("north", "east", "south", "west", "central"), 12
    )
    assert {labels["switch"] for labels in live} == {one.labels["switch"] for one in example().targets["switch"]}
    assert len({labels["address"] for labels in live}) == 60


def test_every_region_has_a_branch_with_one_machine_and_branches_enough_to_tell_a_region_from_a_branch() -> None:
    machines = Counter(
        (target.labels["region"], target.labels["branch"])
        for target in example().targets["atm"]
        if target.labels["status"] == "live"
    )
    for region in {region for region, _ in machines}:
        sizes = [count for (where, _), count in machines.items() if where == region]
        assert min(sizes) == 1, region
        assert len(sizes) >= 4, region


def test_every_branch_has_machines_a_router_a_ups_and_somebody_to_call() -> None:
    with (TOP / "deploy" / "branches.csv").open(encoding="utf-8", newline="") as file:
        branches = {row["branch"]: row for row in csv.DictReader(file)}
    assert len(branches) == 24
    for probe in ("atm", "branch_router", "branch_ups"):
        assert {target.labels["branch"] for target in example().targets[probe]} == set(branches), probe
    assert {row["contact"] for row in branches.values()} <= {person.id for person in example().roster.people}


def test_each_journey_is_made_from_three_places() -> None:
    places = Counter(target.labels["journey"] for target in example().targets["journeys"])
    assert places == {"login": 3, "balance": 3, "transfer": 3}


def row_words(rule: Rule) -> list[Words]:
    """What the rows of a rule say instead of it."""
    rows = (*rule.rows, *rule.widens, *rule.because)
    return [cast("Row | Width | Cause", row).meaning.words for row in rows]


def all_words() -> list[Words]:
    """What the rules say, and those of their rows that have a page of their own."""
    rules = example().book.rules.values()
    return [rule.words for rule in rules] + [words for rule in rules for words in row_words(rule) if words.runbook]


def test_every_rule_has_a_runbook_of_its_own_with_three_checks() -> None:
    for rule in example().book.rules.values():
        assert rule.words.runbook == f"docs/runbooks/{rule.id}.md"
    assert {page.name for page in RUNBOOKS.glob("*.md")} == {Path(words.runbook).name for words in all_words()}
    for words in all_words():
        assert len(words.first_checks) == 3, words.runbook


def test_a_runbook_says_what_it_means_who_decides_and_what_customers_hear() -> None:
    for page in RUNBOOKS.glob("*.md"):
        heads = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
        assert heads == [
            "## 含义 / What it means",
            "## 先查三项 / First three checks",
            "## 谁决定 / Who decides",
            "## 怎么答复客户 / What to tell customers",
        ], page


def test_whatever_customers_feel_says_what_customer_service_answers() -> None:
    for rule in example().book.rules.values():
        if "customer_service" in rule.tell and rule.watch != "atm":
            assert rule.words.say, rule.id


def test_every_text_is_there_in_both_languages_or_in_none() -> None:
    for rule in example().book.rules.values():
        assert set(rule.words.title) == {"zh-CN", "en"}
        for words in (rule.words, *row_words(rule)):
            for text in (words.title, words.number, words.normal, words.impact, words.say):
                assert set(text) in ({"zh-CN", "en"}, {""}, set()), (rule.id, text)


def shown(config: Config, rule: str) -> list[Previewed]:
    """The pages that a rule would send."""
    return list(previews(config, rule, NOW))


def test_every_rule_can_be_previewed_and_no_text_has_a_gap() -> None:
    for rule in example().book.rules.values():
        pages = shown(example(), rule.id)
        whens = {one.when for one in pages}
        assert {"opens"} | ({"ends"} if not rule.referred else set()) <= whens, rule.id  # a person ends those
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
    assert rows["vendor", "else"] == "deng.chao"  # without a label: whoever is on call at the desk
    groups = {group for group, _ in rows}
    assert groups == set(load_yaml(TOP / "contacts" / "groups.yaml").data(["groups"]))
    assert all(row["person"] for row in said["oncall"])  # all of them lead to somebody


def test_oncall_fits_a_terminal_of_100_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run("oncall", "--at", "2026-12-10T03:00") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("technical" in line and "li.lei" in line and "李雷" in line for line in lines)
    assert max(sum(2 if ord(letter) >= 0x2E80 else 1 for letter in line) for line in lines) <= 100
    assert not any("…" in line for line in lines)


def test_a_preview_names_the_rule_that_is_unknown_and_ends_a_report_as_a_person_does() -> None:
    (mail,) = {one.page.message.subject for one in shown(example(), "rule-unknown") if one.when == "opens"}
    assert next(iter(example().book.rules)) in mail, "the first rule, as the bank's own"
    ends = [one.page.reason for one in shown(example(), "phishing-reported") if one.when == "ends"]
    assert set(ends) == {Reason.CLOSED}


def test_a_rule_is_previewed_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("page", "--preview", "atm-dark") == 0
    assert "ATM失联" in capsys.readouterr().out
