"""The unit in deploy/ keeps the daemon as far from the rest of the host as systemd can."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.real import program

UNIT = Path(__file__).parents[2] / "deploy" / "ebank-sentinel.service"


def test_its_exposure_is_at_most_1_5_of_10() -> None:
    command = [program("systemd-analyze"), "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - fixed words
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_no_secret_is_given_by_environment_or_command_line() -> None:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(("Environment", "SetCredential", "PassEnvironment"))] == []
