"""Every mistake in a file of tests is told at its place, all at once, in words that say what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.trial.load import beside_the_rules, load_suites
from support.trial_bank import NOW, mistakes, write_bank, write_tests

START = "start: 2026-12-10T10:00"
QUIET = "expect: [{at: 1m, quiet: true}]"
ATMS = 'targets: {atm: [{terminal: A1, branch: "0001"}]}'


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return write_bank(tmp_path)


def one(*lines: str) -> str:
    return "\n".join(["name: x", START, *lines])


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("readings: [{at: 1m, amt: {}}]", "readings[0].amt: there is no probe 'amt': did you mean \"atm\"?"),
        ("readings: [{at: 1m, atm: {branch: '0002'}}]", "readings[0].atm: no target of atm has branch '0002'"),
        (
            "readings: [{at: 1m, atm: {brnach: '0001'}}]",
            "readings[0].atm: no target of atm has brnach '0001'; none has a label 'brnach': did you mean \"branch\"?",
        ),
        ("readings: [{at: 1m, atm: {branch: 1}}]", "readings[0].atm.branch: a label is text: quote it"),
        ("readings: [{at: 1m, ups: {}}]", "readings[0].ups: ups has no targets in this test: list them under targets"),
        (
            "readings: [{at: 1m}]",
            "a reading is of one probe, with its targets in braces; this names none: write one as in `atm: {}`",
        ),
        (
            "readings: [{at: 1m, atm: {}, login: {}}]",
            "readings[0]: a reading is of one probe, with its targets in braces; this names atm and login",
        ),
        (
            "readings: [{at: 1m, login: {}, queu: 1}]",
            "readings[0].queu: login has no field 'queu': did you mean \"queue\"?",
        ),
        ("readings: [{at: 1m, login: {}, status: up}]", "readings[0].status: status is a number, and this is not"),
        (
            "readings: [{at: 1m, login: {}, up: true, error: dns}]",
            "readings[0].error: a reading with an error is not up",
        ),
        (
            "readings: [{at: 1m, login: {}, no_data: true, queue: 1}]",
            "readings[0]: what is not read has no fields: take them away",
        ),
        (
            "readings: [{at: 1m, atm: {}, gone: true}]",
            "readings[0].gone: only a series of a promql probe with `absent: clear` leaves: say no_data",
        ),
        ("readings: [{at: 1m, ups: {}, body: {a: 1}}]", "readings[0].body: ups keeps no body"),
        (
            "readings: [{at: 5, atm: {}}]",
            "readings[0].at: 5 is no time after the start: it needs a unit, as in 0s, 90s, 5m or 2h30m",
        ),
        ("readings: [{at: 5 minutes, atm: {}}]", "readings[0].at: '5 minutes' is not a duration"),
        (
            "acks: [{at: 1m, rule: atm-dakr, by: li}]",
            "acks[0].rule: there is no rule 'atm-dakr': did you mean \"atm-dark\"?",
        ),
        ("acks: [{at: 1m, rule: atm-dark, by: wong}]", "acks[0].by: there is no person 'wong': did you mean \"wang\"?"),
        (
            "ends: [{at: 1m, rule: for-later, by: li}]",
            "ends[0].rule: the rule 'for-later' is dormant: it needs a probe `not_there`",
        ),
        ("channels: {smss: fail}", "channels.smss: there is no channel 'smss': did you mean \"sms\"?"),
        ("channels: {sms: slow}", "channels.sms: 'slow' is not fail"),
        (
            "alerts: [{at: 5m, labels: {a: b}, ends: 4m}]",
            "alerts[0]: `ends` is a time after the start, as `at` is, and lies behind it",
        ),
        (
            "reports: [{at: 5m, type: x, labels: {place: here}}]",
            "reports[0]: the label 'place' is a key of its own: put it beside `labels`",
        ),
        ("reading: []", 'reading: unknown key: did you mean "readings"?'),
        ("end: 30s", "`end` is before the last entry of `expect`"),
    ],
)
def test_a_mistake_in_what_happens(bank: Path, line: str, mistake: str) -> None:
    targets = [] if "targets" in line else [ATMS]
    if "ups: {}, body" in line:
        targets = ["targets: {ups: [{ups: U1}]}"]

    found = mistakes(bank, one(*targets, line, QUIET))

    assert len(found) == 1, found
    assert f"tests[0].{mistake}" in found[0] or f": {mistake}" in found[0]


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ("{at: 1m}", "expect[0]: say what is open: `quiet: true`, or `incidents:` with every one of them"),
        ("{at: 1m, quiet: true, incidents: []}", "expect[0]: say what is open"),
        ("{at: 1m, incidents: [{rule: nothing}]}", "expect[0].incidents[0].rule: there is no rule 'nothing'"),
        (
            "{at: 1m, incidents: [{rule: atm-dark, severity: V}]}",
            "expect[0].incidents[0].severity: 'V' is not I, II, III or IV",
        ),
        (
            "{at: 1m, incidents: [{rule: atm-dark, category: links}]}",
            "expect[0].incidents[0].category: 'links' is no category: choose one of system",
        ),
        (
            "{at: 1m, incidents: [{rule: atm-dark, groups: [techncal]}]}",
            "expect[0].incidents[0].groups[0]: there is no group 'techncal': did you mean \"technical\"?",
        ),
        (
            "{at: 1m, incidents: [{rule: atm-dark, scope: fleet, target: A1}]}",
            "expect[0].incidents[0].scope: give the scope or the target",
        ),
        (
            "{at: 1m, quiet: true, pages: [{to: hok}]}",
            "expect[0].pages[0].to: there is no person 'hok': did you mean \"hook\"?",
        ),
        ("{at: 1m, quiet: true, pages: [{to: li, reason: fist}]}", "expect[0].pages[0].reason: 'fist' is no reason"),
        ("{at: 1m, quiet: true, pages: [{text: x}]}", 'expect[0].pages[0]: needs "to"'),
    ],
)
def test_a_mistake_in_what_is_expected(bank: Path, entry: str, mistake: str) -> None:
    [found] = mistakes(bank, one(f"expect: [{entry}]"))

    assert f"tests[0].{mistake}" in found


def test_a_place_is_that_of_the_mistake(bank: Path) -> None:
    [found] = mistakes(bank, one(ATMS, "readings:", "  - {at: 1m, atm: {}}", "  - {at: 2m, amt: {}}", QUIET))

    assert found.startswith("8:18: ")


def test_all_mistakes_of_all_tests_are_told_at_once(bank: Path) -> None:
    wrong = one("channels: {smss: fail}", "acks: [{at: 1m, rule: nothing, by: nobody}]", QUIET)

    assert len(mistakes(bank, wrong, wrong.replace("name: x", "name: z"))) == 6


def test_a_mistake_of_the_yaml_itself_hides_no_other(bank: Path) -> None:
    found = mistakes(bank, one(QUIET).replace("name: x", "name: yes"), one("reading: []", QUIET))

    assert [line.partition(": ")[2].partition(":")[0] for line in found] == ["tests[0].name", "tests[1].reading"]


def test_a_name_stands_once_in_a_file(bank: Path) -> None:
    [found] = mistakes(bank, one(QUIET), one(QUIET))

    assert "tests[1].name: another test has the name 'x': first in " in found


def test_a_target_is_told_apart_by_the_key_of_its_probe(bank: Path) -> None:
    [found] = mistakes(bank, one('targets: {atm: [{branch: "0001"}]}', QUIET))
    assert "tests[0].targets.atm[0]: needs 'terminal': it tells the targets of atm apart" in found

    [found] = mistakes(bank, one("targets: {atm: [{terminal: A1}, {terminal: A1}]}", QUIET))
    assert "tests[0].targets.atm[1]: terminal 'A1' is there already" in found


def test_the_entries_of_expect_are_in_the_order_of_their_times(bank: Path) -> None:
    [found] = mistakes(bank, one("expect: [{at: 2m, quiet: true}, {at: 1m, quiet: true}]"))

    assert "tests[0]: the entries of `expect` stand in the order of their times" in found


def test_a_file_of_rules_is_no_file_of_tests(bank: Path) -> None:
    file = write_tests(bank, one(QUIET))
    file.write_text("rules: []\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r":1:\d+: rules: this file holds rules and no tests: name "):
        load_suites([file], now=NOW)


def test_a_configuration_that_is_missing_or_does_not_hold_is_told(bank: Path) -> None:
    file = write_tests(bank, one(QUIET), config="../sentinel.yaml")
    with pytest.raises(ConfigError, match=r"config: there is no .*/sentinel\.yaml: it is relative to this file"):
        load_suites([file], now=NOW)

    (bank / "../../times.yaml").write_text("times: {night: whenever}\n", encoding="utf-8")
    file = write_tests(bank, one(QUIET))
    with pytest.raises(ConfigError) as error:
        load_suites([file, file], now=NOW)
    assert [problem.file.rpartition("/")[2] for problem in error.value.problems] == ["times.yaml"]


def test_the_folder_beside_the_rules_is_found(bank: Path) -> None:
    [folder] = beside_the_rules(bank / "../../sentinel.yaml")

    assert folder.resolve() == bank.resolve()
