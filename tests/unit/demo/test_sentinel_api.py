from __future__ import annotations

import random
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from ebank_sentinel.demo.bank_servers import serve
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.demo.sentinel_api import ApiUnavailable, IncidentRow, SentinelApi, TargetRow, ask_all

SINCE = datetime(2026, 12, 10, 3, 9, tzinfo=UTC)
INCIDENT = {
    "id": "i1",
    "code": "4821",
    "state": "open",
    "rule": "atm-dark",
    "target": {"probe": "atm", "key": "A0701"},
    "severity": "IV",
    "category": "device",
    "since": "2026-12-10T03:09:00Z",
    "number": None,
    "title": {"en": "ATM not answering", "zh-CN": "ATM失联"},
    "a_key_of_a_later_version": 1,
}


async def answered(**bodies: object) -> tuple[list[object], dict[str, str]]:
    """Ask a server that answers so; what it was asked is the second."""
    (port,) = free_ports(1, dice=random.SystemRandom())
    asked: dict[str, str] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        asked[name] = request.query_string
        body = bodies.get(name, {name: []})
        return body if isinstance(body, web.StreamResponse) else web.json_response(body)

    app = web.Application()
    app.add_routes([web.get("/api/v1/{name}", answer)])
    async with serve(app, port=port), aiohttp.ClientSession() as session:
        return list(await ask_all(SentinelApi(session, port=port), since=SINCE)), asked


async def test_rows_come_as_the_api_lists_them_and_keys_of_later_versions_do_not_matter() -> None:
    (pages, incidents, symptoms), asked = await answered(incidents={"incidents": [INCIDENT]})
    assert (pages, symptoms) == ([], [])
    assert isinstance(incidents, list)
    (incident,) = incidents
    assert isinstance(incident, IncidentRow)
    assert (incident.title, incident.number, incident.subject) == ("ATM失联", "", "A0701")
    assert asked["pages"] == "since=2026-12-10T03:09:00Z"
    assert asked["incidents"] == "ended=true"


def test_an_incident_is_about_its_scope_its_target_its_service_or_a_report() -> None:
    row = IncidentRow.model_validate(INCIDENT)
    assert row.subject == "A0701"
    assert row.model_copy(update={"over": "region", "scope": {"region": "east"}}).subject == "region=east"
    assert row.model_copy(update={"over": "fleet"}).subject == "fleet"
    of_probe = row.model_copy(update={"target": TargetRow(probe="login_rate", key="login_rate")})
    assert of_probe.subject == "login_rate"
    assert of_probe.model_copy(update={"labels": {"service": "login"}}).subject == "login"
    assert row.model_copy(update={"target": TargetRow(probe="@report", key="1f-2e")}).subject == "report"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"incidents": [{**INCIDENT, "severity": None}]}, "IncidentRow is not as promised: severity"),
        ({"elements": []}, "without a list `incidents`"),
        ([], "without a list `incidents`"),
        (web.Response(status=503), "GET /api/v1/incidents answered 503"),
        (web.Response(text="no json", content_type="application/json"), "incidents failed: JSONDecodeError"),
    ],
)
async def test_an_answer_that_the_api_does_not_promise_is_said(body: object, message: str) -> None:
    with pytest.raises(ApiUnavailable, match=message):
        await answered(incidents=body)


async def test_a_daemon_that_is_not_there_is_not_ready() -> None:
    (port,) = free_ports(1, dice=random.SystemRandom())
    async with aiohttp.ClientSession() as session:
        api = SentinelApi(session, port=port)
        assert not await api.ready()
        with pytest.raises(ApiUnavailable, match="GET /api/v1/incidents failed: ClientConnectorError"):
            await api.incidents()
