"""The daemon's own probers and channels, built from the demo's sentinel.yaml, meet the simulated bank."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ebank_sentinel import yamlfile
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.folder import DemoFolder
from ebank_sentinel.demo.programs import Programs
from ebank_sentinel.demo.receivers import Arrival
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
        folder=folder.configuration.parent,
        credentials=None,
        open_targets=lambda _probe: (),
        last_beat=lambda _target: None,
    )
    targets = load_targets(name, settings, folder.configuration.parent)
    (target,) = (target for target in targets if settings.finds_targets or target.id.key == key)
    readings = await prober.read(target)
    await prober.close()
    assert isinstance(readings, Sequence)
    (reading,) = (reading for reading in readings if reading.target.id.key == key)
    return reading


async def sent(folder: DemoFolder, name: str, address: str) -> str:
    """Send a page by the daemon's own channel."""

    def read(secret: Secret) -> str:
        return read_secret(secret.path(folder.configuration.parent, None))

    document = yamlfile.load(folder.configuration)
    settings = document.validate(ChannelSettings, prefix=("channels", name))
    channel = build(
        name, settings.kind, settings.settings, read=read, folder=folder.configuration.parent, clock=SystemClock()
    )
    try:
        return await channel.send(page(channel=name, address=address))
    finally:
        await channel.close()


PROBES = {
    "login": "login",
    "certificate": "pay.example",
    "journeys": "transfer-beijing",
    "web_page": "home",
    "login_rate": "login_rate",
    "disk": "device=/dev/sda1,fstype=xfs,instance=db1:9100,mountpoint=/data",
    "core": "core",
    "links": "unionpay",
    "switch": "sw1",
    "branch_router": "1017-router",
    "branch_ups": "1017-ups",
    "atm": "A1701",
}


async def test_a_healthy_bank_reads_as_the_rules_expect_it(tmp_path: Path) -> None:
    async with standing(tmp_path) as (_, folder):
        seen = {name: await probed(folder, name, key) for name, key in PROBES.items()}
    assert {name: (reading.up, reading.error) for name, reading in seen.items()} == dict.fromkeys(PROBES, (True, None))
    assert (seen["login_rate"].fields["rate"], seen["login_rate"].fields["attempts"]) == (0.98, 1000)
    assert seen["branch_ups"].fields["state"] == "mains"
    assert float(str(seen["certificate"].fields["cert_days"])) > 80
    assert (seen["atm"].fields["state"], seen["atm"].target.labels["vendor"]) == ("in_service", "grg")


async def test_a_broken_bank_reads_as_the_rules_expect_it(tmp_path: Path) -> None:
    async with standing(tmp_path) as (stage, folder):
        stage.bank.lose_mains("1017")
        stage.bank.lose_power("1017")
        stage.bank.lose_switch()
        await stage.lines.follow()
        seen = {
            name: await probed(folder, name, PROBES[name]) for name in ("atm", "branch_ups", "branch_router", "switch")
        }
    assert (seen["atm"].up, seen["atm"].error) == (False, ProbeError.RESET)
    assert seen["branch_ups"].fields["state"] == "engaged"
    assert [seen[name].error for name in ("branch_router", "switch")] == [ProbeError.REFUSED] * 2


CHANNELS = {
    "sms": ("+8613800000001", "+8613800000001"),
    "mail": ("wang.fang@bank.example", "wang.fang@bank.example"),
    "hook": ("", "hook"),
}
"""The address that a page has, and the one at which it arrives."""


async def test_a_page_of_each_channel_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with standing(tmp_path) as (stage, folder):
        for channel, (address, _) in CHANNELS.items():
            await sent(folder, channel, address)
        arrivals: list[Arrival] = stage.inbox._waiting
        refused = stage.inbox.refused
    assert refused == []
    sms, mail, hook = arrivals
    assert [(arrival.channel, arrival.address) for arrival in arrivals] == [
        (channel, to) for channel, (_, to) in CHANNELS.items()
    ]
    assert all(TEXT in arrival.text for arrival in arrivals)
    assert [arrival.page for arrival in (mail, hook)] == [
        page(channel=channel, address=CHANNELS[channel][0]).id for channel in ("mail", "hook")
    ]
    assert sms.page == ""  # the wire does not say it
    assert (hook.says["reason"], hook.says["severity"]) == ("first", "II")
