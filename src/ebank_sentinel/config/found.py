"""Mistakes enter one after the other; all of them leave at once. What could not be read hides nothing else."""

from __future__ import annotations

from ebank_sentinel.errors import ConfigError, Problem


class Found:
    """What was wrong so far: `with found:` goes on after a mistake, so that one hides no other."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __enter__(self) -> None:
        """Collect the problems of what is inside."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keep them, and go on behind the block."""
        if isinstance(error, ConfigError):
            self.problems += error.problems
        return isinstance(error, ConfigError)


class AnyName(tuple[str, ...]):
    """Stands for names that could not be read: it holds every one, so that one mistake is told once."""

    __slots__ = ()

    def __contains__(self, _name: object) -> bool:
        """Yes."""
        return True
