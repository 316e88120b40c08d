"""The composition root: everything is built, started, reloaded and drained here."""

from ebank_sentinel.daemon.program import Daemon

__all__ = ["Daemon"]
