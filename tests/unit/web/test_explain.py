"""The door that says why: what it answers over HTTP, and what wrong questions are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ebank_sentinel.errors import StoreRefused
from ebank_sentinel.model.ledger import Delta
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.web.reasons import NOT_PAGED, SENTENCES, sentence
from support.driven_clock import eventually
from support.loopback_daemon import RULE, LoopbackDaemon, running_daemon


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path) as bank:
        yield bank


async def explain(bank: LoopbackDaemon, query: str) -> tuple[int, dict[str, Any]]:
    status, body, _ = await bank.ask("GET", f"/api/v1/explain{query}")
    return status, body


EITHER = "ask for `incident`, or for a `probe` and its `target`"
WRONG = {
    "": (400, EITHER),
    "?target=A1": (400, EITHER),
    "?probe=": (400, EITHER),
    "?incident=": (400, EITHER),
    "?incident=4821&probe=login": (400, EITHER),
    "?incident=4821&target=A1": (400, EITHER),
    "?rule=x": (400, "'rule' is not known here: probe, target, incident are"),
    "?incident=4821&incident=4822": (400, "incident is given twice"),
    "?incident=4821": (404, "no incident has the code or id '4821'"),
    "?probe=logni": (404, "there is no probe 'logni': did you mean \"login\"?"),
    "?probe=@own.store": (404, "there is no probe '@own.store'"),
    "?probe=@alert": (404, "@alert has no target now: none is listed, found or failing"),
    "?probe=login&target=lgin": (404, "login has no target 'lgin': did you mean \"login\"?"),
}


async def test_a_wrong_question_is_told_what_to_ask(bank: LoopbackDaemon) -> None:
    found = {query: await explain(bank, query) for query in WRONG}
    assert {query: (status, problem["detail"]) for query, (status, problem) in found.items()} == WRONG


async def test_a_target_is_explained_with_its_reading_and_its_rules(bank: LoopbackDaemon) -> None:
    await eventually(lambda: bank.target.asked["/login"] > 1)
    status, body = await explain(bank, "?probe=login")
    assert status == 200
    assert (body["probe"], body["key"], body["labels"], body["watched"]) == (
        "login",
        "login",
        {"service": "login"},
        True,
    )
    assert (body["reading"]["up"], body["reading"]["fresh"], body["every"]) == (True, True, "300ms")
    assert [(one["rule"], one["holds"], one["why"]) for one in body["rules"]] == [
        ("login-down", False, "it does not hold")
    ]


async def test_an_incident_is_explained_decision_by_decision_also_when_it_is_over(bank: LoopbackDaemon) -> None:
    code = (await bank.incident())["code"]
    status, body = await explain(bank, f"?incident={code}")
    assert (status, body["code"], body["where"], body["rule"]) == (200, code, "login", "login-down")
    assert [one["row"] for one in body["rows"]] == ["rule"]
    assert [one["target"] for one in body["symptoms"]] == ["login"]
    assert body["events"][0]["reason"] == "opened"
    assert (body["events"][0]["means"], body["events"][0]["words"]["en"]) == ("事件发生", "the incident began")
    assert {one["channel"] for one in body["pages"]} == {"sms", "mail", "hook"}
    # Level II adds a group whose mail and hook are the channel's own: nobody gets the same twice.
    assert {one["reason"] for one in body["not_paged"]} <= {one.value for one in NOT_PAGED}
    bank.target.status["/login"] = 200
    await eventually(lambda: not bank.daemon._flow.desk.ledger.incidents)
    status, body = await explain(bank, f"?incident={body['id']}")
    assert (status, body["state"], body["ended_as"], body["symptom_count"]) == (200, "ended", "resolved", 0)


async def test_what_took_over_and_what_was_taken_over_name_each_other(tmp_path: Path) -> None:
    rows = ", ".join(f'{{terminal: A{number}, branch: "0001"}}' for number in (1, 2))
    atm = (
        '{http: {url: "@TARGET@/{terminal}"}, every: 300ms, timeout: 250ms, '
        f"targets: {{key: terminal, rows: [{rows}]}}}}"
    )
    rule = RULE.replace("login", "atm") + "    widens: [{over: branch, at_least: 2, within: 5m, category: link}]\n"
    async with running_daemon(tmp_path, probes={"atm": atm}, rules=rule) as bank:
        ledger = bank.daemon._flow.desk.ledger
        bank.target.status["/A1"] = 500
        await eventually(lambda: bool(ledger.incidents))
        (narrow,) = ledger.incidents.values()
        bank.target.status["/A2"] = 500
        await eventually(lambda: [one.over for one in ledger.incidents.values()] == ["branch"])
        (wide,) = ledger.incidents.values()
        _, body = await explain(bank, f"?incident={narrow.id}")
        assert (body["into_code"], body["ended_as"]) == (wide.code, "widened")
        _, body = await explain(bank, f"?incident={wide.code}")
        assert [one["code"] for one in body["taken_over"]] == [narrow.code]
        assert body["scope_now"]["why"] == "2 of 2 fail in branch 0001"
        _, body = await explain(bank, "?probe=atm&target=A2")
        assert body["rules"][0]["widens"][0]["incident"]["code"] == wide.code
        assert bank.metrics.registry.get_sample_value("sentinel_wide_incidents", {"over": "branch"}) == 1
        assert bank.metrics.registry.get_sample_value("sentinel_symptoms_explained") == 0


async def test_it_goes_on_explaining_while_the_store_refuses(bank: LoopbackDaemon) -> None:
    async def refuses(delta: Delta) -> None:
        assert delta
        raise StoreRefused("the disk is full")

    bank.daemon._store.commit = refuses  # type: ignore[method-assign]
    bank.target.status["/login"] = 500
    await eventually(lambda: bool(bank.daemon._flow.desk.newest.incidents))
    _, body = await explain(bank, "?probe=login")
    assert body["rules"][0]["symptom"]["state"] == "firing"
    assert body["rules"][0]["symptom"]["code"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_in_both_languages_that_fits_a_terminal(reason: Reason) -> None:
    chinese, english = SENTENCES[reason]
    assert sum(2 if ord(one) >= 0x1100 else 1 for one in chinese) <= 68
    assert len(english) <= 84
    assert (sentence(reason, "zh-CN"), sentence(reason, "en"), sentence(reason, "fr")) == (chinese, english, english)


async def test_a_token_is_asked_for_as_at_every_door(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-long-enough-token-for-a-test", encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    async with running_daemon(tmp_path, more="api: {token: {file: token}}\n") as bank:
        assert (await explain(bank, "?probe=login"))[0] == 401
        bank.headers = {"Authorization": "Bearer a-long-enough-token-for-a-test"}
        await asyncio.sleep(0)
        assert (await explain(bank, "?probe=login"))[0] == 200
