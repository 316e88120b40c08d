"""`heartbeat`: the time of the last call enters; up while it is recent enough leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import Field

from ebank_sentinel.model.reading import ProbeError, Reading, Target
from ebank_sentinel.model.settings import Duration, Strict
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure

_MOST_EVERY = timedelta(seconds=60)


class Settings(Strict):
    """The `heartbeat:` of a probe."""

    within: Duration = Field(description="a call must come at least this often: the job's interval and some slack")


class HeartbeatProber:
    """Compares the last call with the clock."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading; none before the first call, for nobody knows yet when it is due."""
        last = self._context.last_beat(target.id)
        if last is None:
            return ()
        now = self._context.clock.now()
        age = max(now - last, timedelta())  # a wall clock that stepped back makes no call come from the future
        limit = self._context.settings.within
        late = age > limit
        reading = Reading(
            target=target,
            at=now,
            up=not late,
            error=ProbeError.SILENT if late else None,
            detail=f"no heartbeat for {in_hours(age)} (limit {in_hours(limit)})" if late else "",
            fields={"age_s": round(age.total_seconds(), 3)},
        )
        return (reading,)

    async def close(self) -> None:
        """Nothing is kept."""


def in_hours(span: timedelta) -> str:
    """A span as people say it: `26h3m`, `90s` as `1m30s`; seconds only below an hour."""
    total = round(span.total_seconds())
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    words = f"{hours}h" * bool(hours) + f"{minutes}m" * bool(minutes) + f"{seconds}s" * bool(seconds and not hours)
    return words or "0s"


def fields(_settings: Settings) -> Mapping[str, type]:
    """What a rule may name."""
    return {"age_s": float}


KIND = Kind(
    settings=Settings,
    every=lambda settings: min(settings.within / 10, _MOST_EVERY),
    fields=fields,
    prober=HeartbeatProber,
)
