"""What every kind of channel that talks to a provider must hold, each over a real receiver on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.paging.registry import KINDS
from support.channels import RIGS, Rig
from support.pages import TEXT, message, page

HOSTILE = "二级\r\nBcc: x@y.example\x00\x0b\x0c\x1c\x85\u2028\u2029\u202e\ud800 & \"<'%>{to}{{ 😀 \x1b[31m\r\n.\r\n"


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with RIGS[request.param](tmp_path) as made:
        yield made
        await made.channel.close()
        await made.channel.close()  # twice is fine


async def refusal(rig: Rig) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        await rig.channel.send(page(address=rig.address))
    return refused.value


async def test_a_page_arrives_with_its_text_intact(rig: Rig) -> None:
    words = await rig.channel.send(page(address=rig.address))
    assert words
    assert len(words.splitlines()) == 1
    assert [TEXT in arrived.text for arrived in rig.receiver.arrived()] == [True]


async def test_a_page_that_is_sent_again_carries_the_same_id(rig: Rig) -> None:
    for _ in range(2):
        await rig.channel.send(page(address=rig.address))
    assert {arrived.id for arrived in rig.receiver.arrived()} <= {page(address=rig.address).id, ""}
    assert len(rig.receiver.arrived()) == 2


async def test_what_a_provider_refuses_for_now_may_be_tried_again(rig: Rig) -> None:
    rig.receiver.refuse_for_now()
    assert not (await refusal(rig)).permanent


async def test_what_a_provider_refuses_for_good_is_not_tried_again(rig: Rig) -> None:
    rig.receiver.refuse_for_good()
    error = await refusal(rig)
    assert error.permanent
    assert rig.place in str(error)


async def test_a_provider_that_never_answers_is_given_up_at_the_deadline(rig: Rig) -> None:
    rig.receiver.hang()
    started = time.monotonic()
    error = await refusal(rig)
    assert not error.permanent
    assert "no answer" in str(error)
    assert time.monotonic() - started < 5


async def test_a_connection_that_breaks_may_be_tried_again(rig: Rig) -> None:
    rig.receiver.reset()
    error = await refusal(rig)
    assert not error.permanent
    assert rig.place in str(error)


async def test_a_send_that_is_cancelled_ends_at_once(rig: Rig) -> None:
    rig.receiver.hang()
    sending = asyncio.create_task(rig.channel.send(page(address=rig.address)))
    await asyncio.sleep(0.05)
    sending.cancel()
    done, _ = await asyncio.wait({sending}, timeout=0.5)
    assert done


async def test_a_hostile_text_costs_no_page(rig: Rig) -> None:
    hostile = message(HOSTILE)
    assert await rig.channel.send(page(address=rig.address, wording=hostile))
    (arrived,) = rig.receiver.arrived()
    assert "二级" in arrived.text
    assert "{to}{{ 😀" in arrived.text


async def test_many_pages_at_once_all_arrive(rig: Rig) -> None:
    await asyncio.gather(*(rig.channel.send(page(address=rig.address, cause=str(number))) for number in range(20)))
    assert len(rig.receiver.arrived()) == 20


async def test_no_secret_is_in_an_error_or_in_the_channel_as_shown(rig: Rig) -> None:
    errors = []
    for secret in rig.secrets:
        rig.receiver.repeat(f"you sent {secret}")
        errors.append(str(await refusal(rig)))
    rig.receiver.hang()
    errors.append(str(await refusal(rig)))
    for shown in (*errors, repr(rig.channel), str(rig.channel)):
        for secret in rig.secrets:
            assert secret not in shown


async def test_an_address_that_does_not_hold_is_refused_before_anything_is_sent(rig: Rig) -> None:
    if rig.channel.address_kind is None:
        assert rig.address == ""
        return
    for address in ("", "nobody", "a@b.example\r\nBcc: c@d.example", "+86 138", "+8613800000001,+8613800000002"):
        with pytest.raises(DeliveryError) as refused:
            await rig.channel.send(page(address=address))
        assert refused.value.permanent
    assert not rig.receiver.arrived()


def test_every_kind_that_talks_to_a_provider_is_checked_here() -> None:
    assert {name.split()[0] for name in RIGS} == set(KINDS) - {"log"}
