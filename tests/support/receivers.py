"""Real receivers of texts, mails and webhooks: whatever arrives at any of them leaves as one list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from support.bank_files import HOOK_SECRET, PEOPLE
from support.sms_gateway import SmsGateway
from support.smtp_receiver import SmtpReceiver
from support.webhook_receiver import WebhookReceiver

_BY_NUMBER = {f"+861380000000{digit}": person for person, digit in PEOPLE.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One page that a receiver really took."""

    id: str
    to: str  # a person, or the channel where that has an address of its own
    channel: str
    text: str  # a text without its signature; of a mail its subject; of a webhook `KIND SEVERITY TITLE`

    def __str__(self) -> str:
        return f"{self.to} {self.channel} {self.text}"


@dataclass(slots=True)
class Receivers:
    """The three together."""

    sms: SmsGateway = field(default_factory=SmsGateway)
    mail: SmtpReceiver = field(default_factory=SmtpReceiver)
    hook: WebhookReceiver = field(default_factory=lambda: WebhookReceiver(secret=HOOK_SECRET))
    _numbers: Mapping[str, str] = field(default_factory=lambda: _BY_NUMBER)
    _mailboxes: Mapping[str, str] = field(default_factory=dict)  # those that do not begin with a person's id

    def knows(self, people: Mapping[str, Mapping[str, str]]) -> None:
        """Whose the numbers and mailboxes are, as people.yaml says it."""
        self._numbers = {person["sms"]: name for name, person in people.items()}
        self._mailboxes = {person["email"]: name for name, person in people.items()}

    @property
    def got(self) -> list[Got]:
        """All that arrived so far, channel by channel, in order."""
        texts = [
            Got(
                id=asked.query["id"],
                to=self._numbers[asked.query["to"]],
                channel="sms",
                text=asked.query["text"].removeprefix("【示例银行】"),
            )
            for asked in self.sms.asked
            if 200 <= asked.answered < 300
        ]
        mails = [
            Got(
                id=str(mail["X-Ebank-Sentinel-Page"]),
                to=self._mailboxes.get(str(mail["To"]), str(mail["To"]).partition("@")[0]),
                channel="mail",
                text=str(mail["Subject"]),
            )
            for mail in self.mail.mails
        ]
        hooks = [
            Got(
                id=hook.id,
                to=str(hook.body["recipient"]),
                channel="hook",
                text=f"{hook.body['kind']} {hook.body['severity']} {hook.body['title']}",
            )
            for hook in self.hook.hooks
        ]
        return texts + mails + hooks

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Receivers]:
        """Listen for as long as the block runs."""
        async with AsyncExitStack() as stack:
            for receiver in (self.sms, self.mail, self.hook):
                await stack.enter_async_context(receiver.serve())
            yield self
