"""How grave: I to IV as files write it, 一级 to 四级 as a phone shows it."""

from __future__ import annotations

import enum
from typing import Self


class Severity(enum.IntEnum):
    """Ordered by gravity: `Severity.I > Severity.IV`."""

    IV = 1
    III = 2
    II = 3
    I = 4  # noqa: E741 - the levels are Roman numerals

    @classmethod
    def parse(cls, text: str) -> Self:
        """`I`, `II`, `III` or `IV`. Raises KeyError for anything else."""
        return cls[text]

    def up(self) -> Severity:
        """One level graver; I stays I."""
        return Severity(min(self + 1, Severity.I))

    def title(self, language: str) -> str:
        """The word a person reads. Never 重大 or 较大: those are a regulator's findings."""
        if language.startswith("zh"):
            return _CHINESE[self]
        return f"Level {self.name}"


_CHINESE = {Severity.I: "一级", Severity.II: "二级", Severity.III: "三级", Severity.IV: "四级"}
