"""Where a page for somebody goes: a group's step or a person enters, pages without words yet leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.incidents.world import World
from ebank_sentinel.model.contact import Person, Via
from ebank_sentinel.model.notice import Notice
from ebank_sentinel.model.page import Page, page_id
from ebank_sentinel.model.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """One page of a step, before it has words."""

    recipient: str
    name: str
    language: str
    channel: str
    address: str
    rest: tuple[str, ...]  # of `first_of`
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Whom a step asks for, and when."""

    cause: str | None  # the incident, for the history
    group: str
    labels: Mapping[str, str]
    via: tuple[Via, ...]  # where the step does not say its own
    reason: Reason
    at: datetime


def of_group(draft: Draft, world: World, asking: Asking) -> Iterable[Addressed]:
    """The pages that the first step of a group's chain asks for."""
    step = world.roster.first_step(asking.group, asking.labels, asking.at)
    if step is None:
        draft.log(asking.at, asking.cause, Reason.NOBODY, f"{asking.group} leads to nobody")
        return
    for person in step.people:
        reached = False
        for entry in step.via or asking.via:
            usable = [name for name in entry.channels if address_of(world, person, name) is not None]
            if usable:
                reached = reached or world.channels[usable[0]].address_kind is not None
                yield addressed(world, person, usable[0], tuple(usable[1:]), asking.reason, step.why)
            else:
                channels = "/".join(entry.channels)
                draft.log(asking.at, asking.cause, Reason.NO_ADDRESS, f"{person.id} by {channels}")
        if not reached:  # better by another channel than not at all
            others = personal_channels(world, person)
            for channel in others[:1]:
                yield addressed(world, person, channel, (), asking.reason, step.why)
            if not others:
                detail = f"{person.id}: no channel that is configured has an address of theirs"
                draft.log(asking.at, asking.cause, Reason.NO_ADDRESS, detail)


def personal_channels(world: World, person: Person) -> list[str]:
    """Every channel on which this person has an address."""
    return [
        name
        for name, facts in world.channels.items()
        if facts.address_kind is not None and facts.address_kind in person.addresses
    ]


def address_of(world: World, person: Person, channel: str) -> str | None:
    """The person's address for a channel; "" where the channel has its own; None where there is none."""
    facts = world.channels.get(channel)
    if facts is None:
        return None
    return "" if facts.address_kind is None else person.addresses.get(facts.address_kind)


def addressed(world: World, person: Person, channel: str, rest: tuple[str, ...], reason: Reason, why: str) -> Addressed:
    """A page to a person on a channel; to the channel itself where it has its own address."""
    own = world.channels[channel].address_kind is None
    return Addressed(
        recipient=channel if own else person.id,
        name=channel if own else person.name,
        language=world.bank.language if own else person.language,
        channel=channel,
        address=address_of(world, person, channel) or "",
        rest=rest,
        reason=reason,
        why=why,
    )


def page_for(world: World, cause: str, step: str, one: Addressed, facts: Notice, at: datetime, now: datetime) -> Page:
    """The page with its words, leased to this node."""
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
