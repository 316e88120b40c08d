from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ebank_sentinel.demo.bank_state import HEALTHY_LATENCY_SECONDS, HEALTHY_SUCCESS
from ebank_sentinel.demo.directory import read_directory, read_terminals
from ebank_sentinel.demo.folder import BANK
from ebank_sentinel.demo.picture import svg_of
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.screen import frame
from ebank_sentinel.demo.script import DEAD_TERMINALS, Timeline
from ebank_sentinel.demo.sentinel_api import IncidentRow, SymptomRow, TargetRow
from ebank_sentinel.demo.view import BankView, View, in_order

AT = datetime(2026, 12, 10, 3, 9, tzinfo=UTC)
DIRECTORY = read_directory(BANK)
QUIET = View(
    now=AT,
    elapsed=1.0,
    seconds=60.0,
    marks=Timeline(60).marks,
    caption="All is well",
    next_caption="Logins slow down",
    next_in=5.0,
    bank=BankView(
        terminals=read_terminals(BANK),
        dead=frozenset(),
        success=HEALTHY_SUCCESS,
        latency_seconds=HEALTHY_LATENCY_SECONDS,
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
    bank=replace(QUIET.bank, dead=DEAD_TERMINALS, success=0.62, latency_seconds=0.6),
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
    assert "xx●●●" in words
    assert re.search(r"atm/A0701 +atm-dark +pending 12 s", words)
    assert "II   登录失败  成功率62%" in words
    assert "#4821  since 03:09:00  technical, command" in words_of(BROKEN, 140, 40)
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
