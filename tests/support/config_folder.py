"""A bank's configuration in a folder, with one mistake in it, and what `ebank-sentinel check` says of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ebank_sentinel.cli import main

GOOD = Path(__file__).parents[1] / "config" / "good"
SECTION = re.compile(r"^(people|groups|rotas|escalations|severities):", re.MULTILINE)


def good_folder(folder: Path) -> Path:
    """A configuration that holds; its sentinel.yaml."""
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    secret = folder / "kannel.password"
    secret.write_text("hunter2\n", encoding="utf-8")
    secret.chmod(0o600)
    return folder / "sentinel.yaml"


def put(folder: Path, kind: str, wrong: Path) -> Path:
    """The wrong file, under its own name, in the place of the good one of its kind; the sentinel.yaml to check."""
    main_file = folder / "sentinel.yaml"
    match kind:
        case "sentinel":
            main_file.unlink()
            main_file = folder / wrong.name
            shutil.copyfile(wrong, main_file)
        case "several":
            shutil.copytree(wrong, folder, dirs_exist_ok=True)
        case "rules":
            (folder / "rules" / "all.yaml").unlink()
            shutil.copyfile(wrong, folder / "rules" / wrong.name)
        case "contacts":
            for section in SECTION.findall(wrong.read_text(encoding="utf-8")):
                (folder / "contacts" / f"{section.replace('rotas', 'rota')}.yaml").unlink()
            shutil.copyfile(wrong, folder / "contacts" / wrong.name)
        case _:  # times, topology, targets: what sentinel.yaml names is this one
            good = {
                "times": "times.yaml",
                "topology": "topology.yaml",
                "targets": "atms.csv",
                "branches": "branches.csv",
            }
            (folder / good[kind]).unlink()
            shutil.copyfile(wrong, folder / wrong.name)
            for file in (main_file, folder / "topology.yaml"):
                if file.is_file():
                    file.write_text(file.read_text(encoding="utf-8").replace(good[kind], wrong.name), encoding="utf-8")
    return main_file


def check(
    main_file: Path, *options: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[str], str]:
    """Status, the lines of standard error, and standard output of `ebank-sentinel check -c FILE` run in its folder."""
    monkeypatch.chdir(main_file.parent)
    with pytest.raises(SystemExit) as ended:
        main(["check", "-c", main_file.name, *options])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.err.splitlines(), said.out
