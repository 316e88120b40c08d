"""Every error that this program raises on purpose. The docstring is the message's frame.

SentinelError
├── ConfigError         the files a bank edits do not hold; carries every problem found
├── StoreError
│   ├── StoreRefused    the store cannot be written now (full, read-only, locked, gone)
│   ├── StoreDamaged    what the store holds cannot be trusted
│   ├── StoreInUse      another process holds the store's lock
│   └── StoreTooNew     a newer version of this program wrote the store
├── StoreLost           the store is no longer ours: the process must end
├── DeliveryError       a channel could not deliver; says whether trying again can help
├── RequestError        what a caller asked cannot be done; becomes a problem document
└── UsageError          the command line asks for something that cannot be
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


LONGEST_KEY = 200
LONGEST_REASON = 500
"""Characters of a problem's key and reason."""


class SentinelError(Exception):
    """Base of all errors raised on purpose: its text is fit to be shown to a person."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a file, at its place."""

    file: str
    line: int  # 1-based; 0 when the whole file is meant
    column: int  # 1-based; 0 when the whole line is meant
    key: str  # dotted path of the key, "" when the whole file is meant
    reason: str  # what is wrong, and what to write instead

    def __post_init__(self) -> None:
        """Keep it readable, whatever the file holds: a value of ten megabytes is not printed in whole."""
        for name, most in (("key", LONGEST_KEY), ("reason", LONGEST_REASON)):
            text = getattr(self, name)
            if len(text) > most:
                object.__setattr__(self, name, f"{text[: most - 3]}...")

    def __str__(self) -> str:
        place = self.file if not self.line else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class ConfigError(SentinelError):
    """The configuration does not hold: all its problems, in the order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreError(SentinelError):
    """The store failed."""


class StoreRefused(StoreError):
    """The store cannot be written now: full, read-only, locked or gone."""


class StoreDamaged(StoreError):
    """What the store holds cannot be trusted: names the file, the check and the way back."""


class StoreInUse(StoreError):
    """Another process holds the store's lock: names it."""


class StoreTooNew(StoreError):
    """A newer version of this program wrote the store."""


class StoreLost(SentinelError):
    """The store's lock is no longer ours, so another process may decide too: this one must end.

    No StoreError: whoever goes on when the store refuses must not go on now.
    """


class DeliveryError(SentinelError):
    """A channel could not deliver a page."""

    def __init__(self, reason: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.permanent = permanent  # True: trying again cannot help
        self.retry_after = retry_after  # seconds that the provider asked us to wait


class RequestError(SentinelError):
    """What a caller asked cannot be done (RFC 9457: title is stable, detail is for this case)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


class UsageError(SentinelError):
    """The command line asks for something that cannot be: exit status 2."""
