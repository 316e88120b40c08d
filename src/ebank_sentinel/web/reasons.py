"""Each reason of a decision as a sentence, for whoever reads a history at 3 a.m.: a reason and a language enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ebank_sentinel.model.reason import Reason


class Sentence(NamedTuple):
    """One thought in two languages."""

    chinese: str
    english: str


SENTENCES: Mapping[Reason, Sentence] = {
    Reason.FIRST: Sentence("事件发生,通知第一步的人", "it opened: the first step of a chain is told"),
    Reason.WORSE: Sentence("级别升高,或须更多组知晓", "it became graver, or more groups must know"),
    Reason.WIDENED: Sentence(
        "范围比原先判断的大,并入较小范围的事件", "it is wider than it seemed: the narrower incidents are part of it"
    ),
    Reason.NARROWED: Sentence(
        "大范围已恢复,仍未恢复的单独成为事件", "the wide incident is over: what still fails has an incident of its own"
    ),
    Reason.CAUSE: Sentence("另一个征兆说明了真正原因", "another symptom says what it really is"),
    Reason.REOPENED: Sentence(
        "结束后不久再次发生,沿用原事件", "it came back soon after its end: the same incident goes on"
    ),
    Reason.RETURNED: Sentence("上级原因已消除,它仍未恢复", "what explained it is over, and it still fails"),
    Reason.PART_OF: Sentence(
        "并为同一事件;因其中一部分收到过告警的人,只再告知一次",
        "it is one incident with another; whoever was alarmed by a part of it is told so once",
    ),
    Reason.TELL: Sentence("仅告知,不要求应答", "told once, and no answer is asked for"),
    Reason.NEXT_CHANNEL: Sentence(
        "上一渠道失败或无回执,改用下一渠道", "the channel before failed or stayed silent: the next one is taken"
    ),
    Reason.RESOLVED: Sentence("已恢复,告知收到过告警的人", "it is over: whoever got the alarm gets the all-clear"),
    Reason.RETIRED: Sentence(
        "不再监测,告知收到过告警的人", "it is no longer watched: whoever got the alarm is told so"
    ),
    Reason.CLOSED: Sentence("由人结束", "a person ended it"),
    Reason.DIGEST: Sentence("等待期间的事项汇总后一次发出", "what had waited went out as one list"),
    Reason.TEST: Sentence("应要求试发", "a person asked for a test page"),
    Reason.CONFIG: Sentence("配置有误,沿用上一份", "the configuration on disk does not hold, the last good one runs"),
    Reason.DURING: Sentence("不在该级别的通知时段,先不发", "not paged now: its severity waits for its named time"),
    Reason.DUPLICATE: Sentence(
        "此人在此渠道已收到同一步,不重发", "not paged again: this recipient has this step on this channel"
    ),
    Reason.NO_ADDRESS: Sentence(
        "此人在此渠道没有地址,发不出", "not paged here: the person has no address for the channel"
    ),
    Reason.NOBODY: Sentence("这一步找不到任何人", "nobody paged: the step leads to no person and no address"),
    Reason.UNREAD: Sentence(
        "持续时间已到,但对象未被读取,不判断", "not decided: its time was up, but its target was not read"
    ),
    Reason.ENDED: Sentence("发出前已结束,不再发", "not paged: it was over before the page went out"),
    Reason.PARENT_DOWN: Sentence(
        "上级故障所致,归入上级事件", "not paged by itself: its parent fails, and it is part of that"
    ),
    Reason.COUNTED: Sentence("仅计数,次数未到", "not paged: it counts, and has not come often enough yet"),
    Reason.MONITORING_LOST: Sentence(
        "半数以上没有数据,不就范围下结论", "no wider incident: half of the scope has no data, so nothing is concluded"
    ),
    Reason.UNSAVED: Sentence(
        "存储拒绝写入,通知先发后存", "the store refused: pages went out from memory, and were written later"
    ),
    Reason.OPENED: Sentence("事件发生", "the incident began"),
    Reason.REFERRED: Sentence("已移交公安机关,由人结束", "handed to the police: a person ends it"),
    Reason.REPORTED: Sentence("有人上报", "a person reported it"),
    Reason.ACKNOWLEDGED: Sentence("有人接手", "a person took it"),
}
"""Every reason has one."""

NOT_PAGED = frozenset(
    {
        Reason.DURING,
        Reason.DUPLICATE,
        Reason.NO_ADDRESS,
        Reason.NOBODY,
        Reason.ENDED,
        Reason.PARENT_DOWN,
        Reason.COUNTED,
        Reason.MONITORING_LOST,
        Reason.UNREAD,
    }
)
"""Why somebody was not paged, or nothing was opened."""


def sentence(reason: Reason, language: str) -> str:
    """The sentence for a reason: Chinese for `zh` and whatever belongs to it, else English."""
    found = SENTENCES[reason]
    return found.chinese if language.split("-", maxsplit=1)[0].lower() == "zh" else found.english
