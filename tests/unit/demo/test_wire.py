"""What the receivers take off the wire, sent by ordinary clients."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from email.message import EmailMessage

import aiohttp
import aiosmtplib
import pytest
from standardwebhooks.webhooks import Webhook

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.demo.bank_servers import serve
from ebank_sentinel.demo.http_receivers import sms_gateway, webhook_receiver
from ebank_sentinel.demo.mail_receiver import MailReceiver
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.demo.receivers import Arrival

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEXT = "【示例银行】二级 登录失败 成功率62%(平时98%) 03:09起 影响:全行手机网银登不上 码4821"


class Sink:
    def __init__(self) -> None:
        self.clock = SystemClock()
        self.arrivals: list[Arrival] = []
        self.refusals: list[str] = []
        (self.port,) = free_ports(1, dice=random.SystemRandom())


async def test_a_mail_arrives_with_its_page_id_subject_and_text() -> None:
    sink = Sink()
    mail = EmailMessage()
    mail["From"], mail["To"] = "sentinel@bank.example", "wang.fang@bank.example"
    mail["Subject"], mail["X-Ebank-Sentinel-Page"] = "[二级] 登录失败 全行 03:09起 #4821", "p-1"
    mail["Message-ID"] = "<other@bank.example>"
    mail.set_content("手机网银登不上\n第二行\n")
    async with MailReceiver(clock=sink.clock, on_arrival=sink.arrivals.append).serve(port=sink.port):
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=sink.port)
    (arrival,) = sink.arrivals
    assert (arrival.channel, arrival.address, arrival.page) == ("mail", "wang.fang@bank.example", "p-1")
    assert arrival.subject == "[二级] 登录失败 全行 03:09起 #4821"
    assert arrival.text == "[二级] 登录失败 全行 03:09起 #4821\n\n手机网银登不上\n第二行"


async def test_a_mail_without_the_header_is_known_by_its_message_id() -> None:
    sink = Sink()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "a@bank.example", "b@bank.example", "<p-2@bank.example>"
    mail.set_content("text")
    async with MailReceiver(clock=sink.clock, on_arrival=sink.arrivals.append).serve(port=sink.port):
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=sink.port)
    assert [arrival.page for arrival in sink.arrivals] == ["p-2"]


async def sent_sms(sink: Sink, **query: str) -> tuple[int, str]:
    app = sms_gateway(
        user="bank",
        password="right",
        clock=sink.clock,
        on_arrival=sink.arrivals.append,
        on_refusal=sink.refusals.append,
    )
    url = f"http://127.0.0.1:{sink.port}/cgi-bin/sendsms"
    async with (
        serve(app, port=sink.port),
        aiohttp.ClientSession() as session,
        session.get(url, params=query) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize("number", ["+8613800000001", "8613800000001"])
async def test_a_text_message_is_accepted_as_kannel_does(number: str) -> None:
    sink = Sink()
    answer = await sent_sms(sink, username="bank", password="right", to=number, text=TEXT, coding="2", charset="UTF-8")
    assert answer == (202, "0: Accepted for delivery")
    assert [(arrival.address, arrival.text) for arrival in sink.arrivals] == [("+8613800000001", TEXT)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"username": "bank", "password": "wrong", "to": "+8613800000001", "text": "x"}, 403),
        ({"to": "+8613800000001", "text": "x"}, 403),
        ({"username": "bank", "password": "right", "text": "x"}, 400),
        ({"username": "bank", "password": "right", "to": "+8613800000001"}, 400),
    ],
)
async def test_a_text_message_that_kannel_would_refuse_is_refused(query: dict[str, str], status: int) -> None:
    sink = Sink()
    answered, _ = await sent_sms(sink, **query)
    assert answered == status
    assert sink.arrivals == []
    assert len(sink.refusals) == 1


async def sent_hook(sink: Sink, raw: str, *, signed_with: str = SECRET, sign: str | None = None) -> int:
    app = webhook_receiver(
        secret=SECRET,
        clock=sink.clock,
        on_arrival=sink.arrivals.append,
        on_refusal=sink.refusals.append,
    )
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "p-3",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign or Webhook(signed_with).sign("p-3", now, raw),
        "content-type": "application/json",
    }
    url = f"http://127.0.0.1:{sink.port}/hook"
    async with (
        serve(app, port=sink.port),
        aiohttp.ClientSession() as session,
        session.post(url, data=raw.encode(), headers=headers) as answer,
    ):
        return answer.status


async def test_a_signed_webhook_says_what_it_is() -> None:
    sink = Sink()
    says = {"incident": "i1", "rule": "atm-dark", "severity": "IV", "category": "device", "reason": "first"}
    raw = json.dumps({**says, "text": TEXT, "groups": ["vendor"]}, ensure_ascii=False)
    assert await sent_hook(sink, raw) == 204
    (arrival,) = sink.arrivals
    assert (arrival.page, arrival.address, arrival.text, arrival.says) == ("p-3", "hook", TEXT, says)


@pytest.mark.parametrize("sign", [None, "v1,", "nonsense", "v1,%%%"])
async def test_a_webhook_whose_signature_does_not_hold_is_refused(sign: str | None) -> None:
    sink = Sink()
    assert await sent_hook(sink, "{}", signed_with="whsec_" + "A" * 32, sign=sign) == 401
    assert sink.arrivals == []
    assert len(sink.refusals) == 1


async def test_a_signed_webhook_that_is_no_object_is_refused() -> None:
    sink = Sink()
    assert await sent_hook(sink, "[1]") == 400
    assert sink.arrivals == []
