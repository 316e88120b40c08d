from __future__ import annotations

import asyncio
import random

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.bank_servers import devices, ebanking, serve
from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.figures import Figures, queries_of
from ebank_sentinel.demo.lines import Lines
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.demo.terminal_status import status_of
from ebank_sentinel.probes.atm_status import examine
from support.demo_bank import SENTINEL, TERMINALS

QUERIES = queries_of(SENTINEL)


def new_bank() -> Bank:
    return Bank(SystemClock(), TERMINALS)


def new_port() -> int:
    return free_ports(1, dice=random.SystemRandom())[0]


async def test_metrics_and_queries_tell_the_same_rate() -> None:
    bank, port = new_bank(), new_port()
    query = next(query for query, field in QUERIES.items() if field == ("login_rate", "rate"))
    url = f"http://127.0.0.1:{port}"
    async with serve(ebanking(bank, Figures(bank, QUERIES)), port=port), aiohttp.ClientSession() as session:
        async with session.post(f"{url}/api/v1/query", data={"query": query}) as answer:
            (series,) = (await answer.json())["data"]["result"]
        async with session.post(f"{url}/api/v1/query", data={"query": "up"}) as answer:
            refused = (answer.status, (await answer.json())["errorType"])
        async with session.get(f"{url}/metrics") as answer:
            families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert (series["metric"], float(series["value"][1])) == ({}, 0.98)
    assert refused == (400, "bad_data")
    attempts = families["login_attempts"].samples[0].value
    assert families["login_ok"].samples[0].value / attempts == pytest.approx(0.98, abs=0.001)


async def test_a_dead_atm_hangs_up_without_an_answer_and_its_neighbour_lives() -> None:
    bank, port = new_bank(), new_port()
    bank.break_terminal("A0701")
    async with serve(devices(bank), port=port), aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await session.get(f"http://127.0.0.1:{port}/atm/A0701/status")
        async with session.get(f"http://127.0.0.1:{port}/atm/A0702/status") as answer:
            body = await answer.json()
        assert (body["terminal"], body["common"]["device"]) == ("A0702", "online")
        bank.repair_terminal("A0701")
        async with session.get(f"http://127.0.0.1:{port}/atm/A0701/status") as answer:
            assert answer.status == 200


async def test_the_ups_of_a_branch_says_where_its_power_comes_from() -> None:
    bank, port = new_bank(), new_port()
    bank.lose_mains("1017")
    seen = {}
    async with serve(devices(bank), port=port), aiohttp.ClientSession() as session:
        for branch in ("1017", "1018"):
            async with session.get(f"http://127.0.0.1:{port}/ups/{branch}/status") as answer:
                seen[branch] = (await answer.json())["state"]
    assert seen == {"1017": "engaged", "1018": "mains"}


def test_every_atm_is_in_service_and_says_nothing_that_the_vocabulary_lacks() -> None:
    for terminal in TERMINALS:
        status = examine(status_of(terminal), zombie_from=20)
        assert (status.fields["state"], status.strange) == ("in_service", ())
        assert float(str(status.fields["cash_percent"])) > 20


async def test_a_terminal_that_the_bank_does_not_have_is_not_found() -> None:
    port = new_port()
    async with (
        serve(devices(new_bank()), port=port),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/atm/A9999/status") as answer,
    ):
        assert answer.status == 404


async def takes_connections(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_line_that_is_down_refuses_connections_until_it_is_up_again() -> None:
    bank = new_bank()
    switch, router = free_ports(2, dice=random.SystemRandom())
    lines = Lines(bank, {"sw1": switch, "1017-router": router})
    async with lines.serve():
        bank.lose_switch()
        await lines.follow()
        assert [await takes_connections(port) for port in (switch, router)] == [False, True]
        bank.lose_power("1017")
        bank.restore_switch()
        await lines.follow()
        assert [await takes_connections(port) for port in (switch, router)] == [True, False]
    assert not await takes_connections(switch)


def test_what_fails_alone_and_what_fails_with_others() -> None:
    bank = new_bank()
    bank.cut_line("east")
    bank.lose_power("1017")
    bank.break_terminal("A0302")
    assert len(bank.dead) == 12 + 3 + 1
    bank.drop_sessions()
    assert len(bank.dead) == len(TERMINALS)
    bank.repair_line("east")
    bank.restore_power("1017")
    bank.repair_terminal("A0302")
    assert len(bank.dead) == len(TERMINALS)
    bank.restore_switch()
    assert bank.dead == frozenset()
