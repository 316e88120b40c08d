"""One process owns a store: a file lock beside it, which names the holder and ends with the process."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from ebank_sentinel.errors import StoreInUse, StoreRefused


class FileLock:
    """Held from construction to `release`, or to the end of the process, however that comes."""

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises StoreInUse, which names the holder, or StoreRefused."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreRefused(f"cannot open the lock {path}: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise StoreInUse(f"the store is in use by {holder} (lock {path})") from None
        self._descriptor = descriptor
        self._write(f"process {os.getpid()} on {socket.gethostname()}\n")

    def release(self) -> None:
        """Let go. The file stays: removing it would let two hold two locks of one name."""
        self._write("")
        os.close(self._descriptor)

    def _write(self, holder: str) -> None:
        with suppress(OSError):  # on a full disk the lock holds all the same, without a name
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, holder.encode(), 0)
