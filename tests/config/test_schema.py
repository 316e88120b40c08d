"""`schema`: what an editor marks is what `check` refuses, as far as a schema can say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ebank_sentinel.cli import main
from ebank_sentinel.cli.schema import schema
from ebank_sentinel.yamlfile import load
from support.json_schema import refusals

TOP = Path(__file__).parents[2]
KINDS = ("sentinel", "topology", "times", "rules", "contacts")
EXAMPLES = {
    "sentinel": [TOP / "deploy/sentinel.yaml"],
    "topology": [TOP / "deploy/topology.yaml"],
    "times": [TOP / "deploy/times.yaml"],
    "rules": sorted((TOP / "rules").glob("*.yaml")),
    "contacts": sorted((TOP / "contacts").glob("*.yaml")),
}


def objects(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a mapping."""
    if isinstance(part, dict):
        if part.get("type") == "object" or "properties" in part:
            yield path, part
        for key, value in part.items():
            yield from objects(value, f"{path}/{key}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from objects(value, f"{path}/{number}")


@pytest.mark.parametrize(("kind", "file"), [(kind, file) for kind, files in EXAMPLES.items() for file in files])
def test_every_shipped_file_is_valid(kind: str, file: Path) -> None:
    whole = schema(kind)
    assert list(refusals(load(file).plain(), whole, root=whole)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_mapping_takes_unknown_keys(kind: str) -> None:
    for path, one in objects(schema(kind)):
        assert "additionalProperties" in one, path
        if one["additionalProperties"] is not False:  # labels, headers, ...: any name, and a checked value
            assert one["additionalProperties"].keys() & {"type", "$ref", "anyOf", "oneOf"}, path


@pytest.mark.parametrize(
    ("kind", "data", "refused"),
    [
        ("rules", {"rules": [], "extra": 1}, ": has an unknown key extra"),
        ("rules", {"rule": []}, ": needs rules"),
        ("times", {"times": {"a b": "daily"}}, ".times: has an unknown key a b"),
        ("sentinel", {"plans": "x"}, ".plans: may not stand here"),
        ("topology", {"services": {"a": {"title": {"zh_CN": "x"}}}}, ".services.a.title: fits none of the forms"),
        ("contacts", {"people": {"a": {"name": "A", "sms": "138"}}}, ".people: fits not exactly one of the forms"),
    ],
)
def test_what_check_refuses_a_schema_refuses(kind: str, data: object, refused: str) -> None:
    whole = schema(kind)
    assert refused in list(refusals(data, whole, root=whole))


@pytest.mark.parametrize("kind", KINDS)
def test_not_yet_keys_are_refused_whatever_they_hold(kind: str) -> None:
    for path, one in objects(schema(kind)):
        for name, inner in one.get("properties", {}).items():
            if inner.get("description") == "not yet":
                assert inner["not"] == {}, f"{path}.{name}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_prints_it(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema", kind])
    printed = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert printed == schema(kind)
    assert next(iter(printed)) == "$schema"
    assert printed["title"] == f"ebank-sentinel: {kind}"
