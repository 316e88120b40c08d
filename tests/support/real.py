"""Real programs that tests drive: a name enters, the path of the program leaves, or the test is skipped.

Where nothing may be skipped (the environment says SENTINEL_REAL=required), a missing program fails the test.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
from contextlib import closing

import pytest

_ALSO = "/usr/sbin:/usr/local/sbin:/sbin:/usr/lib/kannel/test"  # Debian keeps daemons where a user's PATH does not look


def program(name: str) -> str:
    """The path of an installed program. Skips the test without it, or fails it when SENTINEL_REAL=required."""
    path = shutil.which(name) or shutil.which(name, path=_ALSO)
    if path is not None:
        return path
    if os.environ.get("SENTINEL_REAL") == "required":
        pytest.fail(f"{name} is not installed, and SENTINEL_REAL=required: `make test` as root installs it")
    pytest.skip(f"{name} is not installed: `make test` as root installs it")


def free_port() -> int:
    """A port on loopback that nobody listens on, below those that the kernel hands out to clients."""
    candidates = random.sample(range(20_000, 32_000), 200)  # at random: several test runs share a machine
    for port in candidates:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as listener:
            # No SO_REUSEADDR on purpose: a port with connections in TIME_WAIT is passed over.
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("200 ports tried on 127.0.0.1 between 20000 and 32000, all of them taken")
