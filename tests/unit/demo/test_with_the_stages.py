"""The daemon's own probers and channels, built from the demo's sentinel.yaml, meet the simulated bank."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ebank_sentinel import yamlfile
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.folder import DemoFolder
from ebank_sentinel.demo.programs import Programs
from ebank_sentinel.demo.receivers import Arrival
from ebank_sentinel.demo.script import DEAD_TERMINALS
from ebank_sentinel.demo.stage import Stage, put_up
from ebank_sentinel.model.reading import ProbeError, Reading
from ebank_sentinel.model.settings import Secret, read_secret
from ebank_sentinel.paging.registry import build
from ebank_sentinel.paging.settings import ChannelSettings
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.settings import ProbeSettings, build_prober, load_targets
from support.pages import TEXT, page
from support.ready_program import ready_at_once


@asynccontextmanager
async def standing(tmp_path: Path) -> AsyncIterator[tuple[Stage, DemoFolder]]:
    """The bank and its receivers, without a daemon and without Prometheus."""
    folders: list[DemoFolder] = []

    def daemon(folder: DemoFolder) -> list[str]:
        folders.append(folder)
        return ready_at_once(folder)

    programs = Programs(daemon=daemon, prometheus=None)
    async with put_up(tmp_path / "demo", programs=programs, clock=SystemClock(), dice=random.SystemRandom()) as stage:
        yield stage, folders[0]


async def probed(folder: DemoFolder, name: str, key: str) -> Reading:
    """What the daemon's prober reads of one target of a probe."""
    document = yamlfile.load(folder.configuration)
    settings = document.validate(ProbeSettings, prefix=("probes", name))
    prober = build_prober(
        name,
        settings,
        clock=SystemClock(),
        network=Network(SystemClock()),
        folder=folder.path,
        credentials=None,
        open_targets=lambda _probe: (),
        last_beat=lambda _target: None,
    )
    (target,) = (target for target in load_targets(name, settings, folder.path) if target.id.key == key)
    readings = await prober.read(target)
    await prober.close()
    assert isinstance(readings, Sequence)
    return readings[0]


async def sent(folder: DemoFolder, name: str, address: str) -> str:
    """Send a page by the daemon's own channel."""

    def read(secret: Secret) -> str:
        return read_secret(secret.path(folder.path, None))

    document = yamlfile.load(folder.configuration)
    settings = document.validate(ChannelSettings, prefix=("channels", name))
    channel = build(name, settings.kind, settings.settings, read=read, folder=folder.path, clock=SystemClock())
    try:
        return await channel.send(page(channel=name, address=address))
    finally:
        await channel.close()


async def test_a_healthy_bank_reads_as_the_rules_expect_it(tmp_path: Path) -> None:
    async with standing(tmp_path) as (_, folder):
        login = await probed(folder, "login", "login")
        rate = await probed(folder, "login_rate", "login_rate")
        atm = await probed(folder, "atm", "A0701")
    assert (login.up, login.target.labels["service"], login.fields["queue"]) == (True, "login", 4)
    assert float(login.fields["latency_ms"]) < 300
    assert (rate.fields["rate"], rate.fields["attempts"]) == (0.98, 200)
    assert (atm.up, atm.target.labels["status"], atm.target.labels["vendor"]) == (True, "live", "grg")
    assert isinstance(atm.body, dict)
    assert atm.body["device"]["online"] is True


async def test_a_broken_bank_reads_as_the_rules_expect_it(tmp_path: Path) -> None:
    async with standing(tmp_path) as (stage, folder):
        stage.bank.slow_down(0.6)
        stage.bank.kill(DEAD_TERMINALS)
        login = await probed(folder, "login", "login")
        atm = await probed(folder, "atm", min(DEAD_TERMINALS))
    assert login.up
    assert float(login.fields["latency_ms"]) >= 600
    assert (atm.up, atm.error) == (False, ProbeError.RESET)


@pytest.mark.parametrize(
    ("channel", "address", "to"),
    [
        ("sms", "+8613800000001", "+8613800000001"),
        ("mail", "wang.fang@bank.example", "wang.fang@bank.example"),
        ("hook", "", "hook"),
    ],
)
async def test_a_page_of_each_channel_arrives_as_it_was_sent(
    tmp_path: Path, channel: str, address: str, to: str
) -> None:
    async with standing(tmp_path) as (stage, folder):
        await sent(folder, channel, address)
        arrivals: list[Arrival] = stage.inbox._waiting
        refused = stage.inbox.refused
    assert refused == []
    (arrival,) = arrivals
    assert (arrival.channel, arrival.address) == (channel, to)
    assert TEXT in arrival.text
    if channel != "sms":
        assert arrival.page == page(channel=channel, address=address).id
    if channel == "hook":
        assert arrival.says["reason"] == "first"
        assert arrival.says["severity"] == "II"
