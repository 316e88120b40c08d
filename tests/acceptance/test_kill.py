"""A short version of bench/kill.py: the daemon is killed again and again while targets fail and heal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_BENCH = Path(__file__).resolve().parents[2] / "bench" / "kill.py"
_KILLS = 8


def test_no_page_is_lost_when_the_daemon_is_killed_at_random_moments(tmp_path: Path) -> None:
    result = tmp_path / "kill.json"
    command = [sys.executable, str(_BENCH), "--kills", str(_KILLS), "--longest-life", "1", "--targets", "100"]
    run = subprocess.run(  # noqa: S603 - our own program with our own arguments
        [*command, "--result", str(result), "--folder", str(tmp_path / "bank")],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(result.read_text())
    assert figures["holds"]
    assert figures["kills"] == _KILLS
    assert figures["lost"] == figures["accepted_but_never_arrived"] == figures["incident_without_its_page"] == 0
    assert figures["pages"] >= 3, "nothing failed, so nothing was shown"
