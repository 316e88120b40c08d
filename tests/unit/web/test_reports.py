"""`POST /api/v1/reports`, and the end of a report: holes are taken, marked and asked back; a key is one report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebank_sentinel.errors import RequestError
from ebank_sentinel.model.rule import PUSHED
from ebank_sentinel.model.symptom import Symptom, SymptomId
from ebank_sentinel.web import openapi, reports
from support.driven_clock import eventually
from support.loopback_daemon import PROBES, RULE, LoopbackDaemon, running_daemon
from support.told_rules import TOLD_RULES

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 12, 10, 3, 0, tzinfo=UTC)
PATH = "/api/v1/reports"
WHOLE = {
    "type": "phishing",
    "place": "徐汇支行",
    "impact": "三名客户收到假短信",
    "reporter": "李雷 6688",
    "note": "网址见邮件",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path_factory.mktemp("bank"), rules=RULE + TOLD_RULES) as bank:
        yield bank


async def reported(bank: LoopbackDaemon, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """The answer to a report that is taken."""
    headers = {} if key is None else {"Idempotency-Key": key}
    status, answer, _ = await bank.ask("POST", PATH, json=body, headers=headers)
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


async def text_of(bank: LoopbackDaemon, answer: dict[str, Any]) -> str:
    """The first page of the incident that a report became."""
    _, incident, _ = await bank.ask("GET", f"/api/v1/incidents/{answer['incident']}")
    text: str = incident["pages"][0]["text"]
    return text


# -- what is taken ------------------------------------------------------------------------------------


async def test_a_whole_report_names_its_incident_and_who_must_answer_and_asks_nothing(bank: LoopbackDaemon) -> None:
    answer = await reported(bank, {**WHOLE, "time": (datetime.now(UTC) - timedelta(minutes=20)).isoformat()})
    assert (answer["severity"], answer["state"]) == ("III", "open")
    assert (answer["groups"], answer["tell"]) == (["technical"], ["customer_service"])
    assert answer["group_titles"] == {"technical": "技术支持组", "customer_service": "客户服务组"}
    assert (answer["missing"], answer["ask"], answer["notes"]) == ([], [], [])
    text = await text_of(bank, answer)
    assert text.startswith("【示例银行】三级 钓鱼网站 ")
    assert text.endswith(f" 影响:徐汇支行三名客户收到假短信 报告人:李雷 6688 码{answer['code']}")
    _, incident, _ = await bank.ask("GET", f"/api/v1/incidents/{answer['code']}")
    assert [one["detail"] for one in incident["events"] if one["reason"] == "reported"] == [
        f"{answer['report']} phishing 徐汇支行 李雷 6688"
    ]
    assert incident["symptom_count"] == 1


async def test_what_happened_earlier_is_paged_with_its_own_time(bank: LoopbackDaemon) -> None:
    time = datetime.now(UTC) - timedelta(days=3, hours=2)
    answer = await reported(bank, {**WHOLE, "time": time.isoformat()})
    local = time + timedelta(hours=8)  # Shanghai
    assert f" {local:%m-%d %H:%M}起 " in await text_of(bank, answer)


async def test_a_report_with_holes_is_taken_marked_and_asked_back(bank: LoopbackDaemon) -> None:
    answer = await reported(bank, {"type": "phishing"})
    assert answer["missing"] == ["time", "place", "impact", "reporter"]
    assert answer["ask"] == [
        "请问是什么时候发生的?(日期和几点几分)",
        "请问发生在哪里?(网点、机具、网址或系统)",
        "请问现在有什么影响?(多少客户、哪些业务)",
        "请问您是谁,怎样能联系到您?",
    ]
    text = await text_of(bank, answer)
    assert text.endswith(f"起 待问清:时间、地点、影响、报告人 码{answer['code']}")


async def test_null_is_the_same_as_nothing(bank: LoopbackDaemon) -> None:
    nothing = dict.fromkeys(("place", "time", "impact", "reporter", "note", "labels"))
    assert (await reported(bank, {"type": "phishing", **nothing}))["missing"] == [
        "time",
        "place",
        "impact",
        "reporter",
    ]


async def test_questions_are_asked_in_the_language_of_the_bank() -> None:
    report = reports.report({"type": "x", "reporter": "me", "impact": "much"}, None, NOW, places=())
    assert reports.ask(report, "en") == [
        "When did it happen? (date and time)",
        "Where is it? (branch, machine, address or system)",
    ]
    report = reports.report({"type": "x", "place": "here", "time": "2026-12-10T11:00:00+08:00"}, None, NOW, places=())
    assert reports.ask(report, "en-GB") == [
        "What does it do at present? (how many customers, which services)",
        "Who are you, and how can we reach you?",
    ]


async def test_a_label_of_the_topology_says_where_it_is() -> None:
    body = {"type": "x", "labels": {"branch": "0001"}}
    assert "place" not in reports.report(body, None, NOW, places={"branch"}).missing
    assert "place" in reports.report(body, None, NOW, places={"region"}).missing


async def test_a_type_that_no_rule_names_is_taken_by_the_rule_for_the_rest_with_a_hint(bank: LoopbackDaemon) -> None:
    answer = await reported(bank, {**WHOLE, "type": "phishng"})
    assert answer["notes"] == [
        "no rule names the type 'phishng': did you mean \"phishing\"?; it was taken as any other report"
    ]
    assert answer["groups"] == ["command"]
    assert "其他报告 phishng " in await text_of(bank, answer)


async def test_a_crime_is_referred_and_counts_the_groups_that_its_level_adds(bank: LoopbackDaemon) -> None:
    answer = await reported(bank, {**WHOLE, "type": "robbery"})
    assert (answer["state"], answer["severity"]) == ("referred", "II")
    assert answer["groups"] == ["technical", "command"]


async def test_where_no_rule_takes_it_nobody_would_be_told_and_it_says_so(tmp_path_factory: Any) -> None:
    async with running_daemon(tmp_path_factory.mktemp("bare"), probes=PROBES) as bare:
        status, body, _ = await bare.ask("POST", PATH, json={"type": "flood"})
        assert (status, body["title"], body["detail"]) == (
            422,
            "Nobody would be told",
            "no rule names the type 'flood'; a rule that watches `{unmatched: report}` takes the rest",
        )


@pytest.mark.parametrize(
    ("written", "said"),
    [("skimer", "'skimer': did you mean \"skimmer\"?; "), ("flood", "'flood', but fake_terminal or skimmer; ")],
)
async def test_a_refused_type_comes_with_the_one_that_was_meant_or_with_all_there_are(written: str, said: str) -> None:
    report = reports.report({"type": written}, None, NOW, places=())
    assert said in reports.nobody(report, ("skimmer", "fake_terminal"))


# -- the key ------------------------------------------------------------------------------------------


async def test_the_same_key_again_is_the_same_report_and_the_same_answer(bank: LoopbackDaemon) -> None:
    first = await reported(bank, WHOLE, key="one")
    assert await reported(bank, WHOLE, key="one") == first
    assert await reported(bank, WHOLE, key='"one"') == first, "quotes around a key are no part of it"
    assert (await reported(bank, WHOLE, key="two"))["incident"] != first["incident"]
    assert (await reported(bank, WHOLE))["incident"] != first["incident"], "without a key each is its own"


async def test_the_same_key_with_another_report_is_refused(bank: LoopbackDaemon) -> None:
    await reported(bank, WHOLE, key="three")
    assert await refused(bank, {**WHOLE, "place": "静安支行"}, key="three") == (
        409,
        "this Idempotency-Key was used for another report: take a new key for a new one",
    )


async def test_the_same_key_after_its_end_reports_nothing_anew(bank: LoopbackDaemon) -> None:
    first = await reported(bank, WHOLE, key="four")
    await ended(bank, first["code"], 200)
    again = await reported(bank, WHOLE, key="four")
    assert (again["incident"], again["state"]) == (first["incident"], "ended")


async def test_at_once_the_same_key_is_one_report(bank: LoopbackDaemon) -> None:
    answers = await asyncio.gather(*(reported(bank, WHOLE, key="five") for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)


# -- its end ------------------------------------------------------------------------------------------


async def ended(bank: LoopbackDaemon, code: str, wanted: int, **body: str) -> dict[str, Any]:
    """The answer to its end."""
    path = f"/api/v1/incidents/{code}/end"
    status, answer, _ = await bank.ask("POST", path, json={"person": "wang.fang", **body})
    assert status == wanted, answer
    found: dict[str, Any] = answer
    return found


async def test_a_person_ends_it_with_a_note(bank: LoopbackDaemon) -> None:
    report = await reported(bank, WHOLE)
    answer = await ended(bank, report["code"], 200, note="已下线")
    assert (answer["title"], answer["detail"]) == ("Ended", f"{report['code']} was ended by 王芳")
    _, incident, _ = await bank.ask("GET", f"/api/v1/incidents/{report['incident']}")
    assert (incident["state"], incident["ended_as"]) == ("ended", "closed")
    assert "wang.fang: 已下线" in [one["detail"] for one in incident["events"]]
    assert any(page["text"].startswith("【示例银行】已办结 钓鱼网站 ") for page in incident["pages"])


async def test_who_is_unknown_ends_nothing_nor_what_is_read_nor_what_is_gone(bank: LoopbackDaemon) -> None:
    report = await reported(bank, WHOLE)
    assert (await ended(bank, report["code"], 422, person="nobody"))["detail"] == (
        "there is no person 'nobody' in the contacts"
    )
    assert (await ended(bank, "0000000", 404))["detail"] == (
        "no open incident has the code or id '0000000': it may have ended"
    )
    assert (await ended(bank, report["code"], 422, role="x"))["detail"] == "'role' is not known here: person, note are"
    bank.target.status["/login"] = 500
    opened = bank.daemon._flow.desk.ledger.incidents
    await eventually(lambda: any(one.rule == "login-down" for one in opened.values()))
    (code,) = (one.code for one in opened.values() if one.rule == "login-down")
    assert (await ended(bank, code, 409))["detail"] == (
        f"{code} ends by itself, when login-down on login is well again"
    )


# -- what is refused ----------------------------------------------------------------------------------

AHEAD = "2999-01-01T00:00:00Z"
MISTAKES: dict[str, tuple[Any, str]] = {
    "no type": ({}, "'type' must be a text"),
    "an empty type": ({"type": "  "}, "'type' must be a text"),
    "a type that is no text": ({"type": 5}, "'type' must be a text"),
    "a long type": ({"type": "x" * 65}, "'type' may have at most 64 characters"),
    "a type with a line break": ({"type": "a\nb"}, "'type' may have no line breaks and no control characters"),
    "an unknown key": (
        {"type": "x", "where": "y"},
        "'where' is not known here: type, place, time, impact, reporter, note, labels are",
    ),
    "a place that is no text": ({"type": "x", "place": ["y"]}, "'place' must be a text"),
    "a long note": ({"type": "x", "note": "y" * 501}, "'note' may have at most 500 characters"),
    "a note that turns the text": (
        {"type": "x", "note": "\u202eevil"},
        "'note' may have no line breaks and no control characters",
    ),
    "a time that is none": (
        {"type": "x", "time": "noon"},
        "'time' must be a moment with its zone, as in 2026-11-22T11:00:00+08:00",
    ),
    "a time without a zone": (
        {"type": "x", "time": "2026-11-22T11:00:00"},
        "'time' must be a moment with its zone, as in 2026-11-22T11:00:00+08:00",
    ),
    "a time as a number": ({"type": "x", "time": 5}, "'time' must be a text"),
    "the future": ({"type": "x", "time": AHEAD}, "'time' is in the future: say when it happened, or leave it out"),
    "long ago": (
        {"type": "x", "time": "1999-01-01T00:00:00Z"},
        "'time' is more than a year ago: say when it happened, or leave it out",
    ),
    "labels as a list": ({"type": "x", "labels": ["a"]}, "'labels' must be a mapping of names to texts, and is a list"),
    "a label that is no text": ({"type": "x", "labels": {"branch": 1}}, "'branch' must be a text"),
    "an empty label": ({"type": "x", "labels": {"branch": ""}}, "'branch' must be a text"),
    "a label without a name": (
        {"type": "x", "labels": {"": "y"}},
        "'' is no name of a label: 1 to 200 characters, none invisible",
    ),
    "a label with the name of a key": (
        {"type": "x", "labels": {"place": "y"}},
        "the label 'place' is a key of its own: put it beside `labels`",
    ),
    "many labels": (
        {"type": "x", "labels": {f"l{number}": "y" for number in range(65)}},
        "'labels' has 65 entries: at most 64 are taken",
    ),
}


def stored(bank: LoopbackDaemon) -> dict[SymptomId, Symptom]:
    """What was told, and is held."""
    symptoms = bank.daemon._flow.desk.ledger.symptoms
    return {symptom_id: symptom for symptom_id, symptom in symptoms.items() if symptom_id.probe in PUSHED}


async def refused(bank: LoopbackDaemon, body: Any, key: str | None = None) -> tuple[int, str]:
    """The problem; and nothing was stored."""
    before = stored(bank)
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    status, answer, headers_back = await bank.ask("POST", PATH, data=json.dumps(body), headers=headers)
    assert headers_back["Content-Type"] == "application/problem+json; charset=utf-8"
    assert stored(bank) == before
    return status, answer["detail"]


@pytest.mark.parametrize("case", MISTAKES)
async def test_a_mistake_is_told_and_nothing_is_stored(bank: LoopbackDaemon, case: str) -> None:
    body, words = MISTAKES[case]
    assert await refused(bank, body) == (422, words)


async def test_a_clock_that_is_a_little_ahead_is_fine() -> None:
    report = reports.report({"type": "x", "time": "2026-12-10T03:05:00Z"}, None, NOW, places=())
    assert report.time == NOW, "and what is told happened by now"
    with pytest.raises(RequestError, match="in the future"):
        reports.report({"type": "x", "time": "2026-12-10T03:05:01Z"}, None, NOW, places=())


@pytest.mark.parametrize("key", ["", " ", '"', 'a"b', "ü", "a b", "x" * 256])
async def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(RequestError) as error:
        reports.report({"type": "x"}, key, NOW, places=())
    assert (error.value.status, error.value.detail) == (
        400,
        "Idempotency-Key must be 1 to 255 visible ASCII characters without quotes in them",
    )


async def test_a_body_that_is_no_json_object_is_refused(bank: LoopbackDaemon) -> None:
    bodies: tuple[Any, ...] = ([], 5, "x", None)
    for body in bodies:
        assert await refused(bank, body) == (400, "the body must be a JSON object")


# -- whatever comes -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {"type": st.sampled_from(["phishing", "robbery", "flood"]) | st.text(max_size=70) | JSON},
    optional={
        **{name: st.text(max_size=40) | JSON for name in ("place", "impact", "reporter", "note")},
        "time": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.text() | JSON,
        "labels": st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4) | JSON,
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=NEARLY | JSON, key=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8))
async def test_no_body_breaks_the_door_and_what_is_refused_stores_nothing(
    bank: LoopbackDaemon, body: Any, key: str | None
) -> None:
    before = stored(bank)
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    status, answer, _ = await bank.ask("POST", PATH, data=json.dumps(body), headers=headers)
    assert status in {200, 400, 409, 422}, answer
    if status == 200:
        assert answer["incident"]
        assert set(answer) == set(openapi.SCHEMAS["Reported"]["required"])
        assert len(answer["ask"]) == len(answer["missing"])
    else:
        assert stored(bank) == before
