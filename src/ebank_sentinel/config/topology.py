"""How the bank is laid out: topology.yaml and its CSV enter, targets with more labels leave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ebank_sentinel.config.settings import ServiceSettings, TopologyFile
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.reading import Target
from ebank_sentinel.model.rule import FLEET
from ebank_sentinel.model.template import placeholders
from ebank_sentinel.probes.targets import read_csv
from ebank_sentinel.yamlfile import Document, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Levels, narrow to wide; places; services; and more labels for targets."""

    levels: tuple[str, ...] = ()
    place: str = ""
    services: Mapping[str, ServiceSettings] = field(default_factory=dict)
    on: str = ""  # the label that targets are joined on
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # its value -> more labels
    files: tuple[Path, ...] = ()

    @property
    def place_labels(self) -> frozenset[str]:
        """Labels that say where something is: the levels, and what the table is joined on."""
        return frozenset((*self.levels, self.on)) - {FLEET, ""}

    def join(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Targets with the labels of their row."""
        return tuple(map(self.locate, targets))

    def locate(self, target: Target) -> Target:
        """One target with the labels of its row; a label that it has already stays its own."""
        row = self.rows.get(target.labels.get(self.on, ""))
        return target if row is None else replace(target, labels={**row, **target.labels})

    def reread(self) -> Topology:
        """The same with its CSV read anew. Raises ConfigError."""
        rows = {row[self.on]: row for file in self.files for row in read_csv(file, self.on)}
        return replace(self, rows=rows)


def read_topology(
    document: Document,
    times: Collection[str],
    inside: Callable[[Document, Sequence[str | int], str], Path],
) -> Topology:
    """Check topology.yaml against the names of the times, and read its CSV. Raises ConfigError."""
    settings = document.validate(TopologyFile)
    problems: list[Problem] = []
    for name, service in settings.services.items():
        if service.hours not in times:
            reason = f"there is no time {service.hours!r}{did_you_mean(service.hours, times)}"
            problems.append(document.problem(["services", name, "hours"], reason))
        for number, needed in enumerate(service.needs):
            if needed not in settings.services:
                reason = f"there is no service {needed!r}{did_you_mean(needed, settings.services)}"
                problems.append(document.problem(["services", name, "needs", number], reason))
    try:
        placeholders(settings.place)
    except ValueError as error:
        problems.append(document.problem(["place"], str(error)))
    rows: dict[str, Mapping[str, str]] = {}
    files: tuple[Path, ...] = ()
    if settings.join is not None:
        try:
            path = inside(document, ["join", "csv"], settings.join.csv)
            rows = {row[settings.join.on]: row for row in read_csv(path, settings.join.on)}
            files = (path,)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Topology(
        levels=tuple(settings.levels),
        place=settings.place,
        services=settings.services,
        on=settings.join.on if settings.join is not None else "",
        rows=rows,
        files=files,
    )
