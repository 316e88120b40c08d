"""All rules of the bank: settings enter, checked; rules to decide with and one watch per probe leave."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ebank_sentinel.errors import Problem
from ebank_sentinel.model.rule import ALERTS, REPORTS, Rule
from ebank_sentinel.rules.between import Placed, check_between
from ebank_sentinel.rules.condition import closest
from ebank_sentinel.rules.reader import NO_DATA, Reader, Written
from ebank_sentinel.rules.rows import SourceSettings
from ebank_sentinel.rules.settings import RuleSettings
from ebank_sentinel.rules.told import Told, ToldRule
from ebank_sentinel.rules.watch import Asked, Watch
from ebank_sentinel.rules.watchable import OWN, TOLD, Watchable

__all__ = ["NO_DATA", "RuleBook", "Watchable", "Written", "build"]


@dataclass(slots=True)
class RuleBook:
    """The rules by id, and what watches each probe."""

    rules: dict[str, Rule] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)  # by probe
    told: Told = field(default_factory=Told)  # what rules say of alerts and reports
    dormant: dict[str, str] = field(default_factory=dict)  # rule id -> what it needs
    notices: list[str] = field(default_factory=list)


def build(
    written: Iterable[Written],
    probes: Mapping[str, Watchable],
    times: Sequence[str],
    *,
    place: str = "",
    levels: Sequence[str] | None = (),
    known: Collection[str] = (),
) -> tuple[RuleBook, list[Problem]]:
    """Check every rule against the probes and times that there are, and against the others; all problems at once.

    `levels`: of topology, narrow to wide; None when they could not be read. `known`: ids that stand in a file,
    also of rules that could not be read.
    """
    builder = _Builder({**probes, **OWN, **TOLD}, times, place=place, levels=levels)
    for entry in written:
        builder.add(entry)
    return builder.book(known)


class _Builder:
    """Takes one rule after the other."""

    def __init__(
        self, sources: Mapping[str, Watchable], times: Sequence[str], *, place: str, levels: Sequence[str] | None
    ) -> None:
        self._sources = sources
        self._times = times
        self._place = place
        self._levels = levels
        self._book = RuleBook()
        self._problems: list[Problem] = []
        self._asked: dict[str, list[Asked]] = {}
        self._told: dict[str, list[ToldRule]] = {ALERTS: [], REPORTS: []}
        self._first: dict[str, Problem] = {}  # where each id was first given
        self._placed: dict[str, Placed] = {}

    def add(self, entry: Written) -> None:
        """Read one."""
        settings = entry.settings
        if settings.id in self._first:
            first = self._first[settings.id]
            reason = f"another rule has the id {settings.id!r}: first in {first.file}:{first.line}"
            self._problems.append(entry.locate(["id"], reason))
            return
        self._first[settings.id] = entry.locate(["id"], "")
        source = source_of(settings)
        self._placed[settings.id] = Placed(written=entry, labels=self._labels(settings))
        watched = Watchable(every=timedelta(), fields={}) if source == "" else self._sources.get(source)
        if watched is None:
            if settings.needs:
                self._book.dormant[settings.id] = settings.needs
                return
            probes = self._sources.keys() - OWN.keys() - TOLD.keys()
            reason = f"there is no probe {source!r}{closest(source, probes)}"
            self._problems.append(entry.locate(["watch"], f"{reason}; or say `needs:` what is to be wired up"))
            return
        self._read(Reader(entry, source, watched, self._times, self._levels))

    def book(self, known: Collection[str]) -> tuple[RuleBook, list[Problem]]:
        """All that was read."""
        book = self._book
        self._problems += check_between(self._placed, known)
        self._put_to_sleep()
        book.watches = {source: Watch.of(asked, self._times) for source, asked in self._asked.items()}
        book.told = Told(alerts=tuple(self._told[ALERTS]), reports=tuple(self._told[REPORTS]))
        return book, self._problems

    def _labels(self, settings: RuleSettings) -> Collection[str] | None:
        """The labels of a rule's targets; None when they are not known. Of a whole, they are those of its parts."""
        watched = self._sources.get(source_of(settings))
        return None if watched is None else watched.labels

    def _put_to_sleep(self) -> None:
        """A whole is dormant while a part of it is."""
        book = self._book
        wholes = [rule for rule in book.rules.values() if rule.all_of]
        asleep = True
        while asleep:
            asleep = False
            for rule in [one for one in wholes if one.id in book.rules]:
                part = next((one for one in rule.all_of if one in book.dormant), None)
                if part is not None:
                    book.dormant[rule.id] = f"its part {part}, which needs {book.dormant[part]}"
                    del book.rules[rule.id]
                    asleep = True

    def _read(self, reader: Reader) -> None:
        rule = reader.rule(self._place)
        self._book.notices += reader.notices
        if reader.problems:
            self._problems += reader.problems
            self._book.dormant[rule.id] = "its mistakes to be mended"  # its id is taken all the same
            return
        self._book.rules[rule.id] = rule
        if rule.watch in self._told:
            self._told[rule.watch].append(reader.told(rule))
        elif rule.watch:
            self._asked.setdefault(rule.watch, []).append(reader.asked(rule))


def source_of(settings: RuleSettings) -> str:
    """What a rule watches: the name of a probe, ALERTS, REPORTS, one of OWN; "" for a rule of parts."""
    watch = settings.watch
    if not isinstance(watch, SourceSettings):
        return watch or ""
    if watch.own is not None:
        return f"@own.{watch.own}"
    return ALERTS if watch.alert is not None or watch.unmatched == "alert" else REPORTS
