"""Who is told what: a step of an incident, its all-clear, a test, an announcement enter; pages leave."""

from __future__ import annotations

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
from ebank_sentinel.incidents.facts import notice
from ebank_sentinel.incidents.outbox import hold, put
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Announcement, TestPage
from ebank_sentinel.model.notice import Notice, NoticeKind
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom


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


def tell_people(draft: Draft, world: World, call: Call, now: datetime) -> None:
    """Page everybody whom a step leads to: one page a person and channel, whatever groups they are in."""
    incident = call.incident
    policy = world.roster.severity(incident.severity)
    extra = tuple(group for group in policy.groups if group not in call.groups) if call.severity_groups else ()
    wanted = [(group, call.reason) for group in (*call.groups, *extra)]
    wanted += [(group, Reason.TELL if call.reason is Reason.FIRST else call.reason) for group in call.tell]
    found: dict[tuple[str, str], Addressed] = {}
    for group, reason in wanted:
        asking = Asking(
            cause=incident.id, group=group, labels=incident.labels, via=policy.via, reason=reason, at=call.at
        )
        for one in of_group(draft, world, asking):
            key = (one.recipient, one.channel)
            if key in found:
                draft.log(call.at, incident.id, Reason.DUPLICATE, f"{one.recipient} by {one.channel}: {group}")
            else:
                found[key] = one
    if not found:
        draft.log(call.at, incident.id, Reason.NOBODY, "the whole step leads to nobody")
    held_until = None
    if policy.during is not None and not world.covers(policy.during, call.at):
        held_until = world.next_start(policy.during, call.at)
    names = dict.fromkeys(one.name for one in found.values() if one.address)  # people: a machine has no address
    for one in found.values():
        others = tuple(name for name in names if name != one.name)
        facts = notice(
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
        page = page_for(world, incident.id, call.step, one, facts, call.at, now)
        if held_until is None:
            put(draft, page)
        else:
            hold(draft, page, held_until)


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
        one = Addressed(
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
            why="",
        )
        put(draft, page_for(world, incident.id, reason.value, one, facts, at, now))


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
