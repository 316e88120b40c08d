"""`POST /api/v1/alerts`: what clients of Alertmanager send is taken whole, or refused whole by index and key."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebank_sentinel.daemon.intake import fingerprint
from ebank_sentinel.errors import RequestError
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.rule import PUSHED
from ebank_sentinel.model.symptom import Symptom, SymptomId
from ebank_sentinel.web import openapi
from ebank_sentinel.web.alerts import MOST_ALERTS, MOST_BODY, alerts
from support.driven_clock import eventually
from support.loopback_daemon import RULE, LoopbackDaemon, running_daemon
from support.told_rules import TOLD_RULES

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
PATH = "/api/v1/alerts"
PAY = {"alertname": "PayErrors", "team": "pay", "severity": "critical"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path_factory.mktemp("bank"), rules=RULE + TOLD_RULES) as bank:
        yield bank


def incidents(bank: LoopbackDaemon) -> list[Incident]:
    return list(bank.daemon._flow.desk.ledger.incidents.values())


def open_of(bank: LoopbackDaemon, labels: dict[str, str]) -> Incident | None:
    target = TargetId("@alert", fingerprint(labels))
    return next((one for one in incidents(bank) if one.symptom.target == target), None)


# -- what is taken ------------------------------------------------------------------------------------


async def test_an_alert_opens_an_incident_of_its_own_severity_and_words_and_ends_it(bank: LoopbackDaemon) -> None:
    labels = {**PAY, "instance": "pay-1:9100"}
    alert = {
        "labels": labels,
        "annotations": {"summary": "支付错误多", "description": "过半\n支付失败"},
        "startsAt": "2026-12-10T02:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
    }
    status, body, _ = await bank.ask("POST", PATH, json=[alert])
    assert (status, body) == (200, {"taken": 1, "firing": 1, "resolved": 0, "unmatched": 0})
    incident = open_of(bank, labels)
    assert incident is not None, "it was safe before it was answered"
    assert (incident.rule, incident.severity.name, incident.title["zh-CN"]) == ("pay-alert", "II", "支付错误多")
    _, shown, _ = await bank.ask("GET", f"/api/v1/incidents/{incident.id}")
    assert [one["key"] for one in shown["symptoms"]] == [fingerprint(labels)]
    text = shown["pages"][0]["text"]
    assert text.startswith("【示例银行】二级 支付错误多 ")
    assert " 影响:pay-1:9100过半 支付失败 " in text

    gone = {"labels": labels, "endsAt": "2020-12-10T02:00:00Z"}
    status, body, _ = await bank.ask("POST", PATH, json=[gone])
    assert (status, body["resolved"]) == (200, 1)
    await eventually(lambda: open_of(bank, labels) is None)


async def test_an_alert_that_is_told_again_is_the_same_incident(bank: LoopbackDaemon) -> None:
    labels = {**PAY, "instance": "again"}
    for note in ("one", "two"):
        assert (await bank.ask("POST", PATH, json=[{"labels": labels, "annotations": {"summary": note}}]))[0] == 200
    assert len([one for one in incidents(bank) if one.labels.get("instance") == "again"]) == 1


async def test_one_that_is_not_told_again_ends_in_five_minutes_or_when_it_said(bank: LoopbackDaemon) -> None:
    default, said = {**PAY, "instance": "default"}, {**PAY, "instance": "said"}
    before = datetime.now(UTC)
    ends = (before + timedelta(hours=1)).isoformat()
    assert (await bank.ask("POST", PATH, json=[{"labels": default}, {"labels": said, "endsAt": ends}]))[0] == 200
    due = {
        timer.id.subject[1]: timer.due
        for timer in bank.daemon._flow.desk.ledger.timers.values()
        if timer.id.kind == "until"
    }
    assert timedelta(minutes=5) <= due[fingerprint(default)] - before < timedelta(minutes=5, seconds=30)
    assert due[fingerprint(said)] - before == timedelta(hours=1)


async def test_an_alert_that_no_rule_takes_is_counted_and_opens_nothing(bank: LoopbackDaemon) -> None:
    before = len(incidents(bank))
    status, body, _ = await bank.ask("POST", PATH, json=[{"labels": {"alertname": "Other"}}])
    assert (status, body) == (200, {"taken": 1, "firing": 1, "resolved": 0, "unmatched": 1})
    assert len(incidents(bank)) == before


async def test_an_empty_list_is_taken(bank: LoopbackDaemon) -> None:
    status, body, _ = await bank.ask("POST", PATH, json=[])
    assert (status, body["taken"]) == (200, 0)


async def test_what_alertmanager_adds_when_it_is_asked_may_stay_in(bank: LoopbackDaemon) -> None:
    alert = {"labels": {"a": "b"}, "fingerprint": "x", "receivers": [], "status": {}, "updatedAt": "x"}
    assert (await bank.ask("POST", PATH, json=[alert]))[0] == 200


async def test_a_long_description_is_cut_and_loses_no_alert() -> None:
    (alert,) = alerts([{"labels": {"a": "b"}, "annotations": {"description": "长" * 5000}}], NOW)
    assert alert.values["description"] == "长" * 1024


async def test_labels_that_are_empty_are_none() -> None:
    (alert,) = alerts([{"labels": {"a": "b", "c": ""}}], NOW)
    assert alert.labels == {"a": "b"}


async def test_the_order_of_labels_makes_no_other_alert() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1", "b": "2"}) != fingerprint({"a": "1b", "": "2"})
    assert len(fingerprint({"a": "1"})) == 16


# -- what is refused ----------------------------------------------------------------------------------

GOOD = {"labels": {**PAY, "instance": "good"}}
MISTAKES: dict[str, tuple[Any, str]] = {
    "no list": ({"labels": {}}, "alerts: must be a list of alerts, and is a mapping"),
    "a text": ("x", "alerts: must be a list of alerts, and is text"),
    "null": (None, "alerts: must be a list of alerts, and is nothing"),
    "too many": (
        [GOOD] * (MOST_ALERTS + 1),
        "alerts: has 1001 alerts: at most 1000 are taken at once, send several requests",
    ),
    "no mapping": ([GOOD, 5], "alerts[1]: must be a mapping, and is a whole number"),
    "an unknown key": ([GOOD, {"label": {}}], "alerts[1]: 'label' is not known here: did you mean \"labels\"?"),
    "no labels": ([{}], "alerts[0].labels: an alert needs at least one label that is not empty"),
    "empty labels": (
        [{"labels": {"a": ""}}],
        "alerts[0].labels: an alert needs at least one label that is not empty",
    ),
    "labels as a list": (
        [{"labels": ["a"]}],
        "alerts[0].labels: must be a mapping of names to texts, and is a list",
    ),
    "a label that is no text": (
        [GOOD, GOOD, GOOD, {"labels": {"alertname": 5}}],
        "alerts[3].labels.alertname: must be a text, and is a whole number",
    ),
    "a label that is null": (
        [{"labels": {"alertname": None}}],
        "alerts[0].labels.alertname: must be a text, and is nothing",
    ),
    "a long label": (
        [{"labels": {"a": "x" * 1025}}],
        "alerts[0].labels.a: has 1025 characters: at most 1024 are taken",
    ),
    "many labels": (
        [{"labels": {f"l{number}": "x" for number in range(65)}}],
        "alerts[0].labels: has 65 entries: at most 64 are taken",
    ),
    "many annotations": (
        [{"labels": {"a": "b"}, "annotations": {f"l{number}": "x" for number in range(65)}}],
        "alerts[0].annotations: has 65 entries: at most 64 are taken",
    ),
    "a label without a name": (
        [{"labels": {"": "x"}}],
        "alerts[0].labels: '' is no name: 1 to 200 characters, none invisible",
    ),
    "a name with a line break": (
        [{"labels": {"a\nb": "x"}}],
        "alerts[0].labels: 'a\\nb' is no name: 1 to 200 characters, none invisible",
    ),
    "an annotation that is no text": (
        [{"labels": {"a": "b"}, "annotations": {"summary": ["x"]}}],
        "alerts[0].annotations.summary: must be a text, and is a list",
    ),
    "a start that is none": (
        [{"labels": {"a": "b"}, "startsAt": "yesterday"}],
        "alerts[0].startsAt: must be a moment with its zone, as in 2026-11-22T03:00:00Z",
    ),
    "an end without a zone": (
        [{"labels": {"a": "b"}, "endsAt": "2026-11-22T03:00:00"}],
        "alerts[0].endsAt: must be a moment with its zone, as in 2026-11-22T03:00:00Z",
    ),
    "an end as a number": (
        [{"labels": {"a": "b"}, "endsAt": 1764000000}],
        "alerts[0].endsAt: must be a moment with its zone, as in 2026-11-22T03:00:00Z",
    ),
    "an end past all time": (
        [{"labels": {"a": "b"}, "endsAt": "9999-12-31T23:59:59-14:00"}],
        "alerts[0].endsAt: must be a moment with its zone, as in 2026-11-22T03:00:00Z",
    ),
    "an address that is no text": (
        [{"labels": {"a": "b"}, "generatorURL": 5}],
        "alerts[0].generatorURL: must be a text, and is a whole number",
    ),
}


def stored(bank: LoopbackDaemon) -> dict[SymptomId, Symptom]:
    """What was told, and is held."""
    symptoms = bank.daemon._flow.desk.ledger.symptoms
    return {symptom_id: symptom for symptom_id, symptom in symptoms.items() if symptom_id.probe in PUSHED}


def sent(body: Any) -> dict[str, Any]:
    """The body as JSON, null included."""
    return {"data": io.BytesIO(json.dumps(body).encode()), "headers": {"Content-Type": "application/json"}}


async def refused(bank: LoopbackDaemon, **more: Any) -> tuple[int, str]:
    """The problem; and nothing was stored."""
    before = stored(bank)
    status, body, headers = await bank.ask("POST", PATH, **more)
    assert headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert stored(bank) == before
    return status, body["detail"]


@pytest.mark.parametrize("case", MISTAKES)
async def test_a_mistake_refuses_all_of_them_by_index_and_key(bank: LoopbackDaemon, case: str) -> None:
    body, words = MISTAKES[case]
    assert await refused(bank, **sent(body)) == (400, f"{words}; none of them was taken")


async def test_a_body_that_is_no_json_is_refused(bank: LoopbackDaemon) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"[", b'[{"labels": {"a": "b", "a": "c"}}]', b"\xff", b"[" * 100_000):
        status, detail = await refused(bank, data=body, headers=headers)
        assert (status, detail.startswith("the body is not JSON: ")) == (400, True)
    assert (await refused(bank, data=b"[]", headers={"Content-Type": "text/plain"}))[0] == 415


async def test_a_megabyte_is_taken_and_more_is_refused(bank: LoopbackDaemon) -> None:
    alert = {"labels": {"a": "b"}, "annotations": {"description": ""}}
    room = MOST_BODY - len(json.dumps([alert]))
    alert["annotations"]["description"] = "x" * room
    assert (await bank.ask("POST", PATH, **sent([alert])))[0] == 200
    alert["annotations"]["description"] += "x"
    assert await refused(bank, **sent([alert])) == (413, "a body may have at most 1048576 bytes")


async def test_a_query_is_refused(bank: LoopbackDaemon) -> None:
    status, body, _ = await bank.ask("POST", f"{PATH}?silent=true", json=[])
    assert (status, body["detail"]) == (400, "'silent' is not known here: nothing is")


# -- whatever comes -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text() | JSON
NEARLY = st.fixed_dictionaries(
    {"labels": st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=40), max_size=4) | JSON},
    optional={
        "annotations": st.dictionaries(st.text(min_size=1, max_size=8), st.text(), max_size=4) | JSON,
        "startsAt": MOMENTS,
        "endsAt": MOMENTS,
        "generatorURL": st.text() | JSON,
    },
)


@given(body=st.lists(NEARLY, max_size=4) | JSON)
async def test_any_body_is_taken_or_refused_by_its_place(body: Any) -> None:
    try:
        found = alerts(body, NOW)
    except RequestError as error:
        assert (error.status, error.title) == (400, "Bad alerts")
        assert error.detail.startswith("alerts")
        assert error.detail.isprintable()
    else:
        for alert in found:
            assert alert.labels
            assert all(value for value in alert.labels.values())
            assert alert.until is None or (alert.until > NOW and not alert.resolved)
            "".join([*alert.values, *alert.values.values()]).encode()  # the store can hold it


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(NEARLY, max_size=3) | JSON)
async def test_no_body_breaks_the_door_and_what_is_refused_stores_nothing(bank: LoopbackDaemon, body: Any) -> None:
    before = stored(bank)
    status, answer, _ = await bank.ask("POST", PATH, **sent(body))
    assert status in {200, 400}, answer
    if status == 400:
        assert stored(bank) == before


async def test_its_answer_is_as_described(bank: LoopbackDaemon) -> None:
    _, body, _ = await bank.ask("POST", PATH, json=[])
    assert set(body) == set(openapi.SCHEMAS["AlertsTaken"]["required"])
