"""What a person gets at 3 a.m."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebank_sentinel.model.notice import DigestEntry, Notice, NoticeKind
from ebank_sentinel.model.page import Message
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.parts import fits
from ebank_sentinel.paging.wording import render

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = datetime(2026, 11, 21, 3, 9, 20, tzinfo=SHANGHAI)

ALARM = Notice(
    recipient="wang.fang",
    bank="示例银行",
    kind=NoticeKind.ALARM,
    severity=Severity.II,
    category="system",
    rule="login-success-low",
    title="登录失败",
    number="成功率62%",
    normal="98%",
    impact="手机网银登不上",
    at=SINCE + timedelta(minutes=3),
    since=SINCE,
    incident="20261121-ab12",
    code="4821",
    groups=("技术支持组", "应急领导小组"),
    why="您是技术支持组当班",
    others=("李雷", "客服部"),
    readings=(("rate", "0.62"), ("attempts", "240")),
    threshold="rate < 0.95 and attempts >= 200",
    runbook="docs/runbooks/login-success-low.md",
    first_checks=("看网关", "看数据库", "看短信通道", "看别的"),
    say="登录正在抢修;急用现金请到柜台",
    flags=frozenset({"outage"}),
)
CLEAR = replace(
    ALARM,
    kind=NoticeKind.RESOLVED,
    number="成功率98%",
    ended_at=SINCE + timedelta(minutes=32),
    at=SINCE + timedelta(minutes=34),
    ack="王芳",
)
IN_ENGLISH = replace(ALARM, bank="Demo Bank", title="Logins failing", number="success 62%", impact="mobile logins fail")
CLEAR_IN_ENGLISH = replace(CLEAR, bank="Demo Bank", title="Logins failing", number="success 98%")
ENTRY = DigestEntry(severity=Severity.IV, title="ATM 失联", place="中关村支行", since=SINCE, code="1001")


def chinese(notice: Notice, *, replies: bool = True) -> Message:
    return render(notice, language="zh-CN", replies=replies, zone=SHANGHAI)


def english(notice: Notice, *, replies: bool = True) -> Message:
    return render(notice, language="en", replies=replies, zone=SHANGHAI)


def test_an_alarm_reads_as_the_design_says() -> None:
    assert chinese(ALARM).short == (
        "【示例银行】二级 登录失败 成功率62%(平时98%) 03:09起 影响:全行手机网银登不上 回1接手2转下一人 码4821"
    )
    assert english(IN_ENGLISH).short == (
        "[Demo Bank] Level II Logins failing success 62% (normally 98%) since 03:09 "
        "impact: bank-wide mobile logins fail reply 1 take 2 next code 4821"
    )


def test_an_all_clear_reads_as_the_design_says() -> None:
    assert chinese(CLEAR).short == "【示例银行】已恢复 登录失败 03:09至03:41共32分 成功率98% 接手:王芳 码4821"
    assert english(CLEAR_IN_ENGLISH).short == (
        "[Demo Bank] recovered Logins failing 03:09 to 03:41, 32 min success 98% taken by: 王芳 code 4821"
    )


def test_what_got_worse_says_to_which_level() -> None:
    worse = replace(ALARM, kind=NoticeKind.WORSE)
    assert chinese(worse).short.startswith("【示例银行】升为二级 登录失败 成功率62%")
    assert english(worse).short.startswith("[示例银行] raised to Level II 登录失败")


def test_what_is_no_longer_watched_says_so_and_shows_no_figure() -> None:
    retired = replace(CLEAR, kind=NoticeKind.RETIRED)
    assert chinese(retired).short == "【示例银行】停止监测 登录失败 03:09至03:41共32分 接手:王芳 码4821"
    assert english(retired).short.startswith("[示例银行] no longer watched 登录失败 03:09 to 03:41, 32 min")


def test_without_replies_there_is_no_reply_line() -> None:
    assert chinese(ALARM, replies=False).short == (
        "【示例银行】二级 登录失败 成功率62%(平时98%) 03:09起 影响:全行手机网银登不上 码4821"
    )


def test_a_place_takes_the_place_of_the_whole_bank() -> None:
    assert (
        "影响:中关村支行自助取款不可用 " in chinese(replace(ALARM, place="中关村支行", impact="自助取款不可用")).short
    )
    assert "impact: Zhongguancun no cash " in english(replace(ALARM, place="Zhongguancun", impact="no cash")).short
    assert "影响:中关村支行 " in chinese(replace(ALARM, place="中关村支行", impact="")).short
    assert "影响" not in chinese(replace(ALARM, impact="")).short


def test_a_number_without_a_normal_stands_alone() -> None:
    assert " 成功率62% 03:09起" in chinese(replace(ALARM, normal="")).short
    assert "98%" not in chinese(replace(ALARM, number="")).short


@pytest.mark.parametrize(
    ("since", "ended", "chinese_time", "english_time"),
    [
        ("2026-11-20T23:50", None, " 11-20 23:50起 ", " since 11-20 23:50 "),
        ("2025-12-31T23:50", None, " 2025-12-31 23:50起 ", " since 2025-12-31 23:50 "),
        (
            "2026-11-20T23:50",
            "2026-11-21T00:10",
            "11-20 23:50至11-21 00:10共20分",
            "11-20 23:50 to 11-21 00:10, 20 min",
        ),
        ("2026-11-21T01:00", "2026-11-21T03:05", "01:00至03:05共2小时5分", "01:00 to 03:05, 2 h 5 min"),
        ("2026-11-18T01:00", "2026-11-21T03:05", "共3天2小时", ", 3 d 2 h"),
        ("2026-11-21T03:05", "2026-11-21T03:05", "共不到1分", ", under 1 min"),
    ],
)
def test_another_day_shows_its_date_and_a_long_time_its_hours(
    since: str, ended: str | None, chinese_time: str, english_time: str
) -> None:
    start = datetime.fromisoformat(since).replace(tzinfo=SHANGHAI)
    at = datetime(2026, 11, 21, 3, 12, tzinfo=UTC) - timedelta(hours=8)
    notice = replace(ALARM, since=start, at=at)
    if ended:
        end = datetime.fromisoformat(ended).replace(tzinfo=SHANGHAI)
        notice = replace(CLEAR, since=start, ended_at=end, at=at)
    assert chinese_time in chinese(notice).short
    assert english_time in english(notice).short


def test_the_length_is_counted_between_the_minutes_that_are_shown() -> None:
    brief = replace(CLEAR, since=SINCE.replace(second=50), ended_at=SINCE.replace(minute=10, second=5))
    assert "03:09至03:10共1分" in chinese(brief).short


def test_what_does_not_fit_is_cut_in_order_and_never_level_title_since_or_code() -> None:
    assert fits(long := chinese(replace(ALARM, impact="登不上" * 100)).short)
    assert "登不上登不上" in long
    assert "…" in long
    assert long.endswith("回1接手2转下一人 码4821")

    longer = chinese(replace(ALARM, title="题" * 150, impact="登不上" * 100)).short
    assert "影响" not in longer
    assert fits(longer)
    assert "题" * 150 in longer
    assert longer.endswith(" 03:09起 回1接手2转下一人 码4821")

    longest = chinese(replace(ALARM, title="题" * 400)).short
    assert fits(longest)
    assert longest.startswith("【示例银行】二级 题题")
    assert longest.endswith("…" + " 03:09起 码4821")


def test_the_normal_goes_before_the_number_and_the_number_before_the_reply_line() -> None:
    assert "(平时" not in (text := chinese(replace(ALARM, title="题" * 157)).short)
    assert "成功率62%" in text
    assert "成功率" not in (text := chinese(replace(ALARM, title="题" * 165)).short)
    assert "回1接手" in text


def test_an_english_text_may_be_longer_than_a_chinese_one() -> None:
    assert len(english(replace(IN_ENGLISH, impact="down " * 200)).short) > 400


def test_no_link_no_account_and_no_line_break_gets_into_a_text() -> None:
    hostile = replace(
        ALARM,
        title="登录\r\n失败\u202e",
        impact="见 https://evil.example/x 卡6222021234567890123",
        place="http://evil.example",
    )
    message = chinese(hostile)
    for text in (message.short, message.subject, message.body, json.dumps(message.payload)):
        assert "evil.example" not in text
        assert "6222021234567890123" not in text
    assert " 登录 失败 " in message.short
    assert "影响:全行见 卡****0123 " in message.short


def test_place_and_impact_together_make_no_link_either() -> None:
    assert "http" not in chinese(replace(ALARM, place="htt", impact="ps://evil.example")).short


def test_the_subject_of_a_mail_tells_level_title_place_since_and_code() -> None:
    assert chinese(ALARM).subject == "[二级] 登录失败 全行 03:09起 #4821"
    assert chinese(CLEAR).subject == "[已恢复] 登录失败 全行 03:09至03:41共32分 #4821"
    assert english(IN_ENGLISH).subject == "[Level II] Logins failing bank-wide since 03:09 #4821"
    assert chinese(replace(ALARM, kind=NoticeKind.WORSE, place="朝阳")).subject.startswith("[升为二级] 登录失败 朝阳 ")
    assert chinese(replace(CLEAR, kind=NoticeKind.RETIRED)).subject.startswith("[停止监测] ")


def test_the_body_of_a_mail_tells_what_who_next_readings_checks_what_to_say_who_else_and_why_you() -> None:
    assert chinese(ALARM, replies=False).body == (
        "二级 登录失败\n"
        "成功率62%(平时98%)\n"
        "影响:全行手机网银登不上\n"
        "时间:2026-11-21 03:09:20 (Asia/Shanghai)\n"
        "类别:系统故障\n"
        "标记:中断\n"
        "\n"
        "尚无人接手,负责:技术支持组\n"
        "同时负责:应急领导小组\n"
        "下一步:接手请执行 ebank-sentinel incident ack 4821 --as wang.fang;恢复后会再通知您\n"
        "\n"
        "最近读数(判断条件 rate < 0.95 and attempts >= 200):\n"
        "  rate      0.62\n"
        "  attempts  240\n"
        "\n"
        "先查三项 (docs/runbooks/login-success-low.md):\n"
        "  1. 看网关\n"
        "  2. 看数据库\n"
        "  3. 看短信通道\n"
        "\n"
        "对客户的说法:登录正在抢修;急用现金请到柜台\n"
        "\n"
        "还通知了:李雷、客服部\n"
        "为何发给您:您是技术支持组当班\n"
        "\n"
        "事件 20261121-ab12 规则 login-success-low 码 4821\n"
    )


def test_the_body_of_an_all_clear_tells_who_had_it_and_asks_for_nothing() -> None:
    body = chinese(CLEAR).body
    assert body.startswith("已恢复 (二级) 登录失败\n成功率98%\n时间:2026-11-21 03:09:20 - 2026-11-21 03:41:20 ")
    assert "接手:王芳,负责:技术支持组" in body
    for word in ("下一步", "先查", "对客户", "影响", "98%)"):
        assert word not in body


def test_who_reads_english_gets_an_english_body() -> None:
    body = english(replace(IN_ENGLISH, ack="Wang Fang")).body
    assert "Wang Fang has taken it. Owner: 技术支持组" in body
    assert "Next: you will be told when it is over" in body
    assert "Category: System failure" in body
    assert "First three checks (docs/runbooks/login-success-low.md):\n  1. " in body


def test_the_payload_is_for_machines_and_json_can_carry_it() -> None:
    payload = json.loads(json.dumps(chinese(CLEAR).payload))
    assert payload == {
        "kind": "resolved",
        "incident": "20261121-ab12",
        "code": "4821",
        "rule": "login-success-low",
        "severity": "II",
        "category": "system",
        "title": "登录失败",
        "number": "成功率98%",
        "normal": "98%",
        "impact": "手机网银登不上",
        "place": "",
        "since": "2026-11-21T03:09:20+08:00",
        "ended": "2026-11-21T03:41:20+08:00",
        "ack": "王芳",
        "groups": ["技术支持组", "应急领导小组"],
        "flags": ["outage"],
        "text": chinese(CLEAR).short,
    }


def test_pages_of_one_incident_share_a_thread() -> None:
    assert chinese(ALARM).thread == english(CLEAR).thread == "20261121-ab12"


def test_a_test_page_says_that_it_is_one_and_that_there_is_nothing_to_do() -> None:
    test = replace(ALARM, kind=NoticeKind.TEST, title="", severity=Severity.IV, incident="", code="")
    assert chinese(test).short == "【示例银行】测试 四级 试发通知 03:12 无需处理"
    assert english(test).short == "[示例银行] test Level IV Test page 03:12 nothing to do"
    assert chinese(test).subject == "[测试] 试发通知"


def test_a_refused_configuration_says_what_is_wrong_and_asks_for_no_reply() -> None:
    config = replace(ALARM, kind=NoticeKind.CONFIG, title="", impact="rules/a.yaml:3:5: when: 缺", code="", incident="")
    assert chinese(config).short == "【示例银行】二级 配置有误,沿用上一份 03:09起 rules/a.yaml:3:5: when: 缺"
    assert english(config).subject == "[Level II] Configuration refused, the last good one runs since 03:09"


def test_a_digest_lists_what_fits_the_gravest_first_and_says_how_many_more_there_are() -> None:
    entries = (
        *(replace(ENTRY, code=str(1000 + number)) for number in range(20)),
        replace(ENTRY, severity=Severity.III, title="柜面慢", ended_at=SINCE + timedelta(minutes=5), code="2000"),
    )
    digest = replace(ALARM, kind=NoticeKind.DIGEST, severity=Severity.IV, entries=entries, code="", incident="")
    message = chinese(digest)
    assert fits(message.short)
    assert message.short.startswith(
        "【示例银行】四级 共21项待看 柜面慢 中关村支行 03:09至03:14共5分 已恢复 码2000;"
        "ATM 失联 中关村支行 03:09起 码1000;"
    )
    assert message.short.endswith("项")
    assert message.body.count("\n  [") == 21
    assert message.subject == "[四级] 共21项待看"
    assert english(replace(digest, entries=entries[:1])).short == (
        "[示例银行] Level IV 1 to look at: ATM 失联 中关村支行 since 03:09 code 1000"
    )


def test_what_cannot_be_rendered_goes_out_as_a_plain_fallback() -> None:
    broken = replace(ALARM, since=datetime.max.replace(tzinfo=UTC))
    message = chinese(broken)
    assert message.short == "【示例银行】二级 login-success-low 9999-12-31 23:59 码4821"
    assert message.subject.startswith("[二级] login-success-low ")
    assert message.thread == "20261121-ab12"


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=300)
ANY_TIME = st.datetimes(timezones=st.just(UTC))
ANY_TEXTS = st.lists(ANY_TEXT, max_size=3).map(tuple)
ANY_NOTICE = st.builds(
    Notice,
    bank=ANY_TEXT,
    kind=st.sampled_from(NoticeKind),
    severity=st.sampled_from(Severity),
    category=ANY_TEXT,
    rule=ANY_TEXT,
    title=ANY_TEXT,
    number=ANY_TEXT,
    normal=ANY_TEXT,
    impact=ANY_TEXT,
    place=ANY_TEXT,
    at=ANY_TIME,
    since=ANY_TIME,
    ended_at=st.none() | ANY_TIME,
    incident=ANY_TEXT,
    code=st.just("4821"),
    ack=ANY_TEXT,
    groups=ANY_TEXTS,
    why=ANY_TEXT,
    others=ANY_TEXTS,
    readings=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=3).map(tuple),
    threshold=ANY_TEXT,
    runbook=ANY_TEXT,
    first_checks=ANY_TEXTS,
    say=ANY_TEXT,
    flags=st.frozensets(ANY_TEXT, max_size=2),
    entries=st.lists(
        st.builds(
            DigestEntry,
            severity=st.sampled_from(Severity),
            title=ANY_TEXT,
            place=ANY_TEXT,
            since=ANY_TIME,
            ended_at=st.none() | ANY_TIME,
            code=ANY_TEXT,
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(notice=ANY_NOTICE, language=st.sampled_from(["zh-CN", "en", "uk", ""]), replies=st.booleans())
def test_any_facts_make_a_text_that_fits_can_be_sent_and_has_its_level_and_code(
    notice: Notice,
    language: str,
    replies: bool,
) -> None:
    message = render(notice, language=language, replies=replies, zone=SHANGHAI)
    assert fits(message.short)
    for text in (message.short, message.subject, message.body, message.thread):
        text.encode("utf-8")
        text.encode("utf-16")
    json.dumps(message.payload, allow_nan=False).encode()
    assert len((message.short + message.subject).splitlines()) == 1
    if notice.kind is not NoticeKind.DIGEST:
        assert "4821" in message.short
        assert "#4821" in message.subject
    if notice.kind not in {NoticeKind.RESOLVED, NoticeKind.RETIRED, NoticeKind.CLOSED}:
        assert notice.severity.title(language) in message.short


@given(notice=ANY_NOTICE.map(lambda notice: replace(notice, since=datetime.max.replace(tzinfo=UTC))))
def test_the_fallback_holds_for_any_facts_too(notice: Notice) -> None:
    message = chinese(notice)
    assert fits(message.short)
    message.short.encode("utf-16")
    json.dumps(message.payload).encode()


REPORTED = replace(
    ALARM,
    title="钓鱼网站",
    severity=Severity.III,
    number="",
    normal="",
    place="徐汇支行",
    impact="客户收到假短信",
    reported=True,
    placed=False,
    reporter="李雷",
)


def test_a_report_says_when_where_what_and_who_reported_it() -> None:
    assert chinese(REPORTED, replies=False).short == (
        "【示例银行】三级 钓鱼网站 03:09起 影响:徐汇支行客户收到假短信 报告人:李雷 码4821"
    )
    told = replace(REPORTED, title="Phishing site", place="Xuhui branch", impact="customers got texts", reporter="Li")
    assert english(told, replies=False).short == (
        "[示例银行] Level III Phishing site since 03:09 "
        "impact: Xuhui branch customers got texts reported by: Li code 4821"
    )


def test_what_a_report_does_not_say_is_to_be_asked_for_and_is_never_taken_for_the_whole_bank() -> None:
    holes = replace(REPORTED, place="", impact="", reporter="", lacks=("time", "place", "impact", "reporter"))
    assert chinese(holes).short == (
        "【示例银行】三级 钓鱼网站 03:09起 待问清:时间、地点、影响、报告人 回1接手2转下一人 码4821"
    )
    assert english(holes, replies=False).short == (
        "[示例银行] Level III 钓鱼网站 since 03:09 please ask: time, place, impact, who reported it code 4821"
    )
    assert chinese(holes).subject == "[三级] 钓鱼网站 03:09起 #4821"
    where = chinese(replace(REPORTED, place="", lacks=("place",)), replies=False).short
    assert where == "【示例银行】三级 钓鱼网站 03:09起 影响:客户收到假短信 报告人:李雷 待问清:地点 码4821"


def test_the_mail_of_a_report_names_the_reporter_and_its_all_clear_asks_for_nothing() -> None:
    holes = replace(REPORTED, place="", lacks=("place",))
    assert "\n报告人:李雷\n待问清:地点\n" in chinese(holes).body
    over = replace(holes, kind=NoticeKind.CLOSED, ended_at=SINCE + timedelta(minutes=32))
    assert "待问清" not in chinese(over).body + chinese(over).short
    assert chinese(holes).payload["missing"] == ["place"]
    assert "reporter" not in chinese(ALARM).payload


def test_a_long_impact_gives_way_before_the_reporter_and_what_is_to_be_asked() -> None:
    short = chinese(replace(REPORTED, impact="客户收到假短信" * 60, lacks=("time",))).short
    assert fits(short)
    assert " 报告人:李雷 待问清:时间 " in short
