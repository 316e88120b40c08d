from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rich.cells import cell_len

from ebank_sentinel.demo.summary import summary
from ebank_sentinel.demo.verdict import Figures, Told
from support.demo_bank import DIRECTORY

ALL_CAME = Figures(
    expected=31,
    missing=0,
    unexpected=0,
    incidents=7,
    incidents_expected=7,
    told=(
        Told(
            to="+8613800000001",
            channel="sms",
            alarms=3,
            all_clears=2,
            delays=(timedelta(seconds=4.53), timedelta(seconds=6.1), timedelta(seconds=5)),
        ),
        Told(to="helen.zhou@bank.example", channel="mail", alarms=1, all_clears=1, delays=(timedelta(seconds=5.5),)),
        Told(to="hook", channel="hook", alarms=0, all_clears=1, delays=()),
    ),
)


def test_it_says_whether_all_came_and_who_was_told_how_fast() -> None:
    assert summary(ALL_CAME, DIRECTORY).splitlines() == [
        "31 of 31 expected pages came, none missing, none unexpected",
        "7 of 7 incidents ended as they should",
        "who was told         channel  alarms  all-clears  from failure to page",
        "王芳                 sms      3       2           4.5 to 6.1 s",
        "Helen Zhou           mail     1       1           5.5 s",
        "a machine (webhook)  hook     0       1           -",
    ]


def test_what_is_missing_and_what_nobody_expected_is_counted() -> None:
    sentence = summary(replace(ALL_CAME, missing=1, unexpected=2), DIRECTORY).splitlines()[0]
    assert sentence == "30 of 31 expected pages came, 1 missing, 2 unexpected"


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    assert max(map(cell_len, summary(ALL_CAME, DIRECTORY).splitlines())) <= 80


def test_where_nobody_was_told_there_is_no_table() -> None:
    words = summary(replace(ALL_CAME, missing=31, told=()), DIRECTORY)
    assert words == "0 of 31 expected pages came, 31 missing, none unexpected\n7 of 7 incidents ended as they should"
