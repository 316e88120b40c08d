"""Each kind of channel with a real receiver behind it, under one interface: what the contract is checked over."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.model.settings import Secret
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.registry import build
from ebank_sentinel.paging.settings import ChannelSettings
from support.certificates import Authority
from support.sms_gateway import SmsGateway
from support.smtp_receiver import SmtpReceiver
from support.webhook_receiver import WebhookReceiver

PASSWORD = "geheim-4711/+&密"
HOOK_SECRET = base64.b64encode(b"k" * 24).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What a receiver really got."""

    id: str  # "" where the protocol has none
    text: str


class Receiver(Protocol):
    """What a provider can do to us."""

    def arrived(self) -> list[Arrived]: ...

    def refuse_for_now(self) -> None: ...

    def refuse_for_good(self) -> None: ...

    def hang(self) -> None: ...

    def reset(self) -> None: ...

    def repeat(self, words: str) -> None:
        """Refuse, with these words in the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A channel, its receiver, and what must never be seen."""

    channel: Channel
    receiver: Receiver
    address: str
    secrets: tuple[str, ...]
    place: str  # host and port: errors name them


def channel(
    settings: Mapping[str, object], folder: Path, secrets: Mapping[str, str], *, name: str = "channel"
) -> Channel:
    """The channel that a piece of sentinel.yaml describes."""

    def read(secret: Secret) -> str:
        return secrets[str(secret.file)]

    chosen = ChannelSettings.model_validate(settings)
    return build(name, chosen.kind, chosen.settings, read=read, folder=folder, clock=SystemClock())


class _Mail:
    def __init__(self, server: SmtpReceiver) -> None:
        self.server = server

    def arrived(self) -> list[Arrived]:
        return [
            Arrived(id=parseaddr(str(mail["Message-ID"]))[1].partition("@")[0], text=str(mail.get_content()))
            for mail in self.server.mails
        ]

    def refuse_for_now(self) -> None:
        self.server.to_rcpt = "451 4.3.0 try later"

    def refuse_for_good(self) -> None:
        self.server.to_rcpt = "550 5.1.1 no such user"

    def hang(self) -> None:
        self.server.hang = True

    def reset(self) -> None:
        self.server.reset = True

    def repeat(self, words: str) -> None:
        self.server.to_mail = f"550 5.7.1 you said {words}"


@asynccontextmanager
async def mail(folder: Path) -> AsyncIterator[Rig]:
    authority = Authority(folder)
    server = SmtpReceiver()
    server.users = {"sentinel": PASSWORD}
    async with server.serve(starttls=authority.sign("127.0.0.1").server(), auth=True):
        settings = {
            "host": "127.0.0.1",
            "port": server.port,
            "sender": "sentinel@bank.example",
            "user": "sentinel",
            "password": {"file": "password"},
            "tls": "starttls",
            "ca": str(authority.file),
            "timeout": timedelta(seconds=1),
        }
        yield Rig(
            channel=channel({"email": settings}, folder, {"password": PASSWORD}),
            receiver=_Mail(server),
            address="wang.fang@bank.example",
            secrets=(PASSWORD,),
            place=f"127.0.0.1:{server.port}",
        )


class _Hook:
    def __init__(self, server: WebhookReceiver) -> None:
        self.server = server

    def arrived(self) -> list[Arrived]:
        return [Arrived(id=hook.id, text=str(hook.body["text"])) for hook in self.server.hooks]

    def refuse_for_now(self) -> None:
        self.server.status = 503

    def refuse_for_good(self) -> None:
        self.server.status = 410

    def hang(self) -> None:
        self.server.hang = True

    def reset(self) -> None:
        self.server.reset = True

    def repeat(self, words: str) -> None:
        self.server.status, self.server.text = 500, words


@asynccontextmanager
async def webhook(folder: Path) -> AsyncIterator[Rig]:
    async with WebhookReceiver(secret=HOOK_SECRET).serve() as server:
        url = f"http://127.0.0.1:{server.port}/in/token-in-the-path?key=in-the-query"
        settings = {"url": url, "secret": {"file": "hook"}, "timeout": timedelta(seconds=1)}
        yield Rig(
            channel=channel({"webhook": settings}, folder, {"hook": f"whsec_{HOOK_SECRET}"}),
            receiver=_Hook(server),
            address="",
            secrets=(HOOK_SECRET, "token-in-the-path", "in-the-query"),
            place=f"http://127.0.0.1:{server.port}",
        )


class _Sms:
    def __init__(self, server: SmsGateway, text_of: Callable[[SmsGateway], list[Arrived]]) -> None:
        self.server = server
        self._text_of = text_of

    def arrived(self) -> list[Arrived]:
        return self._text_of(self.server)

    def refuse_for_now(self) -> None:
        self.server.status, self.server.text = 503, "Temporal failure, try again later."

    def refuse_for_good(self) -> None:
        self.server.status, self.server.text = 400, "Missing receiver number, rejected"

    def hang(self) -> None:
        self.server.hang = True

    def reset(self) -> None:
        self.server.reset = True

    def repeat(self, words: str) -> None:
        self.server.status, self.server.text = 403, words


@asynccontextmanager
async def sms_kannel(folder: Path) -> AsyncIterator[Rig]:
    def arrived(server: SmsGateway) -> list[Arrived]:
        return [Arrived(id="", text=asked.query["text"]) for asked in server.asked]

    async with SmsGateway().serve() as server:
        settings = {
            "profile": "kannel",
            "url": f"http://127.0.0.1:{server.port}/cgi-bin/sendsms",
            "user": "bank",
            "password": {"file": "password"},
            "timeout": timedelta(seconds=1),
        }
        yield Rig(
            channel=channel({"sms_http": settings}, folder, {"password": PASSWORD}),
            receiver=_Sms(server, arrived),
            address="+8613800000001",
            secrets=(PASSWORD,),
            place=f"http://127.0.0.1:{server.port}",
        )


@asynccontextmanager
async def sms_json(folder: Path) -> AsyncIterator[Rig]:
    def arrived(server: SmsGateway) -> list[Arrived]:
        bodies = [json.loads(asked.body) for asked in server.asked]
        return [Arrived(id=body["messages"][0]["id"], text=body["messages"][0]["text"]) for body in bodies]

    async with SmsGateway(status=200, text='{"code": "OK"}').serve() as server:
        settings = {
            "url": f"http://127.0.0.1:{server.port}/v1/send",
            "json": {
                "auth": ["{user}", "{password}"],
                "messages": [{"to": "{to}", "text": "{text}", "id": "{id}", "flash": False}],
            },
            "success": {"status": [200], "regex": '"code": *"OK"'},
            "user": "bank",
            "password": {"file": "password"},
            "timeout": timedelta(seconds=1),
        }
        yield Rig(
            channel=channel({"sms_http": settings}, folder, {"password": PASSWORD}),
            receiver=_Sms(server, arrived),
            address="+8613800000001",
            secrets=(PASSWORD,),
            place=f"http://127.0.0.1:{server.port}",
        )


RIGS: dict[str, Callable[[Path], AbstractAsyncContextManager[Rig]]] = {
    "email": mail,
    "webhook": webhook,
    "sms_http kannel": sms_kannel,
    "sms_http json": sms_json,
}
