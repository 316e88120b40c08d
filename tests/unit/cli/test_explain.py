"""`explain`: what wrong usage is told, and that the answer reads well on a terminal of 100 columns, and in a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from rich.cells import cell_len

from ebank_sentinel.cli import main
from support.driven_clock import eventually
from support.loopback_daemon import LoopbackDaemon, running_daemon

ROWS = ", ".join(
    f'{{terminal: A{number}, branch: "000{number // 2}", region: east, switch: sw1}}' for number in range(6)
)
PROBES = {
    "atm": '{http: {url: "@TARGET@/{terminal}", read: {queue: queue}}, every: 300ms, timeout: 250ms, '
    f"targets: {{key: terminal, rows: [{ROWS}]}}}}",
    "switch": '{http: {url: "@TARGET@/switch"}, every: 300ms, timeout: 250ms, labels: {switch: sw1}}',
}
RULES = """\
  - id: atm-dark
    title: {zh-CN: ATM失联, en: ATM not answering}
    watch: atm
    where: label.region == "east"
    when: not up
    category: device
    severity: IV
    groups: [atm_desk]
    reopen_within: 60m
    worse:
      - {for: 2h, severity: up, groups: [technical]}
      - {when: error == "timeout" and queue > 9, for: 1m, severity: II}
      - {count: 3, within: 7d, tell: [customer_service]}
    widens:
      - {over: branch, share: 100%, at_least: 2, within: 5m, category: link, severity: III, groups: [technical]}
      - {over: region, share: 80%, at_least: 3, spread: {branch: 2}, within: 10m, severity: II}
    unless: [{rule: switch-lost, same: [switch]}]
  - id: atm-busy
    title: {en: Queue too long}
    watch: atm
    when: queue > 5 or latency_ms > 9000
    category: device
    severity: IV
    groups: [atm_desk]
  - id: switch-lost
    title: {en: Switch gone}
    watch: switch
    when: not up
    category: link
    severity: II
    groups: [technical]
"""


class Done(NamedTuple):
    status: int
    lines: list[str]
    err: str

    def line(self, beginning: str) -> str:
        """The first line that begins so."""
        return next(line.strip() for line in self.lines if line.strip().startswith(beginning))


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path, probes=PROBES, rules=RULES) as bank:
        await eventually(lambda: bank.target.asked["/A5"] > 1 and bank.target.asked["/switch"] > 1)
        yield bank


Here = Callable[..., Awaitable[Done]]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """The command in this process: a pipe, not a terminal."""

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["explain", *arguments])
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out.splitlines(), captured.err)

    async def in_a_thread(config: Path, *arguments: str) -> Done:
        capsys.readouterr()
        return await asyncio.to_thread(run, *arguments, "-c", str(config))

    return in_a_thread


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a daemon in this process logs is not what a command prints."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


async def on_a_terminal(config: Path, *arguments: str) -> Done:
    """The command as a process of its own, on a terminal of 100 columns."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ebank_sentinel", "explain", *arguments, "-c", str(config)),
        env={**os.environ, "TTY_COMPATIBLE": "1", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode().splitlines(), err.decode())


async def test_wrong_usage_is_told_before_anybody_is_asked(tmp_path: Path, here: Here) -> None:
    for arguments in (
        (),
        ("4821", "--probe", "atm"),
        ("4821", "--target", "A1"),
        ("4821", "--rule", "atm-dark"),
        ("--target", "A1"),
    ):
        done = await here(tmp_path / "sentinel.yaml", *arguments)
        assert done == (2, [], "name an incident, or a --probe and its --target\n")


async def test_what_the_daemon_does_not_know_is_told_in_its_words(bank: LoopbackDaemon, here: Here) -> None:
    config = bank.files.configuration
    for arguments, status, words in (
        (("4821",), 1, "No such incident: no incident has the code or id '4821'"),
        (("--probe", "amt"), 1, "No such probe: there is no probe 'amt': did you mean \"atm\"?"),
        (("--probe", "atm"), 1, "Which target?: atm has 6 targets, name one: A0, A1, A2, A3, A4 or A5"),
        (("--probe", "atm", "--target", "A9"), 1, "No such target: atm has no target 'A9'"),
        (
            ("--probe", "atm", "--target", "A0", "--rule", "atm-drak"),
            2,
            "no rule 'atm-drak' watches atm: did you mean \"atm-dark\"?",
        ),
    ):
        done = await here(config, *arguments)
        assert (done.status, done.lines) == (status, [])
        assert done.err.startswith(words)


