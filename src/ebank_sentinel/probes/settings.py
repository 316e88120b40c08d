"""A probe as sentinel.yaml writes it enters, checked; its targets and its prober leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, create_model, model_validator

from ebank_sentinel.clock import Clock
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.settings import Duration, NotYet, Strict, format_duration
from ebank_sentinel.probes.kind import Kind, ProbeContext, Prober
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.registry import KINDS, NOT_YET
from ebank_sentinel.probes.targets import Targets, load

_MOST_TIMEOUT = timedelta(seconds=10)

LabelName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w{0,63}$")]
"""A label: a word in any script, as it stands after `label.` and between braces."""


_KNOWN_KEYS = frozenset(("every", "timeout", "labels", "targets", "absent", "sweep"))


class ProbeBase(Strict):
    """What all probes have, whatever their kind."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    every_given: Duration | None = Field(
        default=None,
        alias="every",
        description="interval: http, tcp, promql, atm 30s; tls 1h; heartbeat a tenth of `within`, at most 60s",
    )
    timeout_given: Duration | None = Field(
        default=None, alias="timeout", description="deadline over one whole probe: 10s, or `every` when that is shorter"
    )
    labels: dict[LabelName, str] = Field(default_factory=dict, description="labels of all its targets")
    targets: Targets | None = Field(default=None, description="what is watched; without it, one target")
    absent_given: Literal["no_data", "clear"] | None = Field(
        default=None,
        alias="absent",
        description="what a series means that left: no data (the default), or all clear, for a query of what is wrong",
    )
    sweep: NotYet = None

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: object) -> object:
        if isinstance(value, dict):
            named = [kind for kind in (*KINDS, *NOT_YET) if kind in value]
            if not named and not set(value) - _KNOWN_KEYS:  # an unknown key may be a kind with a typing mistake
                raise ValueError(f"say how it is read: give one of {', '.join(KINDS)}")
            if len(named) > 1:
                raise ValueError(f"a probe is read in one way: it has {' and '.join(named)}")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> ProbeBase:
        if self.timeout > self.every:
            raise ValueError(
                f"timeout {format_duration(self.timeout)} is longer than every {format_duration(self.every)}: "
                "a target would still be asked when it is due again"
            )
        if self.absent_given is not None and not self._kind.finds_targets:
            raise ValueError(f"absent is for promql, whose series come and go; {self.kind} has none")
        if self.targets is not None and self._kind.finds_targets:
            raise ValueError(f"{self.kind} finds its targets by itself: take `targets` away")
        self._check_rows()
        return self

    def _check_rows(self) -> None:
        """Rows of a CSV file are checked when it is read."""
        if self.targets is None:
            self.check_target(self.labels)
        for number, row in enumerate((self.targets and self.targets.rows) or (), start=1):
            try:
                self.check_target({**self.labels, **row})
            except ValueError as error:
                raise ValueError(f"targets row {number}: {error}") from None

    @property
    def kind(self) -> str:
        """How it is read: http, tcp, ..."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def own(self) -> Strict:
        """The settings of its kind."""
        own: Strict = getattr(self, self.kind)
        return own

    @property
    def _kind(self) -> Kind[Any]:
        return KINDS[self.kind]

    @property
    def every(self) -> timedelta:
        """The interval."""
        return self.every_given or self._kind.every(self.own)

    @property
    def timeout(self) -> timedelta:
        """The deadline over one whole probe."""
        return self.timeout_given or min(_MOST_TIMEOUT, self.every)

    @property
    def absent(self) -> str:
        """`no_data` or `clear`."""
        return self.absent_given or "no_data"

    def fields(self) -> Mapping[str, type]:
        """What a rule may name on its readings, beside `up` and `error`; `object`: a scalar of unknown type."""
        return self._kind.fields(self.own)

    def has_body(self) -> bool:
        """Whether a rule may say `body.x.y`."""
        return self._kind.has_body(self.own)

    @property
    def finds_targets(self) -> bool:
        """Its targets are what it reads: they bring labels of their own."""
        return self._kind.finds_targets

    def check_target(self, labels: Mapping[str, str]) -> None:
        """Raises ValueError when labels give no address to probe."""
        self._kind.check_target(self.own, labels)


if TYPE_CHECKING:
    ProbeSettings = ProbeBase
else:
    # One optional key a kind, from the registry: so a new kind is one file and one line there.
    ProbeSettings = create_model(
        "ProbeSettings",
        __base__=ProbeBase,
        __doc__="One entry of `probes:`; exactly one of its keys says how it is read.",
        **{name: (kind.settings, None) for name, kind in KINDS.items()},
        **dict.fromkeys(NOT_YET, (NotYet, None)),
    )


def load_targets(name: str, settings: ProbeBase, folder: Path) -> tuple[Target, ...]:
    """The targets of a probe. Raises ConfigError: it names the CSV file and the line."""
    return load(name, settings.targets, settings.labels, folder, settings.check_target)


def build_prober(
    name: str,
    settings: ProbeBase,
    *,
    clock: Clock,
    network: Network,
    folder: Path,
    credentials: Path | None,
    open_targets: Callable[[str], Iterable[Target]],
    last_beat: Callable[[TargetId], datetime | None],
) -> Prober:
    """The prober of a probe; needs no running loop. Raises ValueError: a CA file or a secret cannot be read."""
    return KINDS[settings.kind].prober(
        ProbeContext(
            name=name,
            settings=settings.own,
            every=settings.every,
            timeout=settings.timeout,
            absent=settings.absent,
            clock=clock,
            network=network,
            folder=folder,
            credentials=credentials,
            open_targets=open_targets,
            last_beat=last_beat,
        )
    )
