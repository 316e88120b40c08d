"""The files that a bank edits, while the daemon runs and while it starts."""

from pathlib import Path

from support.login_pages import ALARM, ALL_CLEAR, login
from support.story import Story, telling

ATM_PROBE = '{http: {url: "@TARGET@/atm/{terminal}"}, every: 10s, timeout: 5s, targets: {csv: atms.csv, key: terminal}}'
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


def atms(story: Story, text: str) -> None:
    """Write the CSV file of targets."""
    story.files.put("atms.csv", text)


async def test_a_target_that_leaves_the_list_while_it_fails_ends_as_retired_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "atms.csv").write_text("terminal\nA1\nA2\n")
    async with telling(tmp_path, probes={"atm": ATM_PROBE}, rules=ATM_RULE) as story:
        story.target.status["/atm/A1"] = 503
        await story.start()
        await story.passes(minutes=2)
        story.expect_pages("zhou.min mail [四级] ATM失联 A1")

        # A broken list changes nothing: the old targets are still watched.
        atms(story, "terminal\nA1\nA1\n")
        await story.passes(minutes=1)
        story.target.status["/atm/A2"] = 503
        await story.passes(minutes=2)
        story.expect_pages("zhou.min mail [四级] ATM失联 A2")
        assert any("targets on disk do not hold" in line["event"] for line in story.log)

        atms(story, "terminal\nA2\nA3\n")
        await story.passes(seconds=30)
        story.expect_pages("zhou.min mail [停止监测] ATM失联 A1")
        assert [one["target"]["key"] for one in await story.incidents()] == ["A2"]
        story.target.status["/atm/A3"] = 503
        await story.passes(minutes=2)
        story.expect_pages("zhou.min mail [四级] ATM失联 A3")
        retired = [one for one in await story.incidents(ended=True) if one["target"]["key"] == "A1"]
        assert [one["ended_as"] for one in retired] == ["retired"]


async def test_a_reload_with_a_broken_rule_changes_nothing_and_tells_technical_once(tmp_path: Path) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.90)
        await story.start()
        await story.passes(minutes=1)
        rules = story.files.folder / "rules" / "rules.yaml"
        good = rules.read_text(encoding="utf-8")
        rules.write_text(good.replace("rate < 0.95", "rat < 0.95"), encoding="utf-8")
        await story.reloads()
        story.expect_pages(
            "wang.fang sms 三级 配置有误,沿用上一份 11:01起",
            "wang.fang mail [三级] 配置有误,沿用上一份",
            "hook hook config III",
        )

        # What was pending goes on being so, at its own age.
        await story.passes(minutes=1, seconds=45)
        story.expect_no_page()
        await story.passes(seconds=30)
        story.expect_pages(*ALARM)

        # Who asks by the API is told what is wrong, and nobody is paged for it.
        status, problem = await story.post("/-/reload")
        assert status == 422
        assert "rules.yaml:" in problem
        assert "rat" in problem
        await story.passes(minutes=1)
        story.expect_no_page()

        # A good reload in the middle of an incident pages nobody either.
        rules.write_text(good, encoding="utf-8")
        assert (await story.post("/-/reload"))[0] == 200
        await story.passes(minutes=5)
        story.expect_no_page()
        login(story, 0.98)
        await story.passes(minutes=3)
        story.expect_pages(*ALL_CLEAR, "hook hook resolved III 登录失败")


async def test_a_start_with_a_broken_file_runs_the_last_good_one_and_tells_technical(tmp_path: Path) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.98)
        await story.start()
        await story.passes(minutes=1)
        await story.stops()
        (story.files.folder / "rules" / "rules.yaml").write_text("rules: [oops\n", encoding="utf-8")
        await story.start()
        story.expect_pages(
            "wang.fang sms 三级 配置有误,沿用上一份",
            "wang.fang mail [三级] 配置有误,沿用上一份",
            "hook hook config III",
        )
        login(story, 0.90)
        await story.passes(minutes=4)
        story.expect_pages(*ALARM)


async def test_a_rule_that_is_gone_after_a_reload_ends_its_incident_as_retired(tmp_path: Path) -> None:
    async with telling(tmp_path) as story:
        login(story, 0.90)
        await story.start()
        await story.passes(minutes=4)
        story.expect_pages(*ALARM)
        rules = story.files.folder / "rules" / "rules.yaml"
        rules.write_text(rules.read_text(encoding="utf-8").replace("login-success-low", "login-bad"), encoding="utf-8")
        assert (await story.post("/-/reload"))[0] == 200
        await story.passes(seconds=15)
        story.expect_pages(
            "wang.fang sms 停止监测 登录失败",
            "wang.fang mail [停止监测] 登录失败",
            "chen.jing sms 停止监测 登录失败",
            "chen.jing mail [停止监测] 登录失败",
            "hook hook retired III 登录失败",
        )
        await story.passes(minutes=4)  # the rule under its new name counts from its own first reading
        story.expect_pages(*ALARM)
