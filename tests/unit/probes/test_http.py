"""`http`: what a reading holds of an answer, and what makes it down."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ebank_sentinel.model.reading import ProbeError, Reading, Target, TargetId
from ebank_sentinel.probes.kind import ProbeFailure
from support.bad_servers import answering, serving
from support.certificates import Authority, serving_tls
from support.nginx import nginx
from support.probing import TARGET, probing, read


async def read_body(body: bytes | str, head: str = "", **settings: object) -> Reading:
    """The reading of a server that answers 200 with this body."""
    data = body if isinstance(body, bytes) else body.encode()
    lines = f"HTTP/1.1 200 OK\nContent-Length: {len(data)}" + (f"\n{head}" if head else "")
    async with serving(answering(lines, data)) as port:
        return await read({"http": {"url": f"http://127.0.0.1:{port}/", **settings}})


async def read_status(status: str, **settings: object) -> Reading:
    """The reading of a server that answers with this status and headers."""
    async with serving(answering(f"HTTP/1.1 {status}\nContent-Length: 0")) as port:
        return await read({"http": {"url": f"http://127.0.0.1:{port}/", **settings}})


async def test_a_good_answer_is_up_with_the_time_of_each_phase() -> None:
    reading = await read_body("fine")
    assert reading.up
    assert reading.fields["status"] == 200
    assert reading.fields["body_bytes"] == 4
    phases = [reading.fields[name] for name in ("connect_ms", "first_byte_ms")]
    assert all(isinstance(phase, float) and phase >= 0 for phase in phases)
    assert sum(float(phase) for phase in phases) <= float(reading.fields["latency_ms"]) + 1
    assert "dns_ms" not in reading.fields  # an address needs no look-up
    assert "tls_ms" not in reading.fields


async def test_a_name_has_the_time_of_its_look_up() -> None:
    async with serving(answering("HTTP/1.1 200 OK\nContent-Length: 0")) as port:
        reading = await read({"http": {"url": f"http://localhost:{port}/"}})
    assert reading.up
    assert float(reading.fields["dns_ms"]) >= 0


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "299 Odd"])
async def test_without_a_status_to_expect_all_of_2xx_are_fine(status: str) -> None:
    assert (await read_status(status)).up


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "304 Not Modified"])
async def test_another_status_is_the_reason_and_is_kept(status: str) -> None:
    reading = await read_status(status)
    assert not reading.up
    assert reading.error is ProbeError.STATUS
    assert reading.detail == f"status {status[:3]}, expected 200 to 299"
    assert reading.fields["status"] == int(status[:3])
    assert "latency_ms" in reading.fields


async def test_an_expected_status_may_be_any() -> None:
    assert (await read_status("401 Who", expect={"status": [401]})).up
    reading = await read_status("200 OK", expect={"status": [401, 403]})
    assert reading.detail == "status 200, expected 401, 403"


HEALTH = json.dumps(
    {
        "status": "UP",
        "queue": {"depth": 7},
        "ok": True,
        "ratio": 0.5,
        "none": None,
        "text": "x" * 3000,
        "big": 10**30,
        "cassettes": [{"count": 9}, {"count": 0}],
    }
)


async def test_fields_are_read_from_the_body_by_path() -> None:
    paths = {"queue": "queue.depth", "state": "status", "fine": "ok", "ratio": "ratio", "second": "cassettes.1.count"}
    reading = await read_body(HEALTH, read=paths)
    assert reading.up
    assert {name: reading.fields[name] for name in paths} == {
        "queue": 7,
        "state": "UP",
        "fine": True,
        "ratio": 0.5,
        "second": 0,
    }
    assert reading.body is None


async def test_what_is_missing_or_no_scalar_is_a_missing_field() -> None:
    paths = {name: name for name in ("queue", "nowhere", "cassettes", "big")} | {"beyond": "cassettes.2.count"}
    paths["empty"] = "none"
    reading = await read_body(HEALTH, read=paths)
    assert reading.up
    assert not paths.keys() & reading.fields.keys()


async def test_a_long_text_is_cut() -> None:
    reading = await read_body(HEALTH, read={"words": "text"})
    assert reading.fields["words"] == "x" * 1000


async def test_a_star_keeps_the_whole_body() -> None:
    reading = await read_body(HEALTH, read="*")
    assert reading.body == json.loads(HEALTH)


async def test_json_is_compared_by_path_value_and_type() -> None:
    assert (await read_body(HEALTH, expect={"json": {"status": "UP", "queue.depth": 7.0, "none": None}})).up
    reading = await read_body(HEALTH, expect={"json": {"status": "DOWN"}})
    assert reading.error is ProbeError.ASSERTION
    assert reading.detail == 'status is "UP", expected "DOWN"'
    reading = await read_body(HEALTH, expect={"json": {"ok": 1}})
    assert reading.detail == "ok is true, expected 1"
    reading = await read_body(HEALTH, expect={"json": {"queue.size": 1}})
    assert reading.detail == "queue.size is not in the body, expected 1"
    reading = await read_body(HEALTH, expect={"json": {"queue": 1}})
    assert reading.detail == "queue is a structure, expected 1"


async def test_what_was_read_is_kept_when_an_assertion_fails() -> None:
    reading = await read_body(HEALTH, read={"queue": "queue.depth"}, expect={"json": {"status": "DOWN"}})
    assert not reading.up
    assert reading.fields["queue"] == 7
    assert reading.fields["status"] == 200
    assert "latency_ms" in reading.fields


async def test_what_was_read_is_kept_when_the_status_is_wrong() -> None:
    async with serving(answering(f"HTTP/1.1 503 No\nContent-Length: {len(HEALTH)}", HEALTH.encode())) as port:
        settings = {"url": f"http://127.0.0.1:{port}/", "read": {"queue": "queue.depth"}}
        reading = await read({"http": settings})
    assert reading.error is ProbeError.STATUS
    assert reading.fields["queue"] == 7


async def test_a_pattern_must_be_there_or_must_not() -> None:
    assert (await read_body("all is well", expect={"regex": "w.ll", "not_regex": "error"})).up
    reading = await read_body("an error", expect={"not_regex": "err(or|eur)"})
    assert reading.detail == "the body holds what matches /err(or|eur)/"
    reading = await read_body("nothing", expect={"regex": "^well$"})
    assert reading.error is ProbeError.ASSERTION
    assert reading.detail == "the body holds nothing that matches /^well$/"


async def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time() -> None:
    reading = await read_body("a" * 50_000 + "!", expect={"regex": "(a+)+$"})
    assert reading.error is ProbeError.ASSERTION
    assert float(reading.fields["latency_ms"]) < 5000


async def test_text_is_read_in_the_charset_of_its_header() -> None:
    body = "系统正常".encode("gb18030")
    assert (await read_body(body, "Content-Type: text/html; charset=GBK", expect={"regex": "系统正常"})).up
    assert (await read_body("系统正常", "Content-Type: text/html; charset=nonsense", expect={"regex": "系统正常"})).up


BAD_JSON = {
    "<html>": "the body is not JSON: Expecting value at line 1",
    "": "the body is not JSON: Expecting value at line 1",
    '{"a": NaN}': "the body is not JSON: NaN is no JSON number",
    '{"a": -Infinity}': "the body is not JSON: -Infinity is no JSON number",
    '{"a": 1e999}': "the body is not JSON: a number that is too large",
    "[" * 100_000: "the body is JSON that is nested too deeply",
    '{"a":' * 100_000: "the body is JSON that is nested too deeply",
    '{"a": ' + "9" * 5000 + "}": "the body holds a number of thousands of digits",
}


@pytest.mark.parametrize("body", BAD_JSON, ids=lambda body: body[:12])
async def test_a_body_that_is_not_json_is_an_error_and_no_crash(body: str) -> None:
    reading = await read_body(body, read={"a": "a"})
    assert reading.error is ProbeError.BODY
    assert reading.detail == BAD_JSON[body]
    assert reading.fields["status"] == 200


async def test_odd_json_is_read_as_far_as_it_makes_sense() -> None:
    assert (await read_body('{"a": 1, "a": 2}', read={"a": "a"})).fields["a"] == 2
    assert (await read_body(b'\xef\xbb\xbf{"a": 1}', read={"a": "a"})).fields["a"] == 1
    assert (await read_body('{"a": "\\ud800!"}', read={"a": "a"})).fields["a"] == "\ufffd!"
    assert (await read_body(b'{"a": "\xff\xfe"}', read={"a": "a"})).error is ProbeError.BODY


LONE = "\ud800"


@pytest.mark.parametrize(
    "body",
    [
        '{"a": "\\ud800!"}'.encode("utf-16"),
        '{"a": "\\ud800!"}'.encode("utf-16-le"),
        '{"a": "\\uD800!"}'.encode("utf-32"),
        b'{"\\udfff": 1, "a": "\\ud800!"}',
    ],
)
async def test_half_a_character_is_mended_in_whatever_encoding_it_was_escaped(body: bytes) -> None:
    reading = await read_body(body, read={"a": "a"})
    assert reading.fields["a"] == "\ufffd!"
    assert "\ud800" not in str((await read_body(body, read="*")).body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
async def test_half_a_character_as_it_stands_is_no_json(encoding: str) -> None:
    body = f'{{"a": "{LONE}"}}'.encode(encoding, "surrogatepass")
    for wanted in ({"a": "a"}, "*"):
        reading = await read_body(body, read=wanted)
        assert (reading.error, reading.detail) == (
            ProbeError.BODY,
            "the body is not JSON: it is not Unicode text",
        )
        assert "a" not in reading.fields
        assert reading.body is None


async def test_a_body_over_the_cap_is_too_large() -> None:
    assert (await read_body("x" * 100, max_body=100)).up
    reading = await read_body("x" * 101, max_body=100)
    assert reading.error is ProbeError.TOO_LARGE
    assert reading.detail == "the body has more than 100 bytes (max_body)"
    assert reading.fields["status"] == 200


async def test_a_compressed_body_is_read() -> None:
    data = gzip.compress(HEALTH.encode())
    assert (await read_body(data, "Content-Encoding: gzip", read={"queue": "queue.depth"})).fields["queue"] == 7
    data = zlib.compress(HEALTH.encode())
    assert (await read_body(data, "Content-Encoding: deflate", read={"queue": "queue.depth"})).fields["queue"] == 7


async def test_a_compressed_body_that_makes_no_sense_is_told() -> None:
    reading = await read_body("no gzip at all", "Content-Encoding: gzip")
    assert reading.error is ProbeError.BODY
    reading = await read_body(gzip.compress(b"x" * 1000)[:-9], "Content-Encoding: gzip")
    assert reading.detail == "the gzip body ends in the middle"
    reading = await read_body("x", "Content-Encoding: br")
    assert reading.detail == "the body is encoded as br, which was not asked for"


async def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 6)
    tracemalloc.start()
    reading = await read_body(bomb, "Content-Encoding: gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reading.error is ProbeError.TOO_LARGE
    assert peak < 8_000_000  # bytes, the bomb's own 200 kB among them


async def test_no_detail_shows_the_path_the_query_or_a_header(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    async with serving(answering("HTTP/1.1 302 Go\nLocation: http://other.example/hunter2?t=hunter2")) as port:
        settings = {"url": f"http://127.0.0.1:{port}/?t=hunter2", "headers": {"X-Token": {"file": "token"}}}
        reading = await read({"http": settings}, folder=tmp_path)
    assert reading.error is ProbeError.REDIRECT
    assert reading.detail == "status 302 leads to http://other.example, and `follow` is none"
    assert "hunter2" not in repr(reading)


async def test_control_characters_of_an_answer_do_not_reach_the_detail() -> None:
    reading = await read_body('{"status": "\\u001b]0;owned\\u0007\\u2028x"}', expect={"json": {"status": "UP"}})
    assert reading.detail.isprintable()


class Site:
    """A site whose pages redirect, and which keeps the requests it got."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []
        self.server = TestServer(self._application())

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.read())
        path = request.path
        if path == "/loop":
            return web.Response(status=302, headers={"Location": "/loop"})
        if path.startswith("/hop"):
            left = int(path[4:])
            return web.Response(status=302, headers={"Location": f"/hop{left - 1}" if left > 1 else "/end"})
        if path == "/see":
            return web.Response(status=int(request.query["status"]), headers={"Location": request.query["to"]})
        return web.json_response({"method": request.method})


