"""Files of tests enter; suites that can be run leave, or every mistake in them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from ebank_sentinel.config import Config, load
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.localtime import instant
from ebank_sentinel.trial.case import Case, Expected, Suite
from ebank_sentinel.trial.names import Names
from ebank_sentinel.trial.settings import CaseSettings, TestFile
from ebank_sentinel.trial.stage import Stage
from ebank_sentinel.yamlfile import Document, files_in
from ebank_sentinel.yamlfile import load as load_yaml


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that paths mean: a folder means its own *.yaml. Raises ConfigError."""
    found: dict[Path, None] = {}
    for path in paths:
        found |= dict.fromkeys(files_in(path) if path.is_dir() else [path])
    return list(found)


def beside_the_rules(config: Path) -> list[Path]:
    """The folder `tests` beside each rule file of a configuration, where there is one. Raises ConfigError."""
    written = load_yaml(config).plain(["rules"])
    entries = [entry for entry in written if isinstance(entry, str)] if isinstance(written, list) else []
    places = [config.parent / entry for entry in entries]
    folders = [place / "tests" if place.is_dir() else place.parent / "tests" for place in places]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def load_suites(files: Iterable[Path], *, now: datetime) -> list[Suite]:
    """Read and check every file. Raises ConfigError with all that is wrong with any of them, or with what they test."""
    configs: dict[Path, Config | None] = {}
    problems: list[Problem] = []
    suites: list[Suite] = []

    def config_of(path: Path) -> Config | None:
        """Each is loaded once; what is wrong with it is told once."""
        known = path.resolve()
        if known not in configs:
            configs[known] = None
            try:
                configs[known] = load(path, now=now, secrets=False)
            except ConfigError as error:
                problems.extend(error.problems)
        return configs[known]

    for file in files:
        try:
            suites.append(_suite(load_yaml(file), file, config_of))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return suites


def _suite(document: Document, file: Path, config_of: Callable[[Path], Config | None]) -> Suite:
    top = document.data()
    if isinstance(top, dict) and "rules" in top and "tests" not in top:
        reason = "this file holds rules and no tests: name a file or a folder of tests, such as rules/tests"
        raise ConfigError([document.problem(["rules"], reason)])
    problems: list[Problem] = []
    try:
        document.validate(TestFile)
    except ConfigError as error:
        problems += error.problems
    written, tests = document.data(["config"]), document.data(["tests"])
    if not isinstance(written, str) or not isinstance(tests, list):
        raise ConfigError(problems)
    path = file.parent / written
    if not path.is_file():
        raise ConfigError([document.problem(["config"], f"there is no {path}: it is relative to this file")])
    config = config_of(path)
    if config is None:
        raise ConfigError(problems)  # what is wrong with it is told where it stands
    cases: list[Case] = []
    first: dict[str, str] = {}
    for index, _ in enumerate(tests):
        try:
            case = _case(document, index, config)
        except ConfigError as error:
            problems += error.problems
            continue
        if case.name in first:
            reason = f"another test has the name {case.name!r}: first in {first[case.name]}"
            problems.append(document.problem(["tests", index, "name"], reason))
        first.setdefault(case.name, case.place)
        cases.append(case)
    if problems:
        raise ConfigError(problems)
    return Suite(file=str(file), config=config, cases=tuple(cases))


def _case(document: Document, index: int, config: Config) -> Case:
    path = ("tests", index)
    settings = document.validate(CaseSettings, prefix=path)
    start = instant(settings.start, config.zone)
    last = settings.end or settings.expect[-1].at
    names = Names(document, path, config)
    names.check(settings)
    stage = Stage(document, path, config, settings, start)
    stage.build()
    if problems := [*names.problems, *stage.problems]:
        raise ConfigError(problems)
    return Case(
        name=settings.name,
        place=document.place(path),
        start=start,
        end=start + last,
        targets=stage.listed,
        tracks=stage.tracks(),
        told=stage.told,
        spoken=stage.spoken,
        restarts=tuple(sorted(start + at for at in settings.restart)),
        failing=frozenset(settings.channels),
        expected=tuple(
            Expected(at=start + entry.at, settings=entry, place=document.place([*path, "expect", number]))
            for number, entry in enumerate(settings.expect)
        ),
        story=stage.story,
    )
