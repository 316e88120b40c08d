"""What pip installs is what uv.lock decided."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pinned(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE))


def locked() -> dict[str, str]:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package["version"] for package in lock["package"] if "registry" in package["source"]}


def test_everything_in_uv_lock_is_pinned_for_development() -> None:
    assert pinned("requirements-dev.lock") == locked()


def test_what_is_needed_to_run_is_a_part_of_it() -> None:
    assert pinned("requirements.lock").items() <= locked().items()


def test_no_lock_for_pip_names_an_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8")
