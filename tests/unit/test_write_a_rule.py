"""The how-tos about rules hold: their blocks are typed in their order, and each output is what comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebank_sentinel.cli import main

ROOT = Path(__file__).parents[2]
_PAGE = ROOT / "docs/write-a-rule.md"
_ABOUT_TESTS = ROOT / "docs/testing-rules.md"
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?:# |<!-- )(?P<path>[\w./-]+)(?P<instead>, instead of the last line)?(?: -->)?")
_TAKEN = re.compile(r"\d+ ms|\d+\.\d s")


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of each block, in the order of the page."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield found["language"], found["text"]


def _type(block: str) -> None:
    """Write a block to the file that its first line names: to its end, when there is one."""
    first, _, rest = block.partition("\n")
    named = _FILE.fullmatch(first)
    assert named is not None, f"a block names no file in its first line: {first}"
    path = Path(named["path"])
    if path.exists():
        written = path.read_text(encoding="utf-8")
        block = ("".join(written.splitlines(keepends=True)[:-1]) if named["instead"] else written) + rest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block, encoding="utf-8")


def _run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints."""
    with pytest.raises(SystemExit):
        main(command.split()[1:])
    return capsys.readouterr().out


def _plain(output: str) -> str:
    """Without how long it took, which is another each time."""
    return _TAKEN.sub("", output).strip()


def test_the_how_to_can_be_typed_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EBANK_SENTINEL_CONFIG", "sentinel.yaml")
    commands = 0

    for language, text in _blocks(_PAGE):
        if language in ("yaml", "markdown"):
            _type(text)
        elif language == "console":
            command, _, shown = text.partition("\n")
            assert _plain(_run(command.removeprefix("$ "), capsys)) == _plain(shown), command
            commands += 1

    assert commands > 5
    printed = _run("ebank-sentinel test --coverage", capsys)
    [claimed] = re.findall(r"(\d+ of \d+) rules and rows, in (\d+ tests)", _PAGE.read_text(encoding="utf-8"))
    assert f"100% of rules and rows are reached: {claimed[0]}" in printed
    assert f"{claimed[1]} ok" in printed


def test_the_ten_minutes_about_tests_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = _ABOUT_TESTS.read_text(encoding="utf-8")
    begun, finished = [text for language, text in _blocks(_ABOUT_TESTS) if language == "yaml"]
    [more] = re.findall(r"Now ask for more: add `(- .*?)`\.", page)
    begun = begun.replace("../../deploy", str(ROOT / "deploy"))
    before_the_claim = begun[: begun.rindex("      - {at:")]
    test = tmp_path / "atm.test.yaml"

    def play(text: str) -> str:
        test.write_text(text, encoding="utf-8")
        return _run(f"ebank-sentinel test {test}", capsys)

    assert "1 test ok" in play(begun)
    assert "1 of 1 test failed" in play(f"{begun}      {more}\n")
    assert "1 test ok" in play(before_the_claim + finished)


def test_a_link_within_the_how_to_leads_somewhere() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in _headings(page)}

    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= headings


def _headings(page: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
