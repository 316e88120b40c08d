"""50,000 symptoms over 300 branches and 5 regions: how long after the last reading the bank knows how wide it is.

Readings go straight to the flow, as probes hand them over, spread over one interval; rules, desk, store (full sync),
dispatcher and a webhook receiver are the real ones. What is measured: from the last reading to the last page of the
widest incidents at its receiver, the memory of the process, the lag of its loop, and who was paged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import load
from ebank_sentinel.daemon.assembly import policy_of
from ebank_sentinel.daemon.watches import measure_lag
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.reading import ProbeError, Reading, Target
from ebank_sentinel.paging.dispatcher import Dispatcher
from ebank_sentinel.paging.registry import build as build_channel
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.state.sqlite import SqliteStore
from rig.bank import Ports, make_bank, rule
from rig.figures import quantile, save, show
from rig.receivers import Ledger, Receivers
from rig.store import integrity, read_live

BRANCHES, REGIONS = 300, 5
_QUIET = 3.0  # seconds without a new page after which nothing more is expected
_LATEST = 120.0  # seconds after which nothing more is waited for

_BRANCH = {"over": "branch", "share": "100%", "at_least": 2, "within": "5m", "category": "link", "severity": "III"}
_REGION = {
    "over": "region",
    "share": "20%",
    "at_least": 5,
    "spread": {"branch": 3},
    "within": "10m",
    "category": "link",
    "severity": "II",
}
_FLEET = {
    "over": "fleet",
    "share": "50%",
    "at_least": 10,
    "spread": {"region": 2},
    "within": "10m",
    "category": "system",
    "severity": "I",
}
SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "fleet": [_BRANCH, _REGION, _FLEET],  # ends as one incident
    "regions": [_BRANCH, _REGION],  # ends as five
    "branches": [_BRANCH],  # ends as three hundred
}
WIDEST = {"fleet": 1, "regions": REGIONS, "branches": BRANCHES}


async def storm(scenario: str, targets: int, every: int, hold: int, folder: Path) -> dict[str, Any]:
    """All targets fail within one interval."""
    (hook,) = free_ports(1, dice=random.Random())
    ports = Ports(sentinel=1, targets=1, hook=hook)
    holding = {"for": f"{hold}s"} if hold else {}
    rules = [rule("atm-dark", "not up", clear_after="30s", widens=SCENARIOS[scenario], **holding)]
    bank = make_bank(folder, ports=ports, targets=1, every=f"{every}s", timeout="5s", rules=rules)
    rows = [f"T{number:05},b{number % BRANCHES:03},r{number % BRANCHES % REGIONS},live" for number in range(targets)]
    (folder / "targets.csv").write_text("terminal,branch,region,status\n" + "\n".join(rows) + "\n")
    (folder / "topology.yaml").write_text("levels: [terminal, branch, region, fleet]\n")
    configuration = bank.configuration.read_text() + "topology: topology.yaml\n"
    bank.configuration.write_text(configuration.replace("listen: 127.0.0.1:1\n", "listen: 127.0.0.1:9720\n"))
    config = load(bank.configuration, now=datetime.now(UTC))
    clock, metrics = SystemClock(), Metrics()
    store = SqliteStore.open(bank.store)
    channels = {
        name: build_channel(name, channel.kind, channel.settings, read=config.secret, folder=config.home, clock=clock)
        for name, channel in config.channels.items()
    }
    lags: list[float] = []
    with Ledger(folder / "arrived.jsonl", sync=False) as ledger:
        receivers = Receivers(ledger, hook_secret=bank.hook_secret, slowness=0, dice=random.Random())
        async with receivers.serve(sms=0, mail=0, hook=hook):
            dispatcher = Dispatcher(channels, clock=clock, on_delivery=lambda one: flow.on_delivery(one))  # noqa: PLW0108 - the flow comes later
            flow = Flow(
                policy_of(config), store=store, send=dispatcher.submit, clock=clock, metrics=metrics, node="bench"
            )
            await flow.desk.start()
            tasks = [
                asyncio.create_task(work)
                for work in (flow.desk.run(), dispatcher.run(), measure_lag(clock, lags.append))
            ]
            everything = list(config.targets["atm"])
            random.Random(7).shuffle(everything)
            for target in everything:  # healthy, as ever
                _read(flow, target, up=True)
            await flow.desk.settle()
            idle = _memory()
            lags.clear()
            used = time.process_time()
            began = time.monotonic()
            for number, target in enumerate(everything):
                wait = began + every * number / len(everything) - time.monotonic()
                if wait > 0.005:
                    await asyncio.sleep(wait)
                elif number % 100 == 0:
                    await asyncio.sleep(0)
                _read(flow, target, up=False)
            last = time.monotonic()
            await _until_quiet(ledger, flow, last)
            cpu = time.process_time() - used
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    for channel in channels.values():
        await channel.close()
    arrived = [one.first_at for one in ledger.by_page.values()]
    await store.close()
    snapshot = read_live(bank.store)
    still_open = [one for one in snapshot.incidents.values() if one.state != "ended"]
    wide = [one for one in still_open if one.over]
    return {
        "symptoms": snapshot.symptoms,
        "open_incidents": len(still_open),
        "wide_incidents": len(wide),
        "pages": len(ledger.by_page),
        "reading_took_s": round(last - began, 2),
        "last_reading_to_last_page_s": round(max(arrived, default=last) - last, 3),
        "first_reading_to_first_page_s": round(min(arrived, default=last) - began, 3),
        "cpu_s": round(cpu, 2),
        "loop_lag_p99_s": round(quantile(lags, 0.99), 3),
        "loop_lag_max_s": round(max(lags, default=0), 3),
        "memory_before_mb": round(idle / 1e6, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
        "integrity_check": integrity(bank.store),
    }


def _read(flow: Flow, target: Target, *, up: bool) -> None:
    reading = Reading(
        target=target, at=datetime.now(UTC), up=up, error=None if up else ProbeError.REFUSED, fields={"latency_ms": 3.0}
    )
    flow.on_readings(target, [reading])


async def _until_quiet(ledger: Ledger, flow: Flow, last: float) -> None:
    """Until nothing new has arrived for a while, and nothing waits to be decided."""
    seen, since = len(ledger.by_page), time.monotonic()
    while time.monotonic() < last + _LATEST:
        await asyncio.sleep(0.1)
        if len(ledger.by_page) != seen or flow.desk.busy:
            seen, since = len(ledger.by_page), time.monotonic()
        if time.monotonic() - since > _QUIET:
            return


def _memory() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def holds(one: dict[str, Any], scenario: str, targets: int) -> bool:
    """It is known within 2 s of the last reading, in 300 MB, and only the widest incidents page."""
    return bool(
        one["symptoms"] == targets
        and one["open_incidents"] == one["wide_incidents"] == WIDEST[scenario]
        and one["pages"] == WIDEST[scenario]
        and one["last_reading_to_last_page_s"] <= 2
        and one["peak_memory_mb"] < 300
        and one["integrity_check"] == "ok"
    )


def main() -> int:
    """Each scenario in a process of its own: the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=50_000)
    parser.add_argument("--every", type=int, default=10, help="seconds: so long the failing takes")
    parser.add_argument("--hold", type=int, default=0, help="seconds: the rule's `for`")
    parser.add_argument("--only", choices=SCENARIOS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help="where the figures go; default: bench/results/correlation.json")
    given = parser.parse_args()
    if given.inside:
        figures = asyncio.run(storm(given.only, given.targets, given.every, given.hold, Path(given.inside)))
        print(json.dumps(figures))
        return 0
    found: dict[str, dict[str, Any]] = {}
    for scenario in [given.only] if given.only else SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="sentinel-correlation-") as folder:
            numbers = [f"--{name}={getattr(given, name)}" for name in ("targets", "every", "hold")]
            command = [sys.executable, __file__, *numbers, f"--only={scenario}", f"--inside={folder}"]
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[scenario] = json.loads(run.stdout.splitlines()[-1])
        found[scenario]["holds"] = holds(found[scenario], scenario, given.targets)
        show(f"{given.targets} symptoms, widest: {scenario}", list(found[scenario].items()))
    good = all(one["holds"] for one in found.values())
    figures = {"targets": given.targets, "every_seconds": given.every, "scenarios": found}
    path = save("correlation", figures, given.result)
    print(f"\n{'holds' if good else 'DOES NOT HOLD'}; figures in {path}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
