from __future__ import annotations

import pytest

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.bank_state import Bank
from ebank_sentinel.demo.figures import Figures, UnknownQuery, queries_of
from support.demo_bank import SENTINEL, TERMINALS

QUERIES = queries_of(SENTINEL)


@pytest.mark.parametrize(("query", "field"), QUERIES.items(), ids=lambda value: ".".join(value)[:40])
def test_every_query_of_the_example_bank_has_an_answer(query: str, field: tuple[str, str]) -> None:
    series = Figures(Bank(SystemClock(), TERMINALS), QUERIES).answer(query)
    assert series, field
    for one in series:
        value = one["value"]
        assert isinstance(value, list)
        float(value[1])


def test_all_fields_of_a_probe_have_the_same_series() -> None:
    figures = Figures(Bank(SystemClock(), TERMINALS), QUERIES)
    for probe, fields in (
        (probe, {field for name, field in QUERIES.values() if name == probe}) for probe, _ in QUERIES.values()
    ):
        assert {frozenset(values) for values in figures.of(probe).values()} == {frozenset(fields)}, probe


def test_a_query_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownQuery, match="does not know this query: up"):
        Figures(Bank(SystemClock(), TERMINALS), QUERIES).answer("up")


def test_failing_logins_show_in_what_the_system_says_and_in_no_swarm() -> None:
    bank = Bank(SystemClock(), TERMINALS)
    figures = Figures(bank, QUERIES)
    assert figures.login() == {"rate": 0.98, "attempts": 1000, "failed_ratio": 1.0, "failed_sources": 140}
    bank.traffic.change(at=bank.clock.monotonic() - 60, success=0.62)
    assert figures.login()["failed_ratio"] == 19.0
    assert figures.login()["failed_sources"] < 200
