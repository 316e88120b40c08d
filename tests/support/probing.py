"""Probers as the daemon builds them: a probe as sentinel.yaml writes it enters, its prober or reading leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from ebank_sentinel.clock import Clock, SystemClock
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.probes.kind import ProbeFailure, Prober
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.settings import ProbeSettings, build_prober

NAME = "login"
TARGET = Target(id=TargetId(NAME, NAME))


@asynccontextmanager
async def probing(
    probe: Mapping[str, object],
    *,
    folder: Path = Path("/nonexistent"),
    clock: Clock | None = None,
    open_targets: Callable[[str], Iterable[Target]] = lambda _probe: (),
    last_beat: Callable[[TargetId], datetime | None] = lambda _target: None,
) -> AsyncIterator[Prober]:
    """The prober of a probe named `login`, closed at the end."""
    clock = clock or SystemClock()
    network = Network(clock)
    prober = build_prober(
        NAME,
        ProbeSettings.model_validate(probe),
        clock=clock,
        network=network,
        folder=folder,
        credentials=None,
        open_targets=open_targets,
        last_beat=last_beat,
    )
    try:
        yield prober
    finally:
        await prober.close()
        await network.close()


async def read(probe: Mapping[str, object], *, folder: Path = Path("/nonexistent"), target: Target = TARGET) -> Reading:
    """The one reading that a probe gives of a target."""
    async with probing(probe, folder=folder) as prober:
        outcome = await prober.read(target)
    assert not isinstance(outcome, ProbeFailure), outcome
    (reading,) = outcome
    return reading
