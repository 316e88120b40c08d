"""Every verb: what wrong usage is told, what it exits with, and that its output reads well at 100 columns."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from ebank_sentinel.cli.terminal import DEFAULT
from support.bank_files import BankFiles
from support.in_process import Done, Run, in_process
from support.loopback_daemon import CHANNELS, PROBES, RULE, LoopbackDaemon, running_daemon


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, on a terminal of 100 columns."""
    return in_process(capsys, monkeypatch)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a daemon in this process logs is not what a command prints."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """sentinel.yaml of a bank whose daemon does not run."""
    files = BankFiles(folder=tmp_path, places={"TARGET": "http://127.0.0.1:9", "SMS": "9", "LISTEN": "127.0.0.1:9"})
    files.write(probes=PROBES, rules=RULE, channels=CHANNELS)
    return files.configuration


# -- wrong usage --------------------------------------------------------------------------------------

WRONG = {
    ("incidnet", "list"): 'Unknown command "incidnet". Did you mean "incident"? Available commands: ',
    ("incident", "lst"): 'Unknown command "lst". Did you mean "list"? Available commands: list, show, ack, end.',
    ("run", "--frob"): "Unknown option: --frob.",
    ("check", "--josn"): "Unknown option: --josn. Did you mean --json?",
    ("run", "-c"): 'Command "run" parameter -c requires an argument.',
    ("run", "-c", "a", "-c", "b"): "Parameter -c specified multiple times.",
    (
        "run",
        "--log-level",
        "loud",
    ): 'Invalid value "loud" for --log-level. Choose from: "debug", "info", "warning", "error".',
    ("probe",): 'Command "probe" parameter NAME requires an argument.',
    ("incident", "show"): 'Command "incident show" parameter INCIDENT requires an argument.',
    ("incident", "ack", "4821"): 'Command "incident ack" parameter --as requires an argument.',
    ("incident", "[red]x"): 'Unknown command "[red]x". Available commands: list, show, ack, end.',
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_told_and_exits_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    first, hint = done.err.splitlines()
    assert first.startswith(WRONG[arguments])
    assert hint.startswith("`ebank-sentinel ")
    assert hint.endswith("--help` lists what there is.")


ASKED = {
    ("probe", "lgoin"): "there is no probe 'lgoin': did you mean \"login\"?",
    ("probe", "batch"): "batch is a heartbeat: it calls us, nothing can be read",
    ("probe", "login", "x"): "login has no target 'x'",
    ("page",): "write `page PERSON --test` or `page --preview RULE`",
    ("page", "wang.fang"): "write `page PERSON --test` or `page --preview RULE`",
    ("page", "wang.fnag", "--test"): "there is no person 'wang.fnag': did you mean \"wang.fang\"?",
    ("page", "--preview", "login-dwn"): "there is no rule 'login-dwn': did you mean \"login-down\"?",
    ("page", "wang.fang", "--test", "--preview", "login-down"): "write `page PERSON --test` or `page --preview RULE`",
    ("oncall", "--at", "yesterday"): "'yesterday' is no moment: write 2026-12-10T03:00",
    ("report", "flood", "--at", "noon"): "--at is 14:05 or 2026-11-22T14:05, by the bank's clock, and not 'noon'",
    ("report", "flood", "--at", "25:00"): "--at is 14:05 or 2026-11-22T14:05, by the bank's clock, and not '25:00'",
    ("report", "flood", "--label", "branch"): "a label is NAME=VALUE, as branch=0001, and not 'branch'",
    ("report", "flood", "--label", "=1"): "a label is NAME=VALUE, as branch=0001, and not '=1'",
}


@pytest.mark.parametrize("arguments", ASKED, ids=" ".join)
def test_what_cannot_be_asked_is_told_and_exits_with_2(run: Run, files: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, "-c", files) == (2, "", ASKED[arguments] + "\n")


VERBS = [
    ("run",),
    ("check",),
    ("probe", "login"),
    ("oncall",),
    ("page", "wang.fang", "--test"),
    ("page", "--preview", "login-down"),
    ("incident", "list"),
    ("incident", "show", "4821"),
    ("incident", "ack", "4821", "--as", "wang.fang"),
    ("incident", "end", "4821", "--as", "wang.fang"),
]


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_a_missing_configuration_is_named(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "-c", tmp_path / "gone.yaml")
    assert done.status == 1
    assert f"{tmp_path}/gone.yaml: there is no such file" in done.out + done.err


def test_who_names_no_configuration_is_told_how_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EBANK_SENTINEL_CONFIG", raising=False)
    if DEFAULT.exists():
        pytest.skip(f"this machine has a {DEFAULT}")
    assert run("incident", "list").err.splitlines() == [
        f"{DEFAULT}: there is no such file",
        "Name yours with -c FILE, or with EBANK_SENTINEL_CONFIG=FILE.",
    ]


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_a_broken_configuration_is_named_with_its_place(run: Run, files: Path, arguments: tuple[str, ...]) -> None:
    files.write_text("bank: {name: x\n", encoding="utf-8")
    done = run(*arguments, "-c", files)
    assert done.status == 1
    assert f"{files.name}:" in done.out + done.err


@pytest.mark.parametrize("arguments", VERBS[4:5] + VERBS[6:], ids=" ".join)
def test_a_daemon_that_does_not_run_is_told(run: Run, files: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "-c", files)
    words = (
        "the daemon does not answer on 127.0.0.1:9: nobody listens there. Is it started, and is -c its configuration?"
    )
    assert done == (1, "", words + "\n")


def test_the_configuration_may_come_from_the_environment(
    run: Run, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBANK_SENTINEL_CONFIG", str(files))
    assert run("page", "--preview", "login-down").status == 0


def test_no_verb_at_all_shows_what_there_is(run: Run) -> None:
    done = run()
    assert done.status == 0
    for verb in ("run", "demo", "check", "schema", "probe", "oncall", "page", "incident", "report"):
        assert f"│ {verb} " in done.out


@pytest.mark.parametrize("verb", ["run", "demo", "check", "schema", "probe", "oncall", "page", "incident", "report"])
def test_every_verb_explains_itself_within_100_columns(run: Run, verb: str) -> None:
    done = run(verb, "--help")
    assert done.status == 0
    assert done.out.startswith(f"Usage: ebank-sentinel {verb}")
    assert max(map(len, done.out.splitlines())) <= 100


# -- what it shows ------------------------------------------------------------------------------------


def test_a_preview_shows_each_page_as_its_reader_sees_it(run: Run, files: Path) -> None:
    done = run("page", "--preview", "login-down", "-c", files)
    assert (done.status, done.err) == (0, "")
    assert "opens: wang.fang by sms (first)" in done.out
    assert "ends: wang.fang by sms (resolved)" in done.out
    assert "【示例银行】二级 登录失败" in done.out
    assert "?" not in done.out


def test_a_probe_that_fails_exits_with_1_and_says_why(run: Run, files: Path) -> None:
    done = run("probe", "login", "-c", files)
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith("down    login  refused ")
    shown = json.loads(run("probe", "login", "--json", "-c", files).out)
    assert [(one["up"], one["error"]) for one in shown["readings"]] == [(False, "refused")]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path) as bank:
        yield bank


async def test_an_incident_is_listed_shown_and_taken(bank: LoopbackDaemon, run: Run) -> None:
    config = bank.files.configuration

    async def command(*arguments: str) -> Done:
        return await asyncio.to_thread(run, *arguments, "-c", config)

    assert (await command("incident", "list")).out == "no incident is open\n"
    code = (await bank.incident())["code"]

    done = await command("incident", "list")
    assert (done.status, done.err) == (0, "")
    head, row = done.out.splitlines()
    assert head.split() == ["code", "level", "title", "figure", "target", "since", "state", "taken", "by", "owner"]
    assert row.split()[:4] == [code, "II", "登录失败", "login"]
    assert json.loads((await command("incident", "list", "--json")).out)["incidents"][0]["code"] == code

    for person, words in (
        ("wang.fang", f"Acknowledged: {code} is taken by 王芳"),
        ("li.lei", "Already acknowledged: "),
    ):
        done = await command("incident", "ack", code, "--as", person, "--note", "[bold]我来")
        assert (done.status, done.err) == (0, "")
        assert done.out.startswith(words)
    done = await command("incident", "ack", code, "--as", "nobody")
    assert done == (1, "", "Unknown person: there is no person 'nobody' in the contacts\n")
    done = await command("incident", "ack", "0000000", "--as", "wang.fang")
    assert (done.status, done.err.startswith("No such open incident: ")) == (1, True)

    done = await command("incident", "show", code)
    assert done.status == 0
    for words in (
        "II 登录失败",
        f"#{code}",
        "taken by: 王芳",
        "history",
        "acknowledged",
        "[bold]我来",
        "pages",
        "by sms",
    ):
        assert words in done.out
    assert json.loads((await command("incident", "show", code, "--json")).out)["ack"]["person"] == "wang.fang"
    assert (
        await command("incident", "show", "none")
    ).err == "No such incident: no incident has the code or id 'none'\n"

    bank.target.status["/login"] = 200
    done = await command("probe", "login")
    assert (done.status, done.out.startswith("up      login")) == (0, True)
    assert (await command("page", "li.lei", "--test")).out == "sent by sms\n"


async def test_a_second_run_on_the_same_store_exits_with_2_and_names_the_holder(bank: LoopbackDaemon) -> None:
    command = [sys.executable, "-m", "ebank_sentinel", "run", "-c", str(bank.files.configuration)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"the store is in use by process {os.getpid()} on ")


# -- terminals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}], ids=str)
def test_a_locale_that_knows_no_chinese_ends_nothing(files: Path, locale: dict[str, str]) -> None:
    command = [sys.executable, "-m", "ebank_sentinel", "page", "--preview", "login-down", "-c", str(files)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30, env={**os.environ, **locale})  # noqa: S603 - fixed words
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_has_had_enough_is_no_failure(files: Path) -> None:
    line = f"{sys.executable} -m ebank_sentinel page --preview login-down -c {files} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, text=True, timeout=30)  # noqa: S603, S607 - fixed words
    assert (done.stdout, done.stderr) == ("0\n", "")
