"""A group, the labels of an incident and a moment enter; the first step of the group's chain leaves.

A step leads to somebody whenever the group has anybody: who is away is passed over, a gap falls to the
leader, the deputies, the members, then to `else`; and if all are away, they are paged all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ebank_sentinel.contacts.book import Book, filled, via
from ebank_sentinel.contacts.rota import Shift
from ebank_sentinel.contacts.why import Why
from ebank_sentinel.model.contact import Step, Via
from ebank_sentinel.model.rule import in_language


class _Paged(NamedTuple):
    person: str
    why: str


class _Found(NamedTuple):
    people: list[_Paged]
    via: tuple[Via, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """The question for one incident at one moment."""

    book: Book
    labels: Mapping[str, str]
    at: datetime

    def of(self, group: str) -> Step | None:
        """The first step; None when the group, and whatever it leads to, has nobody at all."""
        meant = self.meant(group)
        if meant is None:
            return None
        found = self._group(meant, frozenset())
        people = dict.fromkeys(paged.person for paged in found.people)
        if not people:
            return None
        why = self._why.together([paged.why for paged in found.people])
        return Step(group=meant, people=tuple(self.book.people[one] for one in people), via=found.via, why=why)

    def meant(self, group: str) -> str | None:
        """The group that `use` and `else` lead to."""
        seen = set()
        name: str | None = group
        while name is not None and name in self.book.groups and name not in seen:
            seen.add(name)
            settings = self.book.groups[name]
            if settings.use is None:
                return name
            used = filled(settings.use, self.labels)
            name = used if used in self.book.groups else settings.else_
        return None

    @property
    def _why(self) -> Why:
        return Why(self.book.language, self.book.zone)

    def _title(self, group: str) -> str:
        return in_language(self.book.groups[group].title, self.book.language) or group

    def _group(self, group: str, outer: frozenset[str]) -> _Found:
        """Who answers for a group, with its `else` and those who are away as the last resorts."""
        if group in outer:
            return _Found([], None)
        inside = outer | {group}
        step = self.book.escalation(group).steps[0]
        own = None if step.via is None else via(step.via)
        people: list[_Paged] = []
        gaps: list[str] = []
        for word in step.pages:
            found = self._word(word, group, inside, gaps)
            people += found.people
            own = own or found.via
        if not people:
            people = self._fallback(group, gaps)
        if not people:
            return self._last_resort(group, inside)
        return _Found(people, own)

    def _word(self, word: str, group: str, inside: frozenset[str], gaps: list[str]) -> _Found:
        means: dict[str, Callable[[str], list[_Paged]]] = {
            "on_call": lambda name: self._on_call(name, gaps),
            "next": self._next,
            "leader": self._leader,
            "deputies": self._deputies,
            "members": self._members,
            "superior": self._superiors,
        }
        if word in means:
            return _Found(means[word](group), None)
        if word in self.book.groups:
            meant = self.meant(word)
            return _Found([], None) if meant is None else self._group(meant, inside)
        return _Found(self._there([word], "named", group), None)

    def _fallback(self, group: str, gaps: list[str]) -> list[_Paged]:
        """The leader, else the deputies, the members, the people of the rota; why names the gap."""
        gap = self._why.together(gaps) or self._why.say("nobody", group=self._title(group))
        roles = (self._leader, self._deputies, self._members)
        for people in (*(role(group) for role in roles), self._there(self._in_rota(group), "members", group)):
            if people:
                return [_Paged(one.person, self._why.together([gap, one.why])) for one in people]
        return []

    def _last_resort(self, group: str, inside: frozenset[str]) -> _Found:
        other = self.book.groups[group].else_
        if other is not None and (meant := self.meant(other)) is not None:
            found = self._group(meant, inside)
            gap = self._why.say("else", group=self._title(group))
            people = [_Paged(one.person, self._why.together([gap, one.why])) for one in found.people]
            if people:
                return _Found(people, found.via)
        why = self._why.say("all_away", group=self._title(group))
        return _Found([_Paged(person, why) for person in self.everybody(group)], None)

    def everybody(self, group: str) -> list[str]:
        """All people of a group, away or not: its leader, deputies, members and those of its rota."""
        settings = self.book.groups[group]
        members = (filled(member, self.labels) for member in settings.members)
        everybody = dict.fromkeys((settings.leader, *settings.deputies, *members, *self._in_rota(group)))
        return [person for person in everybody if person is not None and person in self.book.people]

    def _in_rota(self, group: str) -> tuple[str, ...]:
        rota = self.book.groups[group].rota
        return () if rota is None else self.book.rotas[rota].people

    # --- the words of a step: each leads to people who are there ---

    def _on_call(self, group: str, gaps: list[str]) -> list[_Paged]:
        settings = self.book.groups[group]
        if settings.rota is None:
            return self._there(self._filled_members(group), "all", group)
        shifts = self.book.rotas[settings.rota].shifts(self.at)
        if not shifts:
            gaps.append(self._why.say("gap", group=self._title(group), rota=settings.rota))
            return []
        return self._turn(group, shifts[0], shifts[0].order, "on_call")

    def _next(self, group: str) -> list[_Paged]:
        rota = self.book.groups[group].rota
        shifts = [] if rota is None else self.book.rotas[rota].shifts(self.at)
        if not shifts:
            return []
        on_call = {paged.person for paged in self._turn(group, shifts[0], shifts[0].order, "on_call")}
        for shift in (*shifts[1:], shifts[0]):
            rest = [person for person in shift.order if person not in on_call]
            people = self._turn(group, shift, rest, "next")
            if people:
                return people
        return []

    def _turn(self, group: str, shift: Shift, order: Iterable[str], key: str) -> list[_Paged]:
        """The first of the order who is there."""
        away: list[str] = []
        for person in order:
            if not self.book.is_away(person, self.at):
                words = {
                    "group": self._title(group),
                    "rota": self.book.groups[group].rota or "",
                    "until": self._why.moment(shift.until, self.at),
                    "other": ", ".join(self.book.people[one].name for one in away),
                }
                return [_Paged(person, self._why.say("stand_in" if away and key == "on_call" else key, **words))]
            away.append(person)
        return []

    def _leader(self, group: str) -> list[_Paged]:
        leader = self.book.groups[group].leader
        return [] if leader is None else self._there([leader], "leader", group)

    def _deputies(self, group: str) -> list[_Paged]:
        return self._there(self.book.groups[group].deputies, "deputies", group)

    def _members(self, group: str) -> list[_Paged]:
        return self._there(self._filled_members(group), "members", group)

    def _superiors(self, group: str) -> list[_Paged]:
        people = []
        for one in self._on_call(group, []):
            superior = self.book.people[one.person].superior
            if superior is not None and not self.book.is_away(superior, self.at):
                people.append(_Paged(superior, self._why.say("superior", other=self.book.people[one.person].name)))
        return people

    def _filled_members(self, group: str) -> list[str]:
        members = (filled(member, self.labels) for member in self.book.groups[group].members)
        return [member for member in members if member is not None and member in self.book.people]

    def _there(self, people: Iterable[str], key: str, group: str) -> list[_Paged]:
        why = self._why.say(key, group=self._title(group))
        return [_Paged(one, why) for one in dict.fromkeys(people) if not self.book.is_away(one, self.at)]
