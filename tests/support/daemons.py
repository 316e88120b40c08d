"""Real daemons of Debian, as children of a test: started with a folder of their own, ended by their process id."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_READY = 20.0  # seconds that a daemon may take to answer, on a machine that others use too


@contextmanager
def running(command: Sequence[str], *, folder: Path, ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once it is ready; its output goes to `output.log` in the folder."""
    log = folder / "output.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603 - a fixed program with our own arguments
    try:
        deadline = time.monotonic() + _READY
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                state = "ended" if process.poll() is not None else f"was not ready in {_READY:g} s"
                pytest.fail(f"{command[0]} {state}:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process: asked first, then made to."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def listens(port: int) -> bool:
    """Whether something takes connections on this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
