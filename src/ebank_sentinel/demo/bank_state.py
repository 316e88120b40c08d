"""The state of the simulated bank: what the script does to it enters, what its servers show leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.traffic import LoginTraffic

HEALTHY_SUCCESS = 0.98
HEALTHY_LATENCY_SECONDS = 0.03
LOGINS_PER_SECOND = 40.0


class Terminal(NamedTuple):
    """One ATM, as targets/atms.csv and branches.csv describe it."""

    terminal: str
    branch: str
    branch_name: str
    region: str  # identifier: north, east, south
    vendor: str
    model: str


@dataclass(slots=True)
class Bank:
    """What is true of the bank at this moment; the sentinel has to find out."""

    clock: Clock
    terminals: tuple[Terminal, ...]
    traffic: LoginTraffic = field(init=False)
    latency_seconds: float = HEALTHY_LATENCY_SECONDS  # of a login's health check
    success: float = HEALTHY_SUCCESS  # 0..1, of the logins that are made now
    dead: frozenset[str] = frozenset()  # terminals that hang up without an answer

    def __post_init__(self) -> None:
        self.traffic = LoginTraffic(
            start=self.clock.monotonic(),
            per_second=LOGINS_PER_SECOND,
            success=self.success,
        )

    def slow_down(self, latency_seconds: float) -> None:
        """Logins take so long from now on."""
        self.latency_seconds = latency_seconds

    def fail_logins(self, success: float) -> None:
        """Only this share of the logins succeeds from now on."""
        self.success = success
        self.traffic.change(at=self.clock.monotonic(), success=success)

    def kill(self, terminals: frozenset[str]) -> None:
        """These ATMs do not answer from now on."""
        self.dead |= terminals

    def recover(self) -> None:
        """Everything is as on a good day."""
        self.latency_seconds = HEALTHY_LATENCY_SECONDS
        self.dead = frozenset()
        self.fail_logins(HEALTHY_SUCCESS)
