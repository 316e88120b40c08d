"""The state of the simulated bank: what the script does to it enters, what its servers show leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.traffic import LoginTraffic

HEALTHY_SUCCESS = 0.98
LOGINS_PER_SECOND = 200.0


class Terminal(NamedTuple):
    """One ATM, as deploy/targets/atms.csv and deploy/branches.csv describe it."""

    terminal: str
    branch: str
    branch_name: str
    region: str  # identifier: north, east, south
    region_name: str
    vendor: str
    model: str
    live: bool  # customers use it


@dataclass(slots=True)
class Bank:
    """What is true of the bank at this moment; the sentinel has to find out."""

    clock: Clock
    terminals: tuple[Terminal, ...]
    traffic: LoginTraffic = field(init=False)
    success: float = HEALTHY_SUCCESS  # 0..1, of the logins that are made now
    broken: frozenset[str] = frozenset()  # terminals that are off, each by itself
    on_battery: frozenset[str] = frozenset()  # branches whose UPS is engaged
    without_power: frozenset[str] = frozenset()  # branches whose machines and router are off
    cut_off: frozenset[str] = frozenset()  # regions whose line for ATMs is down
    switch_answers: bool = True  # the front end's echo
    switch_carries: bool = True  # what hangs on it: every ATM

    def __post_init__(self) -> None:
        self.traffic = LoginTraffic(
            start=self.clock.monotonic(),
            per_second=LOGINS_PER_SECOND,
            success=self.success,
        )

    @property
    def dead(self) -> frozenset[str]:
        """The terminals that hang up without an answer."""
        return frozenset(
            atm.terminal
            for atm in self.terminals
            if not self.switch_carries
            or atm.terminal in self.broken
            or atm.branch in self.without_power
            or atm.region in self.cut_off
        )

    def fail_logins(self, success: float) -> None:
        """Only this share of the logins succeeds from now on."""
        self.success = success
        self.traffic.change(at=self.clock.monotonic(), success=success)

    def repair_logins(self) -> None:
        """Logins are as on a good day."""
        self.fail_logins(HEALTHY_SUCCESS)

    def break_terminal(self, terminal: str) -> None:
        """One machine is off."""
        self.broken |= {terminal}

    def repair_terminal(self, terminal: str) -> None:
        """It is on again."""
        self.broken -= {terminal}

    def lose_mains(self, branch: str) -> None:
        """A branch runs on its UPS; its machines have none."""
        self.on_battery |= {branch}

    def lose_power(self, branch: str) -> None:
        """What hangs on the mains there is off: the ATMs, and the router."""
        self.without_power |= {branch}

    def restore_power(self, branch: str) -> None:
        """The mains are back."""
        self.on_battery -= {branch}
        self.without_power -= {branch}

    def cut_line(self, region: str) -> None:
        """A region's line for ATMs fails; its routers are managed over another one."""
        self.cut_off |= {region}

    def repair_line(self, region: str) -> None:
        """It carries again."""
        self.cut_off -= {region}

    def lose_switch(self) -> None:
        """The front end does not answer any more; what hangs on it notices when its sessions time out."""
        self.switch_answers = False

    def drop_sessions(self) -> None:
        """Every ATM's session with the front end has timed out."""
        self.switch_carries = False

    def restore_switch(self) -> None:
        """The front end answers, and carries."""
        self.switch_answers = self.switch_carries = True

    def has_line(self, name: str) -> bool:
        """Whether what is reached by TCP takes connections: `1017-router`, `sw1`, `core`, ..."""
        if name.startswith("sw"):
            return self.switch_answers
        return name.removesuffix("-router") not in self.without_power
