"""What a model refuses, in plain words and at its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ebank_sentinel.errors import ConfigError
from support.strict_yaml import Probe, complaints, read

REFUSED = {
    "unknown-key-that-is-close": (
        "probes: {a: {every: 1s, lables: {}}}\n",
        ['sentinel.yaml:1:25: probes.a.lables: unknown key: did you mean "labels"?'],
    ),
    "unknown-key-with-an-alias-close": (
        "probes: {a: {every: 1s, form: x}}\n",
        ['sentinel.yaml:1:25: probes.a.form: unknown key: did you mean "from"?'],
    ),
    "unknown-key-that-is-far": (
        "probes: {a: {every: 1s, http: {url: x, zzz: 1}}}\n",
        ["sentinel.yaml:1:40: probes.a.http.zzz: unknown key: known here are url, status and password"],
    ),
    "missing-key-in-a-block": (
        "probes:\n  a:\n    mode: clear\n",
        ['sentinel.yaml:2:3: probes.a: needs "every"'],
    ),
    "missing-key-in-a-row": ("probes: {a: {mode: clear}}\n", ['sentinel.yaml:1:13: probes.a: needs "every"']),
    "number-for-text": ("language: 5\n", ["sentinel.yaml:1:11: language: expected text, got a whole number: quote it"]),
    "text-for-number": ("count: many\n", ["sentinel.yaml:1:8: count: expected a whole number, got text"]),
    "text-for-list": ("via: sms\n", ["sentinel.yaml:1:6: via: expected a list, got text: put it into [ ]"]),
    "list-for-mapping": ("probes: [a]\n", ["sentinel.yaml:1:9: probes: expected a mapping, got a list"]),
    "nothing": (
        "probes:\n",
        [
            (
                "sentinel.yaml:1:1: probes: "
                "expected a mapping, got nothing: write a value behind the colon, or take the key out"
            )
        ],
    ),
    "truth-for-number": ("count: true\n", ["sentinel.yaml:1:8: count: expected a whole number, got true or false"]),
    "out-of-bounds": ("count: 0\n", ["sentinel.yaml:1:8: count: must be over 0"]),
    "wrong-choice": (
        "probes: {a: {every: 1s, mode: claer}}\n",
        ["sentinel.yaml:1:31: probes.a.mode: 'claer' is not no_data or clear: did you mean \"clear\"?"],
    ),
    "union-of-kinds": (
        "query: 5\n",
        ["sentinel.yaml:1:8: query: expected text or a mapping, got a whole number: quote it"],
    ),
    "union-that-is-meant": (
        "via: [{first_of: sms}, 5]\n",
        [
            "sentinel.yaml:1:18: via[0].first_of: expected a list, got text: put it into [ ]",
            "sentinel.yaml:1:24: via[1]: expected text or a mapping, got a whole number: quote it",
        ],
    ),
    "union-with-a-typo": (
        "via: [{frist_of: [sms]}]\n",
        [
            'sentinel.yaml:1:7: via[0]: needs "first_of"',
            'sentinel.yaml:1:8: via[0].frist_of: unknown key: did you mean "first_of"?',
        ],
    ),
    "name-with-a-space": (
        "probes: {a b: {every: 1s}}\n",
        [
            (
                "sentinel.yaml:1:10: probes.a b: 'a b' is not a name: "
                "up to 64 letters, digits, `_`, `.` and `-`, a letter or digit first"
            )
        ],
    ),
    "duration-without-unit": (
        "probes: {a: {every: 5}}\n",
        [
            (
                "sentinel.yaml:1:21: probes.a.every: 5 is not a duration: "
                "it needs a unit, as in 500ms, 30s, 5m, 2h, 7d or 1w"
            )
        ],
    ),
    "not-yet": (
        "probes: {a: {every: 1s, sweep: branch}}\n",
        [
            (
                "sentinel.yaml:1:32: probes.a.sweep: "
                "not yet: this key is part of the format, and this version does not act on it: take it out"
            )
        ],
    ),
    "across-keys": (
        "probes:\n  a:\n    every: 1s\n    mode: no_data\n    labels: {a: b}\n",
        ["sentinel.yaml:2:3: probes.a: labels need mode: clear"],
    ),
    "whole-file-is-a-list": ("- a\n", ["sentinel.yaml:1:1: expected a mapping, got a list"]),
    "full-width-colon-inside": (
        "probes:\n  a：1s\n",
        [
            (
                "sentinel.yaml:1:1: probes: expected a mapping, got text: "
                "the colon is the full-width one (：), type : and a space"
            )
        ],
    ),
}


@pytest.mark.parametrize(("content", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_model_refuses_is_said_in_plain_words(content: str, expected: list[str], tmp_path: Path) -> None:
    said = complaints(tmp_path, content)
    if expected[0].startswith("sentinel.yaml:1:1: probes: expected a mapping, got text"):
        said = [re.sub(r":\d+:\d+:", ":1:1:", line) for line in said]
    assert said == expected


def test_all_problems_come_at_once_and_in_order(tmp_path: Path) -> None:
    said = complaints(tmp_path, "count: 0\nlanguage: no\nvia: 5\nzzz: 1\ncount: 2\n")
    assert [line.split(": ", 2)[:2] for line in said] == [
        ["sentinel.yaml:1:8", "count"],
        ["sentinel.yaml:2:11", "language"],
        ["sentinel.yaml:3:6", "via"],
        ["sentinel.yaml:4:1", "zzz"],
        ["sentinel.yaml:5:1", "count"],
    ]


def test_no_error_speaks_the_language_of_the_validator_or_shows_a_secret(tmp_path: Path) -> None:
    content = "probes: {a: {every: 1s, http: {url: x, password: hunter2}}}\n"
    assert complaints(tmp_path, content) == [
        (
            "sentinel.yaml:1:50: probes.a.http.password: "
            "a secret is never written inline: use {file: PATH} or {credential: NAME}"
        )
    ]


def test_data_of_a_spoiled_file_is_never_handed_out(tmp_path: Path) -> None:
    document = read(tmp_path, "count: 1\nlanguage: no\n")
    with pytest.raises(ConfigError, match="quote it"):
        document.plain()
    with pytest.raises(ConfigError, match="quote it"):
        document.validate(int, prefix=("count",))


def test_part_of_a_file_can_be_validated_and_keeps_its_place(tmp_path: Path) -> None:
    document = read(tmp_path, "probes:\n  a: {every: 1s}\n  b: {every: fast}\n")
    assert document.validate(Probe, prefix=("probes", "a")).mode == "clear"
    with pytest.raises(ConfigError, match=re.escape("sentinel.yaml:3:14: probes.b.every: 'fast' is not a duration")):
        document.validate(Probe, prefix=("probes", "b"))


def test_others_can_point_at_a_value_a_key_or_the_nearest_parent(tmp_path: Path) -> None:
    document = read(tmp_path, "probes:\n  a:\n    every: 1s\n")
    assert str(document.problem(("probes", "a", "every"), "x")) == "sentinel.yaml:3:12: probes.a.every: x"
    assert str(document.problem(("probes", "a", "every"), "x", key=True)) == "sentinel.yaml:3:5: probes.a.every: x"
    assert str(document.problem(("probes", "a", "mode", 3), "x")) == "sentinel.yaml:2:3: probes.a.mode[3]: x"
    assert str(document.problem((), "x")) == "sentinel.yaml:1:1: x"
    assert document.place(("probes", "a")) == "sentinel.yaml:2"
