"""The map in docs/architecture.md is the tree, and its layers are those that the linter checks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "ebank_sentinel"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def listed(tree: str) -> tuple[str, set[str]]:
    """The folder that a drawn tree shows, and the names in it: a folder's name ends in a slash."""
    root, *lines = tree.splitlines()
    return root.rstrip("/"), {line.split()[1] for line in lines}


def modules() -> set[str]:
    """What the package really holds at its top."""
    entries = [entry for entry in PACKAGE.iterdir() if not entry.name.startswith("_")]
    folders = {f"{entry.name}/" for entry in entries if entry.is_dir() and any(entry.glob("*.py"))}
    return folders | {entry.name for entry in entries if entry.suffix == ".py"}


def contract() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [entry for entry in settings["tool"]["importlinter"]["contracts"] if entry["type"] == "layers"]
    return [layer for layer in layers["layers"] if layer != "__main__"]  # it only starts `cli`


def test_everything_on_the_map_exists() -> None:
    for root, names in map(listed, blocks("tree")):
        for name in names:
            path = ROOT / root / name
            assert path.is_dir() if name.endswith("/") else path.is_file(), f"{root}/{name} is on the map only"


def test_every_module_of_the_package_is_on_the_map() -> None:
    trees = dict(map(listed, blocks("tree")))
    assert trees["src/ebank_sentinel"] == modules()


def test_the_layers_of_the_page_are_those_of_the_import_contract() -> None:
    [page] = blocks("layers")
    assert page.splitlines() == contract()


def test_every_module_of_the_package_has_a_layer() -> None:
    layers = re.findall(r"[a-z]+", " ".join(contract()))
    assert sorted(layers) == sorted(name.removesuffix(".py").rstrip("/") for name in modules())


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_every_decision_record_is_in_the_list_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("[0-9]*.md")):
        text = record.read_text(encoding="utf-8")
        assert f"({record.name})" in index
        assert text.startswith(f"# {record.name[:4]}: ")
        assert [part for part in ("## Context", "## Decision", "## Consequences") if part not in text] == []
