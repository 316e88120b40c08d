"""`kill -9` at random moments under a steady stream of failures; exit status 1 when a page is lost or late.

The daemon is a real process, the receivers are real and keep what arrived on disk before they answer. After
every kill the store is read as the crash left it, and compared with what the receivers have.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from ebank_sentinel.demo.ports import free_ports
from rig.answering import Targets
from rig.audit import LATEST, Findings, Recovery, repeats
from rig.bank import BankFolder, Ports, make_bank, rule
from rig.figures import save, show, spread
from rig.process import Died, Program, daemon_command
from rig.receivers import Ledger, Receivers
from rig.store import Snapshot, integrity, read_dead, read_live

_FLIPS_PER_SECOND = 8.0
_MOST_FAILING = 60  # of the targets: the others are the healthy majority
_SLOW_SECONDS = 0.3  # that a receiver takes at most: a kill often meets pages in flight
_KILLED_EARLY = 0.1  # share of kills that come before the daemon is even ready
_SETTLE = 40.0  # seconds for everything to come to rest at the end
_RULES = (
    rule("atm-dark", "not up", **{"for": "1s"}, clear_after="1s", worse=[{"for": "4s", "severity": "II"}]),
    rule("atm-queue", "queue > 100", **{"for": "1s"}),
)


@dataclass(slots=True)
class Run:
    """Everything that one run needs and learns."""

    folder: BankFolder
    targets: Targets
    keys: list[str]
    ledger: Ledger
    session: aiohttp.ClientSession
    dice: random.Random
    longest_life: float  # seconds from ready to the kill
    recovery: Recovery = field(default_factory=Recovery)
    findings: Findings = field(default_factory=Findings)
    starts: list[float] = field(default_factory=list)  # seconds from the start to ready
    flips: int = 0
    with_pages_behind: int = 0  # kills that left pages behind
    unrecorded: int = 0  # pages that had arrived when the kill came, and the store did not know

    async def flip(self) -> None:
        """Targets fail and heal, whether the daemon lives or not; ends by being cancelled."""
        while True:
            await asyncio.sleep(self.dice.expovariate(_FLIPS_PER_SECOND))
            failing = self.targets.failing
            heals = failing and self.dice.random() < len(failing) / _MOST_FAILING
            if heals:
                failing.discard(self.dice.choice(sorted(failing)))
            else:
                failing.add(self.dice.choice(self.keys))
            self.flips += 1

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Program]:
        """Another daemon, not yet ready; killed when the block ends, however it ends."""
        command = daemon_command(self.folder.configuration)
        program = await Program.start("the daemon", command, self.folder.path / "log")
        try:
            yield program
        finally:
            await program.kill()

    async def ready(self, program: Program) -> float:
        """Wait until it is ready: the monotonic second of it."""
        return await program.until_ready(self.session, f"{self.folder.url}/-/ready")

    async def live_and_die(self) -> str:
        """One life of the daemon, and what the crash left."""
        began = time.monotonic()
        async with self.daemon() as program:
            if self.starts and self.dice.random() < _KILLED_EARLY:
                await asyncio.sleep(self.dice.random() * self.starts[-1])
                ready_at = time.monotonic()
                lived = "before ready"
            else:
                ready_at = await self.ready(program)
                self.starts.append(ready_at - began)
                seconds = self.dice.uniform(0.05, self.longest_life)
                await asyncio.sleep(seconds)
                lived = f"{seconds:5.2f} s"
            program.check()
        self.recovery.life_ended(ready_at, time.monotonic(), self.ledger)
        await asyncio.sleep(_SLOW_SECONDS)  # what was on the wire arrives, or never will
        if not self.folder.store.exists():
            return f"lived {lived}; no store yet"
        snapshot = await asyncio.to_thread(read_dead, self.folder.store)
        self.findings.look(snapshot, self.ledger)
        left = self.recovery.left_behind(snapshot, self.ledger)
        unrecorded = len(snapshot.waiting() & self.ledger.by_page.keys())
        self.with_pages_behind += left > 0
        self.unrecorded += unrecorded
        return (
            f"lived {lived}; {len(snapshot.incidents)} incidents, {len(snapshot.pages)} pages;"
            f" left {left} to send, {unrecorded} arrived but not recorded"
        )

    async def come_to_rest(self) -> Snapshot:
        """A last life, in which nothing changes any more: everything must arrive, and be recorded."""
        async with self.daemon() as program:
            ready_at = await self.ready(program)
            give_up = ready_at + _SETTLE
            while time.monotonic() < give_up:
                await asyncio.sleep(0.5)
                program.check()
                snapshot = await asyncio.to_thread(read_live, self.folder.store)
                if not snapshot.waiting() and snapshot.open_targets() == self.targets.failing:
                    break
            self.recovery.life_ended(ready_at, time.monotonic(), self.ledger)
            await program.stop()
        return await asyncio.to_thread(read_live, self.folder.store)


async def main(given: argparse.Namespace, folder: Path) -> int:
    """The whole measurement: the exit status."""
    dice = random.Random(given.seed)
    sentinel, port, sms, mail, hook = free_ports(5, dice=random.Random())
    ports = Ports(sentinel=sentinel, targets=port, sms=sms, mail=mail, hook=hook)
    bank = make_bank(folder, ports=ports, targets=given.targets, every="1s", timeout="1s", rules=_RULES)
    began = time.monotonic()
    with Ledger(folder / "arrived.jsonl") as ledger:
        receivers = Receivers(ledger, hook_secret=bank.hook_secret, slowness=_SLOW_SECONDS, dice=dice)
        answering = Targets()
        server = await answering.serve(port)
        keys = [f"T{number:05}" for number in range(given.targets)]
        async with server, receivers.serve(sms=sms, mail=mail, hook=hook), aiohttp.ClientSession() as session:
            run = Run(bank, answering, keys, ledger, session, dice, given.longest_life)
            flipping = asyncio.create_task(run.flip())
            try:
                for number in range(1, given.kills + 1):
                    print(f"kill {number:3}/{given.kills}: {await run.live_and_die()}", flush=True)
            finally:
                flipping.cancel()
            snapshot = await run.come_to_rest()
        run.findings.settle(snapshot, ledger, answering.failing)
    verdict = integrity(bank.store)
    return _report(run, snapshot, given, verdict, time.monotonic() - began)


def _report(run: Run, snapshot: Snapshot, given: argparse.Namespace, verdict: str, seconds: float) -> int:
    repeated = repeats(run.ledger)
    arrivals = sum(arrived.times for arrived in run.ledger.by_page.values())
    late = len(run.recovery.late | run.recovery.ran.keys())
    counts = run.findings.counts()
    figures = {
        "kills": given.kills,
        "seconds": round(seconds, 1),
        "seed": given.seed,
        "targets": len(run.keys),
        "flips": run.flips,
        "incidents": len(snapshot.incidents),
        "pages": len(snapshot.pages),
        "arrivals": arrivals,
        "kills_that_left_pages_behind": run.with_pages_behind,
        "pages_left_behind": run.recovery.behind,
        "pages_arrived_but_not_recorded_at_a_kill": run.unrecorded,
        "repeats_under_the_same_id": repeated,
        "repeats_share": round(sum(repeated.values()) / max(1, arrivals), 4),
        "start_to_ready_seconds": spread(run.starts),
        "ready_to_left_behind_page_seconds": spread(run.recovery.took),
        f"later_than_{LATEST:g}_seconds": late,
        **counts,
        "integrity_check": verdict,
    }
    holds = not any(counts.values()) and not late and verdict == "ok" and bool(snapshot.incidents)
    show("kill -9 under a steady stream of failures", list(figures.items()))
    for name, examples in run.findings.examples().items():
        print(f"  {name}: {', '.join(examples)}")
    path = save("kill", {**figures, "holds": holds}, given.result)
    print(f"\n{'holds' if holds else 'DOES NOT HOLD'}; figures in {path}")
    return 0 if holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--longest-life", type=float, default=3.0, help="seconds from ready to the kill, at most")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--result", type=Path, help="where the figures go; default: bench/results/kill.json")
    parser.add_argument("--folder", type=Path, help="keep the run's files here; default: a folder that goes afterwards")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="sentinel-kill-") as temporary:
        try:
            status = asyncio.run(main(given, given.folder or Path(temporary)))
        except Died as died:
            print(f"DOES NOT HOLD: {died}", file=sys.stderr)
            status = 1
    sys.exit(status)
