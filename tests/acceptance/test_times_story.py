"""What depends on the time of day: a rule that is graver in business hours, and pages that wait for them."""

from datetime import UTC, datetime
from pathlib import Path

from support.story import telling

PAYMENTS = '{http: {url: "@TARGET@/pay"}, every: 20m, timeout: 5s}'
PAYMENTS_RULE = """\
  - id: payments-down
    title: {zh-CN: 支付中断, en: Payments down}
    watch: pay
    when: not up
    category: system
    severity: III
    groups: [technical]
    worse:
      - {when: now in business, for: 2m, severity: II}
"""

ATMS = """\
{http: {url: "@TARGET@/atm/{terminal}"}, every: 10s, timeout: 5s,
    targets: {key: terminal, rows: [{terminal: A1}, {terminal: A2}, {terminal: A3}]}}"""
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


def in_shanghai(hour: int, minute: int = 0) -> datetime:
    """A time of Thursday, 10 December 2026."""
    return datetime(2026, 12, 10, hour - 8, minute, tzinfo=UTC)


async def test_a_failure_gets_graver_when_business_hours_begin_though_nothing_was_read_then(tmp_path: Path) -> None:
    start = in_shanghai(8, 10)
    async with telling(tmp_path, start=start, probes={"pay": PAYMENTS}, rules=PAYMENTS_RULE) as story:
        story.target.status["/pay"] = 500
        await story.start()
        await story.passes(minutes=1)
        story.expect_pages(
            "wang.fang sms 三级 支付中断 08:10起",
            "wang.fang mail [三级] 支付中断",
            "hook hook alarm III 支付中断",
        )
        await story.passes(minutes=20, seconds=50)  # it is 08:31:50
        story.expect_no_page()
        await story.passes(seconds=15)
        story.expect_pages(
            "wang.fang sms 升为二级 支付中断 08:10起",
            "wang.fang mail [升为二级] 支付中断",
            "hook hook worse II 支付中断",
            "zhao.hang sms 升为二级 支付中断",
            "zhao.hang mail [升为二级] 支付中断",
        )


async def test_pages_of_level_iv_wait_for_business_hours_and_go_out_as_one_list(tmp_path: Path) -> None:
    start = in_shanghai(8, 10)
    async with telling(tmp_path, start=start, probes={"atm": ATMS}, rules=ATM_RULE) as story:
        for terminal in ("A1", "A2", "A3"):
            story.target.status[f"/atm/{terminal}"] = 503
        await story.start()
        await story.passes(minutes=5)
        assert len(await story.incidents()) == 3
        story.expect_no_page()

        # One is over before anybody was told: nobody ever is. A stop in between forgets nothing.
        story.target.status["/atm/A3"] = 200
        await story.passes(minutes=5)
        assert len(await story.incidents()) == 2
        await story.is_killed()
        await story.start()
        await story.passes(minutes=9, seconds=55)
        story.expect_no_page()

        await story.passes(seconds=10)  # it is 08:30:05
        story.expect_pages("zhou.min mail [四级] 共2项待看")
        await story.passes(minutes=10)
        story.expect_no_page()

        # Who was told by the list gets the all-clear, each for itself; what fails now is told at once.
        story.target.status["/atm/A1"] = 200
        story.target.status["/atm/A3"] = 503
        await story.passes(minutes=2)
        story.expect_pages("zhou.min mail [已恢复] ATM失联 A1", "zhou.min mail [四级] ATM失联 A3")


async def test_a_single_page_that_waited_for_business_hours_goes_out_as_it_is(tmp_path: Path) -> None:
    start = in_shanghai(8, 25)
    async with telling(tmp_path, start=start, probes={"atm": ATMS}, rules=ATM_RULE) as story:
        story.target.status["/atm/A2"] = 503
        await story.start()
        await story.passes(minutes=4, seconds=55)
        story.expect_no_page()
        await story.passes(seconds=10)
        story.expect_pages("zhou.min mail [四级] ATM失联 A2 08:25起")
