"""Pages for tests: what a test does not care about has a plain value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ebank_sentinel.model.page import Message, Page, page_id
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity

AT = datetime(2026, 11, 20, 19, 9, tzinfo=UTC)
TEXT = "【示例银行】二级 登录失败 成功率62%(平时98%) 03:09起 影响:全行手机网银登不上 码4821"


def message(text: str = TEXT, *, payload: Mapping[str, object] | None = None) -> Message:
    return Message(
        short=text,
        subject="[二级] 登录失败 全行 03:09起 #4821",
        body=f"{text}\n\n为何发给您: 测试\n",
        thread="20261120-ab12",
        payload={"incident": "20261120-ab12", "code": "4821"} if payload is None else payload,
    )


def page(
    text: str = TEXT,
    *,
    cause: str = "20261120-ab12",
    step: str = "first",
    recipient: str = "wang.fang",
    channel: str = "sms",
    address: str = "+8613800000001",
    severity: Severity = Severity.II,
    age: float = 0.0,
    wording: Message | None = None,
) -> Page:
    """A page; `age` is how many seconds before AT it was created."""
    created = AT - timedelta(seconds=age)
    return Page(
        id=page_id(cause, step, recipient, channel),
        cause=cause,
        step=step,
        recipient=recipient,
        channel=channel,
        address=address,
        reason=Reason.FIRST,
        severity=severity,
        message=wording or message(text),
        created_at=created,
        due=created,
    )