async def visit(path: str, **settings: object) -> tuple[Reading, Site]:
    site = Site()
    async with site.server as server:
        reading = await read({"http": {"url": f"http://127.0.0.1:{server.port}{path}", **settings}})
    return reading, site


async def test_redirects_are_followed_when_they_stay_on_the_host() -> None:
    reading, site = await visit("/hop5", follow="same_host")
    assert reading.up
    assert len(site.requests) == 6


async def test_no_more_than_five_redirects_are_followed() -> None:
    reading, site = await visit("/loop", follow="any")
    assert reading.error is ProbeError.REDIRECT
    assert "more than 5 redirects" in reading.detail
    assert len(site.requests) == 6
    assert reading.fields["status"] == 302


async def test_a_redirect_that_is_expected_is_fine_and_not_followed() -> None:
    reading, site = await visit("/loop", expect={"status": [302]})
    assert reading.up
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://localhost/x", "leads to another host, http://localhost"),
        ("http://169.254.169.254/latest/meta-data", "a Location that is no address"),
        ("http://user:pw@127.0.0.1/", "a Location that is no address"),
        ("file:///etc/passwd", "a Location that is no address"),
        ("gopher://127.0.0.1:70/", "a Location that is no address"),
        ("http://127.1/", "a Location that is no address"),
        ("", "more than 5 redirects"),
    ],
)
async def test_a_redirect_to_somewhere_else_is_not_followed(to: str, reason: str) -> None:
    reading, _ = await visit(f"/see?status=302&to={to}", follow="same_host")
    assert reading.error is ProbeError.REDIRECT
    assert reason in reading.detail


