"""Whatever stands in a rule file: it holds, or every mistake is said at a line of it. Nothing else ever happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebank_sentinel.config import Config, load
from ebank_sentinel.errors import ConfigError
from support.config_folder import good_folder

NOW = datetime(2026, 12, 10, tzinfo=UTC)
TEXTS = {"title": {"zh-CN": "网点失联", "en": "Branch dark"}, "number": "{failing}/{base} {share:.0%}"}
MEANS = {"category": "device", "severity": "IV", "groups": ["technical"]}
VALID: list[dict[str, Any]] = [
    {
        "id": "atm-dark",
        "title": "ATM失联",
        "impact": {"zh-CN": "{branch_name}无法取款"},
        "watch": "atm",
        "where": 'label.region == "north" and now in always',
        "when": "not up",
        "for": "5m",
        "clear_after": "2m",
        "reopen_within": "1h",
        "count": 2,
        "within": "1h",
        "referred": False,
        "flags": ["outage"],
        "tell": ["command"],
        "worse": [
            {"when": "latency_ms > 5", "for": "2h", "severity": "up"},
            {"count": 3, "within": "7d", "tell": ["vendor"]},
        ],
        "widens": [
            {"over": "branch", "share": "100%", "at_least": 2, "within": "5m", "category": "link", **TEXTS},
            {"over": "region", "share": "20%", "spread": {"branch": 3}, "severity": "II"},
            {"over": "fleet", "share": "50%", "severity": "I", "runbook": "docs/login-down.md"},
        ],
        "because": [{"seen": "login-down", "same": [], "within": "10m", "category": "power"}],
        "unless": [{"rule": "login-down", "same": []}],
        **MEANS,
    },
    {"id": "login-down", "title": "登录异常", "watch": "login", "when": "not up", **MEANS},
    {
        "id": "pay-alert",
        "title": "{summary}",
        "watch": {"alert": 'team="pay", severity=~"critical|warning"'},
        **MEANS,
        "severity": {"label": "severity", "critical": "II", "else": "IV"},
    },
    {"id": "theft", "title": "{place}", "watch": {"report": ["theft", "phishing"]}, **MEANS},
    {"id": "rest", "title": "{place}", "watch": {"unmatched": "report"}, **MEANS},
    {"id": "ours", "title": "{channel}", "watch": {"own": "channels"}, "when": "failing > 0.5", **MEANS},
    {
        "id": "both",
        "title": "一起",
        "all_of": ["login-down", "pay-alert"],
        "same": ["service"],
        "within": "10m",
        **MEANS,
    },
    {"id": "later", "title": "UPS", "watch": "ups", "when": "no_data", "needs": "the UPS", **MEANS},
]

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "0%", "101%", "-5%", "fleet", "terminal", "atm-dark", "both", "{", "{share}", "a=~(", "1h", "up"]
    ),
    st.sampled_from([[], {}, [[]], {"": ""}, {"alert": 1}, {"else": "IV"}, {"over": []}, ["theft"] * 40, {"own": "x"}]),
    st.sampled_from(
        ["not " * 500 + "up", "(" * 300, "a" * 5000, "x=~" + "(" * 100, "{" * 100, "\u0000", "\ud83d\ude00"]
    ),
)
ANY = st.recursive(
    JUNK, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that holds, but for its rules."""
    return good_folder(tmp_path_factory.mktemp("bank"))


def check(bank: Path, written: str) -> Config | list[str]:
    """What becomes of a rule file; fails when a mistake has no place in it."""
    (bank.parent / "rules" / "all.yaml").write_bytes(written.encode("utf-8", "surrogatepass"))
    try:
        return load(bank, now=NOW, secrets=False)
    except ConfigError as error:
        assert error.problems
        lines = written.count("\n") + 1
        for problem in error.problems:
            assert problem.file.endswith("rules/all.yaml"), problem
            assert problem.reason, problem
            assert 0 <= problem.line <= lines + 1, problem
        return [str(problem) for problem in error.problems]


def paths(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a structure, its root left out."""
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from paths(value, (*path, key))


PLACES = sorted(paths(VALID), key=str)


@st.composite
def damaged(draw: st.DrawFn) -> list[Any]:
    """The valid rules with a few places changed, taken away or copied elsewhere."""
    rules: Any = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(PLACES))
        parent = rules
        try:
            for key in way:
                parent = parent[key]
            match draw(st.integers(0, 3)):
                case 0:
                    del parent[last]
                case 1:
                    parent[last] = draw(ANY)
                case 2:
                    parent[last] = copy.deepcopy(draw(st.sampled_from([VALID[0], *VALID[0].values()])))
                case _ if isinstance(parent, dict):
                    parent[draw(st.text(max_size=8))] = parent.pop(last)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return rules if isinstance(rules, list) else []


SLOW = settings(
    max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_what_is_damaged_below_holds_as_it_stands(bank: Path) -> None:
    found = check(bank, json.dumps({"rules": VALID}, indent=1))
    assert isinstance(found, Config), found
    assert len(found.book.rules) == len(VALID) - 1


@SLOW
@given(damaged())
def test_a_valid_file_with_a_few_places_damaged(bank: Path, rules: list[Any]) -> None:
    check(bank, json.dumps({"rules": rules}, indent=1, ensure_ascii=False))


@SLOW
@given(st.lists(st.dictionaries(st.sampled_from(sorted({key for rule in VALID for key in rule})), ANY, max_size=12)))
def test_rules_made_of_anything(bank: Path, rules: list[Any]) -> None:
    check(bank, json.dumps({"rules": rules}, indent=1, ensure_ascii=False))


@SLOW
@given(st.data())
def test_a_valid_text_with_a_piece_cut_out_or_put_in(bank: Path, data: st.DataObject) -> None:
    text = json.dumps({"rules": VALID}, indent=1, ensure_ascii=False)
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 30))
    check(bank, text[:start] + data.draw(st.text(max_size=6)) + text[end:])