async def test_a_target_reads_well_at_night(bank: LoopbackDaemon) -> None:
    bank.target.status["/A0"] = 500
    await eventually(lambda: bool(bank.daemon._flow.desk.ledger.incidents))
    (incident,) = bank.daemon._flow.desk.ledger.incidents.values()
    done = await on_a_terminal(bank.files.configuration, "--probe", "atm", "--target", "A0")
    assert (done.status, done.err) == (0, "")
    assert max(map(cell_len, done.lines)) <= 100
    assert done.lines[0].startswith("atm/A0  as of ")
    assert done.lines[1] == "  terminal = A0, branch = 0000, region = east, switch = sw1"
    assert done.line("status: ") == "status: status 500, expected 200 to 299"
    rules = [line for line in done.lines if line.startswith(("fires", "quiet", "unknown"))]
    assert rules == ["fires  atm-dark  ATM失联", "unknown  atm-busy  Queue too long"]
    assert done.line("fires since").endswith(f"its incident is {incident.code}")
    assert done.line("when       true") == "when       true    not up  (up = False)"
    assert done.line("worse 1").startswith("worse 1    severity up, groups technical: holds since ")
    assert done.line("unknown queue > 9") == "unknown queue > 9  (the reading has no queue)"
    assert done.line("worse 3") == "worse 3    tell customer_service: 1 of 3 times within 1w"
    assert done.line("unless") == "unless     switch-lost (switch = sw1): it does not hold here"
    assert done.line("widens 1") == "widens 1   branch 0000: 1 of 2 fail together: 2 are needed (at least 2)"
    assert done.line("widens 2") == "widens 2   region east: 1 of 6 fail together: 5 are needed (80% of 6)"


async def test_in_a_pipe_a_line_stays_one_line_and_json_is_all_of_it(bank: LoopbackDaemon, here: Here) -> None:
    for key in ("A0", "A1"):
        bank.target.status[f"/{key}"] = 500
    await eventually(lambda: any(one.over for one in bank.daemon._flow.desk.ledger.incidents.values()))
    one = ("--probe", "atm", "--target", "A1", "--rule", "atm-dark")
    done = await here(bank.files.configuration, *one)
    # A machine may be part of a wide incident while its own hold still runs.
    heads = ("fires", "pending", "clearing", "quiet", "unknown")
    assert sum(line.startswith(heads) for line in done.lines) == 1
    assert done.line("over branch").endswith("now 100%, of 2 targets")
    as_json = await here(bank.files.configuration, *one, "--json")
    (rule,) = json.loads("\n".join(as_json.lines))["rules"]
    assert (rule["rule"], rule["widens"][0]["holds"]) == ("atm-dark", True)


async def test_an_incident_reads_well_at_night_and_names_what_it_took_over(bank: LoopbackDaemon, here: Here) -> None:
    ledger = bank.daemon._flow.desk.ledger
    bank.target.status["/A0"] = 500
    await eventually(lambda: bool(ledger.incidents))
    (narrow,) = ledger.incidents.values()
    bank.target.status["/A1"] = 500
    await eventually(lambda: any(one.over for one in ledger.incidents.values()))
    (wide,) = ledger.incidents.values()
    done = await on_a_terminal(bank.files.configuration, wide.code)
    assert (done.status, done.err) == (0, "")
    assert max(map(cell_len, done.lines)) <= 100
    assert done.lines[0].startswith("III ATM失联")
    assert f"#{wide.code}  open" in done.lines[0]
    assert done.lines[2] == "  nobody has taken it"
    assert done.line("rule  ") == "rule       severity IV, category device, groups atm_desk  not up"
    assert done.line("widens 1") == "widens 1   severity III, category link, groups technical  over branch"
    assert done.line("scope") == "scope      2 of 2 fail in branch 0000"
    assert "took over 1" in done.lines
    assert any(f"#{narrow.code} atm-dark atm/A0, as widened" in line for line in done.lines)
    assert any("范围比原先判断的大" in line for line in done.lines)
    assert any("wang.fang by sms: " in line for line in done.lines)
    taken = await here(bank.files.configuration, narrow.id)
    assert f"part of #{wide.code}" in taken.lines[0]
