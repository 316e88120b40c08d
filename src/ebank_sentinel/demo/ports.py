"""Free loopback ports: how many are wanted enters, as many different port numbers leave."""

from __future__ import annotations

import random
import socket
from contextlib import closing

_LOWEST = 20_000
_HIGHEST = 32_000
"""Below 32768, where Linux begins to take the ports of outgoing connections: nothing grabs one before its server."""

_TRIES = 2_000


def free_ports(count: int, *, dice: random.Random) -> list[int]:
    """So many TCP ports of 127.0.0.1 on which nobody listens. Raises OSError when there are not enough."""
    found: set[int] = set()
    for _ in range(_TRIES):
        if len(found) == count:
            return list(found)
        port = dice.randint(_LOWEST, _HIGHEST)
        if _is_free(port):
            found.add(port)
    raise OSError(f"found no {count} free ports between {_LOWEST} and {_HIGHEST} on 127.0.0.1: is something using all?")


def _is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
