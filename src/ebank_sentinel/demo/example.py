"""Where the example bank is: nothing enters; the folder that holds its deploy/, rules/ and contacts/ leaves."""

from __future__ import annotations

from pathlib import Path

PARTS = ("deploy", "rules", "contacts", "docs/runbooks")
"""Its folders; pyproject.toml puts them into the wheel."""

_HERE = Path(__file__).parent


def example_bank() -> Path:
    """In a wheel beside this file, in a checkout at its root. Raises FileNotFoundError when it is at neither."""
    for place in (_HERE / "example", _HERE.parents[2]):
        if all((place / part).is_dir() for part in PARTS):
            return place
    raise FileNotFoundError(f"the example bank ({', '.join(PARTS)}) is not beside {_HERE}: install the package anew")
