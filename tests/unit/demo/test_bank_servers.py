from __future__ import annotations

import asyncio
import random

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.bank_servers import ebanking, serve, terminals
from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.directory import read_terminals
from ebank_sentinel.demo.folder import BANK
from ebank_sentinel.demo.ports import free_ports


def new_bank() -> Bank:
    return Bank(SystemClock(), read_terminals(BANK))


def new_port() -> int:
    return free_ports(1, dice=random.SystemRandom())[0]


async def test_health_says_up_and_takes_as_long_as_a_login() -> None:
    bank, port = new_bank(), new_port()
    loop = asyncio.get_running_loop()
    async with serve(ebanking(bank), port=port), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/health"
        async with session.get(url) as answer:
            body = await answer.json()
        assert (answer.status, body["status"], body["queue"]["depth"]) == (200, "UP", 4)
        bank.slow_down(0.4)
        begin = loop.time()
        async with session.get(url) as answer:
            body = await answer.json()
        assert loop.time() - begin >= 0.4
        assert body["queue"]["depth"] > 4


async def test_stats_and_metrics_tell_the_same_rate() -> None:
    bank, port = new_bank(), new_port()
    async with serve(ebanking(bank), port=port), aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/stats") as answer:
            stats = await answer.json()
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert stats == {"login": {"rate": 0.98, "attempts": 200}}
    attempts = families["login_attempts"].samples[0].value
    assert families["login_ok"].samples[0].value / attempts == pytest.approx(0.98, abs=0.001)


async def test_a_dead_atm_hangs_up_without_an_answer_and_its_neighbour_lives() -> None:
    bank, port = new_bank(), new_port()
    bank.kill(frozenset({"A0701"}))
    async with serve(terminals(bank), port=port), aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await session.get(f"http://127.0.0.1:{port}/atm/A0701/status")
        async with session.get(f"http://127.0.0.1:{port}/atm/A0702/status") as answer:
            body = await answer.json()
        assert (body["terminal"], body["device"]["online"]) == ("A0702", True)
        bank.recover()
        async with session.get(f"http://127.0.0.1:{port}/atm/A0701/status") as answer:
            assert answer.status == 200


async def test_no_healthy_atm_is_low_on_cash() -> None:
    bank, port = new_bank(), new_port()
    async with serve(terminals(bank), port=port), aiohttp.ClientSession() as session:
        for terminal in bank.terminals:
            async with session.get(f"http://127.0.0.1:{port}/atm/{terminal.terminal}/status") as answer:
                assert (await answer.json())["cash_percent"] >= 10


async def test_a_terminal_that_the_bank_does_not_have_is_not_found() -> None:
    port = new_port()
    async with (
        serve(terminals(new_bank()), port=port),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/atm/A9999/status") as answer,
    ):
        assert answer.status == 404


def test_recovery_undoes_everything() -> None:
    bank = new_bank()
    healthy = (bank.latency_seconds, bank.success, bank.dead)
    bank.slow_down(0.6)
    bank.fail_logins(0.62)
    bank.kill(frozenset({"A0701"}))
    assert (bank.latency_seconds, bank.success, bank.dead) == (0.6, 0.62, frozenset({"A0701"}))
    bank.recover()
    assert (bank.latency_seconds, bank.success, bank.dead) == healthy
