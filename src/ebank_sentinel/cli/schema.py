"""`schema`: JSON Schema of the files, for editors."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel

from ebank_sentinel.config.settings import SentinelFile, TopologyFile
from ebank_sentinel.contacts import ContactsSettings
from ebank_sentinel.model.times import TimesSettings
from ebank_sentinel.rules.settings import RuleFile, RuleSettings


class RulesShape(RuleFile):
    """A file of rules, whole: reading checks each of them by itself."""

    rules: list[RuleSettings]


_FILES: dict[str, type[BaseModel]] = {
    "sentinel": SentinelFile,
    "topology": TopologyFile,
    "times": TimesSettings,
    "contacts": ContactsSettings,
    "rules": RulesShape,
}


def command(file: Literal["sentinel", "topology", "times", "rules", "contacts"] = "sentinel") -> int:
    """Print the JSON Schema (2020-12) of a file."""
    print(json.dumps(schema(file), ensure_ascii=False, indent=2))
    return 0


def schema(file: str) -> dict[str, Any]:
    """The JSON Schema of a kind of file."""
    found = _closed(_FILES[file].model_json_schema())
    assert isinstance(found, dict)  # noqa: S101 - a model's schema is an object
    found |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"ebank-sentinel: {file}"}
    return dict(sorted(found.items(), key=lambda item: item[0] != "$schema"))


def _closed(part: Any) -> Any:
    """The same, where names with a pattern are the only ones: an editor then marks a wrong name, as `check` does."""
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if "patternProperties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
