"""Pages as text messages through a gateway that speaks HTTP."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.paging.settings import ChannelSettings
from support.channels import channel
from support.pages import TEXT, page
from support.sms_gateway import Asked, SmsGateway

PASSWORD = "geheim & 密码+%"
KANNEL = {"profile": "kannel", "user": "bank", "password": {"file": "password"}}
OWN = {"params": {"phone": "{to}", "msg": "{text}"}}


async def words(server: SmsGateway, folder: Path, settings: Mapping[str, object], *, text: str = TEXT) -> str:
    url = f"http://127.0.0.1:{server.port}/cgi-bin/sendsms"
    given = {"url": url, "timeout": timedelta(seconds=2), **settings}
    over = channel({"sms_http": given}, folder, {"password": PASSWORD})
    try:
        return await over.send(page(text))
    finally:
        await over.close()


async def asked(folder: Path, settings: Mapping[str, object], *, text: str = TEXT) -> Asked:
    async with SmsGateway().serve() as server:
        await words(server, folder, settings, text=text)
        return server.asked[0]


async def refusal(folder: Path, settings: Mapping[str, object], status: int, said: str) -> DeliveryError:
    async with SmsGateway(status=status, text=said).serve() as server:
        with pytest.raises(DeliveryError) as refused:
            await words(server, folder, settings)
    return refused.value


async def test_kannel_is_asked_as_its_guide_says(tmp_path: Path) -> None:
    request = await asked(tmp_path, KANNEL)
    assert request.method == "GET"
    assert request.query == {
        "username": "bank",
        "password": PASSWORD,
        "to": "+8613800000001",
        "text": TEXT,
        "coding": "2",
        "charset": "UTF-8",
    }
    assert "to=%2B8613800000001" in request.raw_query


async def test_a_text_of_the_7_bit_alphabet_is_not_sent_as_ucs_2(tmp_path: Path) -> None:
    request = await asked(tmp_path, KANNEL, text="[Demo Bank] Level II")
    assert request.query["coding"] == "0"


async def test_kannel_gets_a_sender_when_there_is_one(tmp_path: Path) -> None:
    assert (await asked(tmp_path, {**KANNEL, "sender": "95000"})).query["from"] == "95000"


async def test_a_text_that_is_too_long_is_cut_to_three_parts(tmp_path: Path) -> None:
    assert (await asked(tmp_path, KANNEL, text="汉" * 400)).query["text"] == "汉" * 200 + "…"


@pytest.mark.parametrize("said", ["0: Accepted for delivery", "3: Queued for later delivery", "Sent."])
async def test_kannel_took_it(tmp_path: Path, said: str) -> None:
    async with SmsGateway(text=said).serve() as server:
        assert await words(server, tmp_path, KANNEL) == said


@pytest.mark.parametrize(
    ("status", "said", "permanent"),
    [
        (202, "4: Temporal failure", False),
        (202, "5: no such thing", False),
        (200, "", False),
        (503, "Temporal failure, try again later.", False),
        (500, "Sending failed.", False),
        (403, "Authorization failed for sendsms", False),
        (401, "who?", False),
        (403, "Not routable. Do not try again.", True),
        (400, "Sender missing and no global set, rejected", True),
        (404, "Unknown request.", False),
        (302, "", True),
    ],
)
async def test_kannel_did_not_take_it(
    tmp_path: Path,
    status: int,
    said: str,
    permanent: bool,
) -> None:
    error = await refusal(tmp_path, KANNEL, status, said)
    assert error.permanent == permanent
    if status != 302:
        assert said in str(error)


async def test_a_refused_password_says_so(tmp_path: Path) -> None:
    error = await refusal(tmp_path, KANNEL, 403, "Authorization failed for sendsms")
    assert "answered 403 (check the user, the password or the secret)" in str(error)


async def test_an_own_gateway_is_asked_as_the_file_says(tmp_path: Path) -> None:
    settings = {
        "method": "POST",
        "params": {"v": "2"},
        "form": {"phone": "{to}", "content": "{text}", "key": "{password}", "who": "{user}", "ref": "{id}"},
        "headers": {"X-User": "{user}", "X-Request": "{id}"},
        "user": "bank",
        "password": {"file": "password"},
    }
    with pytest.raises(ValueError, match="cannot stand in a header"):
        await asked(tmp_path, settings)  # this password is not ASCII
    del settings["headers"]
    request = await asked(tmp_path, settings, text="a&b=c {to} %41 +\n汉")
    assert (request.method, request.query) == ("POST", {"v": "2"})
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body) == {
        "phone": ["+8613800000001"],
        "content": ["a&b=c {to} %41 + 汉"],
        "key": [PASSWORD],
        "who": ["bank"],
        "ref": [page().id],
    }


async def test_values_change_no_json(tmp_path: Path) -> None:
    settings = {"json": {"to": ["{to}"], "text": "【{text}】", "ttl": 60, "flash": False}}
    request = await asked(tmp_path, settings, text='"], "to": ["+1')
    assert json.loads(request.body) == {
        "to": ["+8613800000001"],
        "text": '【"], "to": ["+1】',
        "ttl": 60,
        "flash": False,
    }
    assert request.method == "POST"


async def test_headers_carry_what_the_file_says(tmp_path: Path) -> None:
    request = await asked(tmp_path, {**OWN, "headers": {"X-Request": "{id}", "X-Kind": "sms"}})
    assert request.headers["x-request"] == page().id
    assert request.headers["x-kind"] == "sms"


@pytest.mark.parametrize(
    ("success", "status", "said", "permanent"),
    [
        (None, 200, "ok", None),
        (None, 503, "busy", False),
        (None, 404, "no", False),
        (None, 400, "no", True),
        (None, 401, "no", False),
        ({"status": [200]}, 202, "ok", False),
        ({"regex": '"code":0'}, 200, '{"code":0}', None),
        ({"regex": '"code":0'}, 200, '{"code":17}', False),
        ({"status": [418]}, 418, "teapot", None),
    ],
)
async def test_success_is_what_the_file_says(
    tmp_path: Path,
    success: Mapping[str, object] | None,
    status: int,
    said: str,
    permanent: bool | None,
) -> None:
    settings = {**OWN, **({"success": success} if success else {})}
    if permanent is None:
        async with SmsGateway(status=status, text=said).serve() as server:
            assert await words(server, tmp_path, settings) == said
    else:
        assert (await refusal(tmp_path, settings, status, said)).permanent == permanent


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**KANNEL, "replies": True}, "not yet"),
        ({**KANNEL, "params": {"smsc": "x"}}, "profile kannel says how to ask"),
        ({"profile": "kannel"}, "needs user and password"),
        ({"profile": "twilio", "user": "x"}, "kannel"),
        ({}, "nothing says where"),
        ({"params": {"to": "{to}"}}, "where {text} goes"),
        ({"params": {"to": "{to}", "text": "{message}"}}, "{message} is not known here"),
        ({"params": {"to": "{to}", "text": "{text"}}, "stands alone"),
        ({"json": {"to": "{to}", "text": ["{txt}"]}}, "{txt} is not known here"),
        ({**OWN, "form": {"a": "b"}, "json": {}}, "one body"),
        ({**OWN, "form": {"a": "b"}, "method": "GET"}, "a GET has no body"),
        ({**OWN, "headers": {"X": "{text}"}}, "cannot stand in a header"),
        ({"params": {"to": "{to}", "text": "{text}", "k": "{password}"}}, "password is not given"),
        ({**OWN, "success": {"regex": "(a+"}}, "not one that RE2 takes"),
        ({**OWN, "success": {"regex": "(?=a)"}}, "not one that RE2 takes"),
        ({**OWN, "success": {"status": []}}, "at least 1"),
        ({**OWN, "unknown": 1}, "not permitted"),
    ],
)
def test_settings_that_do_not_hold_are_refused(settings: dict[str, object], said: str) -> None:
    given = {"url": "http://127.0.0.1:13013/cgi-bin/sendsms", **settings}
    with pytest.raises(ValidationError) as refused:
        ChannelSettings.model_validate({"sms_http": given})
    assert said in str(refused.value)
