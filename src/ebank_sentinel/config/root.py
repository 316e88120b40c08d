"""Paths as files write them enter; paths below the configuration's root leave, or the mistake that they are."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.yamlfile import Document


class Root:
    """The folder that holds every file of a configuration, secrets excepted."""

    def __init__(self, main: Path, written: str | None) -> None:
        """`written` is `root:` of the `main` file, relative to it; None: it could not be read, and all is let in."""
        self.folder = Path(os.path.normpath(main.parent / (written or ".")))
        self._real = None if written is None else os.path.realpath(self.folder)
        self._name = f"root ({written})" if written not in (None, ".") else f"the folder of {main.name}"

    def inside(self, document: Document, key: Sequence[str | int], written: str) -> Path:
        """The path that a file names, relative to that file. Raises ConfigError when it leads out of the root."""
        return self._checked(Path(document.name).parent, document, key, written)

    def below(self, document: Document, key: Sequence[str | int], written: str) -> Path:
        """The path that a file names, relative to the root. Raises ConfigError when it leads out of it."""
        return self._checked(self.folder, document, key, written)

    def check_file(self, file: Path) -> None:
        """Raises ConfigError for a file of a folder that is a link to somewhere else."""
        if not self._holds(file):
            reason = f"this symbolic link leads out of {self._name}: put the file itself here, or widen `root`"
            raise ConfigError([Problem(str(file), 0, 0, "", reason)])

    def _checked(self, base: Path, document: Document, key: Sequence[str | int], written: str) -> Path:
        if "\0" in written or not written:
            raise ConfigError([document.problem(key, "this is no path: write one as in rules/login.yaml")])
        path = Path(os.path.normpath(base / written))
        if not self._holds(path):
            reason = f"{written} lies outside {self._name}: put it below, or widen `root` in sentinel.yaml"
            raise ConfigError([document.problem(key, reason)])
        if not os.path.lexists(path):
            what = "" if path.suffix else "file or folder "
            raise ConfigError([document.problem(key, f"there is no {what}{path}{_beside(path)}")])
        return path

    def _holds(self, path: Path) -> bool:
        # realpath and not Path.resolve: a circle of links raises in one Python and not in the next; reading says it.
        return self._real is None or Path(os.path.realpath(path)).is_relative_to(self._real)


def _beside(path: Path) -> str:
    """`: did you mean ...` when a file of almost that name lies there."""
    try:
        names = list(path.parent.iterdir())
    except OSError:
        return ""
    stems = [name.stem for name in names if name.suffix == path.suffix]
    near = difflib.get_close_matches(path.stem, stems, n=1)
    return f': did you mean "{near[0]}{path.suffix}"?' if near else ""
