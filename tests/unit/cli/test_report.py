"""`report` and `incident end`: what whoever reports reads, and that a lost answer is no second report."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ebank_sentinel.cli import main
from support.bank_files import BankFiles
from support.loopback_daemon import CHANNELS, PROBES, RULE, LoopbackDaemon, running_daemon
from support.told_rules import TOLD_RULES

Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path, rules=RULE + TOLD_RULES) as bank:
        yield bank


@pytest.fixture
def command(bank: LoopbackDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """A verb in this process, on a terminal of 100 columns: status, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "100")

    async def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()  # what the daemon logged
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, [*arguments, "-c", str(bank.files.configuration)])
        captured = capsys.readouterr()
        out = "\n".join(line for line in captured.out.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line))
        return int(ended.value.code or 0), out, captured.err

    return command


async def test_a_whole_report_prints_its_incident_and_who_must_answer(command: Command) -> None:
    status, out, err = await command(
        "report", "phishing", "--place", "徐汇支行", "--at", "00:00", "--impact", "三人", "--reporter", "李雷",
        "--note", "[red]x", "--label", "branch=0001",
    )  # fmt: skip
    assert (status, err) == (0, "")
    first, *rest = out.splitlines()
    assert re.fullmatch(r"taken as incident \d{4}, level III", first)
    assert rest == ["  must answer: 技术支持组", "  is told: 客户服务组"]


async def test_what_is_missing_is_printed_to_be_asked(command: Command) -> None:
    status, out, _ = await command("report", "robery")
    assert status == 0
    assert out.splitlines()[1:] == [
        "  must answer: 应急领导小组",
        "note: no rule names the type 'robery': did you mean \"robbery\"?; it was taken as any other report",
        "still missing, please ask:",
        "  - 请问是什么时候发生的?(日期和几点几分)",
        "  - 请问发生在哪里?(网点、机具、网址或系统)",
        "  - 请问现在有什么影响?(多少客户、哪些业务)",
        "  - 请问您是谁,怎样能联系到您?",
    ]


async def test_a_key_makes_two_commands_one_report(command: Command) -> None:
    first = json.loads((await command("report", "phishing", "--key", "k1", "--json"))[1])
    assert json.loads((await command("report", "phishing", "--key", "k1", "--json"))[1]) == first
    other = await command("report", "phishing", "--key", "k1", "--place", "x")
    assert other[0] == 1
    assert other[2].endswith(
        "Key used before: this Idempotency-Key was used for another report: take a new key for a new one\n"
    )


async def test_the_future_is_refused_in_words(command: Command) -> None:
    status, _, err = await command("report", "phishing", "--at", "2999-01-01T00:00")
    assert status == 1
    assert "'time' is in the future: say when it happened, or leave it out" in err
    assert "to try again" not in err, "the same again would be refused again"


async def test_a_crime_is_shown_as_referred_with_its_symptoms_and_ended_by_a_person(command: Command) -> None:
    out = (await command("report", "robbery", "--place", "静安支行南京西路自助银行二号机旁边的入口"))[1]
    found = re.match(r"taken as incident (\d+) \(referred\), level II", out)
    assert found is not None
    code = found[1]
    listed = (await command("incident", "list"))[1]
    [row] = [line for line in listed.splitlines() if line.startswith(code)]
    assert re.search(r" 静安支行南京西路自助银行二号机旁边的入口 .* referred ", row), "in a pipe it is one line"
    shown = (await command("incident", "show", code))[1]
    assert re.search(rf"^II 抢劫 +#{code}  referred ", shown)
    assert re.search(
        r"^symptoms 1\n  \d\d-\d\d \d\d:\d\d:\d\d  robbery on @report/\w+-\w+: firing$", shown, re.MULTILINE
    )
    status, out, _ = await command("incident", "end", code, "--as", "wang.fang", "--note", "警方已接手")
    assert (status, out) == (0, f"Ended: {code} was ended by 王芳")
    shown = (await command("incident", "show", code))[1]
    assert "  ended" in shown.splitlines()[0]
    assert "wang.fang: 警方已接手" in shown
    assert (await command("incident", "end", code, "--as", "wang.fang"))[0] == 1


async def test_a_preview_of_a_report_has_no_hole(command: Command) -> None:
    for rule in ("phishing", "report-unmatched", "pay-alert"):
        status, out, _ = await command("page", "--preview", rule)
        assert status == 0
        assert "opens: " in out
        assert "?" not in out


def test_without_a_daemon_the_key_is_told_so_that_trying_again_reports_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = BankFiles(folder=tmp_path, places={"TARGET": "http://127.0.0.1:9", "SMS": "9", "LISTEN": "127.0.0.1:9"})
    files.write(probes=PROBES, rules=RULE, channels=CHANNELS)
    with pytest.raises(SystemExit) as ended:
        main(["report", "flood", "-c", str(files.configuration)])
    assert ended.value.code == 1
    hint, error = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"to try again: the same command with --key [0-9a-f]{32}; with it, nothing is reported twice", hint
    )
    assert error.startswith("the daemon does not answer on 127.0.0.1:9: nobody listens there.")
