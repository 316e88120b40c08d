"""2,000 targets fail within one interval, each with a page of its own: how long each page takes.

The clock starts when a target gives its first failing answer and stops when the webhook receiver has the page.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from ebank_sentinel.demo.ports import free_ports
from rig.bank import Ports, make_bank, rule
from rig.exposition import histogram_quantile, scrape, total
from rig.figures import save, show, spread
from rig.process import Died, Program, answering_command, daemon_command
from rig.receivers import Ledger, Receivers
from rig.store import integrity, read_live

_RULES = (rule("atm-dark", "not up", clear_after="5s"), rule("atm-queue", "queue > 100"))
_LATEST = 60.0  # seconds that the last page may take: reliability's bar for a storm


async def one_storm(folder: Path, targets: int, every: int, sync: bool) -> dict[str, Any]:  # noqa: FBT001 - as it came from the command line
    """Healthy for an interval, then all fail."""
    sentinel, port, hook = free_ports(3, dice=random.Random())
    ports = Ports(sentinel=sentinel, targets=port, hook=hook)
    bank = make_bank(folder, ports=ports, targets=targets, every=f"{every}s", timeout=f"{min(5, every)}s", rules=_RULES)
    programs = [await Program.start("the targets", answering_command(port), folder / "targets.log")]
    try:
        with Ledger(folder / "arrived.jsonl", sync=sync) as ledger:
            receivers = Receivers(ledger, hook_secret=bank.hook_secret, slowness=0, dice=random.Random())
            async with receivers.serve(sms=0, mail=0, hook=hook), aiohttp.ClientSession() as session:
                await programs[0].until_ready(session, f"http://127.0.0.1:{port}/-/report")
                programs.append(
                    await Program.start("the daemon", daemon_command(bank.configuration), folder / "daemon.log")
                )
                await programs[1].until_ready(session, f"{bank.url}/-/ready")
                await asyncio.sleep(every * 1.5)
                before, used = await scrape(session, f"{bank.url}/metrics"), programs[1].used()
                async with session.get(f"http://127.0.0.1:{port}/-/fail"):
                    began = time.monotonic()
                while len(ledger.by_page) < targets and time.monotonic() < began + every + _LATEST:
                    await asyncio.sleep(0.1)
                    programs[1].check()
                await asyncio.sleep(1)  # the last deliveries are recorded
                after, used_after = await scrape(session, f"{bank.url}/metrics"), programs[1].used()
                async with session.get(f"http://127.0.0.1:{port}/-/report") as answer:
                    failed_at: dict[str, float] = (await answer.json())["first_failure"]
                snapshot = await asyncio.to_thread(read_live, bank.store)
    finally:
        for program in reversed(programs):
            await program.stop()
    key_of = {page.id: snapshot.incidents[page.cause].key for page in snapshot.pages.values()}
    waited = [
        arrived.first_wall - failed_at[key_of[page]] for page, arrived in ledger.by_page.items() if page in key_of
    ]

    def late(name: str, share: float) -> float:
        return round(histogram_quantile(before, after, name, share), 4)

    batches = total(after, "sentinel_desk_batch_items_count") - total(before, "sentinel_desk_batch_items_count")
    items = total(after, "sentinel_desk_batch_items_sum") - total(before, "sentinel_desk_batch_items_sum")
    return {
        "failed": len(failed_at),
        "pages_arrived": len(ledger.by_page),
        "repeats": sum(arrived.times - 1 for arrived in ledger.by_page.values()),
        "accepted_in_store": len(snapshot.accepted()),
        "failing_answer_to_page_seconds": spread(waited),
        "loop_lag_seconds_p99": late("sentinel_loop_lag_seconds", 0.99),
        "commit_seconds_p50": late("sentinel_commit_seconds", 0.5),
        "commit_seconds_p99": late("sentinel_commit_seconds", 0.99),
        "probe_lateness_seconds_p99": late("sentinel_probe_lateness_seconds", 0.99),
        "decisions": int(batches),
        "items_per_decision": round(items / max(1.0, batches), 1),
        "cpu_seconds": round(used_after.cpu - used.cpu, 2),
        "peak_memory_mb": round(used_after.peak / 1e6, 1),
        "integrity_check": integrity(bank.store),
    }


def holds(one: dict[str, Any], targets: int) -> bool:
    """Everybody was told, once, and in time."""
    return bool(
        one["pages_arrived"] == one["accepted_in_store"] == one["failed"] == targets
        and not one["repeats"]
        and one["failing_answer_to_page_seconds"]["max"] <= _LATEST
        and one["integrity_check"] == "ok"
    )


async def main(targets: int, every: int, rounds: int, sync: bool, result: Path | None) -> int:  # noqa: FBT001 - as it came from the command line
    """The whole measurement: the exit status."""
    storms = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="sentinel-storm-") as temporary:
            storms.append(await one_storm(Path(temporary), targets, every, sync))
        show(f"{targets} targets fail within {every} s, round {number} of {rounds}", list(storms[-1].items()))
    good = all(holds(one, targets) for one in storms)
    path = save("storm", {"targets": targets, "every_seconds": every, "holds": good, "rounds": storms}, result)
    print(f"\n{'holds' if good else 'DOES NOT HOLD'}; figures in {path}")
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--every", type=int, default=10, help="seconds: so long the failing takes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sync", action="store_true", help="the receiver syncs each page to disk before it answers")
    parser.add_argument("--result", type=Path, help="where the figures go; default: bench/results/storm.json")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    try:
        status = asyncio.run(main(given.targets, given.every, given.rounds, given.sync, given.result))
    except Died as died:
        print(f"DOES NOT HOLD: {died}", file=sys.stderr)
        status = 1
    sys.exit(status)
