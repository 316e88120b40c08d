"""One process owns a store: a file lock beside it, which names the holder and ends with the process."""

from __future__ import annotations

import fcntl
import os
import socket
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
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go. The file stays: removing it would let two hold two locks of one name."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
