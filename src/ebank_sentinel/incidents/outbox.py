"""Who is told what, on which channel, and why not: a call enters, pages in the draft leave.

Every page is inserted already leased to this node. What becomes of it afterwards (accepted, failed
for good, failed for now) comes back as an item, and is decided here as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.facts import notice
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.backoff import backoff
from ebank_sentinel.model.contact import Person, Via
from ebank_sentinel.model.incident import Incident, IncidentState
from ebank_sentinel.model.item import Delivered, Request
from ebank_sentinel.model.ledger import Timer, TimerId, TimerKind
from ebank_sentinel.model.notice import DigestEntry, Notice, NoticeKind
from ebank_sentinel.model.page import Outcome, Page, PageState, page_id
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule, in_language
from ebank_sentinel.model.symptom import Symptom

SILENT_AFTER = timedelta(minutes=2)
"""`first_of` goes on to its next channel when the one before has not accepted the page by then."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A page that fails for now is tried for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One step of one incident: these groups must answer, those are told."""

    incident: Incident
    rule: Rule
    symptom: Symptom
    kind: NoticeKind
    step: str
    reason: Reason
    groups: tuple[str, ...]
    tell: tuple[str, ...]
    severity_groups: bool = True  # the groups that severities.yaml adds are called as well
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addressed:
    """One page of a step, before it has words."""

    recipient: str
    name: str
    language: str
    channel: str
    address: str
    rest: tuple[str, ...]  # of `first_of`
    reason: Reason
    why: str


def tell_people(draft: Draft, world: World, call: Call, now: datetime) -> None:
    """Page everybody whom a step leads to: one page a person and channel, whatever groups they are in."""
    policy = world.roster.severity(call.incident.severity)
    extra = tuple(group for group in policy.groups if group not in call.groups) if call.severity_groups else ()
    wanted = [(group, call.reason) for group in (*call.groups, *extra)]
    wanted += [(group, Reason.TELL if call.reason is Reason.FIRST else call.reason) for group in call.tell]
    addressed: dict[tuple[str, str], _Addressed] = {}
    for group, reason in wanted:
        for one in _of_group(draft, world, call, group, reason, policy.via):
            key = (one.recipient, one.channel)
            if key in addressed:
                draft.log(call.at, call.incident.id, Reason.DUPLICATE, f"{one.recipient} by {one.channel}: {group}")
            else:
                addressed[key] = one
    if not addressed:
        draft.log(call.at, call.incident.id, Reason.NOBODY, "the whole step leads to nobody")
    held_until = None
    if policy.during is not None and not world.covers(policy.during, call.at):
        held_until = world.next_start(policy.during, call.at)
    names = dict.fromkeys(one.name for one in addressed.values())
    for one in addressed.values():
        others = tuple(name for name in names if name != one.name)
        facts = notice(
            world,
            call.incident,
            call.rule,
            call.symptom,
            kind=call.kind,
            language=one.language,
            at=call.at,
            why=one.why,
            others=others,
        )
        page = _page(world, call.incident.id, call.step, one, facts, call.at, now)
        if held_until is None:
            _put(draft, page)
        else:
            _hold(draft, page, held_until)


def all_clear(draft: Draft, world: World, incident: Incident, symptom: Symptom, reason: Reason, now: datetime) -> None:
    """Tell whoever was alarmed, on the same channels; what has not gone out yet never does."""
    at = incident.ended_at or now
    kind = NoticeKind.RESOLVED if reason is Reason.RESOLVED else NoticeKind.RETIRED
    told: dict[tuple[str, str], Page] = {}
    for page in draft.pages_of(incident.id):
        if page.state is PageState.HELD:
            draft.put_page(replace(page, state=PageState.DROPPED))
            draft.log(at, incident.id, Reason.ENDED, f"{page.recipient} by {page.channel}: over before it went out")
        elif page.state.reached:
            told.setdefault((page.recipient, page.channel), page)
    for page in told.values():
        person = world.roster.person(page.recipient)
        one = _Addressed(
            recipient=page.recipient,
            name=person.name if person is not None else page.recipient,
            language=person.language if person is not None else world.bank.language,
            channel=page.channel,
            address=page.address,
            rest=(),
            reason=reason,
            why="",
        )
        facts = notice(
            world,
            incident,
            world.rules.get(incident.rule),
            symptom,
            kind=kind,
            language=one.language,
            at=at,
            why="you got the alarm",
        )
        _put(draft, _page(world, incident.id, reason.value, one, facts, at, now))


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
        _put(draft, replace(held[0], state=PageState.READY, due=timer.due, lease_until=now + world.lease))
    elif held:
        _send_list(draft, world, held, timer.due, now)


