"""People report: holes are asked back, a key is one report over every fault, a burst widens, a crime is referred."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.story import Story, telling

RULES = """\
  - id: fraud
    title: {zh-CN: 资金被盗, en: Fraud}
    watch: {report: [fraud, theft]}
    category: fraud
    severity: III
    groups: [technical]
    widens:
      - over: fleet
        at_least: 5
        within: 1h
        severity: II
        title: {zh-CN: 多起资金被盗, en: Many report fraud}
        number: {zh-CN: "{failing}起", en: "{failing} reports"}
  - id: robbery
    title: {zh-CN: 抢劫案件, en: Robbery}
    watch: {report: robbery}
    category: premises
    severity: III
    referred: true
    groups: [technical]
  - id: other
    title: {zh-CN: 其他报告, en: Other report}
    watch: {unmatched: report}
    category: other
    severity: III
    groups: [command]
  - id: pay-alert
    title: {zh-CN: "{summary}", en: "{summary}"}
    watch: {alert: 'team="pay"'}
    category: system
    severity: {label: severity, critical: III, else: IV}
    groups: [technical]
"""
HOOK = "hook hook "


async def reported(story: Story, kind: str, *, key: str = "", **told: str) -> dict[str, Any]:
    """The answer to a report."""
    headers = {"Idempotency-Key": key} if key else {}
    async with story.session.post(f"{story.url}/api/v1/reports", json={"type": kind, **told}, headers=headers) as got:
        answer: dict[str, Any] = await got.json(content_type=None)
        assert got.status == 200, answer
    await story.passes()
    return answer


async def ended(story: Story, code: str, person: str = "wang.fang") -> None:
    status, words = await story.post(f"/api/v1/incidents/{code}/end", {"person": person, "note": "已核实"})
    assert status == 200, words
    await story.passes()


async def told_alert(story: Story, severity: str = "critical", **more: str) -> None:
    """One alert of the payments team."""
    alert = {
        "labels": {"alertname": "PayErrors", "team": "pay", "severity": severity, "instance": "pay-1"},
        "annotations": {"summary": "支付出错"},
        **more,
    }
    async with story.session.post(f"{story.url}/api/v1/alerts", json=[alert]) as got:
        assert got.status == 200, await got.text()
    await story.passes()


async def test_a_report_with_holes_is_taken_marked_and_asked_back(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        answer = await reported(story, "fraud")
        assert answer["missing"] == ["time", "place", "impact", "reporter"]
        assert len(answer["ask"]) == 4
        asks = "资金被盗 11:00起 待问清:时间、地点、影响、报告人 码"
        story.expect_pages(f"wang.fang sms 三级 {asks}", "wang.fang mail [三级] 资金被盗 ", HOOK)
        await ended(story, answer["code"])
        story.expect_pages("wang.fang sms 已办结 资金被盗 ", "wang.fang mail [已办结] 资金被盗 ", HOOK)


async def test_a_whole_report_says_on_the_phone_who_reported_what_where_and_when(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        answer = await reported(
            story, "fraud", place="徐汇支行", impact="两人被骗", reporter="李雷", time="2026-12-10T10:20:00+08:00"
        )
        assert answer["missing"] == []
        story.expect_pages(
            f"wang.fang sms 三级 资金被盗 10:20起 影响:徐汇支行两人被骗 报告人:李雷 码{answer['code']}",
            "wang.fang mail [三级] 资金被盗 徐汇支行 10:20起 #",
            HOOK,
        )
        await ended(story, answer["code"])
        story.expect_pages("wang.fang sms 已办结 ", "wang.fang mail [已办结] ", HOOK)


async def test_the_same_key_is_one_report_before_and_after_a_kill_and_after_its_end(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        first = await reported(story, "fraud", key="call-17", place="徐汇支行")
        story.expect_pages("wang.fang sms 三级 资金被盗 ", "wang.fang mail [三级] 资金被盗 ", HOOK)
        assert await reported(story, "fraud", key="call-17", place="徐汇支行") == first
        await story.is_killed()
        await story.start()
        assert await reported(story, "fraud", key="call-17", place="徐汇支行") == first
        story.expect_no_page()
        status, _ = await refused(story, {"type": "fraud", "place": "静安支行"}, "call-17")
        assert status == 409
        await ended(story, first["code"])
        story.expect_pages("wang.fang sms 已办结 ", "wang.fang mail [已办结] ", HOOK)
        again = await reported(story, "fraud", key="call-17", place="徐汇支行")
        assert (again["incident"], again["state"]) == (first["incident"], "ended")
        story.expect_no_page()
        assert len(await story.incidents(ended=True)) == 1


async def test_five_in_an_hour_are_one_wide_incident_that_a_person_ends(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        answers = []
        for number in range(4):
            answers.append(await reported(story, "fraud", key=f"call-{number}", place=f"网点{number}"))
            await story.passes(minutes=5)
        story.expect_pages(*["wang.fang sms 三级 资金被盗 "] * 4, *["wang.fang mail [三级] 资金被盗 "] * 4, *[HOOK] * 4)
        fifth = await reported(story, "fraud", key="call-4", place="网点4")
        wide = [one for one in await story.incidents() if one["over"] == "fleet"]
        assert [one["severity"] for one in wide] == ["II"]
        assert (fifth["code"], fifth["severity"]) == (wide[0]["code"], "II")
        assert len(await story.incidents()) == 1
        taken_over = {one["id"]: one["into_code"] for one in await story.incidents(ended=True) if one["into"]}
        assert taken_over == {answer["incident"]: wide[0]["code"] for answer in answers}
        arrived = [str(page) for page in story.unread]
        assert any(page.startswith("zhao.hang sms 二级 多起资金被盗 5起 ") for page in arrived), arrived
        story.expect_pages(*arrived)
        shown = await story.get(f"/api/v1/incidents/{wide[0]['id']}")
        assert shown["symptom_count"] == 5
        assert (await reported(story, "fraud", key="call-0", place="网点0"))["code"] == wide[0]["code"]
        await ended(story, wide[0]["code"], "zhao.hang")
        assert await story.incidents() == []
        over = [str(page) for page in story.unread]
        assert any(page.startswith("zhao.hang sms 已办结 ") for page in over), over
        assert any(page.startswith("wang.fang sms 已办结 ") for page in over), over
        story.expect_pages(*over)


async def test_a_crime_is_referred_and_stays_until_a_person_ends_it(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        answer = await reported(story, "robbery", place="静安支行")
        assert answer["state"] == "referred"
        story.expect_pages("wang.fang sms 三级 抢劫案件 ", "wang.fang mail [三级] 抢劫案件 ", HOOK)
        await story.passes(minutes=600)
        await story.stops()
        await story.start()
        story.expect_no_page()
        (incident,) = await story.incidents()
        assert incident["state"] == "referred"
        await ended(story, incident["code"])
        story.expect_pages("wang.fang sms 已办结 抢劫案件 ", "wang.fang mail [已办结] 抢劫案件 ", HOOK)


async def test_an_alert_ends_when_it_is_not_told_again_also_over_a_kill(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=RULES) as story:
        await story.start()
        await told_alert(story)
        story.expect_pages("wang.fang sms 三级 支付出错 11:00起 影响:pay-1 ", "wang.fang mail [三级] 支付出错 ", HOOK)
        await story.passes(minutes=4)
        await told_alert(story)
        await story.is_killed()
        await story.start()
        await story.passes(minutes=4)
        story.expect_no_page()
        await story.passes(minutes=1)
        story.expect_pages(
            "wang.fang sms 已恢复 支付出错 11:00至11:09共9分 ", "wang.fang mail [已恢复] 支付出错 ", HOOK
        )
        await told_alert(story)
        story.expect_pages("wang.fang sms 三级 支付出错 11:09起 ", "wang.fang mail [三级] 支付出错 ", HOOK)
        await told_alert(story, endsAt="2026-12-10T03:00:00Z")
        story.expect_pages("wang.fang sms 已恢复 支付出错 ", "wang.fang mail [已恢复] 支付出错 ", HOOK)


async def refused(story: Story, body: dict[str, str], key: str) -> tuple[int, str]:
    """Status and detail of a report that is not taken."""
    headers = {"Idempotency-Key": key}
    async with story.session.post(f"{story.url}/api/v1/reports", json=body, headers=headers) as got:
        return got.status, json.loads(await got.text())["detail"]
