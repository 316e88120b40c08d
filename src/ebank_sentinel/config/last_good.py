"""The last configuration that held, kept beside the store: a start with a broken one runs it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ebank_sentinel.config.load import load
from ebank_sentinel.config.loaded import Config
from ebank_sentinel.errors import ConfigError, Problem

_MANIFEST = "manifest.json"
_FILES = "files"


class LastGood:
    """A copy of every file of a configuration, secrets excepted, in a folder of its own."""

    def __init__(self, store: Path) -> None:
        self._folder = store.with_name(store.name + ".last-good")
        self._fresh = store.with_name(store.name + ".last-good.new")
        self._old = store.with_name(store.name + ".last-good.old")

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where a copy lies, if there is one."""
        return self._folder, self._old

    def save(self, config: Config, *, now: datetime) -> None:
        """Replace the copy: at any moment the old one or the new one is whole, and on the disk.

        Raises OSError, or ConfigError when the files are no longer those that were loaded: then the old one stays.
        """
        originals = {_absolute(file) for file in config.files}
        root = Path(os.path.commonpath([file.parent for file in originals]))
        shutil.rmtree(self._fresh, ignore_errors=True)
        self._fresh.mkdir(mode=0o700)
        for file in sorted(originals):
            copy = self._fresh / _FILES / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        manifest = {
            "main": str(_absolute(config.path).relative_to(root)),
            "home": str(_absolute(config.home)),
        }
        (self._fresh / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        self._check(config, self._fresh / _FILES / manifest["main"], now)
        _sync(self._fresh.rglob("*"))
        _sync([self._fresh])
        if self._folder.exists():
            # Only now: after a crash between the two renames, `old` is the one whole copy that there is.
            shutil.rmtree(self._old, ignore_errors=True)
            self._folder.rename(self._old)
        self._fresh.rename(self._folder)
        _sync([self._folder.parent])
        shutil.rmtree(self._old, ignore_errors=True)

    def _check(self, config: Config, copy: Path, now: datetime) -> None:
        """Somebody may have edited the files since they were loaded: what was copied must hold, and be what runs."""
        found = load(copy, now=now, home=_absolute(config.home), credentials=config.credentials, secrets=False)
        if found.settings != config.settings:
            # Only what was built is known to be fit to run, and it was built from these settings.
            raise ConfigError([Problem(str(config.path), 0, 0, "", "was edited since it was loaded")])

    def find(self) -> tuple[Path, Path] | None:
        """The copy of sentinel.yaml, and the folder that secrets are relative to; None when there is no copy."""
        for folder in self.folders:
            try:
                manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
                return folder / _FILES / manifest["main"], Path(manifest["home"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None


def _absolute(path: Path) -> Path:
    """The path as it was written, links not followed: the copy names its files as the original does."""
    return Path(os.path.normpath(path.absolute()))


def _sync(paths: Iterable[Path]) -> None:
    """Wait until files and folders are on the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
