"""Pages to a program of the bank."""

import base64
import gzip
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.model.page import Message
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.http import seconds_to_wait
from ebank_sentinel.paging.settings import ChannelSettings
from support.certificates import Authority
from support.channels import channel
from support.pages import message, page
from support.webhook_receiver import WebhookReceiver

NEW, OLD = b"n" * 32, b"o" * 32
SECRETS = {"new": "whsec_" + base64.b64encode(NEW).decode(), "old": OLD.decode(), "broken": "whsec_%%%", "x": "whsec_"}


def hook(server: WebhookReceiver, folder: Path, **settings: object) -> Channel:
    given = {"url": f"http://127.0.0.1:{server.port}/in", "secret": {"file": "new"}, "timeout": timedelta(seconds=2)}
    return channel({"webhook": given | settings}, folder, SECRETS)


async def refusal(server: WebhookReceiver, folder: Path, **settings: object) -> DeliveryError:
    over = hook(server, folder, **settings)
    with pytest.raises(DeliveryError) as refused:
        await over.send(page())
    await over.close()
    return refused.value


async def received(folder: Path, wording: Message) -> Mapping[str, object]:
    async with WebhookReceiver(secret=NEW).serve() as server:
        over = hook(server, folder)
        await over.send(page(wording=wording))
        await over.close()
        return server.hooks[0].body


async def test_the_body_is_the_payload_with_what_the_page_is(tmp_path: Path) -> None:
    assert await received(tmp_path, message("登录失败")) == {
        "incident": "20261120-ab12",
        "code": "4821",
        "page": page().id,
        "channel": "sms",
        "recipient": "wang.fang",
        "reason": "first",
        "step": "first",
        "severity": "II",
        "at": "2026-11-20T19:09:00+00:00",
        "text": "登录失败",
    }


@pytest.mark.parametrize("strange", [{"value": float("nan")}, {"value": object()}, {"value": "\ud800"}])
async def test_facts_that_json_cannot_carry_cost_no_page(tmp_path: Path, strange: Mapping[str, object]) -> None:
    assert (await received(tmp_path, message("登录失败", payload=strange)))["text"] == "登录失败"


@pytest.mark.parametrize("key", [NEW, OLD])
async def test_while_a_secret_changes_both_signatures_are_sent(tmp_path: Path, key: bytes) -> None:
    async with WebhookReceiver(secret=key).serve() as server:
        over = hook(server, tmp_path, previous_secret={"file": "old"})
        await over.send(page())
        await over.close()
        assert len(server.hooks[0].headers["webhook-signature"].split(" ")) == 2


async def test_a_signature_with_another_secret_is_not_taken(tmp_path: Path) -> None:
    async with WebhookReceiver(secret=OLD).serve() as server:
        error = await refusal(server, tmp_path)
    assert not error.permanent  # it is taken once both sides hold the same secret
    assert "answered 401 (check the user, the password or the secret)" in str(error)


@pytest.mark.parametrize("name", ["broken", "x"])
def test_a_secret_that_cannot_sign_is_refused_at_once_and_not_shown(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="goes on with Base64") as refused:
        hook(WebhookReceiver(secret=NEW, port=1), tmp_path, secret={"file": name})
    assert "%%%" not in str(refused.value)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 418, 425, 429, 451, 500, 502, 503, 504, 599])
async def test_what_passes_by_may_be_tried_again(tmp_path: Path, status: int) -> None:
    async with WebhookReceiver(secret=NEW, status=status, headers={"Retry-After": "7"}).serve() as server:
        error = await refusal(server, tmp_path)
    assert (error.permanent, error.retry_after) == (False, 7.0)


@pytest.mark.parametrize("status", [400, 405, 410, 413, 414, 415, 422])
async def test_what_does_not_pass_by_is_for_good(tmp_path: Path, status: int) -> None:
    async with WebhookReceiver(secret=NEW, status=status, headers={"Retry-After": "7"}).serve() as server:
        error = await refusal(server, tmp_path)
    assert (error.permanent, error.retry_after) == (True, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(tmp_path: Path, status: int) -> None:
    async with WebhookReceiver(secret=NEW).serve() as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.port}/"
        async with WebhookReceiver(secret=NEW, status=status, headers={"Location": location}).serve() as server:
            error = await refusal(server, tmp_path)
        assert error.permanent
        assert "never followed" in str(error)
        assert elsewhere.requests == 0


async def test_of_a_long_answer_only_the_beginning_is_read_and_little_is_kept(tmp_path: Path) -> None:
    async with WebhookReceiver(secret=NEW, status=500, text="x" * 50_000_000).serve() as server:
        error = await refusal(server, tmp_path)
    assert not error.permanent
    assert len(str(error)) < 400


async def test_a_packed_answer_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)
    packed = WebhookReceiver(secret=NEW, status=503, text=bomb, headers={"Content-Encoding": "gzip"})
    async with packed.serve() as server:
        error = await refusal(server, tmp_path)
    assert not error.permanent
    assert "000000" not in str(error)


async def test_https_is_verified_against_the_given_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with WebhookReceiver(secret=NEW).serve(tls=authority.sign("127.0.0.1").server()) as server:
        url = f"https://127.0.0.1:{server.port}/in"
        over = hook(server, tmp_path, url=url, ca=str(authority.file))
        await over.send(page())
        await over.close()
        error = await refusal(server, tmp_path, url=url)
        assert len(server.hooks) == 1
    assert not error.permanent
    assert "certificate is not trusted" in str(error)


async def test_what_answers_something_else_than_http_is_named_and_tried_again(tmp_path: Path) -> None:
    server = WebhookReceiver(secret=NEW)
    async with server.serve(tls=Authority(tmp_path).sign("127.0.0.1").server()):
        error = await refusal(server, tmp_path)  # http to an https port
    assert not error.permanent
    assert f"http://127.0.0.1:{server.port}" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("999999999999", 3600.0),
        ("1e400", 3600.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (format_datetime(datetime(2026, 11, 21, 0, 2, tzinfo=UTC), usegmt=True), 120.0),
        (format_datetime(datetime(2026, 11, 20, 0, 0, tzinfo=UTC), usegmt=True), 0.0),
        (format_datetime(datetime(2036, 11, 20, 0, 0, tzinfo=UTC), usegmt=True), 3600.0),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_at_most_an_hour(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, datetime(2026, 11, 21, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hook.example/",
        "file:///etc/passwd",
        "http://",
        "http://user:geheim@hook.example/",
        "http://hook.example:0/",
        "http://hook.example:70000/",
        "http://hook.example:/",
        "http://hook.example/#x",
        "http://hook.example/a b",
        "http://hook.example/汉",
        "http://[fe80::1%25eth0]/",
        "http://169.254.169.254/latest",
        "http://[::ffff:169.254.169.254]/latest",
        "hook.example",
    ],
)
def test_an_address_that_does_not_hold_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ChannelSettings.model_validate({"webhook": {"url": url, "secret": {"file": "x"}}})
    assert all("geheim" not in str(error["msg"]) for error in refused.value.errors())
