"""Everything that stands while the demo plays: a folder and ports enter; a bank, its receivers and the daemon leave.

What is put up later is taken down earlier: the daemon ends first, and the receivers are there for its last page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo import overlay
from ebank_sentinel.demo.bank_servers import devices, ebanking, serve
from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.certificates import certify
from ebank_sentinel.demo.directory import Directory, read_directory, read_terminals
from ebank_sentinel.demo.example import example_bank
from ebank_sentinel.demo.figures import Figures, queries_of
from ebank_sentinel.demo.folder import DemoFolder, Ports, make_folder
from ebank_sentinel.demo.http_receivers import sms_gateway, webhook_receiver
from ebank_sentinel.demo.lines import Lines, tls_server
from ebank_sentinel.demo.mail_receiver import MailReceiver
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.demo.programs import (
    Program,
    Programs,
    prometheus_command,
    running,
)
from ebank_sentinel.demo.receivers import Inbox
from ebank_sentinel.demo.sentinel_api import SentinelApi

READY_SECONDS = 30.0
"""How long the daemon and Prometheus may take to be ready, on a small machine that is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the play works with."""

    bank: Bank
    lines: Lines
    inbox: Inbox
    directory: Directory
    api: SentinelApi
    daemon: Program
    with_prometheus: bool


@asynccontextmanager
async def put_up(path: Path, *, programs: Programs, clock: Clock, dice: Random) -> AsyncIterator[Stage]:
    """Start everything, the daemon last.

    Raises ProgramFailed when it does not come up, OSError when a port is gone, ConfigError when the files do not hold.
    """
    example = example_bank()
    sentinel = overlay.sentinel_of(example)
    ports = _ports(overlay.line_names(sentinel, example / "deploy"), dice)
    folder = make_folder(path, example, sentinel, ports=ports, with_prometheus=programs.prometheus is not None)
    context = certify(folder.configuration.parent, overlay.certified_hosts(sentinel), now=clock.now())
    directory = read_directory(folder.path, clock.now())
    bank = Bank(clock, read_terminals(folder.path))
    lines = Lines(bank, ports.lines)
    inbox = Inbox()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            serve(ebanking(bank, Figures(bank, queries_of(sentinel))), port=ports.ebank),
        )
        await stack.enter_async_context(serve(devices(bank), port=ports.devices))
        await stack.enter_async_context(lines.serve())
        await stack.enter_async_context(tls_server(context, port=ports.tls))
        await _receive(stack, folder=folder, ports=ports, clock=clock, inbox=inbox)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        if programs.prometheus is not None:
            await _start_prometheus(
                stack, programs.prometheus, folder=folder, port=ports.prometheus, session=session, clock=clock
            )
        api = SentinelApi(session, port=ports.sentinel)
        daemon = await stack.enter_async_context(
            running("the daemon", programs.daemon(folder), log=folder.log, clock=clock),
        )
        await daemon.wait_until(api.ready, seconds=READY_SECONDS)
        for job in overlay.jobs(sentinel):
            await api.beat(job)  # the night's jobs are done
        yield Stage(
            bank=bank,
            lines=lines,
            inbox=inbox,
            directory=directory,
            api=api,
            daemon=daemon,
            with_prometheus=programs.prometheus is not None,
        )


def _ports(lines: list[str], dice: Random) -> Ports:
    """Free ones for everything."""
    sentinel, ebank, device, tls, sms, mail, hook, prometheus, *rest = free_ports(8 + len(lines), dice=dice)
    return Ports(
        sentinel=sentinel,
        ebank=ebank,
        devices=device,
        tls=tls,
        sms=sms,
        mail=mail,
        hook=hook,
        prometheus=prometheus,
        lines=dict(zip(lines, rest, strict=True)),
    )


async def _receive(stack: AsyncExitStack, *, folder: DemoFolder, ports: Ports, clock: Clock, inbox: Inbox) -> None:
    """Put up the mail server, the text-message gateway and the webhook receiver."""
    gateway = sms_gateway(
        user="bank",
        password=folder.kannel_password,
        clock=clock,
        on_arrival=inbox.arrive,
        on_refusal=inbox.refuse,
    )
    webhooks = webhook_receiver(
        secret=folder.hook_secret,
        clock=clock,
        on_arrival=inbox.arrive,
        on_refusal=inbox.refuse,
    )
    await stack.enter_async_context(serve(gateway, port=ports.sms))
    await stack.enter_async_context(serve(webhooks, port=ports.hook))
    await stack.enter_async_context(MailReceiver(clock=clock, on_arrival=inbox.arrive).serve(port=ports.mail))


async def _start_prometheus(
    stack: AsyncExitStack,
    program: str,
    *,
    folder: DemoFolder,
    port: int,
    session: aiohttp.ClientSession,
    clock: Clock,
) -> None:
    """Put up the real Prometheus, and wait until it can tell the login rate."""
    prometheus = await stack.enter_async_context(
        running(
            "prometheus",
            prometheus_command(program, folder, port=port),
            log=folder.path / "prometheus.log",
            clock=clock,
        ),
    )

    async def has_samples() -> bool:
        query = {"query": "rate(login_attempts_total[5s])"}
        try:
            async with session.post(f"http://127.0.0.1:{port}/api/v1/query", data=query) as answer:
                if answer.status != 200:
                    return False
                body = await answer.json()
                return bool(body["data"]["result"])
        except (aiohttp.ClientError, TimeoutError, OSError, KeyError):
            return False

    await prometheus.wait_until(has_samples, seconds=READY_SECONDS)