async def test_headers_of_the_settings_go_to_the_first_host_alone() -> None:
    other = Site()
    async with other.server as server:
        path = f"/see?status=307&to=http://localhost:{server.port}/end"
        reading, site = await visit(path, follow="any", headers={"X-Team": "pay"}, method="POST", body="ping")
    assert reading.up
    assert site.requests[0].headers["X-Team"] == "pay"
    assert "X-Team" not in other.requests[0].headers
    assert other.requests[0].method == "POST"
    assert other.bodies == [b"ping"]


async def test_a_see_other_is_asked_with_get() -> None:
    _, site = await visit("/see?status=303&to=/end", follow="same_host", method="POST", body="ping")
    assert [request.method for request in site.requests] == ["POST", "GET"]
    assert site.bodies == [b"ping", b""]


async def test_each_probe_is_a_new_connection_and_says_who_asks() -> None:
    reading, site = await visit("/x", read="*")
    assert reading.body == {"method": "GET"}
    headers = site.requests[0].headers
    assert headers["User-Agent"] == "ebank-sentinel"
    assert headers["Accept-Encoding"] == "identity"
    assert headers.get("Connection") == "close"


async def test_head_asks_for_no_body() -> None:
    reading, site = await visit("/x", method="HEAD")
    assert reading.up
    assert site.requests[0].method == "HEAD"


