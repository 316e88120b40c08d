"""2,000 HTTP targets every 10 s: whether the daemon keeps up, how late it is, and what a probe costs.

Beside it, in turns, Prometheus scrapes the same targets through blackbox_exporter, where that is installed (or is
named with --blackbox): the same requests at the same rate, as a measure that people know.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from ebank_sentinel.demo.ports import free_ports
from rig.bank import Ports, make_bank, rule
from rig.exposition import histogram_quantile, scrape, total
from rig.figures import quantile, save, show
from rig.plot import stacked_bars
from rig.process import Died, Program, Used, answering_command, daemon_command
from rig.prometheus import prometheus_commands

_LATENCIES = (200, 500, 1000, 2000, 5000)
_RULES = (
    rule("atm-dark", "not up", **{"for": "2m"}),
    rule("atm-no-data", "no_data", **{"for": "2m"}),
    *(rule(f"atm-slow-{limit}", f"up and latency_ms > {limit}", **{"for": "2m"}) for limit in _LATENCIES),
    *(
        rule(f"atm-queue-{size}", f'queue > {size} and label.branch != "9999"', **{"for": "2m"})
        for size in (10, 100, 1000)
    ),
)
_PROGRAM_FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_LONGEST_PERIOD = 1.25  # of an interval: a target that is not read for longer was missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is probed, how often, for how long."""

    targets: int
    every: int  # seconds
    seconds: int  # of measuring, after everything has been read once


async def warm(load: Load) -> None:
    """Everything is read once, and then some: start-up is not what is measured."""
    await asyncio.sleep(load.every * 1.5)


async def report(session: aiohttp.ClientSession, port: int) -> dict[str, Any]:
    """What the targets themselves saw."""
    async with session.get(f"http://127.0.0.1:{port}/-/report") as answer:
        seen: dict[str, Any] = await answer.json()
    return seen


async def forget(session: aiohttp.ClientSession, port: int) -> None:
    """Let the targets begin to count."""
    async with session.get(f"http://127.0.0.1:{port}/-/forget"):
        pass


def from_the_targets(seen: dict[str, Any], load: Load, seconds: float) -> dict[str, Any]:
    """Whether every target was read once per interval, as the targets tell it."""
    reads = [len(times) for times in seen["read_at"].values()]
    periods = [later - earlier for times in seen["read_at"].values() for earlier, later in pairwise(times)]
    unsteady = [abs(period - load.every) for period in periods]
    due = seconds / load.every
    return {
        "reads": sum(reads),
        "reads_per_second": round(sum(reads) / seconds, 1),
        "reads_wanted_per_second": load.targets / load.every,
        "targets_read": len(reads),
        "targets_read_too_seldom": load.targets - sum(count >= int(due) for count in reads),
        "longest_period_seconds": round(max(periods, default=0.0), 3),
        "off_the_beat_seconds_p99": round(quantile(unsteady, 0.99), 4),
        "connections_per_read": round(seen["connections"] / max(1, sum(reads)), 3),
    }


def cost(before: Used, after: Used, reads: int) -> dict[str, Any]:
    """CPU per 1,000 probes, and memory."""
    return {
        "cpu_seconds_per_1000_probes": round((after.cpu - before.cpu) / reads * 1000, 3),
        "of_it_user": round((after.user - before.user) / reads * 1000, 3),
        "of_it_system": round((after.system - before.system) / reads * 1000, 3),
        "memory_mb": round(after.resident / 1e6, 1),
        "peak_memory_mb": round(after.peak / 1e6, 1),
    }


