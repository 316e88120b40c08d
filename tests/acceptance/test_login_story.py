"""One night of a bank's login, told on the real daemon as a process, with real receivers and a clock that is driven."""

from pathlib import Path

from support.driven_clock import eventually
from support.login_pages import ALARM, ALL_CLEAR, WORSE, login
from support.story import telling


async def test_a_night_with_stops_and_kills_pages_each_person_once_for_each_thing_that_happened(
    tmp_path: Path,
) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.98)
        await story.start()
        await story.passes(minutes=5)
        story.expect_no_page()

        # It fails for less than `for`: nobody is told.
        login(story, 0.90)
        await story.passes(minutes=2)
        login(story, 0.98)
        await story.passes(minutes=5)
        story.expect_no_page()
        assert await story.incidents(ended=True) == []

        # It fails for longer: one incident, one page a person and channel.
        login(story, 0.90)
        await story.passes(minutes=2, seconds=50)
        story.expect_no_page()
        await story.passes(minutes=1)
        story.expect_pages(*ALARM)
        await story.passes(minutes=20)
        story.expect_no_page()
        (incident,) = await story.incidents()
        assert (incident["rule"], incident["severity"]) == ("login-success-low", "III")

        # It worsens: one page more each, and command hears of it.
        login(story, 0.60)
        await story.passes(minutes=1, seconds=50)
        story.expect_no_page()
        await story.passes(minutes=1)
        story.expect_pages(*WORSE)
        (incident,) = await story.incidents()
        assert (incident["severity"], incident["flags"]) == ("II", ["degraded", "outage"])

        # Stopped for ten minutes while it recovers: no false page, and the all-clear once it stayed well.
        await story.stops()
        login(story, 0.98)
        story.passes_without_it(minutes=10)
        await story.start()
        await story.passes(minutes=1, seconds=50)
        story.expect_no_page()
        await story.passes(minutes=1)
        story.expect_pages(
            *ALL_CLEAR,
            "hook hook resolved II 登录失败",
            "zhao.hang sms 已恢复 登录失败",
            "zhao.hang mail [已恢复] 登录失败",
        )
        assert await story.incidents() == []

        # It fails anew, and the process is killed while the symptom is pending.
        login(story, 0.90)
        await story.passes(minutes=1)
        await story.is_killed()
        story.passes_without_it(minutes=1)
        await story.start()
        await story.passes(seconds=45)
        story.expect_no_page()

        # Killed right after the incident opened, with a text gateway that takes texts and does not answer.
        story.receivers.sms.hang = True
        taken = len(story.receivers.sms.asked)
        await story.begins_to_pass(minutes=1)
        await eventually(lambda: len(story.receivers.sms.asked) == taken + 2)
        await story.is_killed()
        story.receivers.sms.hang = False
        await story.start()
        story.expect_pages(*ALARM, may_repeat=True)
        await story.passes(minutes=5)
        story.expect_no_page()
        (incident,) = await story.incidents()

        # It recovers, and the process is killed while the symptom is clearing.
        login(story, 0.98)
        await story.passes(minutes=1)
        story.expect_no_page()
        await story.is_killed()
        await story.start()
        await story.passes(seconds=45)
        story.expect_no_page()
        await story.passes(minutes=1)
        story.expect_pages(*ALL_CLEAR, "hook hook resolved III 登录失败")
        await story.passes(minutes=30)
        story.expect_no_page()
        first, second = await story.incidents(ended=True)
        assert {first["ended_as"], second["ended_as"]} == {"resolved"}
        assert incident["id"] in {first["id"], second["id"]}


async def test_what_was_about_to_fire_and_recovered_while_nobody_looked_tells_nobody(tmp_path: Path) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.90)
        await story.start()
        await story.passes(minutes=2)
        await story.stops()
        login(story, 0.98)
        story.passes_without_it(minutes=10)
        await story.start()
        await story.passes(minutes=10)
        story.expect_no_page()
        assert await story.incidents(ended=True) == []


async def test_what_still_fails_after_a_stop_is_told_once_and_with_its_own_beginning(tmp_path: Path) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.90)
        await story.start()
        await story.passes(minutes=2)
        await story.is_killed()
        story.passes_without_it(minutes=10)
        await story.start()
        await story.passes(seconds=15)
        story.expect_pages(
            "wang.fang sms 三级 登录失败 成功率90%(平时98%) 11:00起 影响:全行手机网银登不上 码", *ALARM[1:]
        )
        login(story, 0.98)
        await story.passes(minutes=3)
        story.expect_pages(*ALL_CLEAR, "hook hook resolved III 登录失败")
