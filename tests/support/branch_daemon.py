"""The driven daemon, of which one probe may lose its sight: `blind PROBE` and `sees PROBE` enter beside `advance`.

    python -m support.branch_daemon SENTINEL.YAML 2026-12-10T03:00:00+00:00

A probe that is blind asks the kernel for a socket as always, and is refused one: so it is with a collector that has
run out of descriptors. It reads nothing, which says nothing of what it watches.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import Any

from support.driven_daemon import DrivenDaemon, main, say


class BranchDaemon(DrivenDaemon):
    """Obeys two words more."""

    async def _obey(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        say("ready")
        sight: dict[str, Any] = {}
        while line := (await reader.readline()).decode().split():
            match line:
                case ["advance", seconds]:
                    await self.advance(float(seconds))
                case ["blind", probe]:
                    connector = self._connector(probe)
                    sight[probe] = connector._socket_factory
                    connector._socket_factory = lambda place, make=sight[probe]: _without_descriptors(make, place)
                case ["sees", probe]:
                    self._connector(probe)._socket_factory = sight.pop(probe)
            say(f"now {self.clock.now().isoformat()}")

    def _connector(self, probe: str) -> Any:
        """Where its connections are made, opened now when nothing was read yet."""
        fetcher: Any = self.daemon._engine._probers[probe]._fetcher  # type: ignore[attr-defined]  # of kinds over HTTP
        fetcher._session = fetcher._session or fetcher._open()
        return fetcher._session.connector


def _without_descriptors(make: Any, place: Any) -> Any:
    """Ask for a socket while this process may have no descriptor more: the kernel says EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        return make(place)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    sys.exit(main(BranchDaemon))
