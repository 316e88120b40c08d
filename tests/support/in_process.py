"""The command, run in the process of the test: arguments enter, its exit status and what it printed leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from ebank_sentinel.cli import main


class Done(NamedTuple):
    """What came of it."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *verb: str) -> Run:
    """Runs the command on a terminal of 100 columns; `verb`: what comes before the arguments of each run."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("EBANK_SENTINEL_CONFIG", raising=False)

    def run(*arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as ended:
            main([*verb, *map(str, arguments)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run
