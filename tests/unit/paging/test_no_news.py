"""Alarms that are no news, and parts of something wider: what they are, whose they are, in one text for a phone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ebank_sentinel.model.notice import Again, Notice, NoticeKind
from ebank_sentinel.model.page import Message
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.wording import render

SINCE = datetime(2026, 12, 9, 19, 9, tzinfo=UTC)
DARK = Notice(
    bank="示例银行",
    kind=NoticeKind.ALARM,
    severity=Severity.III,
    rule="atm-dark",
    title="网点ATM全部失联",
    place="海淀支行",
    impact="网点可能断网",
    at=SINCE + timedelta(minutes=3),
    since=SINCE,
    incident="20261210-ab12",
    code="3308",
    groups=("技术支持组", "后勤保障组"),
)
ENGLISH = replace(DARK, bank="Demo Bank", title="Branch off the net", place="Haidian", impact="no cash")


def said(notice: Notice, language: str = "zh-CN") -> Message:
    return render(notice, language=language, replies=False, zone=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("again", "level", "english"),
    [
        (None, "三级", "Level III"),
        (Again.BACK, "三级(复发)", "Level III (back again)"),
        (Again.REMAINS, "三级(未恢复)", "Level III (still failing)"),
    ],
)
def test_an_alarm_that_is_no_news_says_so_beside_its_level(again: Again | None, level: str, english: str) -> None:
    message = said(replace(DARK, again=again))
    assert message.short == f"【示例银行】{level} 网点ATM全部失联 03:09起 影响:海淀支行网点可能断网 码3308"
    assert message.subject == f"[{level}] 网点ATM全部失联 海淀支行 03:09起 #3308"
    assert message.body.startswith(f"{level} 网点ATM全部失联\n")
    assert said(replace(ENGLISH, again=again), "en").short.startswith(f"[Demo Bank] {english} Branch off the net since")


def test_one_that_rose_says_that_it_rose() -> None:
    assert "】升为三级 网点" in said(replace(DARK, kind=NoticeKind.WORSE, again=Again.BACK)).short


def test_who_worked_at_a_part_learns_whose_the_whole_is() -> None:
    part = replace(DARK, kind=NoticeKind.PART_OF, parts=("1726",))
    text = "【示例银行】1726并入三级 网点ATM全部失联 03:09起 影响:海淀支行网点可能断网"
    assert said(part).short == f"{text} 负责:技术支持组 码3308"
    assert said(replace(part, ack="王芳")).short == f"{text} 接手:王芳 码3308"
    assert said(replace(part, groups=())).short == f"{text} 码3308"
    english = replace(ENGLISH, kind=NoticeKind.PART_OF, parts=("1726",), groups=("Technical support",))
    assert said(english, "en").short.endswith(" impact: Haidian no cash owner: Technical support code 3308")


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind is not NoticeKind.DIGEST])
@pytest.mark.parametrize("again", [None, *Again])
def test_what_is_never_cut_fits_one_part(kind: NoticeKind, again: Again | None) -> None:
    bare = replace(DARK, kind=kind, again=again, title="十二个字的标题已经够长了", place="", impact="", groups=())
    bare = replace(bare, since=SINCE - timedelta(days=30), ended_at=SINCE, parts=("4531", "5624", "7942"), placed=False)
    assert len(said(bare).short) <= 67
    crowded = replace(bare, impact="x影响" * 200, number="数" * 50, ack="名" * 50)
    assert said(crowded).short.endswith(said(bare).short.rsplit(" ", maxsplit=1)[-1])
    assert len(said(crowded).short) <= 201
