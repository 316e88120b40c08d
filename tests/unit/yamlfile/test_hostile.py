"""Files made to hurt, and whatever else may come in."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.yamlfile import did_you_mean
from support.strict_yaml import Settings, complaints, read

BOMBS = {
    "open brackets": ("[" * 2000, "nested deeper than 50 levels"),
    "closed brackets": ("a: " + "[" * 2000 + "]" * 2000 + "\n", "nested deeper than 50 levels"),
    "nested dashes": ("- " * 2000 + "\n", "nested deeper than 50 levels"),
    "aliases of aliases": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        "the aliases (*) grow to over 100000 values",
    ),
    "many aliases": ("a: &a x\nb: [" + "*a, " * 200 + "]\n", "over 100 aliases (*) in one file"),
    "a long number": ("a: " + "1_" * 100_000 + "\n", "a number too large to keep its digits"),
    "many mistakes": ("a: [" + "1:30, " * 10_000 + "]\n", "over 200 problems in this file: mend these first"),
}


@pytest.mark.parametrize(("content", "reason"), BOMBS.values(), ids=BOMBS.keys())
def test_a_file_made_to_hurt_is_refused_within_a_second_and_100_mb(content: str, reason: str, tmp_path: Path) -> None:
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert any(line.endswith(reason) for line in complaints(tmp_path, content))
    assert time.process_time() - begun < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def positions_are_inside(error: ConfigError, text: str) -> None:
    lines = re.split("\r\n|\r|\n", text)
    for problem in error.problems:
        if problem.line:
            assert problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=60))
def test_whatever_bytes_come_in_the_only_error_is_a_config_error(content: bytes, folder: Path) -> None:
    try:
        read(folder, content).validate(Settings)
    except ConfigError as error:
        positions_are_inside(error, content.decode("utf-8", "replace"))


PIECES = [
    "a",
    "probes",
    ":",
    ": ",
    "- ",
    "\n",
    "\r",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "'",
    "|",
    ">",
    "#",
    "&a",
    "*a",
]
PIECES += [
    "!!str",
    "%",
    "---",
    "...",
    "<<",
    "?",
    "no",
    "012",
    "1:30",
    "every",
    "\\",
    "王",
    "：",
    "@",
    "~",
    " # x",
    "\n\n",
    "``",
]


@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_looks_like_yaml_has_its_mistakes_inside_the_file(content: str, folder: Path) -> None:
    try:
        read(folder, content).validate(Settings)
    except ConfigError as error:
        positions_are_inside(error, content)


@given(st.text(min_size=1, max_size=20), st.lists(st.text(min_size=1, max_size=20)))
def test_a_suggestion_is_always_one_of_the_known_names(word: str, known: list[str]) -> None:
    said = did_you_mean(word, known)
    assert not said or any(f'"{name}"' in said for name in known)
