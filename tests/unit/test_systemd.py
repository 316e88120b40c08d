"""What systemd hears of us, over a real socket, and where it puts secrets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebank_sentinel.systemd import Notifier, credentials


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        yield manager


def lines(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().splitlines()


def test_it_says_ready_reloading_alive_and_stopping(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready("3 targets")
    assert lines(manager) == ["READY=1", "STATUS=3 targets"]
    notifier.reloading()
    first, second = lines(manager)
    assert (first, second.partition("=")[0]) == ("RELOADING=1", "MONOTONIC_USEC")
    assert second.partition("=")[2].isdigit()
    notifier.alive()
    assert lines(manager) == ["WATCHDOG=1"]
    notifier.stopping()
    assert lines(manager) == ["STOPPING=1", "STATUS=draining"]


def test_a_status_is_one_line_whatever_it_says(manager: socket.socket) -> None:
    Notifier({"NOTIFY_SOCKET": manager.getsockname()}).ready("a\nSTOPPING=1")
    assert lines(manager) == ["READY=1", "STATUS=a STOPPING=1"]


def test_an_abstract_socket_is_found() -> None:
    name = f"@ebank-sentinel-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:])
        manager.settimeout(5)
        Notifier({"NOTIFY_SOCKET": name}).alive()
        assert lines(manager) == ["WATCHDOG=1"]


def test_without_systemd_it_is_silent() -> None:
    notifier = Notifier({})
    notifier.ready("x")
    assert notifier.watchdog is None


def test_a_manager_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.alive()
    assert not (tmp_path / "gone").exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:  # it comes back, and hears of us again
        manager.bind(str(tmp_path / "gone"))
        manager.settimeout(5)
        notifier.alive()
        assert manager.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_names_us(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environment).watchdog == seconds


def test_credentials_are_where_systemd_says(tmp_path: Path) -> None:
    assert credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, tmp_path / "unit") == tmp_path


def test_beside_a_running_service_they_are_where_it_has_them(tmp_path: Path) -> None:
    assert credentials({}, tmp_path) == tmp_path
    assert credentials({}, tmp_path / "not running") is None
