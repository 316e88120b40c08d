"""Through a real Kannel to its fake SMSC: what a phone would get."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.paging.channel import Channel
from support.channels import channel
from support.driven_clock import eventually
from support.kannel import PASSWORD, USER, Delivered, Kannel, kannel
from support.pages import TEXT, page

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    with kannel(tmp_path_factory.mktemp("kannel")) as running:
        yield running


@pytest.fixture
async def sms(gateway: Kannel, tmp_path: Path) -> AsyncIterator[Callable[[str], Channel]]:
    made = []

    def over(password: str = PASSWORD) -> Channel:
        settings = {"profile": "kannel", "url": gateway.url, "user": USER, "password": {"file": "password"}}
        made.append(channel({"sms_http": settings}, tmp_path, {"password": password}))
        return made[-1]

    yield over
    for each in made:
        await each.close()


async def delivered(gateway: Kannel, before: int, count: int) -> list[Delivered]:
    """The messages that came out since; several seconds may pass, the fake SMSC polls."""
    await eventually(lambda: len(gateway.delivered) >= before + count)
    return gateway.delivered[before:]


async def test_the_text_of_a_page_arrives_in_ucs_2_with_its_chinese_intact(
    gateway: Kannel, sms: Callable[..., Channel]
) -> None:
    before = len(gateway.delivered)
    assert await sms().send(page(TEXT)) == "0: Accepted for delivery"
    assert await delivered(gateway, before, 1) == [Delivered(receiver="+8613800000001", type="ucs-2", text=TEXT)]


async def test_a_text_of_the_7_bit_alphabet_arrives_as_such(gateway: Kannel, sms: Callable[..., Channel]) -> None:
    before = len(gateway.delivered)
    text = "[Demo Bank] Level II Logins failing 62% & 'more' since 03:09"
    await sms().send(page(text))
    assert await delivered(gateway, before, 1) == [Delivered(receiver="+8613800000001", type="text", text=text)]


async def test_a_long_text_arrives_in_three_parts_and_no_more(gateway: Kannel, sms: Callable[..., Channel]) -> None:
    before = len(gateway.delivered)
    await sms().send(page("登录失败" * 100))
    arrived = await delivered(gateway, before, 3)
    assert "".join(part.text for part in arrived) == "登录失败" * 50 + "…"
    assert [len(part.text) for part in arrived] == [67, 67, 67]


async def test_what_looks_like_a_request_stays_a_text(gateway: Kannel, sms: Callable[..., Channel]) -> None:
    before = len(gateway.delivered)
    text = "二级&to=110&text=x %26 + ; \"'<> #4821 {to}"
    await sms().send(page(text))
    assert [arrived.text for arrived in await delivered(gateway, before, 1)] == [text]


async def test_a_wrong_password_is_refused_for_now_and_is_not_shown(sms: Callable[..., Channel]) -> None:
    with pytest.raises(DeliveryError, match="check the user, the password") as refused:
        await sms("wrong-one").send(page())
    assert not refused.value.permanent
    assert "wrong-one" not in str(refused.value)
