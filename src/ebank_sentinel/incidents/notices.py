"""Who is told what: a step of an incident, its all-clear, a test, an announcement enter; pages leave."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ebank_sentinel.incidents.addressing import (
    Addressed,
    Asking,
    addressed,
    of_group,
    page_for,
    personal_channels,
)
from ebank_sentinel.incidents.draft import Answer, Draft
from ebank_sentinel.incidents.facts import notice, speaker
from ebank_sentinel.incidents.outbox import hold, put
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Announcement, TestPage
from ebank_sentinel.model.notice import Again, Notice, NoticeKind
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.reason import ALL_CLEAR, Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom

_AGAIN = {Reason.REOPENED: Again.BACK, Reason.RETURNED: Again.REMAINS, Reason.NARROWED: Again.REMAINS}

MOST_PLACES = 200
"""Targets of a wide incident by whose labels groups are looked up (`vendor-{vendor}`)."""


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
    spared: str = ""  # a person who has it already
    at: datetime


def tell_people(draft: Draft, world: World, call: Call, now: datetime) -> None:
    """Page everybody whom a step leads to: one page a person and channel, whatever groups they are in."""
    incident = call.incident
    policy = world.roster.severity(incident.severity)
    extra = tuple(group for group in policy.groups if group not in call.groups) if call.severity_groups else ()
    wanted = [(group, call.reason) for group in (*call.groups, *extra)]
    wanted += [(group, Reason.TELL if call.reason is Reason.FIRST else call.reason) for group in call.tell]
    found: dict[tuple[str, str], Addressed] = {}
    group_of: dict[tuple[str, str], str] = {}
    asked = [(group, reason, labels) for group, reason in wanted for labels in _places(draft, incident)]
    for group, reason, labels in asked:
        asking = Asking(cause=incident.id, group=group, labels=labels, via=policy.via, reason=reason, at=call.at)
        for one in of_group(draft, world, asking):
            key = (one.recipient, one.channel)
            if key not in found:
                found[key], group_of[key] = one, group
            elif group_of[key] != group:
                draft.log(call.at, incident.id, Reason.DUPLICATE, f"{one.recipient} by {one.channel}: {group}")
    for key in [key for key in found if key[0] == call.spared]:
        draft.log(call.at, incident.id, Reason.ACKNOWLEDGED, f"{call.spared} by {key[1]}: has it already")
        del found[key]
    if not found:
        draft.log(call.at, incident.id, Reason.NOBODY, "the whole step leads to nobody")
    held_until = None
    if policy.during is not None and not world.covers(policy.during, call.at):
        held_until = world.next_start(policy.during, call.at)
    names = dict.fromkeys(one.name for one in found.values() if one.address)  # people: a machine has no address
    for one in found.values():
        others = tuple(name for name in names if name != one.name)
        facts = notice(
            draft,
            world,
            incident,
            call.rule,
            call.symptom,
            kind=call.kind,
            language=one.language,
            at=call.at,
            why=one.why,
            recipient=one.recipient if one.address else "",
            others=others,
        )
        facts = replace(facts, again=_AGAIN.get(call.reason))
        page = page_for(world, incident.id, call.step, one, facts, call.at, now)
        if held_until is None:
            put(draft, page)
        else:
            hold(draft, page, held_until)


def tell_joined(
    draft: Draft, world: World, incident: Incident, taken: Collection[Incident], at: datetime, now: datetime
) -> None:
    """Tell whoever was alarmed by what is part of this now, once; those whom this pages anyway know it already.

    What has not gone out yet never does.
    """
    codes: dict[tuple[str, str], list[str]] = {}
    pages: dict[tuple[str, str], Page] = {}
    # What told of a part in this very decision has not gone out: whom that part's parts had alarmed is told now.
    every = {one.id: one for whole in taken for one in (whole, *draft.just_taken(whole.id))}
    for one in sorted(every.values(), key=lambda one: (one.since, one.id)):
        for page in draft.pages_of(one.id):
            if page.state is PageState.HELD or (page.state is PageState.READY and page.id not in draft.ledger.pages):
                draft.put_page(replace(page, state=PageState.DROPPED))
                detail = f"{page.recipient} by {page.channel}: part of {incident.code} before it went out"
                draft.log(at, one.id, Reason.PART_OF, detail)
            elif page.state.reached and page.reason not in ALL_CLEAR and page.created_at >= one.opened_at:
                key = (page.recipient, page.channel)
                pages.setdefault(key, page)
                if one.code not in codes.setdefault(key, []):
                    codes[key].append(one.code)
    known = {
        page.recipient
        for page in draft.pages_of(incident.id)
        if page.state.reached and page.created_at >= incident.opened_at
    }
    for (recipient, channel), page in pages.items():
        if recipient in known or channel not in world.channels:
            continue
        addressee = replace(_as_before(world, page, Reason.PART_OF), rest=page.next_channels)
        facts = notice(
            draft,
            world,
            incident,
            world.rules.get(incident.rule),
            speaker(draft, incident),
            kind=NoticeKind.PART_OF,
            language=addressee.language,
            at=at,
            why="",
            parts=tuple(codes[recipient, channel]),
        )
        step = f"part_of-{incident.turn}" if incident.turn else "part_of"
        put(draft, page_for(world, incident.id, step, addressee, facts, at, now))


def _places(draft: Draft, incident: Incident) -> list[Mapping[str, str]]:
    """By which labels groups are looked up: of a wide incident, also those of its targets, as far as they go."""
    found: list[Mapping[str, str]] = [incident.labels]
    if incident.over:
        failing = draft.census.scope(incident.place).failing[-MOST_PLACES:]
        found += [symptom.labels for _, one in failing if (symptom := draft.symptom(one)) is not None]
    return found


def _as_before(world: World, page: Page, reason: Reason) -> Addressed:
    """To whom a page went, on the same channel."""
    person = world.roster.person(page.recipient)
    return Addressed(
        recipient=page.recipient,
        name=person.name if person is not None else page.recipient,
        language=person.language if person is not None else world.bank.language,
        channel=page.channel,
        address=page.address,
        rest=(),
        reason=reason,
        why="",
    )


def all_clear(
    draft: Draft, world: World, incident: Incident, reason: Reason, step: str, now: datetime, *, remaining: int = 0
) -> None:
    """Tell whoever was alarmed, on the same channels; what has not gone out yet never does."""
    at = incident.ended_at or now
    told: dict[tuple[str, str], Page] = {}
    for page in draft.pages_of(incident.id):
        if page.created_at < incident.opened_at:
            continue  # of an earlier turn, which had an all-clear of its own
        if page.state is PageState.HELD:
            draft.put_page(replace(page, state=PageState.DROPPED))
            draft.log(at, incident.id, Reason.ENDED, f"{page.recipient} by {page.channel}: over before it went out")
        elif page.state.reached:
            told.setdefault((page.recipient, page.channel), page)
    for page in told.values():
        one = _as_before(world, page, reason)
        facts = notice(
            draft,
            world,
            incident,
            world.rules.get(incident.rule),
            speaker(draft, incident),
            kind=_ENDS.get(reason, NoticeKind.RESOLVED),
            language=one.language,
            at=at,
            why="",
            remaining=remaining,
        )
        put(draft, page_for(world, incident.id, step, one, facts, at, now))


_ENDS = {Reason.RETIRED: NoticeKind.RETIRED, Reason.CLOSED: NoticeKind.CLOSED}


def on_test_page(draft: Draft, world: World, item: TestPage, now: datetime) -> None:
    """A page to one person on every channel, so that all can see that it arrives."""
    person = world.roster.person(item.person)
    if person is None:
        detail = f"there is no person {item.person!r} in the contacts"
        draft.answers[item.request] = Answer(status=422, title="Unknown person", detail=detail)
        return
    facts = Notice(
        bank=world.bank.name, kind=NoticeKind.TEST, severity=Severity.IV, at=item.at, since=item.at, why=person.name
    )
    cause = f"test-{item.request}"
    channels = personal_channels(world, person)
    for channel in channels:
        one = addressed(world, person, channel, (), Reason.TEST, "")
        put(draft, page_for(world, cause, "test", one, facts, item.at, now))
    if channels:
        answer = Answer(status=202, title="Accepted", detail=f"sent by {', '.join(channels)}", subject=cause)
    else:
        detail = f"{person.id} has no address for any channel that is configured"
        answer = Answer(status=422, title="No address", detail=detail)
    draft.answers[item.request] = answer


def on_announcement(draft: Draft, world: World, item: Announcement, now: datetime) -> None:
    """Something about this program itself, to the first step of a group, as level III goes."""
    facts = Notice(
        bank=world.bank.name,
        kind=NoticeKind.CONFIG,
        severity=Severity.III,
        impact=item.detail,
        at=item.at,
        since=item.at,
    )
    cause = f"config-{item.request}"
    asking = Asking(
        cause=None,
        group=item.group,
        labels={},
        via=world.roster.severity(Severity.III).via,
        reason=Reason.CONFIG,
        at=item.at,
    )
    for one in of_group(draft, world, asking):
        put(draft, page_for(world, cause, "config", one, facts, item.at, now))
    draft.answers[item.request] = Answer(status=202, title="Accepted", detail=f"told {item.group}", subject=cause)