async def test_a_placeholder_is_filled_from_the_target() -> None:
    site = Site()
    async with site.server as server:
        labels = {"address": f"127.0.0.1:{server.port}", "terminal": "甲1"}
        target = Target(id=TargetId("login", "A1"), labels=labels)
        probe = {
            "http": {"url": "http://{address}/atm/{terminal}"},
            "targets": {"rows": [labels], "key": "terminal"},
        }
        reading = await read(probe, target=target)
    assert reading.up
    assert reading.target == target
    assert site.requests[0].path == "/atm/甲1"


async def test_labels_that_lost_their_address_say_nothing_of_the_target() -> None:
    probe = {"http": {"url": "http://{address}/"}, "targets": {"csv": "atms.csv", "key": "terminal"}}
    async with probing(probe) as prober:
        failed = await prober.read(TARGET)
    assert isinstance(failed, ProbeFailure)
    assert failed.error is ProbeError.LOCAL
    assert "{address} is not a column" in failed.detail


async def test_https_gives_the_days_of_the_certificate_and_the_time_of_the_handshake(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving_tls(authority.sign("localhost")) as port:
        settings = {"url": f"https://localhost:{port}/", "tls": {"ca": authority.file.name}}
        reading = await read({"http": settings}, folder=tmp_path)
    assert reading.up, reading
    assert 59.9 < float(reading.fields["cert_days"]) < 60.1
    assert float(reading.fields["tls_ms"]) > 0
    assert float(reading.fields["connect_ms"]) >= 0


async def test_https_names_why_a_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving_tls(authority.sign("other.example")) as port:
        settings = {"url": f"https://localhost:{port}/", "tls": {"ca": authority.file.name}}
        reading = await read({"http": settings}, folder=tmp_path)
    assert reading.error is ProbeError.TLS_WRONG_NAME


async def test_http_where_https_is_spoken_is_told() -> None:
    async with serving(answering("HTTP/1.1 200 OK")) as port:
        reading = await read({"http": {"url": f"https://127.0.0.1:{port}/"}, "timeout": "2s"})
    assert reading.error in (ProbeError.TLS, ProbeError.TIMEOUT)


async def test_authorities_that_cannot_be_read_are_refused_before_the_first_probe(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for ca, reason in (("none.pem", "No such file"), ("empty.pem", "holds no certificates")):
        with pytest.raises(ValueError, match=reason):
            await read({"http": {"url": "https://a.example/", "tls": {"ca": ca}}}, folder=tmp_path)


async def test_a_secret_that_cannot_be_read_is_refused_before_the_first_probe(tmp_path: Path) -> None:
    settings = {"url": "http://a.example/", "headers": {"Authorization": {"file": "token"}}}
    with pytest.raises(ValueError, match="cannot read the secret"):
        await read({"http": settings}, folder=tmp_path)


@pytest.mark.real
async def test_a_real_nginx_is_read(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown = authority.sign("localhost")
    http = f"""
  server {{
    listen 127.0.0.1:@PORT@ ssl;
    ssl_certificate {shown.certificate};
    ssl_certificate_key {shown.key};
    gzip on; gzip_min_length 1; gzip_types application/json;
    location /health {{ default_type application/json; return 200 '{{"status": "UP", "queue": {{"depth": 3}}}}'; }}
    location /moved {{ return 301 /health; }}
    location /broken {{ return 503; }}
  }}"""
    with nginx(tmp_path / "nginx", http) as port:
        trust = {"ca": authority.file.name}
        expect = {"status": [200], "json": {"status": "UP"}}
        base = f"https://localhost:{port}"
        settings = {"url": f"{base}/health", "tls": trust, "expect": expect, "read": {"queue": "queue.depth"}}
        good = await read({"http": settings}, folder=tmp_path)
        moved = await read({"http": settings | {"url": f"{base}/moved", "follow": "same_host"}}, folder=tmp_path)
        zipped = await read({"http": settings | {"headers": {"X-A": "b"}}}, folder=tmp_path)
        broken = await read({"http": {"url": f"{base}/broken", "tls": trust}}, folder=tmp_path)
    for reading in (good, moved, zipped):
        assert reading.up, reading
        assert reading.fields["queue"] == 3
        assert 59 < float(reading.fields["cert_days"]) < 61
    assert broken.detail == "status 503, expected 200 to 299"