async def measure_sentinel(load: Load, port: int, folder: Path, session: aiohttp.ClientSession) -> dict[str, Any]:
    """The daemon, with ten rules on every reading."""
    (sentinel,) = free_ports(1, dice=random.Random())
    bank = make_bank(
        folder,
        ports=Ports(sentinel=sentinel, targets=port, hook=port),  # nothing fails, so nothing is sent there
        targets=load.targets,
        every=f"{load.every}s",
        timeout=f"{min(5, load.every)}s",
        rules=_RULES,
    )
    daemon = await Program.start("the daemon", daemon_command(bank.configuration), folder / "log")
    try:
        await daemon.until_ready(session, f"{bank.url}/-/ready")
        await warm(load)
        metrics_before, used_before = await scrape(session, f"{bank.url}/metrics"), daemon.used()
        await forget(session, port)
        began = time.monotonic()
        await asyncio.sleep(load.seconds)
        seconds, seen = time.monotonic() - began, await report(session, port)
        metrics, used = await scrape(session, f"{bank.url}/metrics"), daemon.used()
        daemon.check()
    finally:
        await daemon.stop()
    theirs = from_the_targets(seen, load, seconds)

    def grew(name: str, **labels: str) -> int:
        return round(total(metrics, name, **labels) - total(metrics_before, name, **labels))

    def late(name: str, share: float) -> float:
        return round(histogram_quantile(metrics_before, metrics, name, share), 4)

    return {
        **theirs,
        "readings": grew("sentinel_probes_total"),
        "readings_up": grew("sentinel_probes_total", outcome="up"),
        "skipped": grew("sentinel_probes_skipped_total"),
        "mask_changes": grew("sentinel_mask_changes_total"),
        "lateness_seconds_p50": late("sentinel_probe_lateness_seconds", 0.5),
        "lateness_seconds_p99": late("sentinel_probe_lateness_seconds", 0.99),
        "loop_lag_seconds_p99": late("sentinel_loop_lag_seconds", 0.99),
        **cost(used_before, used, theirs["reads"]),
    }


async def measure_prometheus(
    load: Load, port: int, folder: Path, session: aiohttp.ClientSession, prometheus: str, blackbox: str
) -> dict[str, Any]:
    """Prometheus, which asks blackbox_exporter, which asks the targets."""
    prometheus_port, blackbox_port = free_ports(2, dice=random.Random())
    commands = prometheus_commands(
        folder,
        (blackbox, blackbox_port),
        (prometheus, prometheus_port),
        urls=[f"http://127.0.0.1:{port}/t/T{number:05}" for number in range(load.targets)],
        every=load.every,
    )
    probing = await Program.start("blackbox_exporter", commands[0], folder / "blackbox.log")
    scraping = await Program.start("prometheus", commands[1], folder / "prometheus.log")
    try:
        await probing.until_ready(session, f"http://127.0.0.1:{blackbox_port}/-/healthy")
        await scraping.until_ready(session, f"http://127.0.0.1:{prometheus_port}/-/ready")
        await warm(load)
        before = probing.used(), scraping.used()
        await forget(session, port)
        began = time.monotonic()
        await asyncio.sleep(load.seconds)
        seconds, seen = time.monotonic() - began, await report(session, port)
        after = probing.used(), scraping.used()
    finally:
        await scraping.stop()
        await probing.stop()
    theirs = from_the_targets(seen, load, seconds)
    reads = theirs["reads"]
    return {
        **theirs,
        "blackbox_exporter": cost(before[0], after[0], reads),
        "prometheus": cost(before[1], after[1], reads),
        "cpu_seconds_per_1000_probes": round(
            sum(now.cpu - then.cpu for then, now in zip(before, after, strict=True)) / reads * 1000, 3
        ),
    }


def middle(rounds: list[dict[str, Any]], name: str) -> float:
    """The median of one figure over the rounds."""
    return round(float(median(one[name] for one in rounds)), 4)