def on_request(draft: Draft, world: World, item: Request, now: datetime) -> None:
    """Pages that somebody asked for outright."""
    for page in item.pages:
        _put(draft, replace(page, lease_owner=world.node, lease_until=now + world.lease))
    ids = ", ".join(page.id for page in item.pages)
    draft.answers[item.request] = Answer(status=202, title="Accepted", detail=f"{len(item.pages)} pages", subject=ids)


def _of_group(
    draft: Draft, world: World, call: Call, group: str, reason: Reason, via: tuple[Via, ...]
) -> Iterable[_Addressed]:
    """The pages that the first step of a group's chain asks for."""
    step = world.roster.first_step(group, call.incident.labels, call.at)
    if step is None:
        draft.log(call.at, call.incident.id, Reason.NOBODY, f"{group} leads to nobody")
        return
    vias = step.via or via
    for person in step.people:
        reached = False
        for entry in vias:
            usable = [name for name in entry.channels if _address(world, person, name) is not None]
            if usable:
                reached = reached or world.channels[usable[0]].address_kind is not None
                yield _addressed(world, person, usable[0], tuple(usable[1:]), reason, step.why)
            else:
                draft.log(call.at, call.incident.id, Reason.NO_ADDRESS, f"{person.id} by {'/'.join(entry.channels)}")
        if not reached:  # better by another channel than not at all
            personal = [name for name, facts in world.channels.items() if facts.address_kind is not None]
            usable = [name for name in personal if _address(world, person, name) is not None]
            if usable:
                yield _addressed(world, person, usable[0], (), reason, step.why)


def _address(world: World, person: Person, channel: str) -> str | None:
    """The person's address for a channel; "" where the channel has its own; None where there is none."""
    facts = world.channels.get(channel)
    if facts is None:
        return None
    return "" if facts.address_kind is None else person.addresses.get(facts.address_kind)


def _addressed(
    world: World, person: Person, channel: str, rest: tuple[str, ...], reason: Reason, why: str
) -> _Addressed:
    own = world.channels[channel].address_kind is None
    return _Addressed(
        recipient=channel if own else person.id,
        name=channel if own else person.name,
        language=world.bank.language if own else person.language,
        channel=channel,
        address=_address(world, person, channel) or "",
        rest=rest,
        reason=reason,
        why=why,
    )


def _page(world: World, cause: str, step: str, one: _Addressed, facts: Notice, at: datetime, now: datetime) -> Page:
    return Page(
        id=page_id(cause, step, one.recipient, one.channel),
        cause=cause,
        step=step,
        recipient=one.recipient,
        channel=one.channel,
        address=one.address,
        reason=one.reason,
        severity=facts.severity,
        message=world.render(facts, one.language, world.channels[one.channel].replies),
        created_at=at,
        due=at,
        lease_owner=world.node,
        lease_until=now + world.lease,
        next_channels=one.rest,
    )


def _put(draft: Draft, page: Page) -> None:
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


def _hold(draft: Draft, page: Page, until: datetime) -> None:
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
    address = _address(world, person, channel) if person is not None else None
    if address is None:
        draft.log(at, page.cause, Reason.NO_ADDRESS, f"{page.recipient} by {channel}")
        _next_channel(draft, world, replace(page, next_channels=tuple(rest)), at, now)
        return
    _put(
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
    one = _Addressed(
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
    _put(draft, _page(world, f"digest-{at:%Y%m%dT%H%M%SZ}", "digest", one, facts, at, now))
