"""`atm`: the URL of a terminal's status enters; what it says of itself leaves, as fields that rules name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from pydantic import Field

from ebank_sentinel.model.reading import ProbeError, Reading, Target
from ebank_sentinel.probes.atm_document import Strange
from ebank_sentinel.probes.atm_state import UNREACHED
from ebank_sentinel.probes.atm_status import FIELDS, ZOMBIE_FROM, examine
from ebank_sentinel.probes.body import json_of
from ebank_sentinel.probes.expect import Expect, Expectation
from ebank_sentinel.probes.failure import Failed
from ebank_sentinel.probes.fetch import Fetcher, FetchSettings, check_target, own_fields
from ebank_sentinel.probes.kind import Kind, ProbeContext, ProbeFailure, Sight, read_one

_MOST_TOLD = 256  # values that a probe tells of, of all its terminals, until the next start


class Settings(FetchSettings):
    """The `atm:` of a probe."""

    zombie_from: int = Field(
        default=ZOMBIE_FROM, ge=1, description="withdrawals expected, from which on none at all is the state zombie"
    )


class AtmProber:
    """Reads terminals' statuses."""

    def __init__(self, context: ProbeContext[Settings]) -> None:
        self._context = context
        self._expect = Expectation(Expect())
        self._fetcher = Fetcher(context, takes=self._expect.takes)
        self._told: set[Strange] = set()

    async def read(self, target: Target) -> Sequence[Reading] | ProbeFailure:
        """One reading: up when a status could be read, and the terminal does not say that it is off."""
        sight = Sight()
        return await read_one(self._context, target, sight, self._look(target, sight))

    async def _look(self, target: Target, sight: Sight) -> None:
        body, _charset = await self._fetcher.fetch(target, sight)
        self._expect.check_status(int(sight.fields["status"]))
        document = json_of(body)
        sight.body = document
        status = examine(document, zombie_from=self._context.settings.zombie_from)
        sight.fields.update(status.fields)
        self._tell(status.strange, target)
        device = status.fields.get("device")
        if device in UNREACHED:
            raise Failed(ProbeError.ASSERTION, f"the terminal says of itself: {device} (common.device)")

    def _tell(self, strange: Sequence[Strange], target: Target) -> None:
        """A line for each value that is met for the first time, however many terminals have it."""
        for value in strange:
            if value in self._told or len(self._told) >= _MOST_TOLD:
                continue
            self._told.add(value)
            structlog.get_logger().warning(
                "a terminal's status has a value that is not in the vocabulary",
                probe=self._context.name,
                target=target.id.key,
                property=value.place,
                value=value.value,
            )

    async def close(self) -> None:
        """Let the connections go."""
        await self._fetcher.close()


def fields(settings: Settings) -> Mapping[str, type]:
    """What a rule may name."""
    return {**own_fields(settings), **FIELDS}


KIND = Kind(
    settings=Settings,
    every=lambda _settings: timedelta(seconds=30),
    fields=fields,
    prober=AtmProber,
    has_body=lambda _settings: True,
    check_target=check_target,
)
