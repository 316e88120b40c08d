"""Every route of the API over a real connection; and for everything that is wrong a problem document, and no change."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.web import Application

from ebank_sentinel.web import openapi
from ebank_sentinel.web.problems import HEADERS
from support.driven_clock import eventually
from support.loopback_daemon import LoopbackDaemon, running_daemon

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path_factory.mktemp("bank")) as bank:
        yield bank


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def incident(bank: LoopbackDaemon) -> dict[str, Any]:
    return await bank.incident()


JSON = {"Content-Type": "application/json"}


# -- what it answers ----------------------------------------------------------------------------------


async def test_it_is_healthy_and_ready(bank: LoopbackDaemon) -> None:
    assert (await bank.ask("GET", "/-/healthy"))[:2] == (200, "ebank-sentinel is healthy.\n")
    assert (await bank.ask("GET", "/-/ready"))[:2] == (200, "ebank-sentinel is ready.\n")
    assert (await bank.ask("HEAD", "/-/healthy"))[0] == 200


async def test_an_incident_is_listed_shown_taken_once_and_its_answers_fit_the_description(
    bank: LoopbackDaemon, incident: dict[str, Any]
) -> None:
    document = openapi.document()
    path = f"/api/v1/incidents/{incident['code']}"
    first, second = [
        await bank.ask("POST", f"{path}/ack", json={"person": person, "note": "我来"})
        for person in ("wang.fang", "li.lei")
    ]
    assert (first[0], first[1]["title"]) == (200, "Acknowledged")
    assert (second[0], second[1]["title"]) == (200, "Already acknowledged")
    assert "王芳" in second[1]["detail"]
    for shown in (f"/api/v1/incidents/{incident['id']}", path):
        status, body, _ = await bank.ask("GET", shown)
        assert status == 200
        assert body["ack"]["person"] == "wang.fang"
        assert [event["reason"] for event in body["events"]].count("acknowledged") == 1
        fits(document, body, document["components"]["schemas"]["IncidentWithHistory"])
    for where, what in (("incidents?ended=true", "Incident"), ("pages", "Page"), ("symptoms", "Symptom")):
        status, body, _ = await bank.ask("GET", f"/api/v1/{where}")
        name = where.partition("?")[0]
        assert (status, list(body), bool(body[name])) == (200, [name], True)
        for one in body[name]:
            fits(document, one, document["components"]["schemas"][what])
    fits(document, first[1], document["components"]["schemas"]["Answer"])


async def test_pages_are_found_since_a_moment(bank: LoopbackDaemon, incident: dict[str, Any]) -> None:
    before = incident["opened_at"]
    assert (await bank.ask("GET", "/api/v1/pages", params={"since": before}))[1]["pages"]
    later = "2099-01-01T00:00:00+08:00"
    assert (await bank.ask("GET", "/api/v1/pages", params={"since": later}))[1]["pages"] == []
    assert len((await bank.ask("GET", "/api/v1/pages?limit=1"))[1]["pages"]) == 1


async def test_a_test_page_goes_out(bank: LoopbackDaemon) -> None:
    status, body, _ = await bank.ask("POST", "/api/v1/pages/test", json={"person": "li.lei"})
    assert (status, body["title"]) == (202, "Accepted")
    assert body["subject"].startswith("test-")
    await eventually(lambda: any(one.query["to"].endswith("2") for one in bank.sms.asked))


async def test_a_heartbeat_is_heard(bank: LoopbackDaemon) -> None:
    status, body, _ = await bank.ask("POST", "/api/v1/heartbeats/batch")
    assert (status, body["title"]) == (202, "Heard")
    assert (await bank.ask("POST", "/api/v1/heartbeats/batch/batch"))[0] == 202


async def test_metrics_are_for_prometheus(bank: LoopbackDaemon) -> None:
    status, body, headers = await bank.ask("GET", "/metrics")
    assert status == 200
    assert "sentinel_build_info" in body
    assert headers["Content-Type"].startswith("text/plain; version=")


# -- its description ----------------------------------------------------------------------------------


def fits(document: dict[str, Any], value: Any, schema: Any) -> None:
    """A value is what a schema of ours says: enough of JSON Schema for the document that we write."""
    if "$ref" in schema:
        fits(document, value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        fits(document, value, schema["anyOf"][1 if value is None else 0])
    elif schema["type"] == "object" and "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for name, part in value.items():
            fits(document, part, schema["properties"][name])
    elif schema["type"] == "array":
        for part in value:
            fits(document, part, schema["items"])
    else:
        types = {"string": str, "integer": int, "boolean": bool, "object": dict, "null": type(None)}
        assert type(value) is types[schema["type"]]
        assert value in schema.get("enum", [value])


async def test_every_route_is_described_and_nothing_else_is(bank: LoopbackDaemon) -> None:
    status, document, _ = await bank.ask("GET", "/api/v1/openapi.json")
    assert status == 200
    assert document == json.loads(json.dumps(openapi.document()))
    app = bank.daemon._listener._runner.app
    assert isinstance(app, Application)
    routes = {(route.method.lower(), route.resource.canonical) for route in app.router.routes() if route.resource}
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(method, path) for method, path in routes if method != "head"}


async def test_the_description_is_whole() -> None:
    document = openapi.document()
    assert document["openapi"] == "3.1.0"
    written = json.dumps(document)
    names = {part.partition('"')[0] for part in written.split('"#/components/schemas/')[1:]}
    assert names == set(document["components"]["schemas"])
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)


# -- what it refuses ----------------------------------------------------------------------------------


async def refused(bank: LoopbackDaemon, method: str, path: str, **more: Any) -> tuple[int, str, str]:
    """The problem, checked for its form; and nothing has changed."""
    before = bank.daemon._flow.desk.ledger.incidents.copy()
    status, body, headers = await bank.ask(method, path, **more)
    assert headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert set(body) <= {"type", "title", "status", "detail", "instance"}
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert "Traceback" not in body["detail"]
    after = bank.daemon._flow.desk.ledger.incidents
    assert {key: value.ack for key, value in after.items()} == {key: value.ack for key, value in before.items()}
    return status, body["title"], body["detail"]


BODIES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"person=wang", 400, "the body is not JSON: "),
    "cut": (b'{"person": "wa', 400, "the body is not JSON: "),
    "a number": (b"5", 400, "the body must be a JSON object"),
    "a list": (b"[]", 400, "the body must be a JSON object"),
    "a key twice": (b'{"person": "a", "person": "b"}', 400, "the body is not JSON: a key is given twice"),
    "NaN": (b'{"person": NaN}', 400, "the body is not JSON: NaN is no JSON number"),
    "Infinity": (b'{"person": -Infinity}', 400, "the body is not JSON: -Infinity is no JSON number"),
    "a number of 5000 digits": (b'{"person": ' + b"9" * 5000 + b"}", 400, "the body is not JSON: "),
    "nested": (b'{"person": ' + b"[" * 100_000, 400, "the body is not JSON: nested too deeply"),
    "no UTF-8": (b'{"person": "\xff"}', 400, "the body is not JSON: "),
    "UTF-16": ('{"person": "a"}'.encode("utf-16"), 400, "the body is not JSON: "),
    "an unknown key": (b'{"person": "a", "role": "admin"}', 422, "'role' is not known here: person, note are"),
    "__proto__": (b'{"person": "a", "__proto__": {}}', 422, "'__proto__' is not known here: person, note are"),
    "no person": (b"{}", 422, "'person' must be a text"),
    "nothing": (b"", 422, "'person' must be a text"),
    "an empty person": (b'{"person": "  "}', 422, "'person' must be a text"),
    "null": (b'{"person": null}', 422, "'person' must be a text"),
    "a long note": (b'{"person": "a", "note": "' + b"x" * 501 + b'"}', 422, "'note' may have at most 500 characters"),
    "NUL": (b'{"person": "a\\u0000"}', 422, "'person' may have no line breaks and no control characters"),
    "a new line": (b'{"person": "a", "note": "x\\n\\u001b[2J"}', 422, "'note' may have no line breaks and no control"),
    "a lone surrogate": (b'{"person": "a", "note": "\\ud800"}', 422, "'note' may have no line breaks and no control"),
    "a line separator": (b'{"person": "a", "note": "\\u2028"}', 422, "'note' may have no line breaks and no control"),
    "an override": (b'{"person": "a", "note": "\\u202eevil"}', 422, "'note' may have no line breaks and no control"),
    "a stranger": (b'{"person": "nobody"}', 422, "there is no person 'nobody' in the contacts"),
    "too large": (b'{"person": "' + b"x" * 262_144 + b'"}', 413, "a body may have at most 262144 bytes"),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_bad_body_is_refused(bank: LoopbackDaemon, incident: dict[str, Any], case: str) -> None:
    body, status, detail = BODIES[case]
    answered = await refused(bank, "POST", f"/api/v1/incidents/{incident['code']}/ack", data=body, headers=JSON)
    assert answered[0] == status
    assert answered[2].startswith(detail)


async def test_emoji_and_chinese_are_fine_in_a_note(bank: LoopbackDaemon, incident: dict[str, Any]) -> None:
    body = {"person": "li.lei", "note": "我在路上 👩‍🔧"}
    assert (await bank.ask("POST", f"/api/v1/incidents/{incident['code']}/ack", json=body))[0] == 200


async def test_a_bomb_of_gzip_is_refused_without_being_unpacked_whole(bank: LoopbackDaemon) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {**JSON, "Content-Encoding": "gzip"}
    assert (await refused(bank, "POST", "/api/v1/incidents/1/ack", data=bomb, headers=headers))[0] == 413


async def test_gzip_that_is_none_is_refused(bank: LoopbackDaemon) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    assert (await refused(bank, "POST", "/api/v1/incidents/1/ack", data=b"no gzip", headers=headers))[0] == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", ""])
async def test_a_body_of_another_type_is_refused(bank: LoopbackDaemon, kind: str) -> None:
    answered = await refused(
        bank, "POST", "/api/v1/pages/test", data=b'{"person": "li.lei"}', headers={"Content-Type": kind}
    )
    assert answered == (415, "Unsupported media type", "send application/json")


PLACES = {
    ("GET", "/nowhere"): 404,
    ("GET", "/api/v1/incidents/0000000"): 404,
    ("GET", "/api/v1/incidents/-1"): 404,
    ("GET", "/api/v1/incidents/9223372036854775808"): 404,
    ("GET", "/api/v1/incidents/1.5"): 404,
    ("GET", "/api/v1/incidents/..%2f..%2fetc%2fpasswd"): 404,
    ("GET", "/api/v1/incidents/%00"): 404,
    ("GET", "/api/v1/incidents/%c0%af"): 404,
    ("GET", "/api/v1/incidents/a;b"): 404,
    ("GET", "/api/v1/incidents/%27%20OR%201=1--"): 404,
    ("GET", "/api/v1//incidents"): 404,
    ("GET", "/api/v1/incidents/"): 404,
    ("POST", "/api/v1/heartbeats/nobody"): 404,
    ("POST", "/api/v1/heartbeats/login"): 404,
    ("POST", "/api/v1/heartbeats/batch/another"): 404,
    ("PUT", "/api/v1/incidents"): 405,
    ("DELETE", "/api/v1/incidents/1"): 405,
    ("TRACE", "/-/healthy"): 405,
    ("MAKE", "/-/healthy"): 400,
    ("GET", "/-/reload"): 405,
    ("GET", "/api/v1/incidents/1/ack"): 405,
    ("GET", "/api/v1/heartbeats/batch"): 405,
}


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_what_is_not_there_is_refused(bank: LoopbackDaemon, method: str, path: str) -> None:
    answer = await bank.raw(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer[len("HTTP/1.1 ") :].startswith(f"{PLACES[method, path]} ".encode())
    assert b"application/problem+json" in answer


async def test_a_method_is_not_overridden_by_a_header(bank: LoopbackDaemon) -> None:
    headers = {"X-HTTP-Method-Override": "POST"}
    assert (await refused(bank, "GET", "/-/reload", headers=headers))[0] == 405


async def test_a_refused_method_says_which_are_allowed(bank: LoopbackDaemon) -> None:
    assert (await bank.ask("PUT", "/-/reload"))[2]["Allow"] == "POST"


QUERIES = {
    "/api/v1/incidents?ended=yes": "ended is true or false",
    "/api/v1/incidents?endd=true": "'endd' is not known here: ended, limit are",
    "/api/v1/incidents?ended=true&ended=false": "ended is given twice",
    "/api/v1/incidents?limit=-1": "limit is a number from 1 to 1000",
    "/api/v1/incidents?limit=0": "limit is a number from 1 to 1000",
    "/api/v1/incidents?limit=1001": "limit is a number from 1 to 1000",
    "/api/v1/incidents?limit=1000000000": "limit is a number from 1 to 1000",
    "/api/v1/incidents?limit=1e3": "limit is a number from 1 to 1000",
    "/api/v1/incidents?limit=%EF%BC%91": "limit is a number from 1 to 1000",
    "/api/v1/pages?since=yesterday": "since is a moment, as in 2026-11-22T03:00:00Z (a + of a zone is written %2B)",
    "/api/v1/pages?since=2026-11-22T03:00:00": "since needs a zone, as in 2026-11-22T03:00:00Z",
    "/api/v1/pages?since=0000-01-01T00:00:00Z": "since is a moment, as in 2026-11-22T03:00:00Z (a + of",
    "/api/v1/pages?since=0001-01-01T00:00:00%2B14:00": "since is a moment, as in 2026-11-22T03:00:00Z (a + of",
    "/api/v1/pages?since=9999-12-31T23:59:59-14:00": "since is a moment, as in 2026-11-22T03:00:00Z (a + of",
    "/api/v1/symptoms?probe=login": "'probe' is not known here: nothing is",
}


@pytest.mark.parametrize("path", QUERIES)
async def test_a_bad_query_is_refused(bank: LoopbackDaemon, path: str) -> None:
    status, _, detail = await refused(bank, "GET", path)
    assert (status, detail[: len(QUERIES[path])]) == (400, QUERIES[path])


async def test_a_reload_of_broken_files_changes_nothing_and_names_every_mistake(bank: LoopbackDaemon) -> None:
    good = bank.files.configuration.read_text(encoding="utf-8")
    bank.files.configuration.write_text(good.replace("bank:", "bnak:").replace("listen:", "lisen:"), encoding="utf-8")
    try:
        status, _, detail = await refused(bank, "POST", "/-/reload")
    finally:
        bank.files.configuration.write_text(good, encoding="utf-8")
    assert status == 422
    assert 'did you mean "bank"?' in detail
    assert 'did you mean "listen"?' in detail
    assert (await bank.ask("POST", "/-/reload"))[:2] == (200, "reloaded\n")


# -- who may come in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::1", "127.0.0.1.nip.io:9720"])
async def test_an_unknown_host_is_refused(bank: LoopbackDaemon, host: str) -> None:
    answer = await bank.raw(f"GET /api/v1/incidents HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert answer.endswith(b'"detail": "this address is not served under that name"}')


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9720", "127.0.0.1", "[::1]:9720", "10.0.0.5"])
async def test_our_own_names_and_addresses_are_fine(bank: LoopbackDaemon, host: str) -> None:
    assert (await bank.ask("GET", "/api/v1/incidents", headers={"Host": host}))[0] == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://203.0.113.7", "http://localhost", "file://", "x"],
)
async def test_a_page_of_another_site_is_refused(bank: LoopbackDaemon, origin: str) -> None:
    answered = await refused(bank, "POST", "/-/reload", headers={"Origin": origin})
    assert answered == (403, "Foreign origin", "requests from other sites are refused")


async def test_our_own_page_is_fine(bank: LoopbackDaemon) -> None:
    assert (await bank.ask("POST", "/api/v1/heartbeats/batch", headers={"Origin": bank.url}))[0] == 202


async def test_a_forwarded_address_opens_nothing(bank: LoopbackDaemon) -> None:
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "Host": "evil.example"}
    assert (await refused(bank, "GET", "/api/v1/incidents", headers=headers))[0] == 421


async def test_every_answer_carries_its_guards_and_no_version(bank: LoopbackDaemon) -> None:
    for path in ("/-/healthy", "/metrics", "/api/v1/incidents", "/nowhere", "/api/v1/incidents?limit=0"):
        _, _, headers = await bank.ask("GET", path)
        assert {name: headers[name] for name in HEADERS} == dict(HEADERS)
        assert "aiohttp" not in str(headers)
    answer = await bank.raw(b"no http at all\r\n\r\n")
    assert b"Server: ebank-sentinel\r\n" in answer
    assert b"aiohttp" not in answer


# -- what is no HTTP ----------------------------------------------------------------------------------

HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\n"
POST = b"POST /-/reload HTTP/1.1\r\n" + HEAD
MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    "two lengths": b"POST /-/reload HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two other lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a space before the colon": b"GET /-/healthy HTTP/1.1\r\n" + HEAD + b"X-Test : 1\r\n\r\n",
    "a folded header": b"GET /-/healthy HTTP/1.1\r\n" + HEAD + b"X-Test: 1\r\n 2\r\n\r\n",
    "a long line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a long header": b"GET /-/healthy HTTP/1.1\r\n" + HEAD + b"X-Test: " + b"a" * 9000 + b"\r\n\r\n",
    "many headers": b"GET /-/healthy HTTP/1.1\r\n" + HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
    "HTTP 3": b"GET /-/healthy HTTP/3.0\r\n" + HEAD + b"\r\n",
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_what_http_does_not_know_is_refused_and_the_connection_closed(bank: LoopbackDaemon, case: str) -> None:
    answer = await bank.raw(MALFORMED[case])
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"application/problem+json" in answer
    assert len(answer) < 1000, "what was sent is not sent back"
    assert (await bank.ask("GET", "/-/healthy"))[0] == 200


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_is_no_failure(bank: LoopbackDaemon) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bank.port)
    writer.write(
        b"POST /api/v1/pages/test HTTP/1.1\r\n"
        + HEAD
        + b"Content-Type: application/json\r\nContent-Length: 400\r\n\r\n{"
    )
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await reader.read()
    assert (await bank.ask("GET", "/-/healthy"))[0] == 200


async def test_http_1_0_is_answered(bank: LoopbackDaemon) -> None:
    answer = await bank.raw(b"GET /-/healthy HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b"ebank-sentinel is healthy.\n")


async def test_without_a_host_nobody_asks_the_name_service(bank: LoopbackDaemon) -> None:
    assert (await bank.raw(b"GET /-/healthy HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 421 ")


async def test_pipelined_requests_are_answered_in_their_order(bank: LoopbackDaemon) -> None:
    one = b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = b"GET /-/ready HTTP/1.1\r\n" + HEAD + b"\r\n"
    answer = await bank.raw(one * 20 + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 21
    assert answer.endswith(b"is ready.\n")


async def test_thousands_of_requests_on_one_connection_are_fine(bank: LoopbackDaemon) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bank.port)
    one = b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    seen = 0
    for _ in range(100):
        writer.write(one * 20)
        for _ in range(20):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK")
            await reader.readuntil(b"healthy.\n")
            seen += 1
    writer.close()
    assert seen == 2000
