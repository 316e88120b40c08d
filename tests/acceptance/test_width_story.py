"""From many machines to the one incident that they are, on the real daemon with the shipped rules and the example bank.

Each story: what fails, who is paged and nobody else, an ack before it widens, a stop or a kill in the middle, and a
recovery in another order than that of the failures. Where its targets are read in the first half minute is chance.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.branch_story import BranchStory, at_the_branches
from support.story import START

CUSTOMER_SERVICE = ("yang.yan", "chen.jing")
COMMAND = ("zhao.hang", "qian.hang")
GRAVE = ("li.lei", *COMMAND, "he.hua", *CUSTOMER_SERVICE)
"""Who hears of a region: technical support on call, the command, external relations, customer service."""


def texts(people: tuple[str, ...], words: str) -> list[str]:
    """One text message each, as level III goes."""
    return [f"{person} sms {words}" for person in people]


def all_ways(people: tuple[str, ...], level: str, words: str) -> list[str]:
    """A text message and a mail each, as levels I and II go."""
    return texts(people, f"{level} {words}") + [f"{person} mail [{level}] {words}" for person in people]


async def test_machines_and_branches(tmp_path: Path) -> None:
    async with at_the_branches(tmp_path, start=START - timedelta(days=7)) as story:
        await one_atm_pages_its_vendor_only(story)
        await a_dark_branch_is_one_link_incident(story)
        await on_its_battery_and_then_dark_it_is_power(story)
        await dark_and_then_on_its_battery_it_is_power(story)


async def one_atm_pages_its_vendor_only(story: BranchStory) -> None:
    await story.start()
    await story.passes(seconds=40)
    story.go_dark("A0104", "A0603")
    await story.passes(minutes=4, seconds=55)
    story.expect_no_page()
    await story.passes(seconds=45)
    story.expect_pages(
        "zhang.gong mail [四级] ATM失联 长安路支行 A0104",
        "liu.gong mail [四级] ATM失联 西湖支行 A0603",
    )
    assert await story.shown() == ["atm-dark A0104 device IV", "atm-dark A0603 device IV"]
    await story.takes("zhang.gong", "A0104")

    # The one that failed last is well first; of the other a week later all know who should.
    story.answer("A0603")
    await story.passes(seconds=40)
    await story.is_killed()
    story.passes_without_it(hours=7 * 24)
    await story.start()
    await story.passes(minutes=1)
    story.expect_pages(
        "liu.gong mail [已恢复] ATM失联 西湖支行 A0603",
        "li.lei mail [四级] ATM失联 长安路支行 A0104",
        "zhu.qiang mail [四级] ATM失联 长安路支行 A0104",
    )
    assert await story.shown() == ["atm-dark A0104 device IV zhang.gong"]


async def a_dark_branch_is_one_link_incident(story: BranchStory) -> None:
    story.go_dark("A0101", "A0102", "A0103")
    await story.passes(minutes=1)
    await story.stops()
    story.passes_without_it(minutes=3)
    await story.start()
    await story.passes(seconds=55)
    story.expect_no_page()
    await story.passes(seconds=40)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "三级 网点ATM全部失联 3台"),
        "hook hook alarm III 网点ATM全部失联",
    )
    assert await story.shown() == ["atm-dark A0104 device IV zhang.gong", "atm-dark branch=1001 link III"]
    await story.takes("li.lei", "branch=1001")

    # Below half of the branch: what is left is a machine again, and its vendor's.
    story.answer("A0103", "A0101")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "已恢复 网点ATM全部失联"),
        "hook hook resolved III 网点ATM全部失联",
        "zhang.gong mail [四级(未恢复)] ATM失联 长安路支行 A0102",
    )
    assert await story.shown() == ["atm-dark A0102 device IV", "atm-dark A0104 device IV zhang.gong"]
    story.answer("A0104", "A0102")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        "zhang.gong mail [已恢复] ATM失联 长安路支行 A0102",
        "zhang.gong mail [已恢复] ATM失联 长安路支行 A0104",
        "li.lei mail [已恢复] ATM失联 长安路支行 A0104",
        "zhu.qiang mail [已恢复] ATM失联 长安路支行 A0104",
    )
    assert await story.shown() == []


async def on_its_battery_and_then_dark_it_is_power(story: BranchStory) -> None:
    story.runs_on("1007", "engaged")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages("zhu.qiang mail [四级] 网点停电用UPS", "lin.jie mail [四级] 网点停电用UPS")
    await story.takes("zhu.qiang", "1007-ups")
    story.go_dark("A0701", "A0702", "A0703")
    await story.passes(minutes=1)
    await story.is_killed()
    story.passes_without_it(minutes=3)
    await story.start()
    await story.passes(seconds=55)
    story.expect_no_page()
    await story.passes(seconds=40)
    story.expect_pages(
        *texts(("zhu.qiang", "li.lei", *CUSTOMER_SERVICE), "三级 网点停电ATM失联"),
        "hook hook alarm III 网点停电ATM失联",
        "lin.jie mail ",
    )
    assert await story.shown() == ["atm-dark branch=1007 power III zhu.qiang"]

    # The mains are back before the machines have started.
    story.runs_on("1007", "mains")
    await story.passes(minutes=1, seconds=40)
    story.expect_no_page()
    story.answer("A0703", "A0701", "A0702")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *texts(("zhu.qiang", "li.lei", *CUSTOMER_SERVICE), "已恢复 网点停电ATM失联"),
        "hook hook resolved III 网点停电ATM失联",
        "lin.jie mail [已恢复] 网点停电ATM失联",
    )
    assert await story.shown() == []


async def dark_and_then_on_its_battery_it_is_power(story: BranchStory) -> None:
    story.go_dark("A1101", "A1102", "A1103")
    await story.passes(minutes=6)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "三级 网点ATM全部失联 3台"),
        "hook hook alarm III 网点ATM全部失联",
    )
    await story.takes("li.lei", "branch=1011")
    story.runs_on("1011", "engaged")
    await story.passes(seconds=40)
    assert await story.shown() == ["atm-dark branch=1011 power III li.lei"]
    await story.stops()
    await story.start()
    await story.passes(minutes=1, seconds=40)
    story.expect_no_page()
    assert await story.shown() == ["atm-dark branch=1011 power III li.lei"]

    # The machines have a generator: the branch's battery is a matter of its own then.
    story.answer("A1103", "A1102", "A1101")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "已恢复 网点停电ATM失联"),
        "hook hook resolved III 网点停电ATM失联",
        "zhu.qiang mail [四级(未恢复)] 网点停电用UPS",
        "huang.wei mail [四级(未恢复)] 网点停电用UPS",
    )
    story.runs_on("1011", "mains")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages("zhu.qiang mail [已恢复] 网点停电用UPS", "huang.wei mail [已恢复] 网点停电用UPS")
    assert await story.shown() == []


async def test_regions_their_switch_and_the_collector(tmp_path: Path) -> None:
    async with at_the_branches(tmp_path) as story:
        await story.start()
        await story.passes(minutes=1)
        await a_fifth_of_a_region_is_a_link_of_level_two(story)
        await all_regions_behind_one_switch_are_level_one(story)
        await the_switch_itself_is_the_one_incident(story)
        await a_dead_collector_says_nothing_of_the_machines(story)


async def a_fifth_of_a_region_is_a_link_of_level_two(story: BranchStory) -> None:
    story.go_dark(*story.terminals(branch="1016"))
    await story.passes(minutes=6)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "三级 网点ATM全部失联 4台"),
        "hook hook alarm III 网点ATM全部失联",
    )
    await story.takes("li.lei", "branch=1016")
    story.go_dark("A1701")
    await story.passes(seconds=40)
    story.expect_no_page()
    story.go_dark("A1702", "A1801")
    await story.passes(minutes=1, seconds=10)
    story.expect_pages(
        *all_ways(GRAVE, "二级", "西区ATM大面积失联"),
        "hook hook alarm II 西区ATM大面积失联",
        "zhu.qiang sms ",  # what he was called for is part of this now
    )
    assert await story.shown() == ["atm-dark region=west link II li.lei"]

    # What failed last is well first, and then the branch that began it: two machines of another are left.
    await story.stops()
    story.passes_without_it(minutes=4)
    await story.start()
    await story.passes(minutes=1)
    story.answer("A1801")
    await story.passes(seconds=40)
    story.expect_no_page()
    story.answer(*story.terminals(branch="1016"))
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *all_ways(GRAVE, "已恢复", "西区ATM大面积失联"),
        "hook hook resolved II 西区ATM大面积失联",
        "zhu.qiang sms 已恢复 西区ATM大面积失联",
        "liu.gong mail [四级(未恢复)] ATM失联 碑林支行 A1701",
        "zhang.gong mail [四级(未恢复)] ATM失联 碑林支行 A1702",
    )
    assert await story.shown() == ["atm-dark A1701 device IV", "atm-dark A1702 device IV"]
    story.answer("A1702", "A1701")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        "liu.gong mail [已恢复] ATM失联 碑林支行 A1701",
        "zhang.gong mail [已恢复] ATM失联 碑林支行 A1702",
    )
    assert await story.shown() == []


async def all_regions_behind_one_switch_are_level_one(story: BranchStory) -> None:
    north, east, south = (story.terminals(region=region) for region in ("north", "east", "south"))
    story.go_dark(*north)
    await story.passes(minutes=6)
    story.expect_pages(*all_ways(GRAVE, "二级", "北区ATM大面积失联"), "hook hook alarm II 北区ATM大面积失联")
    await story.takes("li.lei", "region=north")
    story.go_dark(*east, *south)
    await story.passes(minutes=1)
    story.expect_pages(*all_ways(GRAVE, "一级", "全行ATM失联"), "hook hook alarm I 全行ATM失联")
    assert await story.shown() == ["atm-dark switch=sw1 system I li.lei"]
    await story.is_killed()
    await story.start()
    await story.passes(seconds=40)
    story.expect_no_page()
    assert await story.shown() == ["atm-dark switch=sw1 system I li.lei"]

    # What failed last is well first; the north is a region again, which somebody has.
    story.answer(*south, *east)
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *all_ways(GRAVE, "已恢复", "全行ATM失联"),
        "hook hook resolved I 全行ATM失联",
        *all_ways(GRAVE[1:], "二级(未恢复)", "北区ATM大面积失联"),
        "hook hook alarm II 北区ATM大面积失联",
    )
    assert await story.shown() == ["atm-dark region=north link II li.lei"]
    story.answer(*reversed(north))
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(*all_ways(GRAVE[1:], "已恢复", "北区ATM大面积失联"), "hook hook resolved II 北区ATM大面积失联")
    assert await story.shown() == []


async def the_switch_itself_is_the_one_incident(story: BranchStory) -> None:
    everywhere = story.terminals()
    first = story.terminals(branch="1021")
    story.go_dark(*first)
    await story.passes(minutes=6)
    story.expect_pages(
        *texts(("li.lei", "zhu.qiang", *CUSTOMER_SERVICE), "三级 网点ATM全部失联 5台"),
        "hook hook alarm III 网点ATM全部失联",
    )
    await story.takes("zhu.qiang", "branch=1021")
    await story.lines.cut("switch")
    story.go_dark(*(terminal for terminal in everywhere if terminal not in first))
    await story.passes(seconds=25)
    story.expect_no_page()
    await story.passes(seconds=20)
    story.expect_pages(
        *all_ways(GRAVE, "一级", "ATM前置无应答"),
        "hook hook alarm I ATM前置无应答",
        "zhu.qiang sms ",
    )
    assert await story.shown() == ["switch-echo-lost sw1 system I"]
    await story.is_killed()
    story.passes_without_it(minutes=4)
    await story.start()
    await story.passes(minutes=1, seconds=40)
    story.expect_no_page()  # sixty machines are dark, and all are part of it
    assert await story.shown() == ["switch-echo-lost sw1 system I"]

    # It is back, and the machines come one after the other; one does not.
    await story.lines.mend("switch")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages(
        *all_ways(GRAVE, "已恢复", "ATM前置无应答"),
        "hook hook resolved I ATM前置无应答",
        "zhu.qiang sms 已恢复 ATM前置无应答",
    )
    assert await story.shown() == []
    story.answer(*(terminal for terminal in reversed(everywhere) if terminal != "A1801"))
    await story.passes(minutes=7)
    story.expect_no_page()
    await story.passes(minutes=2, seconds=50)
    story.expect_pages("liu.gong mail [四级(未恢复)] ATM失联 高新支行 A1801")
    assert await story.shown() == ["atm-dark A1801 device IV"]
    story.answer("A1801")
    await story.passes(minutes=1, seconds=40)
    story.expect_pages("liu.gong mail [已恢复] ATM失联 高新支行 A1801")


async def a_dead_collector_says_nothing_of_the_machines(story: BranchStory) -> None:
    story.go_dark("A2301")
    await story.passes(minutes=6)
    story.expect_pages("liu.gong mail [四级] ATM失联 汉阳支行 A2301")
    await story.takes("liu.gong", "A2301")

    # Nothing is read of any machine, while all of them are dark.
    await story.goes_blind("atm")
    story.go_dark(*(one for one in story.terminals() if one != "A2301"))
    await story.passes(minutes=2, seconds=30)
    story.expect_no_page()
    await story.passes(minutes=1, seconds=30)
    story.expect_pages("li.lei mail [四级] 监测中断")
    assert await story.shown() == [
        "atm-dark A2301 device IV liu.gong",
        "monitoring-lost atm system IV",
    ]
    await story.takes("li.lei", "monitoring-lost")
    await story.stops()
    story.passes_without_it(minutes=6)
    await story.start()
    await story.goes_blind("atm")
    await story.passes(minutes=4)
    story.expect_no_page()
    await story.passes(minutes=3)
    story.expect_pages(*texts(("li.lei",), "升为三级 监测中断"), "hook hook worse III 监测中断")
    assert await story.shown() == [
        "atm-dark A2301 device IV liu.gong",
        "monitoring-lost atm system III li.lei",
    ]

    # The machines were well again before anybody looked.
    story.answer(*story.terminals())
    await story.passes(minutes=1)
    story.expect_no_page()
    await story.sees("atm")
    await story.passes(minutes=4)
    story.expect_pages(
        "liu.gong mail [已恢复] ATM失联 汉阳支行 A2301",
        *texts(("li.lei",), "已恢复 监测中断"),
        "li.lei mail [已恢复] 监测中断",
        "hook hook resolved III 监测中断",
    )
    assert await story.shown() == []
