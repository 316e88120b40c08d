"""One process owns a store: a file lock beside it, which names the holder and ends with the process.

Its first line, once there is one, says that a store was made here: a store that is missing later is a loss.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from ebank_sentinel.errors import StoreInUse, StoreRefused

_MADE = "a store was made here\n"


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
            holder = _read(descriptor).removeprefix(_MADE).strip() or "another process"
            os.close(descriptor)
            raise StoreInUse(f"the store is in use by {holder} (lock {path})") from None
        self._descriptor = descriptor
        self.made = _read(descriptor).startswith(_MADE)  # a store was made here, by us or by an earlier process
        self._write(f"process {os.getpid()} on {socket.gethostname()}\n")

    def mark_made(self) -> None:
        """Remember that a store was made."""
        if not self.made:
            with suppress(OSError):  # on a full disk the next start marks it
                holder = _read(self._descriptor)
                os.pwrite(self._descriptor, (_MADE + holder).encode(), 0)
                os.fsync(self._descriptor)
                self.made = True

    def release(self) -> None:
        """Let go. The file stays: removing it would let two hold two locks of one name."""
        self._write("")
        os.close(self._descriptor)

    def _write(self, holder: str) -> None:
        start = len(_MADE) if self.made else 0
        with suppress(OSError):  # on a full disk the lock holds all the same, without a name
            os.ftruncate(self._descriptor, start)
            os.pwrite(self._descriptor, holder.encode(), start)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 400, 0).decode(errors="replace")
