"""Names, addresses and sockets: one look-up for all who ask, and the next address when one does not answer."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.probes.failure import ForbiddenAddress, one_line
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.place import Address
from support.bad_servers import never_answers, serving

SECOND = timedelta(seconds=1)


@asynccontextmanager
async def open_network() -> AsyncIterator[Network]:
    network = Network(SystemClock())
    try:
        yield network
    finally:
        await network.close()


def found(*addresses: str) -> list[tuple[object, ...]]:
    """What getaddrinfo says of a name with these addresses."""
    return [(socket.AF_INET6 if ":" in ip else socket.AF_INET, 1, 6, "", (ip, 0)) for ip in addresses]


async def test_a_name_that_many_ask_for_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def slowly(host: object, *_arguments: object, **_options: object) -> object:
        asked.append(host)
        time.sleep(0.05)
        return found("127.0.0.1")

    monkeypatch.setattr("socket.getaddrinfo", slowly)
    async with open_network() as network:
        answers = await asyncio.gather(*(network.resolver.addresses("atm.bank") for _ in range(50)))
        assert asked == ["atm.bank"]
        assert answers == [[(socket.AF_INET, "127.0.0.1")]] * 50
        await network.resolver.addresses("atm.bank")
    assert len(asked) == 2  # nothing is kept: a probe asks what a customer would


async def test_whoever_gives_up_takes_the_answer_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def when_told(*_arguments: object, **_options: object) -> object:
        answer.wait(5)
        return found("127.0.0.1")

    monkeypatch.setattr("socket.getaddrinfo", when_told)
    async with open_network() as network:
        first = asyncio.create_task(network.resolver.addresses("atm.bank"))
        second = asyncio.create_task(network.resolver.addresses("atm.bank"))
        await asyncio.sleep(0.01)
        first.cancel()
        answer.set()
        assert await second == [(socket.AF_INET, "127.0.0.1")]
        assert first.cancelled()


async def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(never_answers) as port, open_network() as network:
        monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_o: found("127.0.0.9", "127.0.0.1"))
        connected = await network.connect(Address("core.bank", port), network.stopwatch(), SECOND)
        assert connected.getpeername() == ("127.0.0.1", port)
        connected.close()


async def test_an_address_that_swallows_packets_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(never_answers) as port, open_network() as network:
        monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_o: found("127.0.0.9", "127.0.0.1"))
        connect = asyncio.get_running_loop().sock_connect

        async def swallowed(made: socket.socket, place: tuple[str, int]) -> None:
            if place[0] == "127.0.0.9":
                await asyncio.sleep(60)
            await connect(made, place)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", swallowed)
        connected = await network.connect(Address("core.bank", port), network.stopwatch(), SECOND / 2)
        assert connected.getpeername()[0] == "127.0.0.1"
        connected.close()


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::ffff:100.100.100.200"])
async def test_no_socket_is_made_for_a_forbidden_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    async with open_network() as network:
        with monkeypatch.context() as patched:
            patched.setattr("ebank_sentinel.probes.network.socket.socket", lambda **options: made.append(options))
            patched.setattr("socket.getaddrinfo", lambda *_a, **_o: found(address))
            with pytest.raises(ForbiddenAddress):
                await network.connect(Address("harmless.example", 80), network.stopwatch(), SECOND)
    assert made == []


def test_authorities_are_loaded_once_for_all_probes() -> None:
    network = Network(SystemClock())
    assert network.trust(None) is network.trust(None)


def test_words_of_others_stand_on_one_line() -> None:
    assert one_line("a\r\nb\tc\x1b[1m\u2028d\ud800") == "a b c?[1m d?"
    assert len(one_line("x" * 1000)) == 300
