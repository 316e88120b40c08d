"""Changes each threshold, hold, severity, group and width of the rules in turn: some test must fail for every change.

    make mutate                         all rules of deploy/sentinel.yaml, with the tests in rules/tests
    make mutate ARGS="--rule atm-dark"  one of them

Nothing is written: a rule is changed as it was read, and compiled anew. Exit status 1 when a change survives.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ebank_sentinel.cli.terminal import ERR, OUT
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.rule import PUSHED
from ebank_sentinel.rules.book import RuleBook, build
from ebank_sentinel.rules.reader import Written
from ebank_sentinel.trial.bench import Bench
from ebank_sentinel.trial.case import Case
from ebank_sentinel.trial.load import files_of, load_suites
from support.mutations import Bank, Mutant, mutants_of

ROOT = Path(__file__).parents[1]
PROCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a change."""

    place: str  # file:line
    rule: str
    path: str
    words: str
    survived: bool
    tests: int  # that were run


class Recorded:
    """Stands where `build` does while a configuration is loaded, and keeps what it was called with."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self._rest: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def __call__(self, written: Sequence[Written], *rest: Any, **named: Any) -> tuple[RuleBook, list[Problem]]:
        """As `build`."""
        self.written = list(written)
        self._rest = (rest, named)
        return build(self.written, *rest, **named)

    def with_one(self, index: int, mutant: Mutant) -> tuple[RuleBook, list[Problem]]:
        """All rules, one of them changed."""
        rest, named = self._rest
        written = [*self.written]
        written[index] = replace(written[index], settings=mutant.settings)
        return build(written, *rest, **named)


class Work:
    """The configuration, its tests, and which of them may notice a change of which rule."""

    def __init__(self, tests: Sequence[Path]) -> None:
        recorded = Recorded()
        vars(importlib.import_module("ebank_sentinel.config.load"))["build"] = (
            recorded  # the package has a function of this name
        )
        suites = load_suites(files_of(tests), now=datetime.now(UTC))
        if len({suite.config.path.resolve() for suite in suites}) != 1:
            raise SystemExit("make mutate changes one configuration: these tests name several")
        self.recorded = recorded
        self.config = suites[0].config
        cases = [case for suite in suites for case in suite.cases]
        bench = Bench(self.config)
        self.failing: list[str] = []
        self.holding: list[Case] = []
        self._reach: dict[str, list[Case]] = {}
        for case in cases:
            verdict = bench.run(case)
            if not verdict.holds:
                self.failing.append(case.place)
                continue
            self.holding.append(case)
            for rule in {part.rule for part in verdict.reached}:
                self._reach.setdefault(rule, []).append(case)

    def noticing(self, rule: str) -> Iterator[Case]:
        """First the tests that reached the rule, then all that read or tell what it watches."""
        first = self._reach.get(rule, [])
        yield from sorted(first, key=lambda case: case.end - case.start)
        known = {case.place for case in first}
        sources = self._sources(rule)
        for case in self.holding:
            if case.place not in known and sources & _sources_of(case):
                yield case

    def _sources(self, rule: str) -> set[str]:
        """What a rule watches; of a whole, what its parts do."""
        found = self.config.book.rules[rule]
        parts = {self.config.book.rules[part].watch for part in found.all_of if part in self.config.book.rules}
        return {found.watch, *parts}

    def try_out(self, index: int, mutant: Mutant) -> Outcome | None:
        """Whether a test fails with this change. None: the files' own checks refuse it."""
        written = self.recorded.written[index]
        rule = written.settings.id
        book, problems = self.recorded.with_one(index, mutant)
        if problems:
            return None
        bench = Bench(self.config, book)
        place = written.locate(_written_path(mutant.path), "")
        tests = 0
        survived = True
        for tests, case in enumerate(self.noticing(rule), start=1):  # noqa: B007 - how many is told
            if not bench.run(case, stop_early=True).holds:
                survived = False
                break
        return Outcome(
            place=f"{place.file}:{place.line}",
            rule=rule,
            path=".".join(map(str, mutant.path)),
            words=mutant.words,
            survived=survived,
            tests=tests,
        )


def _written_path(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return tuple("for" if part == "for_" else part for part in path)


def _sources_of(case: Case) -> set[str]:
    probes = {track.target.id.probe for track in case.tracks}
    return probes | (set(PUSHED) if case.told else set())


_work: Work | None = None
"""Inherited by the processes that are forked: nothing is sent to them but numbers."""


def _try(job: tuple[int, int]) -> Outcome | None:
    assert _work is not None
    index, number = job
    return _work.try_out(index, _mutants(_work, index)[number])


def _mutants(work: Work, index: int) -> list[Mutant]:
    bank = Bank(groups=work.config.roster.groups, levels=work.config.topology.levels)
    return list(mutants_of(work.recorded.written[index].settings, bank))


def main() -> int:
    """Try every change, on two processors."""
    global _work  # noqa: PLW0603 - so that forked processes have it
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", type=Path, default=[ROOT / "rules" / "tests"])
    parser.add_argument("--rule", default="", help="only rules that have this in their id")
    arguments = parser.parse_args()
    began = time.perf_counter()
    try:
        _work = work = Work(arguments.tests)
    except ConfigError as error:
        for problem in error.problems:
            ERR.print(str(problem), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    if work.failing:
        ERR.print("left out, for they fail already:", *work.failing, sep="\n  ", highlight=False, soft_wrap=True)
    jobs = [
        (index, number)
        for index, written in enumerate(work.recorded.written)
        if written.settings.id in work.config.book.rules and arguments.rule in written.settings.id
        for number, _ in enumerate(_mutants(work, index))
    ]
    outcomes: list[Outcome] = []
    refused = 0
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        for number, outcome in enumerate(pool.imap_unordered(_try, jobs, chunksize=8), start=1):
            if outcome is None:
                refused += 1
            else:
                outcomes.append(outcome)
            if sys.stderr.isatty() and number % 10 == 0:
                ERR.print(f"{number} of {len(jobs)}", end="\r", highlight=False)
    survivors = sorted((one for one in outcomes if one.survived), key=lambda one: (one.rule, one.path))
    for one in survivors:
        OUT.print(
            f"survives: {one.place}: {one.rule}: {one.path}: {one.words} ({one.tests} tests)",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    OUT.print(
        f"{len(outcomes)} changes, {len(survivors)} survive; {refused} more are refused by check; "
        f"{time.perf_counter() - began:.0f} s",
        highlight=False,
    )
    return 1 if survivors or work.failing else 0


if __name__ == "__main__":
    sys.exit(main())
