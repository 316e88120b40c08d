"""Files that cannot be committed: what is no text, what is no file, what is too much, and what leads elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.config_folder import check, good_folder
from support.real import program

Checked = Callable[..., tuple[int, list[str], str]]
SECRET = "topsecret-of-another-folder"


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Runs `check` in the folder."""
    folder = tmp_path / "bank"
    folder.mkdir()
    good_folder(folder)

    def run(*options: str) -> tuple[int, list[str], str]:
        return check(folder / "sentinel.yaml", *options, capsys=capsys, monkeypatch=monkeypatch)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bank"


def test_utf_16(checked: Checked, folder: Path) -> None:
    text = (folder / "times.yaml").read_text(encoding="utf-8")
    (folder / "times.yaml").write_bytes(text.encode("utf-16"))
    assert checked()[:2] == (1, ["times.yaml: the file is UTF-16: save it as UTF-8"])


def test_ten_megabytes_of_one_value(checked: Checked, folder: Path) -> None:
    (folder / "times.yaml").write_text(
        f"times: {{business: daily, night: daily, a: {'x' * 10_000_000}}}\n", encoding="utf-8"
    )
    status, said, _ = checked()
    assert status == 1
    assert len(said) == 1
    assert said[0].startswith("times.yaml:1:43: times.a: 'xxx")
    assert len(said[0]) < 600


def test_twenty_megabytes(checked: Checked, folder: Path) -> None:
    (folder / "times.yaml").write_text("# a long comment\n" * 1_300_000, encoding="utf-8")
    reason = "the file is 21.1 MB, over the 16 MB that are read: put long lists of targets into a CSV file"
    assert checked()[:2] == (1, [f"times.yaml: {reason}"])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sentinel.yaml", "sentinel.yaml: this is a directory, not a file"),
        ("times.yaml", "times.yaml: this is a directory, not a file"),
        ("atms.csv", "atms.csv: it is not a plain file"),
        ("rules/all.yaml", "rules/all.yaml: this is a directory, not a file"),
        ("contacts/people.yaml", "contacts/people.yaml: this is a directory, not a file"),
    ],
)
def test_a_directory(name: str, line: str, checked: Checked, folder: Path) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    assert checked()[:2] == (1, [line])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sentinel.yaml", "sentinel.yaml: this is a named pipe, not a file"),
        ("times.yaml", "times.yaml: this is a named pipe, not a file"),
        ("atms.csv", "atms.csv: it is not a plain file"),
        (
            "docs/login-down.md",
            "rules/all.yaml:11:14: rules[0].runbook: docs/login-down.md: this is a named pipe, not a file",
        ),
        (
            "kannel.password",
            (
                "sentinel.yaml:21:102: channels.sms.sms_http.password: "
                "cannot read the secret in kannel.password: it is not a plain file"
            ),
        ),
    ],
)
def test_a_pipe_to_which_nobody_writes(name: str, line: str, checked: Checked, folder: Path) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name, mode=0o600)
    assert checked()[:2] == (1, [line])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sentinel.yaml", "sentinel.yaml: its symbolic links lead in a circle"),
        ("times.yaml", "times.yaml: its symbolic links lead in a circle"),
        ("atms.csv", "atms.csv: cannot read the targets: Too many levels of symbolic links"),
        ("rules/all.yaml", "rules/all.yaml: its symbolic links lead in a circle"),
    ],
)
def test_links_in_a_circle(name: str, line: str, checked: Checked, folder: Path) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name)
    assert checked()[:2] == (1, [line])


def test_mode_000(checked: Checked, folder: Path) -> None:  # noqa: ARG001 - it makes the folder
    (folder / "times.yaml").chmod(0)
    rights = "--bounding-set=-dac_override,-dac_read_search"
    command = [*([program("setpriv"), rights] if os.geteuid() == 0 else []), sys.executable, "-m", "ebank_sentinel"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "check", "-c", "sentinel.yaml"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == "times.yaml: it may not be read by this user: check its owner and mode\n"
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("times.yaml", "sentinel.yaml:6:8: times: times.yaml lies outside the folder of sentinel.yaml"),
        ("atms.csv", "sentinel.yaml:15:20: probes.atm.targets.csv: atms.csv lies outside the folder of sentinel.yaml"),
        ("branches.csv", "topology.yaml:2:13: join.csv: branches.csv lies outside the folder of sentinel.yaml"),
        ("rules", "sentinel.yaml:3:9: rules[0]: rules/ lies outside the folder of sentinel.yaml"),
        ("contacts", "sentinel.yaml:4:11: contacts: contacts/ lies outside the folder of sentinel.yaml"),
        ("rules/all.yaml", "rules/all.yaml: this symbolic link leads out of the folder of sentinel.yaml"),
        ("contacts/people.yaml", "contacts/people.yaml: this symbolic link leads out of the folder of sentinel.yaml"),
        ("docs", "rules/all.yaml:11:14: rules[0].runbook: docs/login-down.md lies outside the folder of sentinel.yaml"),
    ],
)
def test_a_link_out_of_the_root_is_not_followed(
    name: str, line: str, checked: Checked, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    for file in [outside, *outside.rglob("*")]:
        if file.is_file():
            file.write_text(SECRET, encoding="utf-8")
    (folder / name).symlink_to(outside)
    status, said, _ = checked()
    assert status == 1
    assert [one[: len(line)] for one in said] == [line]
    assert not any(SECRET in one for one in said)


def test_a_link_within_the_root_is_followed(checked: Checked, folder: Path) -> None:
    (folder / "times.yaml").rename(folder / "times-2026.yaml")
    (folder / "times.yaml").symlink_to("times-2026.yaml")
    assert checked()[:2] == (0, [])


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("hunter2\n", 0o640, "the secret in kannel.password can be read by others (mode 640): chmod 600 it"),
        ("", 0o600, "the secret in kannel.password is empty"),
        ("\n", 0o600, "the secret in kannel.password is empty"),
    ],
)
def test_a_secret_file_that_does_not_hold(content: str, mode: int, reason: str, checked: Checked, folder: Path) -> None:
    (folder / "kannel.password").write_text(content, encoding="utf-8")
    (folder / "kannel.password").chmod(mode)
    assert checked()[:2] == (1, [f"sentinel.yaml:21:102: channels.sms.sms_http.password: {reason}"])
    assert checked("--no-secrets")[:2] == (0, [])


def test_a_secret_has_no_trailing_newline(folder: Path, checked: Checked) -> None:  # noqa: ARG001 - it makes the folder
    from ebank_sentinel.model.settings import read_secret  # noqa: PLC0415 - one test alone asks

    assert read_secret(folder / "kannel.password") == "hunter2"


def test_a_hundred_thousand_targets_in_one_file(checked: Checked, folder: Path) -> None:
    rows = (
        f"T{number:06},{number % 2 + 1:04},10.{number >> 16}.{number >> 8 & 255}.{number & 255}:80,grg"
        for number in range(100_000)
    )
    (folder / "atms.csv").write_text("terminal,branch,address,vendor\n" + "\n".join(rows) + "\n", encoding="utf-8")
    started = time.monotonic()
    status, said, printed = checked()
    assert (status, said) == (0, [])
    assert "100002 targets" in printed
    assert time.monotonic() - started < 10
