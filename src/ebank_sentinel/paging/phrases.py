"""The fixed words of all texts, by language: a language tag enters, its phrases leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ebank_sentinel.model.notice import Again


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language. In braces stands what wording.py fills in; nothing that was filled in is read again."""

    # the text for a phone
    signature: str
    raised: str  # the level of an incident that became graver
    again: Mapping[Again, str]  # the level of an alarm that is no news
    recovered: str
    retired: str
    closed: str
    joined: str  # what somebody was alarmed about is part of this now
    remaining: str  # what still fails after a wider incident is over
    test: str
    since: str
    span: str  # from when to when, and how long
    number: str  # a figure with its normal
    impact: str
    everywhere: str  # the place, when the whole bank is meant; stands right before the impact
    between: str  # stands between place and impact
    reporter: str
    lacking: str  # what a report does not say
    lacks: Mapping[str, str]  # the words for that
    taken: str
    owner: str  # whose it is while nobody has taken it
    reply: str
    code: str
    nothing_to_do: str
    test_title: str
    config_title: str
    days: str
    hours: str
    minutes: str
    no_minute: str
    listed: str  # head of a digest
    more: str  # what of a digest did not fit
    entry_ended: str
    entries_joined_by: str

    # the mail
    list_joined_by: str
    colon: str
    category: str
    flags: str
    time: str
    owner_free: str
    owner_taken: str
    owner_over: str
    also: str
    next: str
    next_reply: str
    next_command: str
    next_all_clear: str
    readings: str
    readings_threshold: str
    checks: str
    say: str
    others: str
    why: str
    why_over: str  # of an all-clear
    reference: str


_CHINESE = Phrases(
    signature="【{bank}】",
    raised="升为{level}",
    again={Again.BACK: "{level}(复发)", Again.REMAINS: "{level}(未恢复)"},
    recovered="已恢复",
    retired="停止监测",
    closed="已办结",
    joined="{codes}并入{level}",
    remaining="另有{count}处未恢复",
    test="测试",
    since="{start}起",
    span="{start}至{end}共{length}",
    number="{number}(平时{normal})",
    impact="影响:{what}",
    everywhere="全行",
    between="",
    reporter="报告人:{name}",
    lacking="待问清:{what}",
    lacks={"time": "时间", "place": "地点", "impact": "影响", "reporter": "报告人"},
    taken="接手:{name}",
    owner="负责:{group}",
    reply="回1接手2转下一人",
    code="码{code}",
    nothing_to_do="无需处理",
    test_title="试发通知",
    config_title="配置有误,沿用上一份",
    days="{days}天{hours}小时",
    hours="{hours}小时{minutes}分",
    minutes="{minutes}分",
    no_minute="不到1分",
    listed="{level} 共{count}项待看",
    more="另{count}项",
    entry_ended="已恢复",
    entries_joined_by=";",
    list_joined_by="、",
    colon=":",
    category="类别",
    flags="标记",
    time="时间",
    owner_free="尚无人接手,负责:{groups}",
    owner_taken="{name} 已接手,负责:{groups}",
    owner_over="接手:{name},负责:{groups}",
    also="同时负责:{groups}",
    next="下一步",
    next_reply="回1接手,回2转下一人",
    next_command="接手请执行 ebank-sentinel incident ack {code} --as {person}",
    next_all_clear="恢复后会再通知您",
    readings="最近读数",
    readings_threshold="最近读数(判断条件 {threshold})",
    checks="先查三项",
    say="对客户的说法",
    others="还通知了",
    why="为何发给您",
    why_over="您收到过这条告警",
    reference="事件 {incident} 规则 {rule} 码 {code}",
)

_ENGLISH = Phrases(
    signature="[{bank}] ",
    raised="raised to {level}",
    again={Again.BACK: "{level} (back again)", Again.REMAINS: "{level} (still failing)"},
    recovered="recovered",
    retired="no longer watched",
    closed="closed",
    joined="{codes} now part of {level}",
    remaining="{count} still failing",
    test="test",
    since="since {start}",
    span="{start} to {end}, {length}",
    number="{number} (normally {normal})",
    impact="impact: {what}",
    everywhere="bank-wide ",
    between=" ",
    reporter="reported by: {name}",
    lacking="please ask: {what}",
    lacks={"time": "time", "place": "place", "impact": "impact", "reporter": "who reported it"},
    taken="taken by: {name}",
    owner="owner: {group}",
    reply="reply 1 take 2 next",
    code="code {code}",
    nothing_to_do="nothing to do",
    test_title="Test page",
    config_title="Configuration refused, the last good one runs",
    days="{days} d {hours} h",
    hours="{hours} h {minutes} min",
    minutes="{minutes} min",
    no_minute="under 1 min",
    listed="{level} {count} to look at:",
    more="{count} more",
    entry_ended="recovered",
    entries_joined_by="; ",
    list_joined_by=", ",
    colon=": ",
    category="Category",
    flags="Flags",
    time="Time",
    owner_free="Nobody has taken it yet. Owner: {groups}",
    owner_taken="{name} has taken it. Owner: {groups}",
    owner_over="Taken by {name}. Owner: {groups}",
    also="Also called: {groups}",
    next="Next",
    next_reply="reply 1 to take it, 2 for the next person",
    next_command="to take it, run ebank-sentinel incident ack {code} --as {person}",
    next_all_clear="you will be told when it is over",
    readings="Last readings",
    readings_threshold="Last readings (condition: {threshold})",
    checks="First three checks",
    say="What customer service says",
    others="Also told",
    why="Why you",
    why_over="you got the alarm",
    reference="Incident {incident}, rule {rule}, code {code}",
)


def phrases(language: str) -> Phrases:
    """Those of a language tag: Chinese for `zh` and whatever belongs to it, else English."""
    return _CHINESE if language.split("-", maxsplit=1)[0].lower() == "zh" else _ENGLISH
