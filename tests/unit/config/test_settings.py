"""Where the store lies, whatever else is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebank_sentinel.config import find_store


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("store: sqlite:///data/s.db\n", "data/s.db"),
        ("bank: {}\nstore: 'sqlite:///s.db'  # here\n", "s.db"),
        ('store: "sqlite:///my store.db"\n', "my store.db"),
        ("store: sqlite:///s.db # note\nbank: [\n", "s.db"),  # no YAML at all
        ('bank: {\nstore: "sqlite:///s.db"\n', "s.db"),
        ("{store: sqlite:///s.db}\n", "s.db"),
        ("store: sqlite:///s.db\nstore: sqlite:///t.db\n", "s.db"),
        ("rules: []\n", "sentinel.db"),
        ("store: postgresql://db/x\n", "sentinel.db"),
        ("store: 5\n", "sentinel.db"),
        ("#store: sqlite:///s.db\n", "sentinel.db"),
        ("", "sentinel.db"),
    ],
)
def test_the_store_is_found_in_a_file_that_does_not_hold(text: str, store: str, tmp_path: Path) -> None:
    (tmp_path / "sentinel.yaml").write_text(text, encoding="utf-8")
    assert find_store(tmp_path / "sentinel.yaml") == tmp_path / store


def test_an_absolute_store_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "sentinel.yaml").write_text("store: sqlite:////var/lib/s.db\n", encoding="utf-8")
    assert find_store(tmp_path / "sentinel.yaml") == Path("/var/lib/s.db")


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    assert find_store(tmp_path / "sentinel.yaml") == tmp_path / "sentinel.db"
    (tmp_path / "sentinel.yaml").mkdir()
    assert find_store(tmp_path / "sentinel.yaml") == tmp_path / "sentinel.db"
