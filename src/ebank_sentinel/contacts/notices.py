"""A book and a moment enter; sentences leave about what is allowed in it, and may surprise at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from ebank_sentinel.contacts.book import DEFAULT_ESCALATION, Book
from ebank_sentinel.contacts.book import via as channels_of
from ebank_sentinel.model.localtime import wall_time

_AHEAD = timedelta(days=30)
_MOST_GAPS = 3  # of one rota: a night layer that is missing gives thirty


def notices_of(book: Book, at: datetime) -> Iterator[str]:
    """All notices, gaps first."""
    yield from _gaps(book, at)
    yield from _out_of_reach(book)
    yield from _steps_to_come(book)
    yield from _unused(book)


def _gaps(book: Book, at: datetime) -> Iterator[str]:
    for name, rota in book.rotas.items():
        gaps = list(islice(rota.gaps(at, at + _AHEAD), _MOST_GAPS + 1))
        for start, end in gaps[:_MOST_GAPS]:
            begin = "now" if start == at else f"{wall_time(start, book.zone):%Y-%m-%d %H:%M}"
            until = "for 30 days and more" if end == at + _AHEAD else f"to {wall_time(end, book.zone):%Y-%m-%d %H:%M}"
            yield f"rota {name}: nobody is on call from {begin} {until}"
        if len(gaps) > _MOST_GAPS:
            yield f"rota {name}: more such gaps follow within 30 days"


def _out_of_reach(book: Book) -> Iterator[str]:
    """People whom a severity pages on channels for which they have no address."""
    for severity, policy in sorted(book.severities.items(), reverse=True):
        kinds = {book.channels.get(channel) for via in policy.via for channel in via.channels}
        if None in kinds:  # a channel with an address of its own reaches everybody
            continue
        for person in book.people.values():
            if not kinds & set(person.addresses):
                wanted = " or ".join(sorted(str(kind) for kind in kinds))
                yield f"{person.id} has no address for {wanted}, by which severity {severity.name} pages"


def _steps_to_come(book: Book) -> Iterator[str]:
    for name, escalation in book.escalations.items():
        last = len(escalation.steps)
        if last > 1:
            steps = "step 2 is" if last == 2 else f"steps 2 to {last} are"
            yield f"escalation {name}: {steps} not carried out in this version"


def _unused(book: Book) -> Iterator[str]:
    used = {group.rota for group in book.groups.values()}
    for name in book.rotas:
        if name not in used:
            yield f"rota {name}: no group uses it"
    followed = {group.escalation or DEFAULT_ESCALATION for group in book.groups.values() if group.use is None}
    for name in book.escalations:
        if name not in followed:
            yield f"escalation {name}: no group follows it"
    vias = [via for policy in book.severities.values() for via in policy.via]
    for escalation in book.escalations.values():
        vias += (one for step in escalation.steps for one in channels_of(step.via or []))
    used_channels = {channel for via in vias for channel in via.channels}
    for name in book.channels:
        if name not in used_channels:
            yield f"channel {name}: no severity and no step sends on it"
