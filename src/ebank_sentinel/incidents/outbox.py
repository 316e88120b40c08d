"""The pages of a draft, from their insertion to their end.

Every page is inserted already leased to this node. What becomes of it afterwards (accepted, failed
for good, failed for now) comes back as an item, and is decided here as well.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents.addressing import Addressed, address_of, page_for
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.backoff import backoff
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.item import Delivered
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.notice import DigestEntry, Notice, NoticeKind
from ebank_sentinel.model.page import Outcome, Page, PageState, page_id
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import in_language

SILENT_AFTER = timedelta(minutes=2)
"""`first_of` goes on to its next channel when the one before has not accepted the page by then."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A page that fails for now is tried for so long."""


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
        draft.put_page(replace(page, state=PageState.ACCEPTED))
    elif delivery.outcome is Outcome.FAILED or gave_up:
        draft.put_page(replace(page, state=PageState.FAILED))
        _next_channel(draft, world, page, item.at, now)
    else:
        wait = max(backoff(page.id, page.attempts), timedelta(seconds=delivery.retry_after or 0))
        draft.put_page(replace(page, due=item.at + wait, lease_until=item.at + wait + world.lease))


def on_silent_channel(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """Two minutes without acceptance: the next channel of `first_of` is tried beside it."""
    page = draft.page(timer.id.subject[0])
    if page is not None and page.state is PageState.READY:
        _next_channel(draft, world, page, timer.due, now)


def on_digest(draft: Draft, world: World, timer: Timer, now: datetime) -> None:
    """`during` begins: what was held for one recipient on one channel goes out, as one list."""
    recipient, channel = timer.id.subject
    held = sorted(
        (
            page
            for page in draft.all_pages()
            if page.state is PageState.HELD and (page.recipient, page.channel) == (recipient, channel)
        ),
        key=lambda page: (page.created_at, page.id),
    )
    if len(held) == 1:
        put(draft, replace(held[0], state=PageState.READY, due=timer.due, lease_until=now + world.lease))
    elif held:
        _send_list(draft, world, held, timer.due, now)


def put(draft: Draft, page: Page) -> None:
    """Into the outbox, once: what is there already stays as it is."""
    known = draft.page(page.id)
    if known is not None and known.state is not PageState.HELD:
        draft.log(page.created_at, page.cause, Reason.DUPLICATE, f"{page.recipient} by {page.channel}: {page.step}")
        return
    draft.put_page(page)
    draft.log(page.created_at, page.cause, page.reason, f"{page.recipient} by {page.channel}: {page.step}")
    if page.next_channels:
        timer_id = TimerId(TimerKind.NEXT_CHANNEL, (page.id,))
        draft.set_timer(Timer(id=timer_id, onset=page.due, due=page.due + SILENT_AFTER))


def hold(draft: Draft, page: Page, until: datetime) -> None:
    """It waits for its time, and goes out with all others that wait for it."""
    draft.put_page(replace(page, state=PageState.HELD, due=until))
    draft.log(
        page.created_at, page.cause, Reason.DURING, f"{page.recipient} by {page.channel}: until {until:%m-%d %H:%M}Z"
    )
    timer_id = TimerId(TimerKind.DIGEST, (page.recipient, page.channel))
    draft.set_timer(Timer(id=timer_id, onset=page.created_at, due=until))


def _next_channel(draft: Draft, world: World, page: Page, at: datetime, now: datetime) -> None:
    """The next entry of `first_of`, with the same words, unless it is all over by now."""
    incident = draft.incident(page.cause)
    if not page.next_channels:
        return
    if incident is not None and incident.state is IncidentState.ENDED:
        draft.log(at, page.cause, Reason.ENDED, f"{page.recipient}: over before {page.next_channels[0]} was tried")
        return
    channel, *rest = page.next_channels
    person = world.roster.person(page.recipient)
    address = address_of(world, person, channel) if person is not None else None
    if address is None:
        draft.log(at, page.cause, Reason.NO_ADDRESS, f"{page.recipient} by {channel}")
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


def _send_list(draft: Draft, world: World, held: list[Page], at: datetime, now: datetime) -> None:
    """Several held pages as one: a line for each incident that is still open."""
    first = held[0]
    person = world.roster.person(first.recipient)
    language = person.language if person is not None else world.bank.language
    incidents = {page.cause: incident for page in held if (incident := draft.incident(page.cause)) is not None}
    entries = tuple(
        DigestEntry(
            severity=incident.severity,
            title=in_language(incident.title, language),
            place="" if incident.symptom.key == incident.symptom.probe else incident.symptom.key,
            since=incident.since,
            ended_at=incident.ended_at,
            code=incident.code,
        )
        for incident in incidents.values()
    )
    facts = Notice(
        bank=world.bank.name,
        kind=NoticeKind.DIGEST,
        severity=max(page.severity for page in held),
        at=at,
        since=min(page.created_at for page in held),
        entries=entries,
        why=f"{len(entries)}",
    )
    one = Addressed(
        recipient=first.recipient,
        name=person.name if person is not None else first.recipient,
        language=language,
        channel=first.channel,
        address=first.address,
        rest=(),
        reason=Reason.DIGEST,
        why="",
    )
    for page in held:
        draft.put_page(replace(page, state=PageState.MERGED))
    put(draft, page_for(world, f"digest-{at:%Y%m%dT%H%M%SZ}", "digest", one, facts, at, now))
