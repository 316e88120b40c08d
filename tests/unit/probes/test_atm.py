"""`atm`: what a reading holds of a terminal, and when it is down."""

from __future__ import annotations

import json

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from ebank_sentinel.model.reading import ProbeError, Reading, Target, TargetId
from ebank_sentinel.probes.settings import ProbeSettings
from support.atm_status import whole_status, with_values
from support.bad_servers import answering, serving
from support.probing import TARGET, probing, read


async def read_document(document: object, status: str = "200 OK", **settings: object) -> Reading:
    """The reading of a terminal that answers with this document, or with these bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    async with serving(answering(f"HTTP/1.1 {status}\nContent-Length: {len(body)}", body)) as port:
        return await read({"atm": {"url": f"http://127.0.0.1:{port}/status", **settings}})


async def test_a_terminal_that_is_well_is_up_with_its_fields_and_its_body() -> None:
    reading = await read_document(whole_status())
    assert reading.up
    assert reading.fields["state"] == "in_service"
    assert reading.fields["cash_percent"] == 50.0
    assert reading.fields["status"] == 200
    assert float(reading.fields["latency_ms"]) >= 0
    assert reading.body == whole_status()


@pytest.mark.parametrize("device", ["offline", "powerOff", "noDevice"])
async def test_a_terminal_that_says_it_is_off_is_down_and_its_fields_are_kept(device: str) -> None:
    reading = await read_document(with_values(common__device=device))
    assert not reading.up
    assert reading.error is ProbeError.ASSERTION
    assert reading.detail == f"the terminal says of itself: {device} (common.device)"
    assert reading.fields["state"] == "offline"
    assert reading.fields["safe_door"] == "locked"


@pytest.mark.parametrize("device", ["hardwareError", "userError", "deviceBusy", "fraudAttempt", "potentialFraud"])
async def test_a_terminal_that_answers_is_up_whatever_else_it_says(device: str) -> None:
    reading = await read_document(with_values(common__device=device))
    assert reading.up
    assert reading.fields["device"] == device


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "the body is not JSON"),
        (b"[]", "the status is a list, not an object"),
        (b'{"storage": {"unit1": 1}}', "storage.unit1 is a number, not an object"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cardsRetained": NaN}', "NaN is no JSON number"),
        (b'{"cardsRetained": 1' + b"0" * 9000 + b"}", "thousands of digits"),
    ],
)
async def test_a_body_that_is_no_status_is_told(body: bytes, reason: str) -> None:
    reading = await read_document(body)
    assert reading.error is ProbeError.BODY
    assert reason in reading.detail
    assert reading.fields["status"] == 200


async def test_another_http_status_is_the_reason() -> None:
    reading = await read_document({}, "503 Later")
    assert reading.error is ProbeError.STATUS
    assert reading.detail == "status 503, expected 200 to 299"


async def test_a_gateway_answers_for_many_terminals() -> None:
    async def status(request: web.Request) -> web.Response:
        device = "online" if request.match_info["terminal"] == "0001-1" else "offline"
        return web.json_response({"common": {"device": device}, "swVersion": request.query["vendor"]})

    gateway = web.Application()
    gateway.router.add_get("/terminals/{terminal}/status", status)
    async with TestServer(gateway) as server:
        url = f"http://127.0.0.1:{server.port}/terminals/{{terminal}}/status?vendor={{vendor}}"
        readings = [
            await read(
                {"atm": {"url": url}, "labels": {"terminal": terminal, "vendor": "grg"}},
                target=Target(id=TargetId("atm", terminal), labels={"terminal": terminal, "vendor": "grg"}),
            )
            for terminal in ("0001-1", "0001-2")
        ]
    assert [reading.up for reading in readings] == [True, False]
    assert [reading.fields["software"] for reading in readings] == ["grg", "grg"]


async def test_a_value_that_nobody_knows_is_logged_once_and_not_with_every_reading() -> None:
    body = json.dumps(with_values(cardReader__media="swallowed")).encode()
    with structlog.testing.capture_logs() as lines:
        async with (
            serving(answering(f"HTTP/1.1 200 OK\nContent-Length: {len(body)}", body)) as port,
            probing({"atm": {"url": f"http://127.0.0.1:{port}/"}}) as prober,
        ):
            for _ in range(3):
                await prober.read(TARGET)
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert (line["property"], line["value"]) == ("cardReader.media", "swallowed")


async def test_a_terminal_that_makes_up_words_does_not_fill_the_log() -> None:
    made_up = iter(range(10_000))

    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"printer": {"paper": {f"p{n}": f"word{next(made_up)}" for n in range(50)}}})

    terminal = web.Application()
    terminal.router.add_get("/", status)
    with structlog.testing.capture_logs() as lines:
        async with (
            TestServer(terminal) as server,
            probing({"atm": {"url": f"http://127.0.0.1:{server.port}/"}}) as prober,
        ):
            for _ in range(30):
                await prober.read(TARGET)
    assert 0 < len(lines) <= 256


def test_rules_may_name_its_fields_those_of_http_and_the_body() -> None:
    settings = ProbeSettings.model_validate({"atm": {"url": "http://{address}/status"}, "labels": {"address": "a:1"}})
    assert settings.has_body()
    assert {"state", "ups", "cassettes_empty", "latency_ms", "status"} <= set(settings.fields())
    assert "cert_days" not in settings.fields()