def drawn(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> str:
    """What a probe costs, with both sides as bars."""
    bars = [("ebank-sentinel", {"probes, rules": middle(ours, "cpu_seconds_per_1000_probes")})]
    if theirs:
        parts = {
            words: middle([one[program] for one in theirs], "cpu_seconds_per_1000_probes")
            for program, words in (("blackbox_exporter", "probes"), ("prometheus", "scrapes, storage"))
        }
        bars.append(("Prometheus + blackbox", parts))
    return stacked_bars("CPU seconds per 1,000 HTTP probes (less is better)", "s", bars)


def keeps_up(one: dict[str, Any], load: Load) -> bool:
    """Every target was read once per interval, and each reading became one."""
    return bool(
        one["targets_read_too_seldom"] == 0
        and one["skipped"] == 0
        and one["longest_period_seconds"] <= load.every * _LONGEST_PERIOD
        and one["readings_up"] == one["readings"]
    )


async def main(load: Load, given: argparse.Namespace) -> int:
    """The whole measurement: the exit status."""
    (port,) = free_ports(1, dice=random.Random())
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="sentinel-probing-") as temporary:
        folder = Path(temporary)
        targets = await Program.start("the targets", answering_command(port), folder / "targets.log")
        try:
            async with aiohttp.ClientSession() as session:
                await targets.until_ready(session, f"http://127.0.0.1:{port}/-/report")
                for number in range(given.rounds):
                    ours.append(await measure_sentinel(load, port, folder / f"sentinel-{number}", session))
                    show(f"ebank-sentinel, round {number + 1} of {given.rounds}", list(ours[-1].items()))
                    if given.prometheus and given.blackbox:
                        there = folder / f"prometheus-{number}"
                        theirs.append(
                            await measure_prometheus(load, port, there, session, given.prometheus, given.blackbox)
                        )
                        show("Prometheus and blackbox_exporter", list(theirs[-1].items()))
        finally:
            await targets.stop()
    holds = all(keeps_up(one, load) for one in ours)
    mine = middle(ours, "cpu_seconds_per_1000_probes")
    figures: dict[str, Any] = {
        "targets": load.targets,
        "every_seconds": load.every,
        "measured_seconds": load.seconds,
        "rules": len(_RULES),
        "keeps_up": holds,
        "cpu_seconds_per_1000_probes": mine,
        "lateness_seconds_p99": middle(ours, "lateness_seconds_p99"),
        "loop_lag_seconds_p99": middle(ours, "loop_lag_seconds_p99"),
        "peak_memory_mb": middle(ours, "peak_memory_mb"),
    }
    if theirs:
        figures["prometheus_and_blackbox_cpu_seconds_per_1000_probes"] = middle(theirs, "cpu_seconds_per_1000_probes")
        figures["ratio_of_cpu_to_prometheus_and_blackbox"] = round(
            mine / figures["prometheus_and_blackbox_cpu_seconds_per_1000_probes"], 2
        )
    else:
        print("\nnot compared: it needs prometheus and blackbox_exporter (Debian: prometheus-blackbox-exporter)")
    show(f"median of {given.rounds}", list(figures.items()))
    if given.plot is not None:
        given.plot.write_text(drawn(ours, theirs))
    path = save("probing", {**figures, "rounds": ours, "prometheus_rounds": theirs}, given.result)
    print(f"\n{'keeps up' if holds else 'DOES NOT KEEP UP'}; figures in {path}")
    return 0 if holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--every", type=int, default=10, help="seconds")
    parser.add_argument("--seconds", type=int, default=60, help="how long each round measures")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--prometheus", default=shutil.which("prometheus", path=_PROGRAM_FOLDERS))
    parser.add_argument("--blackbox", default=shutil.which("prometheus-blackbox-exporter", path=_PROGRAM_FOLDERS))
    parser.add_argument("--plot", type=Path, help="draw the cost of a probe into this SVG file")
    parser.add_argument("--result", type=Path, help="where the figures go; default: bench/results/probing.json")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    wanted = Load(targets=given.targets, every=given.every, seconds=given.seconds)
    try:
        status = asyncio.run(main(wanted, given))
    except Died as died:
        print(f"DOES NOT HOLD: {died}", file=sys.stderr)
        status = 1
    sys.exit(status)
