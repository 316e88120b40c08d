"""What systemd wants to hear (sd_notify): ready, reloading, stopping, alive. Silent where there is no systemd."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

CREDENTIALS = Path("/run/credentials/ebank-sentinel.service")
"""Where the running service's credentials lie. Only it and root can look."""


class Notifier:
    """Talks to the socket that systemd names in the environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if mine else ""
        self.watchdog = int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) else None
        """Seconds within which systemd wants to hear from us; None: there is no watchdog."""

    def ready(self, status: str) -> None:
        """Start or reload is done."""
        self._send(f"READY=1\nSTATUS={' '.join(status.split())}")

    def reloading(self) -> None:
        """A reload has begun."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1\nSTATUS=draining")

    def alive(self) -> None:
        """Pats the watchdog: to be called only while pages make progress."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
            try:
                peer.sendto(message.encode(), address)
            except OSError:
                return  # systemd is restarting, or gone: nothing that the bank's pages should wait for


def credentials(environment: Mapping[str, str], unit: Path = CREDENTIALS) -> Path | None:
    """Where the unit's credentials are: where systemd says, or, for root beside a running service, where they lie."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder:
        return Path(folder)
    return unit if os.access(unit, os.R_OK | os.X_OK) else None
