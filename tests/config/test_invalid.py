"""Every invalid file under tests/config/invalid is named after its mistake, and messages.txt holds what is said of it.

`check` runs in a folder where all else holds. The messages are the catalogue that a person reads at 3 a.m.: a change
of words shows in messages.txt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ebank_sentinel.cli import main
from support.config_folder import check, good_folder, put

HERE = Path(__file__).parent
INVALID = HERE / "invalid"


def _messages() -> Mapping[str, list[str]]:
    """The messages by `kind/file`."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "messages.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            assert name not in found, f"{name} stands twice in messages.txt"
            found[name] = []
        elif line:
            found[name].append(line)
    return found


MESSAGES = _messages()


def test_every_mistake_has_its_message_and_every_message_its_mistake() -> None:
    mistakes = {f"{kind.name}/{wrong.name}" for kind in INVALID.iterdir() for wrong in kind.iterdir()}
    assert mistakes == set(MESSAGES)
    assert all(MESSAGES.values())


@pytest.mark.parametrize("name", MESSAGES)
def test_a_mistake_is_refused_with_exactly_these_words(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    good_folder(tmp_path)
    kind = name.split("/", maxsplit=1)[0]
    status, said, printed = check(put(tmp_path, kind, INVALID / name), capsys=capsys, monkeypatch=monkeypatch)
    assert said == MESSAGES[name]
    assert status == 1
    assert printed == ""
    assert not any("hunter2" in line or "Traceback" in line for line in said)


def test_what_holds_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said, printed = check(good_folder(tmp_path), capsys=capsys, monkeypatch=monkeypatch)
    assert (status, said) == (0, [])
    assert printed.startswith("sentinel.yaml holds: 3 probes, 5 targets, 3 rules, 5 groups, 2 channels\n")


def test_problems_and_notices_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main_file = put(good_folder(tmp_path).parent, "rules", INVALID / "rules" / "group-unknown.yaml")
    status, said, printed = check(main_file, "--json", capsys=capsys, monkeypatch=monkeypatch)
    assert (status, said) == (1, [])
    answer = json.loads(printed)
    assert (answer["ok"], answer["notices"]) == (False, [])
    assert answer["problems"][0] == {
        "file": "rules/group-unknown.yaml",
        "line": 8,
        "column": 14,
        "key": "rules[0].groups[0]",
        "reason": "there is no group 'technicl': did you mean \"technical\"?",
    }


def test_a_folder_with_brackets_in_its_name_is_printed_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "[red]bank"
    folder.mkdir()
    good_folder(folder)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["check", "-c", "[red]bank/sentinel.yaml"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("[red]bank/sentinel.yaml holds: ")
