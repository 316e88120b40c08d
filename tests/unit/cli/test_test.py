"""`test`: what it prints, what it exits with, and what it writes for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET  # it reads what this program wrote

import pytest

from support.in_process import Run, in_process
from support.trial_bank import write_bank, write_tests

QUIET = """
    name: all is well
    start: 2026-12-10T10:00
    readings: [{at: 0s, login: {}}]
    expect: [{at: 1m, quiet: true}]
"""
DOWN = """
    name: nobody logs in
    start: 2026-12-10T23:58
    readings: [{at: 1m, login: {}, error: timeout}]
    acks: [{at: 5m, rule: login-down, by: li}]
    expect:
      - {at: 2m, incidents: [{rule: login-down}], pages: any}
      - {at: 6m, incidents: [{rule: login-down, ack: wang}]}
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The verb in this process, on a terminal of 100 columns."""
    return in_process(capsys, monkeypatch, "test")


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """The folder of tests of a small bank."""
    return write_bank(tmp_path)


def test_a_test_that_holds_is_one_line(run: Run, tests: Path) -> None:
    done = run(write_tests(tests, QUIET))

    assert done.status == 0
    assert done.out.splitlines()[0].startswith("ok     all is well (")
    assert done.out.splitlines()[1].startswith("1 test ok in ")


def test_a_failure_shows_what_happened_and_then_the_difference(run: Run, tests: Path) -> None:
    done = run(write_tests(tests, QUIET, DOWN))

    assert done.status == 1
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[1].startswith("FAILED nobody logs in (")
    assert lines[3:6] == [
        "23:59:00 +1m reading login: not up (timeout)",
        "23:59:00 +1m symptom login-down on login: firing",
        lines[5],
    ]
    assert lines[5].startswith("23:59:00 +1m incident login-down (")
    assert lines[6].startswith("23:59:00 +1m page wang by sms (first): 【示例银行】二级 登录中断")
    assert "12-11 00:03:00 +5m person li takes login-down" in lines
    assert lines[-2:-1] == ["login-down: ack is li, expected wang"]
    assert lines[-1].startswith("1 of 2 tests failed in ")


def test_a_filter_chooses_by_name_or_file(run: Run, tests: Path) -> None:
    file = write_tests(tests, QUIET, DOWN)

    assert run(file, "--filter", "all is").status == 0
    assert run(file, "--filter", "some.test").status == 1
    none = run(file, "--filter", "nothing")
    assert (none.status, none.err) == (2, "no test has 'nothing' in its name or file\n")


def test_without_paths_the_tests_beside_the_rules_are_run(run: Run, tests: Path) -> None:
    write_tests(tests, QUIET)

    assert run("-c", tests / "../../sentinel.yaml").status == 0


def test_what_is_not_there_is_wrong_usage(run: Run, tests: Path) -> None:
    assert run(tests / "none.yaml").err == f"there is no {tests / 'none.yaml'}\n"
    assert run("-c", tests / "none.yaml").status == 2
    tests.rmdir()
    done = run("-c", tests / "../../sentinel.yaml" if tests.exists() else tests.parent.parent / "sentinel.yaml")
    assert done.status == 2
    assert done.err.startswith("no folder `tests` lies beside the rules of ")


def test_a_mistake_is_told_at_its_place(run: Run, tests: Path) -> None:
    file = write_tests(tests, QUIET.replace("login:", "logon:"))

    done = run(file)

    assert done.status == 1
    assert done.err == f"{file}:5:25: tests[0].readings[0].logon: there is no probe 'logon': did you mean \"login\"?\n"


def test_coverage_lists_what_no_test_reaches(run: Run, tests: Path) -> None:
    file = write_tests(tests, DOWN.replace("ack: wang", "ack: li"))

    done = run(file, "--coverage")

    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[2].endswith("% of rules and rows are reached: 1 of 18")
    assert "  no test reaches atm-dark: widens 1" in lines
    assert "  no test reaches login-down" not in lines
    assert lines[-1] == "  for-later is dormant: no test can reach it"
    assert run(file, "--coverage", "--at-least", "5").status == 0
    assert run(file, "--coverage", "--at-least", "101").status == 2


def test_what_a_failing_test_reached_is_not_covered(run: Run, tests: Path) -> None:
    assert "reached: 0 of 18" in run(write_tests(tests, DOWN), "--coverage").out


def test_json_holds_results_differences_and_timeline(run: Run, tests: Path) -> None:
    done = run(write_tests(tests, QUIET, DOWN), "--json", "--coverage")

    answer = json.loads(done.out)
    assert (done.status, answer["ok"], answer["tests"], answer["failed"]) == (1, False, 2, 1)
    [well, failed] = answer["results"]
    assert well["ok"] is True
    assert "timeline" not in well
    assert failed["differences"][0]["lines"] == ["login-down: ack is li, expected wang"]
    assert failed["timeline"][0] == {
        "at": "2026-12-10T23:59:00+08:00",
        "kind": "reading",
        "words": "login: not up (timeout)",
    }
    assert "atm-dark: because 1" in answer["coverage"]["missing"]


def test_junit_holds_a_suite_a_file(run: Run, tests: Path, tmp_path: Path) -> None:
    write_tests(tests, QUIET, DOWN, name="a.test.yaml")
    write_tests(tests, QUIET, name="b.test.yaml")

    run(tests, "--junit", tmp_path / "results.xml")

    root = ET.parse(tmp_path / "results.xml").getroot()  # noqa: S314 - this program wrote it
    assert [(suite.get("tests"), suite.get("failures")) for suite in root] == [("2", "1"), ("1", "0")]
    [failure] = root.iter("failure")
    assert failure.get("message") == "login-down: ack is li, expected wang"
    assert "reading: login: not up (timeout)" in (failure.text or "")
    assert run(tests, "--junit", tmp_path / "no" / "results.xml").status == 2
