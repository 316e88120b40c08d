"""`promql`: series as targets, several queries as fields, and what a failing server means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ebank_sentinel.model.reading import ProbeError, Reading, Target, TargetId
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.probes.promql import join, key_of
from support.bad_servers import answering, closed_port, serving
from support.probing import NAME, TARGET, probing
from support.prometheus import exporter, prometheus


def vector(*series: tuple[Mapping[str, str], str], **more: object) -> str:
    result = [{"metric": metric, "value": [1, value]} for metric, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more})


async def ask(
    answer: str | bytes,
    *,
    status: str = "200 OK",
    query: object = "up",
    open_targets: Sequence[Target] = (),
    **keys: object,
) -> Sequence[Reading] | ProbeFailure:
    data = answer if isinstance(answer, bytes) else answer.encode()
    async with serving(answering(f"HTTP/1.1 {status}\nContent-Length: {len(data)}", data)) as port:
        probe = {"promql": {"server": f"http://127.0.0.1:{port}/", "query": query}, **keys}
        async with probing(probe, open_targets=lambda _: open_targets) as prober:
            return await prober.read(Target(id=TARGET.id, labels={"service": "login"}))


async def readings(answer: str | bytes, **keys: object) -> Sequence[Reading]:
    outcome = await ask(answer, **keys)  # type: ignore[arg-type]
    assert not isinstance(outcome, ProbeFailure), outcome
    return outcome


async def failure(answer: str | bytes, **keys: object) -> ProbeFailure:
    outcome = await ask(answer, **keys)  # type: ignore[arg-type]
    assert isinstance(outcome, ProbeFailure), outcome
    return outcome


async def test_each_series_is_a_target() -> None:
    answer = vector(({"__name__": "up", "job": "a", "zone": "x"}, "1"), ({"job": "b"}, "0.5"))
    first, second = await readings(answer)
    assert first.target.id == TargetId(NAME, "job=a,zone=x")
    assert first.target.labels == {"service": "login", "job": "a", "zone": "x"}
    assert first.fields == {"value": 1.0}
    assert first.up
    assert second.target.id.key == "job=b"


async def test_a_series_without_labels_has_the_name_of_the_probe() -> None:
    (reading,) = await readings(vector(({}, "0.98")))
    assert reading.target.id == TargetId(NAME, NAME)
    answer = '{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}'
    (reading,) = await readings(answer)
    assert reading.target.id == TargetId(NAME, NAME)
    assert reading.fields == {"value": 3.0}


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
async def test_a_value_that_is_no_finite_number_is_a_missing_field(value: str) -> None:
    (reading,) = await readings(vector(({"job": "a"}, value)))
    assert reading.up
    assert reading.fields == {}


async def test_a_label_with_half_a_character_reaches_no_reading() -> None:
    (reading,) = await readings(vector(({"job": "\ud800"}, "1")))
    assert reading.target.id.key == "job=\ufffd"
    assert reading.target.labels["job"] == "\ufffd"
    raw = vector(({"job": "HALF"}, "1")).encode().replace(b"HALF", b"\xed\xa0\x80")
    assert (await failure(raw)).error is ProbeError.BODY


async def test_a_series_with_too_long_labels_is_told_and_costs_no_other() -> None:
    for_key = {f"label_{number}": "x" * 95 for number in range(10)}
    answer = vector(({"job": "a"}, "1"), ({"job": "x" * 996}, "2"), ({"job": "x" * 997}, "3"), (for_key, "4"))
    with capture_logs() as lines:
        found = await readings(answer)
    assert [reading.fields["value"] for reading in found] == [1.0, 2.0]
    (line,) = lines
    assert (line["log_level"], line["probe"], line["lost"]) == ("error", NAME, 2)
    assert len(line["first"]) == 120


async def test_a_series_with_too_long_labels_is_not_all_clear() -> None:
    known = [gone(f"job={'x' * 1000}")]
    with capture_logs():
        assert await readings(vector(({"job": "x" * 1000}, "1")), absent="clear", open_targets=known) == []


async def test_an_empty_answer_is_no_data() -> None:
    assert await readings(vector()) == []


def gone(key: str) -> Target:
    return Target(id=TargetId(NAME, key), labels={"job": key})


async def test_a_series_that_left_a_query_of_what_is_wrong_is_all_clear() -> None:
    known = [gone("job=a"), gone("job=b")]
    still, left = await readings(vector(({"job": "a"}, "1")), absent="clear", open_targets=known)
    assert still.present
    assert left.target == gone("job=b")
    assert left.up
    assert not left.present
    assert left.fields == {}


async def test_a_series_that_left_any_other_query_is_no_data() -> None:
    assert len(await readings(vector(({"job": "a"}, "1")), open_targets=[gone("job=b")])) == 1


async def test_a_failing_server_clears_nothing() -> None:
    answer = '{"status":"error","errorType":"execution","error":"boom"}'
    for absent in ("clear", "no_data"):
        failed = await failure(answer, status="422 No", absent=absent, open_targets=[gone("job=b")])
        assert failed.probe == NAME
        assert failed.error is ProbeError.QUERY


FAILURES: dict[str, tuple[dict[str, str], ProbeError, str]] = {
    "a query that it refuses": (
        {"answer": '{"status":"error","errorType":"bad_data","error":"parse error"}', "status": "400 Bad"},
        ProbeError.QUERY,
        "the server says bad_data: parse error",
    ),
    "a query that takes too long": (
        {"answer": '{"status":"error","errorType":"timeout","error":"query timed out"}', "status": "503 Busy"},
        ProbeError.TIMEOUT,
        "the server says timeout: query timed out",
    ),
    "a partial answer": (
        {"answer": vector(({}, "1"), warnings=["one store is down"])},
        ProbeError.QUERY,
        "the answer is not complete: ['one store is down']",
    ),
    "a login page": ({"answer": "<html>", "status": "200 OK"}, ProbeError.BODY, "the body is not JSON"),
    "a proxy that says no": ({"answer": "", "status": "502 Bad"}, ProbeError.STATUS, "answered with status 502"),
    "a redirect": ({"answer": "", "status": "302 Go"}, ProbeError.STATUS, "answered with status 302"),
    "another API": ({"answer": '{"status": "UP"}'}, ProbeError.PROTOCOL, "no answer of the Prometheus API"),
    "a broken API": ({"answer": '{"status": "success", "data": 7}'}, ProbeError.PROTOCOL, "not shaped as"),
    "a matrix": (
        {"answer": '{"status":"success","data":{"resultType":"matrix","result":[]}}'},
        ProbeError.QUERY,
        "the query gives a matrix, not a vector",
    ),
    "series that differ in their name alone": (
        {"answer": vector(({"__name__": "a", "job": "x"}, "1"), ({"__name__": "b", "job": "x"}, "2"))},
        ProbeError.QUERY,
        "two series differ in nothing but their name: {job=x}",
    ),
    "too many series": (
        {"answer": vector(*[({"n": str(number)}, "1") for number in range(100_001)])},
        ProbeError.TOO_LARGE,
        "more than 100000 series",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_an_answer_that_is_not_complete_is_a_failure(case: str) -> None:
    given_, error, detail = FAILURES[case]
    failed = await failure(given_["answer"], status=given_.get("status", "200 OK"))
    assert failed.error is error
    assert detail in failed.detail


async def test_a_server_that_is_away_is_a_failure() -> None:
    async with probing({"promql": {"server": f"http://127.0.0.1:{closed_port()}", "query": "up"}}) as prober:
        failed = await prober.read(TARGET)
    assert isinstance(failed, ProbeFailure)
    assert failed.error is ProbeError.REFUSED


def test_queries_are_joined_on_equal_labels() -> None:
    a, b = (("job", "a"),), (("job", "b"),)
    assert join({"rate": {a: 0.5, b: None}, "count": {a: 7.0}}) == {a: {"rate": 0.5, "count": 7.0}, b: {}}


labels = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3)


@given(labels, labels)
def test_two_label_sets_have_the_same_key_only_when_they_are_equal(one: dict[str, str], other: dict[str, str]) -> None:
    assert (key_of(list(one.items())) == key_of(list(other.items()))) == (one == other)


@given(st.permutations([("a", "1"), ("b", "2"), ("c", "3,x=y")]))
def test_the_key_does_not_depend_on_the_order_of_labels(shuffled: list[tuple[str, str]]) -> None:
    assert key_of(shuffled) == "a=1,b=2,c=3\\,x\\=y"


@pytest.mark.real
async def test_a_real_prometheus_is_read_stopped_and_read_again(tmp_path: Path) -> None:
    with exporter() as bank:
        bank.figures = {
            'login_ok{channel="app"}': 62.0,
            'login_all{channel="app"}': 100.0,
            'login_ok{channel="web"}': 0.0,
            'login_all{channel="web"}': 0.0,
            'wrong{atm="A1"}': 1.0,
            'wrong{atm="A2"}': 1.0,
        }
        with prometheus(tmp_path / "prometheus", {"bank": f"127.0.0.1:{bank.port}"}) as server:
            await asyncio.to_thread(server.wait_for, 'wrong{atm="A2"}')
            queries = {"rate": "sum by (channel) (login_ok) / sum by (channel) (login_all)", "attempts": "login_all"}
            queries["attempts"] = "sum by (channel) (login_all)"
            async with probing({"promql": {"server": server.url, "query": queries}}) as prober:
                outcome = await prober.read(TARGET)
                assert not isinstance(outcome, ProbeFailure), outcome
                found = {reading.target.id.key: reading.fields for reading in outcome}
                # No login at all on the web is 0/0, which is no figure.
                assert found == {"channel=app": {"rate": 0.62, "attempts": 100.0}, "channel=web": {"attempts": 0.0}}

                await asyncio.to_thread(server.stop)
                failed = await prober.read(TARGET)
                assert isinstance(failed, ProbeFailure)
                assert failed.error is ProbeError.REFUSED

                await asyncio.to_thread(server.start)
                outcome = await prober.read(TARGET)
                assert not isinstance(outcome, ProbeFailure), outcome

            await asyncio.to_thread(server.wait_for, 'wrong{atm="A2"}')
            known = [gone(f"atm={terminal},instance=127.0.0.1:{bank.port},job=bank") for terminal in ("A1", "A2")]
            probe = {"promql": {"server": server.url, "query": "wrong == 1"}, "absent": "clear"}
            async with probing(probe, open_targets=lambda _: known) as prober:
                outcome = await prober.read(TARGET)
                assert not isinstance(outcome, ProbeFailure), outcome
                assert {reading.target.id for reading in outcome} == {each.id for each in known}
                assert all(reading.present for reading in outcome)
                bank.figures['wrong{atm="A2"}'] = 0.0
                await asyncio.to_thread(server.wait_for, 'wrong{atm="A2"} == 0')
                outcome = await prober.read(TARGET)
                assert not isinstance(outcome, ProbeFailure), outcome
                assert {reading.target.id: reading.present for reading in outcome} == {
                    known[0].id: True,
                    known[1].id: False,
                }


@pytest.mark.real
async def test_a_real_prometheus_names_what_it_refuses(tmp_path: Path) -> None:
    with prometheus(tmp_path / "prometheus", {}) as server:
        # Good PromQL, which a version of ours takes and this server has no function for.
        probe = {"promql": {"server": server.url, "query": "mad_over_time(up[5m])"}}
        async with probing(probe) as prober:
            failed = await prober.read(TARGET)
    assert isinstance(failed, ProbeFailure)
    assert failed.error is ProbeError.QUERY
    assert "bad_data" in failed.detail
