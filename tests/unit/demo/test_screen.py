from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ebank_sentinel.demo.bank_state import HEALTHY_SUCCESS
from ebank_sentinel.demo.bubbles import together
from ebank_sentinel.demo.picture import svg_of
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.screen import frame
from ebank_sentinel.demo.script import BRANCH, Timeline
from ebank_sentinel.demo.sentinel_api import IncidentRow, SymptomRow, TargetRow
from ebank_sentinel.demo.view import BankView, View, in_order
from support.demo_bank import AT, DIRECTORY, TERMINALS

BRANCH_DEAD = frozenset(terminal.terminal for terminal in TERMINALS if terminal.branch == BRANCH)
EAST = [terminal.terminal for terminal in TERMINALS if terminal.region == "east"]

QUIET = View(
    now=AT,
    elapsed=1.0,
    seconds=60.0,
    marks=Timeline(60).marks,
    caption="All is well",
    said="",
    next_caption="Logins slow down",
    next_in=5.0,
    bank=BankView(
        terminals=TERMINALS,
        dead=frozenset(),
        success=HEALTHY_SUCCESS,
        on_battery=frozenset(),
        switch_answers=True,
    ),
    symptoms=(),
    incidents=(),
    pages=(),
    directory=DIRECTORY,
    with_prometheus=False,
    expected=31,
)
INCIDENT = IncidentRow(
    id="i1",
    code="4821",
    state="open",
    rule="login-success-low",
    target=TargetRow(probe="login_rate", key="login_rate"),
    labels={"service": "login"},
    severity="II",
    category="system",
    groups=("technical", "command"),
    title="登录失败",
    number="成功率62%",
    since=AT,
)
PAGE = Received(
    at=AT,
    to="+8613800000001",
    channel="sms",
    page="p1",
    incident="i1",
    rule="login-success-low",
    severity="II",
    category="system",
    reason="worse",
    about="login",
    subject="",
    text="【示例银行】二级 登录失败 成功率62%(平时98%) 03:09起 影响:全行手机网银登不上 码4821",
)
BROKEN = replace(
    QUIET,
    now=AT + timedelta(seconds=12),
    bank=replace(QUIET.bank, dead=BRANCH_DEAD, success=0.62, on_battery=frozenset({BRANCH})),
    symptoms=(
        SymptomRow(rule="login-success-low", probe="login_rate", key="login_rate", state="firing", onset=AT),
        SymptomRow(rule="atm-dark", probe="atm", key="A0701", state="pending", onset=AT),
    ),
    incidents=(INCIDENT,),
    pages=(
        PAGE,
        replace(
            PAGE, channel="mail", to="helen.zhou@bank.example", subject="[Level II]", text="[Level II]\n\nrate 0.62"
        ),
        replace(PAGE, channel="hook", to="hook"),
    ),
)
SIZES = pytest.mark.parametrize(("width", "height"), [(100, 30), (140, 40)])


def drawn(view: View, width: int, height: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=height, force_terminal=True, color_system=None).print(
        frame(view, width=width), height=height
    )
    return out.getvalue().splitlines()


def words_of(view: View, width: int = 100, height: int = 30) -> str:
    return "\n".join(drawn(view, width, height))


@SIZES
@pytest.mark.parametrize("view", [QUIET, BROKEN])
def test_every_line_is_as_wide_as_the_terminal_whatever_is_written_in_it(view: View, width: int, height: int) -> None:
    lines = drawn(view, width, height)
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {width}


def test_a_healthy_bank_is_quiet() -> None:
    words = words_of(QUIET)
    assert "98% succeed" in words
    assert words.count("●") >= 60
    assert "failing: 0" in words
    assert "Incidents: 0 open" in words


def test_what_fails_what_is_open_and_what_was_paged_is_seen() -> None:
    words = words_of(BROKEN)
    assert "●●●●  xxx  ●●  ●●  ●" in words
    assert "switch ok  UPS 1017" in words
    assert re.search(r"atm/A0701 +atm-dark +pending 12 s", words)
    assert "II   登录失败  成功率62%" in words
    assert "#4821  since 03:09:00  technical, command" in words_of(BROKEN, 140, 40)
    words = words_of(BROKEN, 140, 40)
    assert "王芳 worse" in words
    assert "【示例银行】二级 登录失败" in words
    assert "Helen Zhou worse" in words


def test_who_took_an_incident_stands_where_its_groups_did() -> None:
    taken = INCIDENT.model_copy(update={"ack": {"person": "wang.fang", "name": "王芳"}})
    words = words_of(replace(BROKEN, incidents=(taken,)))
    assert re.search(r"#4821  since 03:09:00  王芳", words)


def test_an_ended_incident_says_how_long_it_took_and_goes_below_the_open_ones() -> None:
    ended = INCIDENT.model_copy(
        update={"id": "i0", "code": "1111", "state": "ended", "ended_at": AT + timedelta(seconds=32)},
    )
    words = words_of(replace(BROKEN, incidents=in_order({"i0": ended, "i1": INCIDENT})))
    assert words.index("#4821") < words.index("#1111  over after 32 s")
    assert "Incidents: 1 open" in words


