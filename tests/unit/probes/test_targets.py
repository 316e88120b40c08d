"""Targets from CSV files and from rows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.probes.settings import ProbeSettings, load_targets
from ebank_sentinel.probes.targets import TargetFile, read_csv


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "atms.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problem(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as refused:
        read_csv(write(folder, text), "terminal")
    return str(refused.value).replace(f"{folder}/", "")


def test_a_column_is_a_label_whatever_its_script(tmp_path: Path) -> None:
    path = write(tmp_path, 'terminal,branch,网点\nA1,0001, 南京路 \n\nA2,0002,"外,滩"\n')
    assert read_csv(path, "terminal") == [
        {"terminal": "A1", "branch": "0001", "网点": "南京路"},
        {"terminal": "A2", "branch": "0002", "网点": "外,滩"},
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfterminal,branch\r\nA1,0001\r\n")
    assert read_csv(path, "terminal") == [{"terminal": "A1", "branch": "0001"}]


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, "terminal\n"), "terminal") == []


BAD_FILES: dict[str, tuple[str | bytes, str]] = {
    "not utf-8": (
        "terminal,branch\nA1,南\n".encode("gb18030"),
        "atms.csv:2:1: it is not UTF-8 text: save it as UTF-8 (in Excel: CSV UTF-8)",
    ),
    "empty": ("", "atms.csv: terminal: it is empty: the first line must name the columns"),
    "no key column": (
        "id,branch\nA1,1\n",
        "atms.csv:1:1: terminal: there is no column terminal: the header names id, branch",
    ),
    "duplicate key": (
        "terminal,b\nA1,1\nA2,1\nA1,2\n",
        "atms.csv:4:1: terminal: terminal 'A1' is there already, in line 2",
    ),
    "empty key": ("terminal,b\n ,1\n", "atms.csv:2:1: terminal: terminal is empty, and it tells targets apart"),
    "ragged": (
        "terminal,b\nA1,1\nA2\n",
        "atms.csv:3:1: terminal: the line has 1 values, and the header names 2 columns",
    ),
    "long cell": (
        f"terminal,b\nA1,{'x' * 1000}\nA2,{'x' * 1001}\n",
        "atms.csv:3:1: terminal: b holds over 1000 characters: is a quote not closed?",
    ),
    "long key": (
        f"terminal,b\n{'x' * 1001},1\n",
        "atms.csv:2:1: terminal: terminal holds over 1000 characters: is a quote not closed?",
    ),
    "long column": (
        f"terminal,{'b' * 1001}\nA1,1\n",
        "atms.csv:1:1: terminal: the name of column 2 holds over 1000 characters: is a quote not closed?",
    ),
    "nul": ("terminal,b\nA1,1\nA\0,2\n", "atms.csv:3:1: it holds a NUL character"),
    "duplicate column": ("terminal,b,b\nA1,1,2\n", "atms.csv:1:1: terminal: the column b is there twice"),
    "unnamed column": ("terminal,,b\nA1,1,2\n", "atms.csv:1:1: terminal: column 2 has no name"),
    "unclosed quote": ('terminal,b\nA1,"x\nA2,1\n', "atms.csv:2:1: terminal: it is not CSV: unexpected end of data"),
    "control character in the key": (
        "terminal,b\nA\x1b[1m,1\n",
        "atms.csv:2:1: terminal: terminal 'A\\x1b[1m' holds a control character",
    ),
    "all at once, after a value of two lines": (
        'terminal,b\nA1,"x\ny"\n,2\nA1,3\n',
        (
            "atms.csv:4:1: terminal: terminal is empty, and it tells targets apart\n"
            "atms.csv:5:1: terminal: terminal 'A1' is there already, in line 2"
        ),
    ),
}


@pytest.mark.parametrize("mistake", BAD_FILES)
def test_a_mistake_is_told_with_its_line(mistake: str, tmp_path: Path) -> None:
    text, told = BAD_FILES[mistake]
    assert problem(tmp_path, text) == told


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.csv", "No such file"), (tmp_path, "not a plain file")):
        with pytest.raises(ConfigError, match=reason):
            read_csv(path, "terminal")
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with pytest.raises(ConfigError, match="not a plain file"):
        read_csv(fifo, "terminal")


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    text = "terminal\n" + "".join(f"A{number}\n" for number in range(200_001))
    assert "over 200000 rows" in problem(tmp_path, text)


def test_a_hundred_thousand_rows_load_quickly(tmp_path: Path) -> None:
    rows = "".join(f"A{n},10.{n >> 16}.{n >> 8 & 255}.{n & 255},{n % 900:04}\n" for n in range(100_000))
    write(tmp_path, "terminal,address,branch\n" + rows)
    began = time.process_time()
    targets = load_targets("atm", atm({"csv": "atms.csv", "key": "terminal"}), tmp_path)
    assert time.process_time() - began < 10  # seconds, on the slowest machine that is used
    assert len(targets) == 100_000


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = write(tmp_path_factory.getbasetemp(), data)
    told: object = ()
    try:
        told = read_csv(path, "terminal")
    except ConfigError as error:
        told = error.problems
        assert told
    assert isinstance(told, list | tuple)


def atm(targets: object) -> ProbeSettings:
    return ProbeSettings.model_validate(
        {"http": {"url": "http://{address}/status"}, "targets": targets, "labels": {"service": "atm"}}
    )


def test_labels_of_the_probe_stand_beside_the_columns(tmp_path: Path) -> None:
    write(tmp_path, "terminal,address,branch\nA1,10.0.0.1:80,0001\n")
    (target,) = load_targets("atm", atm({"csv": "atms.csv", "key": "terminal"}), tmp_path)
    assert target.id == TargetId("atm", "A1")
    assert target.labels == {"service": "atm", "terminal": "A1", "address": "10.0.0.1:80", "branch": "0001"}


def test_without_targets_there_is_one_with_the_name_of_the_probe(tmp_path: Path) -> None:
    settings = ProbeSettings.model_validate({"tcp": {"address": "core.bank:1521"}, "labels": {"service": "core"}})
    (target,) = load_targets("core", settings, tmp_path)
    assert target.id == TargetId("core", "core")
    assert str(target.id) == "core"
    assert target.labels == {"service": "core"}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.0.0.1/admin?", "address holds '/', which must not stand in an address"),
        ("user@10.0.0.1", "address holds '@', which must not stand in an address"),
        ("169.254.169.254", "169.254.169.254 is a cloud's metadata address, and is never connected to"),
        ("127.1", "127.1 is an odd way to write an IPv4 address: write four numbers, as in 10.1.2.3"),
        ("", "address is empty, and the address needs it"),
    ],
)
def test_a_row_that_gives_no_address_is_told_with_its_line(address: str, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"terminal,address\nA1,10.0.0.1\nA2,{address}\n")
    with pytest.raises(ConfigError) as refused:
        load_targets("atm", atm({"csv": "atms.csv", "key": "terminal"}), tmp_path)
    assert str(refused.value) == f"{path}:3:1: A2: {reason}"


def test_a_placeholder_that_no_column_fills_is_told(tmp_path: Path) -> None:
    write(tmp_path, "terminal,host\nA1,10.0.0.1\n")
    with pytest.raises(ConfigError, match=r"\{address\} is not a column or a label of this target"):
        load_targets("atm", atm({"csv": "atms.csv", "key": "terminal"}), tmp_path)


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ({"key": "terminal"}, "exactly one of csv and rows"),
        ({"key": "terminal", "csv": "a", "rows": [{"terminal": "A1"}]}, "exactly one of csv and rows"),
        ({"key": "terminal", "rows": []}, "no rows"),
        ({"key": "terminal", "rows": [{"address": "x"}]}, "row 1 has no terminal"),
        ({"key": "terminal", "rows": [{"terminal": "A", "address": "x"}] * 2}, "row 2: terminal 'A' is there already"),
        ({"key": "terminal", "rows": [{"terminal": "", "address": "x"}]}, "row 1: terminal is empty"),
        ({"key": "terminal", "rows": [{"terminal": 7, "address": "x"}]}, "valid string"),
        ({"key": "terminal", "rows": [{"terminal": "A", "address": "a/b"}]}, "row 1: address holds '/'"),
        ({"key": "terminal", "rows": [{"terminal": "A"}]}, r"row 1: \{address\} is not a column"),
    ],
)
def test_rows_in_the_settings_are_checked_with_them(targets: object, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        atm(targets)


def test_a_file_tells_once_that_it_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "terminal\nA1\n")
    watched = TargetFile(path)
    assert not watched.changed()
    write(tmp_path, "terminal\nA1\nA2\n")
    assert watched.changed()
    assert not watched.changed()
    path.unlink()
    assert not watched.changed()  # an editor is replacing it
    write(tmp_path, "terminal\nA1\nA3\n")
    assert watched.changed()
