"""A nightly job that must report within 26 hours."""

from pathlib import Path

from support.story import telling

PROBES = {"batch": "{heartbeat: {within: 26h}}"}
RULE = """\
  - id: batch-silent
    title: {zh-CN: 日终批量未报到, en: Nightly batch silent}
    watch: batch
    when: not up
    category: data
    severity: III
    groups: [technical]
"""
ALARM = ("wang.fang sms 三级 日终批量未报到", "wang.fang mail [三级] 日终批量未报到", "hook hook alarm III")
ALL_CLEAR = ("wang.fang sms 已恢复 日终批量未报到", "wang.fang mail [已恢复] 日终批量未报到", "hook hook resolved III")


async def test_a_job_that_is_silent_for_26_hours_pages_and_beating_again_gives_the_all_clear(tmp_path: Path) -> None:
    async with telling(tmp_path, probes=PROBES, rules=RULE) as story:
        await story.start()
        assert (await story.post("/api/v1/heartbeats/batch"))[0] == 202
        assert (await story.post("/api/v1/heartbeats/batc"))[0] == 404  # a job that is not listed beats for nobody
        await story.passes(minutes=1)

        # The process is away for most of that time: it does not forget when the job was last heard.
        await story.is_killed()
        story.passes_without_it(hours=25, minutes=50)
        await story.start()
        await story.passes(minutes=8, seconds=50)
        story.expect_no_page()
        await story.passes(minutes=2)
        story.expect_pages(*ALARM)

        await story.stops()
        story.passes_without_it(hours=3)
        await story.start()
        await story.passes(minutes=5)
        story.expect_no_page()

        assert (await story.post("/api/v1/heartbeats/batch"))[0] == 202
        await story.passes(minutes=5)
        story.expect_pages(*ALL_CLEAR)


async def test_a_job_that_never_beat_counts_from_when_it_was_first_expected(tmp_path: Path) -> None:
    async with telling(tmp_path, probes=PROBES, rules=RULE) as story:
        await story.start()
        await story.passes(minutes=1)
        await story.stops()
        story.passes_without_it(hours=25, minutes=58)
        await story.start()
        await story.passes(seconds=30)
        story.expect_no_page()
        await story.passes(minutes=2)
        story.expect_pages(*ALARM)
