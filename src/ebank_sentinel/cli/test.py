"""`test`: what the rules make of readings, alerts and reports, against what their tests expect."""

from __future__ import annotations

import json as json_module
import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ebank_sentinel.cli.terminal import DEFAULT, ERR, OUT, AsJson, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.errors import UsageError
from ebank_sentinel.trial.bench import Bench, Verdict
from ebank_sentinel.trial.case import Case, Suite
from ebank_sentinel.trial.coverage import Coverage, coverage_of
from ebank_sentinel.trial.load import beside_the_rules, files_of, load_suites
from ebank_sentinel.trial.results import as_json, as_junit
from ebank_sentinel.trial.timeline import clock, timeline

Result = tuple[str, ZoneInfo, Verdict]


def command(
    *paths: Annotated[
        Path,
        Parameter(help="Files, or folders of *.yaml; default: the folder `tests` beside the configuration's rules."),
    ],
    config: ConfigPath = DEFAULT,
    filter: Annotated[str, Parameter(help="Only tests whose name or file has this word in it.")] = "",  # noqa: A002 - it is the option's name
    coverage: Annotated[bool, Parameter(negative=(), help="List the rules and rows that no test reaches.")] = False,
    at_least: Annotated[float, Parameter(help="Percent of rules and rows that --coverage asks for.")] = 100,
    junit: Annotated[Path | None, Parameter(help="Write the results there, as JUnit's XML.")] = None,
    json: AsJson = False,
) -> int:
    """Run the tests of the rules, in driven time. Exit status 1 when one fails."""
    if not 0 <= at_least <= 100:
        raise UsageError(f"--at-least takes a percentage, 0 to 100: {at_least:g} is none")
    began = time.perf_counter()
    suites = load_suites(_files(paths, config), now=SystemClock().now())
    chosen = [(suite, case) for suite in suites for case in suite.cases if filter in case.name or filter in suite.file]
    if not chosen:
        raise UsageError(f"no test has {filter!r} in its name or file")
    results = _run(chosen, quiet=json)
    reach = _coverage(suites, results) if coverage else None
    if junit is not None:
        _write(junit, as_junit(results))
    if json:
        OUT.print_json(json_module.dumps(as_json(results, reach), ensure_ascii=False))
    else:
        _summary(results, time.perf_counter() - began)
        if reach is not None:
            _print_coverage(reach)
    covered = reach is None or reach.percent >= at_least
    return 0 if covered and all(verdict.holds for _, _, verdict in results) else 1


def _files(paths: tuple[Path, ...], config: Path) -> list[Path]:
    if paths:
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise UsageError(f"there is no {missing[0]}")
        return files_of(paths)
    if not config.is_file():
        raise UsageError(f"there is no {config}: name files of tests, or a configuration with -c")
    folders = beside_the_rules(config)
    if not folders:
        raise UsageError(f"no folder `tests` lies beside the rules of {config}: name files of tests")
    return files_of(folders)


def _run(chosen: list[tuple[Suite, Case]], *, quiet: bool) -> list[Result]:
    """Every test, with progress where somebody looks on."""
    benches: dict[Path, Bench] = {}
    results: list[Result] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=ERR, transient=True, disable=quiet or not ERR.is_terminal) as progress:
        task = progress.add_task("testing", total=len(chosen))
        for suite, case in chosen:
            bench = benches.get(suite.config.path)
            if bench is None:
                bench = benches[suite.config.path] = Bench(suite.config)
            verdict = bench.run(case)
            results.append((suite.file, suite.config.zone, verdict))
            if not quiet:
                _print(suite, verdict)
            progress.advance(task)
    return results


def _print(suite: Suite, verdict: Verdict) -> None:
    case = verdict.case
    word = "[green]ok[/green]    " if verdict.holds else "[red]FAILED[/red]"
    OUT.print(f"{word} {escape(case.name)} ({verdict.seconds * 1000:.0f} ms)", highlight=False, soft_wrap=True)
    if verdict.holds:
        return
    zone = suite.config.zone
    OUT.print(f"  {escape(case.place)}", style="dim", highlight=False, soft_wrap=True)
    for line in timeline(verdict):
        moment = clock(line.at, case.start, zone)
        OUT.print(f"  {moment:<20} {line.kind:<8} {escape(line.words)}", highlight=False, soft_wrap=True)
    for difference in verdict.differences:
        moment = clock(difference.at, case.start, zone)
        OUT.print(f"  [red]{escape(difference.place)}[/red] at {moment}:", highlight=False, soft_wrap=True)
        for text in difference.lines:
            OUT.print(f"    {escape(text)}", style="red", highlight=False, soft_wrap=True)


def _summary(results: list[Result], seconds: float) -> None:
    failed = sum(not verdict.holds for _, _, verdict in results)
    many = "1 test" if len(results) == 1 else f"{len(results)} tests"
    words = f"[red]{failed} of {many} failed[/red]" if failed else f"[green]{many} ok[/green]"
    OUT.print(f"{words} in {seconds:.1f} s", highlight=False)


def _coverage(suites: list[Suite], results: list[Result]) -> Coverage:
    configs = {suite.config.path.resolve(): suite.config for suite in suites}
    books = [(config.book.rules, config.book.dormant) for config in configs.values()]
    return coverage_of(books, (part for _, _, verdict in results if verdict.holds for part in verdict.reached))


def _print_coverage(reach: Coverage) -> None:
    whole = len(reach.reached) + len(reach.missing)
    style = "yellow" if reach.missing else "green"
    OUT.print(
        f"[{style}]{reach.percent:g}%[/{style}] of rules and rows are reached: {len(reach.reached)} of {whole}",
        highlight=False,
    )
    for part in reach.missing:
        OUT.print(f"  no test reaches {escape(str(part))}", highlight=False, soft_wrap=True)
    for rule in reach.dormant:
        OUT.print(f"  {escape(rule)} is dormant: no test can reach it", style="dim", highlight=False, soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
