"""`schema`: JSON Schema of the files, for editors."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from ebank_sentinel.config.settings import SentinelFile, TopologyFile
from ebank_sentinel.contacts import ContactsSettings
from ebank_sentinel.model.times import TimesSettings
from ebank_sentinel.rules.settings import RuleFile, RuleSettings

NAME = "schema"


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
    adapter: TypeAdapter[Any] = TypeAdapter(
        dict[Literal["rules"], list[RuleSettings]] if file == "rules" else _FILES[file]
    )
    title = f"ebank-sentinel: {file}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter.json_schema(), "title": title}
