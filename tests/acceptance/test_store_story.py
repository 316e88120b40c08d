"""The store refuses in the middle of the night: nobody who must know is left in the dark, and nothing is forgotten."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.bank_files import LOGIN_PROBE, LOGIN_RULE
from support.login_pages import ALARM, ALL_CLEAR, WORSE, login
from support.refusing_disks import allow_writes, fill, refuse_writes, small_disk
from support.story import Story, telling

PROBES = {
    "login": LOGIN_PROBE,
    "atm": '{http: {url: "@TARGET@/atm"}, every: 10s, timeout: 5s}',
}
ATM_RULE = """\
  - id: atm-dark
    title: {zh-CN: ATM失联, en: ATM not answering}
    watch: atm
    when: not up
    for: 1m
    clear_after: 1m
    category: device
    severity: IV
    groups: [atm_desk]
"""

Switch = tuple[Callable[[Story], None], Callable[[Story], None]]
"""What makes the store refuse, and what makes it take everything again."""


@pytest.fixture(params=["the disk is full", "every write fails"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Switch]:
    state = tmp_path / "state"

    @contextmanager
    def full() -> Iterator[Switch]:
        with small_disk(state):
            yield (lambda _: fill(state), lambda _: (state / "ballast").unlink())  # type: ignore[misc]

    @contextmanager
    def failing() -> Iterator[Switch]:
        yield (lambda story: refuse_writes(story.pid), lambda story: allow_writes(story.pid))

    with (full if request.param == "the disk is full" else failing)() as switch:
        yield switch


async def test_grave_pages_go_out_unsaved_while_the_store_refuses_and_all_is_written_when_it_is_back(
    tmp_path: Path, disk: Switch
) -> None:
    refuse, allow = disk
    async with telling(tmp_path, probes=PROBES, rules=LOGIN_RULE + ATM_RULE) as story:
        login(story, 0.98)
        await story.start()
        await story.passes(minutes=1)
        refuse(story)
        login(story, 0.90)
        story.target.status["/atm"] = 503
        await story.passes(minutes=4)
        story.expect_pages(*ALARM)  # and not the ATM: level IV waits for the store

        # The doors say so, and promise nothing.
        assert (await story.post("/api/v1/pages/test", {"person": "li.lei"}))[0] == 503
        async with story.session.get(f"{story.url}/-/ready") as response:
            assert response.status == 503
        async with story.session.get(f"{story.url}/metrics") as response:
            assert "sentinel_store_refusing 1.0" in await response.text()

        # It gets worse while nothing can be written: told once, however often it is decided again.
        login(story, 0.60)
        await story.passes(minutes=3)
        story.expect_pages(*WORSE)
        await story.passes(minutes=5)
        story.expect_no_page()

        allow(story)
        await story.passes(seconds=15)
        story.expect_pages("zhou.min mail [四级] ATM失联")
        pages = (await story.get("/api/v1/pages"))["pages"]
        assert len(pages) == len((*ALARM, *WORSE)) + 1
        assert {page["state"] for page in pages} == {"accepted"}
        assert {page["severity"]: page["unsaved"] for page in pages} == {"III": True, "II": True, "IV": False}
        arrived = {got.id for got in story.receivers.got}
        assert arrived == {page["id"] for page in pages}
        async with story.session.get(f"{story.url}/-/ready") as response:
            assert response.status == 200
        codes = {one["rule"]: one["code"] for one in await story.incidents()}
        assert (await story.post(f"/api/v1/incidents/{codes['atm-dark']}/ack", {"person": "zhou.min"}))[0] == 200

        # What went out from memory is known after a kill as if it had never been otherwise.
        await story.is_killed()
        await story.start()
        await story.passes(minutes=1)
        story.expect_no_page()
        login(story, 0.98)
        await story.passes(minutes=3)
        story.expect_pages(
            *ALL_CLEAR,
            "hook hook resolved II 登录失败",
            "zhao.hang sms 已恢复 登录失败",
            "zhao.hang mail [已恢复] 登录失败",
        )


async def test_what_fails_and_recovers_while_the_store_refuses_is_told_and_taken_back(
    tmp_path: Path, disk: Switch
) -> None:
    refuse, allow = disk
    async with telling(tmp_path) as story:
        login(story, 0.98)
        await story.start()
        await story.passes(minutes=1)
        refuse(story)
        story.receivers.sms.status = 503  # the gateway fails as well, for now
        login(story, 0.90)
        await story.passes(minutes=4)
        story.expect_pages(*(line for line in ALARM if " sms " not in line))
        story.receivers.sms.status = 202
        await story.passes(minutes=2)  # no page waits longer for its next attempt
        story.expect_pages(*(line for line in ALARM if " sms " in line))
        login(story, 0.98)
        await story.passes(minutes=4)
        story.expect_pages(*ALL_CLEAR, "hook hook resolved III 登录失败")
        allow(story)
        await story.passes(minutes=2)
        story.expect_no_page()
        assert [one["ended_as"] for one in await story.incidents(ended=True)] == ["resolved"]
