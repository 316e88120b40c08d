"""The rules that are shipped hold what their tests say, and no rule and no row of one is without a test."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ebank_sentinel.cli import main

RULES = Path(__file__).parents[2] / "rules"


def test_every_test_of_the_shipped_rules_holds_and_every_row_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.perf_counter()
    with pytest.raises(SystemExit) as ended:
        main(["test", "--coverage", "--json", str(RULES / "tests")])

    answer = json.loads(capsys.readouterr().out)
    assert [result["place"] for result in answer["results"] if not result["ok"]] == []
    assert answer["coverage"]["missing"] == []
    assert ended.value.code == 0
    assert time.perf_counter() - began < 20
