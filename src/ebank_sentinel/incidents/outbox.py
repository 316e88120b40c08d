"""The pages of a draft, from their insertion to their end.

Every page is inserted already leased to this node. What becomes of it afterwards (accepted, failed
for good, failed for now) comes back as an item, and is decided here as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents.addressing import Addressed, address_of, page_for, personal_channels
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.facts import entry
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.backoff import backoff
from ebank_sentinel.model.item import Delivered
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.notice import Notice, NoticeKind
from ebank_sentinel.model.page import Outcome, Page, PageState, page_id
from ebank_sentinel.model.reason import ALL_CLEAR, Reason

SILENT_AFTER = timedelta(minutes=2)
"""`first_of` goes on to its next channel when the one before has not accepted the page by then."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A page that fails for now is tried for so long."""

OWN_STEPS = frozenset({"test", "config", "digest"})
"""Steps of pages that concern no single incident."""


def on_delivered(draft: Draft, world: World, item: Delivered, now: datetime) -> None:
    """An attempt came to an end: accepted, failed for good (on to the next channel), or failed for now."""
    delivery = item.delivery
    draft.deliveries.append(delivery)
    page = draft.page(delivery.page)
    if page is None or page.state is not PageState.READY:
        return
    page = replace(page, attempts=page.attempts + 1)
    gave_up = item.at - page.created_at > GIVE_UP_AFTER
    if delivery.outcome is Outcome.ACCEPTED:
        _finish(draft, page, PageState.ACCEPTED)
    elif delivery.outcome is Outcome.FAILED or gave_up:
        _finish(draft, page, PageState.FAILED)
        _next_channel(draft, world, page, item.at, now)
        _spare_all_clear(draft, page, item.at)
    else:
        wait = max(backoff(page.id, page.attempts), timedelta(seconds=delivery.retry_after or 0))
        draft.put_page(replace(page, due=item.at + wait, lease_until=item.at + wait + world.lease))


