"""One process owns a store: a file lock beside it, which names the holder and ends with the process.

Its first line, once there is one, says that a store was made here: a store that is missing later is a loss.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from ebank_sentinel.errors import StoreInUse, StoreLost, StoreRefused

_MADE = "a store was made here\n"


class FileLock:
    """Held from construction to `release`, or to the end of the process, however that comes."""

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises StoreInUse, which names the holder, StoreRefused or StoreLost."""
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
        self._path = path
        self._descriptor = descriptor
        try:
            self.check()
        except StoreLost:  # removed after we opened it: somebody else may hold the one that is there now
            os.close(descriptor)
            raise
        self.made = _read(descriptor).startswith(_MADE)  # a store was made here, by us or by an earlier process
        self._write(f"process {os.getpid()} on {socket.gethostname()}\n")

    def check(self) -> None:
        """Raises StoreLost when the name leads to another file than the one locked: then anybody can lock that."""
        try:
            same = os.path.samestat(os.fstat(self._descriptor), self._path.stat())
            found = "was replaced"
        except FileNotFoundError:
            same, found = False, "was removed"
        except OSError:
            return  # it cannot be looked at now: that says nothing of who holds it
        if not same:
            raise StoreLost(
                f"the lock {self._path} {found} while this process held it, so that two could decide at once: "
                "this process ends. See that no other one runs on this store, and start again"
            )

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