def test_the_newest_pages_stay_when_there_is_no_room_for_all() -> None:
    pages = tuple(replace(PAGE, text=f"page {number}.") for number in range(40))
    words = words_of(replace(BROKEN, pages=pages))
    assert "page 39." in words
    assert "page 0." not in words


def test_what_a_spectator_must_know_takes_the_last_line() -> None:
    assert "GET /api/v1/pages failed" in drawn(replace(BROKEN, notice="GET /api/v1/pages failed"), 100, 30)[-1]


def dark(terminals: list[str], state: str = "firing") -> tuple[SymptomRow, ...]:
    labels = {"region": "east", "region_name": "东区"}
    return tuple(
        SymptomRow(rule="atm-dark", probe="atm", key=terminal, state=state, onset=AT, labels=labels)
        for terminal in terminals
    )


REGION_DARK = INCIDENT.model_copy(
    update={
        "id": "i2",
        "code": "8482",
        "rule": "atm-dark",
        "target": TargetRow(probe="atm", key=EAST[0]),
        "over": "region",
        "scope": {"region": "east"},
        "labels": {"region": "east", "region_name": "东区"},
        "title": "东区ATM大面积失联",
        "number": "12台中12台",
    }
)


def test_many_machines_of_a_region_are_one_line_and_their_incident_says_how_wide_it_is() -> None:
    view = replace(BROKEN, symptoms=dark(EAST), incidents=(REGION_DARK,))
    words = words_of(view, 120, 40)
    assert re.search(r"东区 12 of 12  atm-dark +firing", words)
    assert re.search(r"#8482  东区 12 of 12  since", words)
    assert "atm/" not in words
    assert "东区 9 of 12  since" in words_of(replace(view, symptoms=dark(EAST[:9])), 120, 40)


def test_an_incident_that_was_taken_over_stands_under_the_one_that_took_it_and_says_so() -> None:
    switch = INCIDENT.model_copy(update={"id": "i3", "code": "3080", "severity": "I", "title": "ATM前置无应答"})
    part = REGION_DARK.model_copy(
        update={"state": "ended", "ended_at": AT, "into": "i3", "into_code": "3080"},
    )
    incidents = in_order({"i1": INCIDENT, "i2": part, "i3": switch})
    assert [row.id for row in incidents] == ["i3", "i2", "i1"]
    words = words_of(replace(BROKEN, incidents=incidents), 120, 40)
    assert "└ #8482 东区ATM大面积失联: part of #3080" in words
    assert "Incidents: 2 open" in words


def test_what_a_person_said_is_shown_whole() -> None:
    asked = "请问是什么时候发生的?(日期和几点几分) 请问现在有什么影响?(多少客户、哪些业务)"
    said = f"林洁 reports phishing: #6906; asked back: {asked}"
    words = words_of(replace(QUIET, said=said))
    assert "林洁 reports phishing: #6906" in words
    assert "哪些业务)" in words


def test_the_same_words_to_several_people_are_one_bubble_with_all_their_names() -> None:
    pages = (PAGE, replace(PAGE, to="+8613800000002"), replace(PAGE, to="+8613800000012", reason="tell"))
    assert [len(group) for group in together(pages)] == [3]
    assert "王芳, 李雷 worse 杨艳 tell" in words_of(replace(BROKEN, pages=pages), 120, 40)


def test_other_words_or_another_channel_are_another_bubble() -> None:
    pages = (PAGE, replace(PAGE, text="other"), replace(PAGE, channel="mail"), replace(PAGE, incident="i9"))
    assert [len(group) for group in together(pages)] == [1, 1, 1, 1]


def test_it_is_said_that_minutes_run_as_seconds() -> None:
    assert "minutes run as seconds" in drawn(QUIET, 100, 30)[0]


@given(st.text(max_size=300))
def test_no_text_breaks_the_frame(text: str) -> None:
    pages = (replace(PAGE, text=text), replace(PAGE, channel="mail", subject=text, text=f"{text}\n\n{text}"))
    assert len(drawn(replace(BROKEN, pages=pages), 100, 30)) >= 30


def test_a_picture_loads_nothing_and_places_every_character() -> None:
    svg = svg_of(BROKEN, width=100, height=30)
    assert "url(http" not in svg
    assert "textLength" not in svg
    texts = re.findall(r'x="([\d. ]+)" y="[\d.]+" clip-path="[^"]*">([^<]*)</text>', svg)
    places, words = next((xs.split(), html.unescape(words)) for xs, words in texts if "登录失败" in words)
    assert len(places) == len(words)
    begin = words.index("登")
    assert float(places[begin + 1]) - float(places[begin]) == pytest.approx(24.4)
