"""`expect:` of an http probe: an answer enters; what does not hold leaves, in words."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ebank_sentinel.model.pattern import Pattern, compile_pattern
from ebank_sentinel.model.reading import ProbeError
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.probes.body import MISSING, at_path, parse_path
from ebank_sentinel.probes.failure import Failed, one_line


def _check_path(text: str) -> str:
    parse_path(text)
    return text


Path = Annotated[str, AfterValidator(_check_path)]
Status = Annotated[int, Field(ge=100, le=599)]


class Expect(Strict):
    """What an answer must be for its target to be up."""

    status: list[Status] = Field(
        default_factory=list, description="HTTP status codes that are fine; else all from 200 to 299"
    )
    json_: dict[Path, str | int | float | bool | None] = Field(
        default_factory=dict,
        alias="json",
        description="path in the JSON body -> the value that must stand there",
    )
    regex: Pattern | None = Field(default=None, description="RE2 pattern that the body must hold somewhere")
    not_regex: Pattern | None = Field(default=None, description="RE2 pattern that the body must hold nowhere")


class Expectation:
    """The settings, ready to be compared with answers."""

    def __init__(self, settings: Expect) -> None:
        self._status: Collection[int] = frozenset(settings.status) or range(200, 300)
        self._status_words = ", ".join(map(str, settings.status)) or "200 to 299"
        self._json = [(name, parse_path(name), wanted) for name, wanted in settings.json_.items()]
        self._regex = compile_pattern(settings.regex) if settings.regex is not None else None
        self._not_regex = compile_pattern(settings.not_regex) if settings.not_regex is not None else None
        self.wants_json = bool(self._json)
        self.wants_text = self._regex is not None or self._not_regex is not None

    def takes(self, status: int) -> bool:
        """Whether this status is fine."""
        return status in self._status

    def check_status(self, status: int) -> None:
        """Raises Failed for a status that is not expected."""
        if not self.takes(status):
            raise Failed(ProbeError.STATUS, f"status {status}, expected {self._status_words}")

    def check_json(self, document: object) -> None:
        """Raises Failed for the first path where something else stands."""
        for name, path, wanted in self._json:
            value = at_path(document, path)
            if value is MISSING:
                raise Failed(ProbeError.ASSERTION, f"{name} is not in the body, expected {_shown(wanted)}")
            if not _same(value, wanted):
                raise Failed(ProbeError.ASSERTION, f"{name} is {_shown(value)}, expected {_shown(wanted)}")

    def check_text(self, text: str) -> None:
        """Raises Failed when a pattern is missing, or one is there that must not be."""
        if self._regex is not None and self._regex.search(text) is None:
            raise Failed(ProbeError.ASSERTION, f"the body holds nothing that matches {_pattern_of(self._regex)}")
        if self._not_regex is not None and self._not_regex.search(text) is not None:
            raise Failed(ProbeError.ASSERTION, f"the body holds what matches {_pattern_of(self._not_regex)}")


def _same(value: object, wanted: object) -> bool:
    """Equal as JSON is: 1 and 1.0 are, 1 and true are not."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a structure"
    return one_line(json.dumps(value, ensure_ascii=False), 60)


def _pattern_of(pattern: Any) -> str:
    return one_line(f"/{pattern.pattern}/", 80)