def on_silent_channel(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """Two minutes without acceptance: the next channel of `first_of` is tried beside it."""
    page = draft.page(timer.id.subject[0])
    if page is not None and page.state is PageState.READY:
        _next_channel(draft, world, page, timer.due, now)


def leave_lost_channels(draft: Draft, world: World, at: datetime, now: datetime) -> None:
    """A reload took channels away: what waits there goes on to another one that reaches the same person."""
    lost = [page for page in draft.all_pages() if not page.state.final and page.channel not in world.channels]
    for page in sorted(lost, key=lambda page: (page.created_at, page.id)):
        person = world.roster.person(page.recipient)
        others = [] if person is None else personal_channels(world, person)
        # The same address goes first: most likely the channel was only given another name.
        others.sort(key=lambda name: person is None or address_of(world, person, name) != page.address)
        following = tuple(name for name in dict.fromkeys((*page.next_channels, *others)) if name in world.channels)
        if not following:
            draft.log(at, subject(page), Reason.NO_ADDRESS, f"{page.recipient}: the channel {page.channel} is gone")
        elif page.state is PageState.HELD and person is not None:
            _finish(draft, page, PageState.FAILED)
            new_id = page_id(page.cause, page.step, page.recipient, following[0])
            address = address_of(world, person, following[0]) or ""
            hold(draft, replace(page, id=new_id, channel=following[0], address=address), page.due)
        else:
            _finish(draft, page, PageState.FAILED)
            _next_channel(draft, world, replace(page, next_channels=following), at, now)


def on_digest(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """`during` begins: what was held until now for one recipient on one channel goes out, as one list."""
    recipient, channel = timer.id.subject
    waiting = [
        page
        for page in draft.all_pages()
        if page.state is PageState.HELD and (page.recipient, page.channel) == (recipient, channel)
    ]
    later = [page.due for page in waiting if page.due > timer.due]  # another severity waits for another time
    if later:
        draft.set_timer(replace(timer, due=min(later)))
    held = sorted((page for page in waiting if page.due <= timer.due), key=lambda page: (page.created_at, page.id))
    if len(held) == 1:
        _release(draft, world, held[0], timer.due, now)
    elif held:
        _send_list(draft, world, held, timer.due, now)


def put(draft: Draft, page: Page) -> None:
    """Into the outbox, once: what is there already stays as it is."""
    if not _is_new(draft, page):
        return
    draft.put_page(page)
    draft.log(page.created_at, subject(page), page.reason, f"{page.recipient} by {page.channel}: {page.step}")
    _watch_silence(draft, page)


def hold(draft: Draft, page: Page, until: datetime) -> None:
    """It waits for its time, and goes out with all others that wait for it."""
    if not _is_new(draft, page):
        return
    draft.put_page(replace(page, state=PageState.HELD, due=until))
    detail = f"{page.recipient} by {page.channel}: until {until:%m-%d %H:%M}Z"
    draft.log(page.created_at, subject(page), Reason.DURING, detail)
    timer_id = TimerId(TimerKind.DIGEST, (page.recipient, page.channel))
    known = draft.timer(timer_id)
    if known is None or until < known.due:
        draft.set_timer(Timer(id=timer_id, onset=page.created_at, due=until))


def subject(page: Page) -> str | None:
    """The incident that a page is about, for its history; None for what the program says of itself."""
    return None if page.step in OWN_STEPS else page.cause


def _is_new(draft: Draft, page: Page) -> bool:
    if draft.page(page.id) is None:
        return True
    detail = f"{page.recipient} by {page.channel}: {page.step}"
    draft.log(page.created_at, subject(page), Reason.DUPLICATE, detail)
    return False


def _release(draft: Draft, world: World, page: Page, at: datetime, now: datetime) -> None:
    """A held page goes out by itself, as if it had been made now: its 24 hours begin."""
    page = replace(page, state=PageState.READY, created_at=at, due=at, lease_until=now + world.lease)
    draft.put_page(page)
    draft.log(at, subject(page), page.reason, f"{page.recipient} by {page.channel}: {page.step}")
    _watch_silence(draft, page)


def _watch_silence(draft: Draft, page: Page) -> None:
    """With channels left in `first_of`, the page has two minutes to be accepted."""
    if page.next_channels:
        timer_id = TimerId(TimerKind.NEXT_CHANNEL, (page.id,))
        draft.set_timer(Timer(id=timer_id, onset=page.due, due=page.due + SILENT_AFTER))


def _finish(draft: Draft, page: Page, state: PageState) -> None:
    """It was accepted, or never will be: nobody waits for it any more."""
    draft.put_page(replace(page, state=state))
    draft.drop_timer(TimerId(TimerKind.NEXT_CHANNEL, (page.id,)))


def _spare_all_clear(draft: Draft, failed: Page, at: datetime) -> None:
    """Who was never reached by an alarm on a channel gets no all-clear there either."""
    there = [
        page
        for page in draft.pages_of(failed.cause)
        if (page.recipient, page.channel) == (failed.recipient, failed.channel)
    ]
    if any(page.state.reached for page in there if page.reason not in ALL_CLEAR):
        return
    for page in there:
        if page.state is PageState.READY:
            draft.put_page(replace(page, state=PageState.DROPPED))
            draft.log(at, subject(page), Reason.ENDED, f"{page.recipient} by {page.channel}: no alarm arrived there")


def _next_channel(draft: Draft, world: World, page: Page, at: datetime, now: datetime) -> None:
    """The next entry of `first_of`, with the same words, unless it is all over by now."""
    if not page.next_channels:
        return
    if _is_over(draft, page):
        detail = f"{page.recipient}: over before {page.next_channels[0]} was tried"
        draft.log(at, subject(page), Reason.ENDED, detail)
        return
    channel, *rest = page.next_channels
    person = world.roster.person(page.recipient)
    address = address_of(world, person, channel) if person is not None else None
    if address is None:
        draft.log(at, subject(page), Reason.NO_ADDRESS, f"{page.recipient} by {channel}")
        _next_channel(draft, world, replace(page, next_channels=tuple(rest)), at, now)
        return
    put(
        draft,
        replace(
            page,
            id=page_id(page.cause, page.step, page.recipient, channel),
            channel=channel,
            address=address,
            reason=Reason.NEXT_CHANNEL,
            state=PageState.READY,
            created_at=at,
            due=at,
            lease_owner=world.node,
            lease_until=now + world.lease,
            attempts=0,
            next_channels=tuple(rest),
        ),
    )


def _is_over(draft: Draft, page: Page) -> bool:
    """Whether an alarm is too late: its incident has ended since, or is part of one that tells its people."""
    if subject(page) is None:
        return False
    incident = draft.incident(page.cause)
    return incident is None or not incident.is_open or page.created_at < incident.opened_at


def _send_list(draft: Draft, world: World, held: list[Page], at: datetime, now: datetime) -> None:
    """Several held pages as one: a line for each incident that is still open."""
    first = held[0]
    person = world.roster.person(first.recipient)
    language = person.language if person is not None else world.bank.language
    incidents = {page.cause: incident for page in held if (incident := draft.incident(page.cause)) is not None}
    entries = tuple(entry(world, incident, language) for incident in incidents.values())
    facts = Notice(
        bank=world.bank.name,
        kind=NoticeKind.DIGEST,
        severity=max(page.severity for page in held),
        at=at,
        since=min(page.created_at for page in held),
        entries=entries,
    )
    one = Addressed(
        recipient=first.recipient,
        name=person.name if person is not None else first.recipient,
        language=language,
        channel=first.channel,
        address=first.address,
        rest=first.next_channels,
        reason=Reason.DIGEST,
        why="",
    )
    for page in held:
        draft.put_page(replace(page, state=PageState.MERGED))
    pages = "\x1f".join(page.id for page in held)  # two lists that fall due at one moment are two all the same
    cause = f"digest-{at:%Y%m%d}-{hashlib.sha256(pages.encode()).hexdigest()[:12]}"
    put(draft, page_for(world, cause, "digest", one, facts, at, now))
