from __future__ import annotations

import asyncio
import io
import os
import random
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
import yaml

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo import run_demo
from ebank_sentinel.demo.folder import DemoFolder
from ebank_sentinel.demo.programs import Programs
from ebank_sentinel.demo.run import perform, run
from ebank_sentinel.demo.shows import JsonLines
from ebank_sentinel.demo.stage import put_up
from support.driven_clock import eventually
from support.ready_program import ready_at_once
from support.real import program


async def test_a_story_that_is_too_short_is_refused() -> None:
    out, err = io.StringIO(), io.StringIO()
    assert await run_demo(seconds=59, as_json=True, folder=None, out=out, err=err) == 2
    assert err.getvalue() == "--seconds 59 is too short for the story: at least 60\n"
    assert out.getvalue() == ""


async def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    err = io.StringIO()
    assert await run_demo(seconds=60, as_json=True, folder=tmp_path, out=io.StringIO(), err=err) == 2
    assert "is not empty: name a new or an empty one" in err.getvalue()
    assert (tmp_path / "precious").exists()


async def test_a_daemon_that_does_not_start_is_shown_with_its_last_lines(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('sentinel.yaml:7:1: rulez: unknown key')"]
    problems = await perform(
        tmp_path,
        seconds=60,
        show=JsonLines(io.StringIO()),
        programs=Programs(daemon=lambda _folder: command, prometheus=None),
        clock=SystemClock(),
    )
    assert problems[0] == f"the daemon ended by itself with status 1; its log is {tmp_path / 'sentinel.log'}"
    assert problems[1] == "  sentinel.yaml:7:1: rulez: unknown key"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_everything_that_was_started_and_leaves_no_folder(
    number: signal.Signals, status: int
) -> None:
    folders: list[Path] = []

    def daemon(folder: DemoFolder) -> list[str]:
        folders.append(folder.path)
        return ready_at_once(folder)

    out, err = io.StringIO(), io.StringIO()
    programs = Programs(daemon=daemon, prometheus=None)
    demo = asyncio.create_task(
        run(seconds=60, as_json=False, folder=None, programs=programs, out=out, err=err),
    )
    await eventually(lambda: "All is well" in out.getvalue(), seconds=30)
    pid = int((folders[0] / "sentinel.log").read_text(encoding="utf-8"))
    os.kill(os.getpid(), number)
    assert await demo == status
    assert re.fullmatch(r"stopped after \d+ s; nothing is left behind\n", err.getvalue())
    assert not folders[0].exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_second_ctrl_c_does_not_keep_the_first_from_ending_everything() -> None:
    folders: list[Path] = []
    slow_to_end = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit()))\n"

    def daemon(folder: DemoFolder) -> list[str]:
        folders.append(folder.path)
        python, flag, code, *arguments = ready_at_once(folder)
        return [python, flag, slow_to_end + code, *arguments]

    out, err = io.StringIO(), io.StringIO()
    programs = Programs(daemon=daemon, prometheus=None)
    demo = asyncio.create_task(
        run(seconds=60, as_json=False, folder=None, programs=programs, out=out, err=err),
    )
    await eventually(lambda: "All is well" in out.getvalue(), seconds=30)
    pid = int((folders[0] / "sentinel.log").read_text(encoding="utf-8"))
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)
    assert await demo == 130
    assert err.getvalue().endswith("nothing is left behind\n")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_signal_leaves_a_folder_that_somebody_named_and_says_where_it_is(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    programs = Programs(daemon=ready_at_once, prometheus=None)
    demo = asyncio.create_task(
        run(seconds=60, as_json=False, folder=tmp_path, programs=programs, out=out, err=err),
    )
    await eventually(lambda: "All is well" in out.getvalue(), seconds=30)
    os.kill(os.getpid(), signal.SIGINT)
    assert await demo == 130
    assert err.getvalue().endswith(f" s; the files of this run are in {tmp_path}\n")


@pytest.mark.real
async def test_a_real_prometheus_scrapes_the_bank_and_knows_the_login_rate(tmp_path: Path) -> None:
    programs = Programs(daemon=ready_at_once, prometheus=program("prometheus"))
    dice = random.SystemRandom()
    async with (
        put_up(tmp_path / "demo", programs=programs, clock=SystemClock(), dice=dice),
        aiohttp.ClientSession() as session,
    ):
        configuration = yaml.safe_load((tmp_path / "demo" / "deploy" / "sentinel.yaml").read_text(encoding="utf-8"))
        promql = configuration["probes"]["login_rate"]["promql"]
        seen = {"attempts": 0.0}
        found: dict[str, float] = {}

        async def look() -> None:
            while True:
                for field in ("attempts", "rate"):  # the rate is at least as new as the attempts
                    data = {"query": promql["query"][field]}
                    async with session.post(f"{promql['server']}/api/v1/query", data=data) as answer:
                        (series,) = (await answer.json())["data"]["result"]
                    assert series["metric"] == {}  # one series without labels: its target is the probe itself
                    found[field] = float(series["value"][1])
                seen.update(found)
                await asyncio.sleep(0.1)

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            # Counters are whole: what succeeded between the first two scrapes may be off by one.
            await eventually(lambda: seen["attempts"] >= 750, seconds=20)
            looking.cancel()
    assert seen["rate"] == pytest.approx(0.98, abs=0.01)
