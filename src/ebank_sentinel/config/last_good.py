"""The last configuration that held, kept beside the store: a start with a broken one runs it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from ebank_sentinel.config.load import Config

_MANIFEST = "manifest.json"


class LastGood:
    """A copy of every file of a configuration, secrets excepted, in a folder of its own."""

    def __init__(self, store: Path) -> None:
        self._folder = store.with_name(store.name + ".last-good")

    def save(self, config: Config) -> None:
        """Replace the copy: at any moment the old one or the new one is whole. Raises OSError."""
        root = Path(os.path.commonpath([file.resolve() for file in config.files]))
        root = root if root.is_dir() else root.parent
        fresh = self._folder.with_name(self._folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for file in config.files:
            copy = fresh / "files" / file.resolve().relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(file, copy)
        manifest = {"main": str(config.path.resolve().relative_to(root)), "home": str(config.home.resolve())}
        (fresh / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        old = self._folder.with_name(self._folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(old)
        fresh.rename(self._folder)
        shutil.rmtree(old, ignore_errors=True)

    def find(self) -> tuple[Path, Path] | None:
        """The copy of sentinel.yaml, and the folder that secrets are relative to; None when there is no copy."""
        for folder in (self._folder, self._folder.with_name(self._folder.name + ".old")):
            try:
                manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
                return folder / "files" / manifest["main"], Path(manifest["home"])
            except (OSError, ValueError, KeyError):
                continue
        return None
