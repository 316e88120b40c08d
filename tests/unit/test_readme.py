"""What the documents tell a reader to write and to do holds: their own examples pass `check`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ebank_sentinel.cli import main

ROOT = Path(__file__).parents[2]
_INSTALLED = "/etc/ebank-sentinel"


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def _check(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `check --no-secrets` prints; fails with its words when the configuration does not hold."""
    with pytest.raises(SystemExit) as ended:
        main(["check", "--no-secrets", "-c", str(path)])
    printed = capsys.readouterr()
    assert ended.value.code in (0, None), printed.err
    return printed.out


def test_the_configuration_of_the_readme_holds_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in _blocks("README.md", "yaml"):
        first = block.partition("\n")[0]
        assert first.startswith("# "), f"a block of the README names no file in its first line: {first}"
        path = tmp_path / first.removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block, encoding="utf-8")

    printed = _check(tmp_path / "sentinel.yaml", capsys)

    assert "holds" in printed
    assert "note:" not in printed, "the first thing that a reader copies should leave nothing to look at"


def test_the_example_bank_holds_where_the_manual_says_to_copy_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [script] = [block for block in _blocks("docs/operations.md", "sh") if "cp -r deploy/sentinel.yaml" in block]
    script = script.replace(_INSTALLED, str(tmp_path))

    subprocess.run(["bash", "-euc", script], cwd=ROOT, check=True)  # noqa: S603, S607 - our own page, the host's bash

    assert "root:" not in (tmp_path / "sentinel.yaml").read_text(encoding="utf-8")
    assert "holds" in _check(tmp_path / "sentinel.yaml", capsys)
