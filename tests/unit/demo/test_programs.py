from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.programs import ProgramFailed, running

CLOCK = SystemClock()


async def never() -> bool:
    return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_program_ends_with_the_block(tmp_path: Path) -> None:
    async with running("sleeper", ["sleep", "60"], log=tmp_path / "log", clock=CLOCK) as program:
        program.check()
        assert alive(program.process.pid)
    assert program.process.returncode == -15
    assert not alive(program.process.pid)


async def test_a_program_ends_when_the_demo_is_cancelled(tmp_path: Path) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def demo() -> None:
        async with running("sleeper", ["sleep", "60"], log=tmp_path / "log", clock=CLOCK) as program:
            started.set_result(program.process.pid)
            await asyncio.Event().wait()

    task = asyncio.create_task(demo())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)


async def test_a_program_that_does_not_start_shows_its_last_lines(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; print('sentinel.yaml:3:1: no such key', file=sys.stderr); sys.exit(1)",
    ]
    async with running("the daemon", command, log=tmp_path / "log", clock=CLOCK) as program:
        with pytest.raises(ProgramFailed) as failure:
            await program.wait_until(never, seconds=20)
    assert "the daemon ended by itself with status 1" in str(failure.value)
    assert "sentinel.yaml:3:1: no such key" in str(failure.value)


async def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    async with running("sleeper", ["sleep", "60"], log=tmp_path / "log", clock=CLOCK) as program:
        with pytest.raises(ProgramFailed, match=r"sleeper was not ready after 0 s; its log is"):
            await program.wait_until(never, seconds=0.2)


async def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"prometheus cannot be started: No such file or directory"):
        async with running("prometheus", ["/nowhere/prometheus"], log=tmp_path / "log", clock=CLOCK):
            pass
