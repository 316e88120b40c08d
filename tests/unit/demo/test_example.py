from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ebank_sentinel.demo import example
from ebank_sentinel.demo.example import PARTS, example_bank

_ROOT = Path(__file__).parents[3]


def test_in_a_checkout_the_example_bank_is_the_one_at_its_root() -> None:
    assert example_bank() == _ROOT


def test_a_wheel_holds_every_part_of_it_beside_the_demo() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {part: f"ebank_sentinel/demo/example/{part}" for part in PARTS}


def test_beside_the_demo_it_is_taken_before_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in PARTS:
        (tmp_path / "example" / part).mkdir(parents=True)
    monkeypatch.setattr(example, "_HERE", tmp_path)
    assert example_bank() == tmp_path / "example"


def test_where_it_is_missing_the_error_says_what_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "_HERE", tmp_path / "a" / "b" / "c")
    with pytest.raises(FileNotFoundError, match=r"the example bank \(deploy, rules, contacts, docs/runbooks\)"):
        example_bank()
