"""What is to be told to somebody, before it is put into words: facts enter paging's wording, a Message leaves."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.model.severity import Severity


class NoticeKind(enum.StrEnum):
    """What a notice is about: it decides the frame of the text."""

    ALARM = "alarm"  # an incident opened
    WORSE = "worse"  # it became graver, or concerns more people
    RESOLVED = "resolved"  # the all-clear
    RETIRED = "retired"  # the all-clear of what is no longer watched
    CLOSED = "closed"  # the all-clear of what a person ended
    PART_OF = "part_of"  # what they were alarmed about turned out to be part of this
    TEST = "test"  # a person asked for it
    DIGEST = "digest"  # what waited, as one list
    CONFIG = "config"  # the configuration on disk does not hold


class Again(enum.StrEnum):
    """Why an alarm is no news: whoever had an all-clear must not take it for one more fault."""

    BACK = "back"  # it was over, and came back soon
    REMAINS = "remains"  # what it was part of is over, and it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry:
    """One line of a digest: an incident that waited for its time."""

    severity: Severity
    title: str
    place: str = ""
    since: datetime
    ended_at: datetime | None = None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Everything that a text may say, in the recipient's language. Texts are filled already; "" is "nothing to say"."""

    bank: str  # its name, as the signature of every text
    kind: NoticeKind
    again: Again | None = None  # of an alarm
    severity: Severity
    category: str = "other"
    rule: str = ""  # its id
    title: str = ""
    number: str = ""  # "成功率62%"
    normal: str = ""  # "98%": what the number is on a good day
    impact: str = ""  # "手机网银登不上"
    place: str = ""  # "" is the whole bank, unless it is not `placed`
    placed: bool = True  # False: nobody told us where it is
    at: datetime  # when this was decided: texts show a date where `since` is of another day
    since: datetime
    ended_at: datetime | None = None
    incident: str = ""  # its id: pages of one incident share a thread
    code: str = ""  # its digits
    ack: str = ""  # name of who took it
    groups: tuple[str, ...] = ()  # titles, the owner first
    recipient: str = ""  # the person's id, as `incident ack --as` takes it; "" for a machine
    why: str = ""  # why this recipient: "on call in technical"
    others: tuple[str, ...] = ()  # names of who else was told
    readings: tuple[tuple[str, str], ...] = ()  # the last ones, as (label, value)
    threshold: str = ""  # the condition as the rule writes it
    runbook: str = ""  # path of the page
    first_checks: tuple[str, ...] = ()  # what it says to look at first
    say: str = ""  # what customer service tells customers
    flags: frozenset[str] = frozenset()
    reported: bool = False  # people told us, no reading did
    reporter: str = ""  # "" when the report does not say
    lacks: tuple[str, ...] = ()  # what the report does not say, and somebody must ask for: "time", "place", ...
    parts: tuple[str, ...] = ()  # codes of what is part of this now, of PART_OF
    remaining: int = 0  # so many targets of a scope that is well again still fail, of an all-clear
    entries: tuple[DigestEntry, ...] = ()  # of a digest
