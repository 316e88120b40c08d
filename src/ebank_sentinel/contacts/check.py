"""Entries enter; what does not fit together leaves: names that nobody gives, loops, overlapping overrides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ebank_sentinel.contacts.book import DEFAULT_ESCALATION, labels_in, may_name
from ebank_sentinel.contacts.entries import Entries, Entry, Tail
from ebank_sentinel.contacts.settings import (
    STEP_WORDS,
    EscalationSettings,
    FirstOf,
    GroupSettings,
    LayerSettings,
    RotaSettings,
    SeveritySettings,
    ViaEntry,
)
from ebank_sentinel.errors import Problem
from ebank_sentinel.yamlfile import did_you_mean

_Complain = Callable[[Tail, str], Problem]


@dataclass(frozen=True, slots=True)
class _Known:
    """A kind of name, all that there are, and where they are given."""

    kind: str
    names: Collection[str]
    where: str

    def miss(self, name: str, path: Tail, complain: _Complain) -> Iterator[Problem]:
        if name not in self.names:
            hint = did_you_mean(name, self.names) or f": {self.where}"
            yield complain(path, f'there is no {self.kind} "{name}"{hint}')


class Check:
    """One look at all entries."""

    def __init__(self, entries: Entries, *, times: Collection[str], channels: Collection[str]) -> None:
        self._entries = entries
        self._people = _Known("person", frozenset(entries.known("people")), "list it under people")
        self._groups = _Known("group", frozenset(entries.known("groups")), "list it under groups")
        self._rotas = _Known("rota", frozenset(entries.known("rotas")), "list it under rotas")
        self._escalations = _Known("escalation", frozenset(entries.known("escalations")), "list it under escalations")
        self._times = _Known("named time", times, "list it in times.yaml")
        self._channels = _Known("channel", channels, "list it under channels in sentinel.yaml")

    def problems(self) -> Iterator[Problem]:
        """All that does not fit."""
        yield from self._names()
        for name, person in self._entries.people.items():
            superior = person.value.superior
            if superior == name:
                yield person.problem(("superior",), "nobody is their own superior: name another, or take it out")
            elif superior is not None:
                yield from self._people.miss(superior, ("superior",), person.problem)
        for group in self._entries.groups.values():
            yield from self._group(group.value, group.problem)
        for rota in self._entries.rotas.values():
            yield from self._rota(rota.value, rota.problem)
        for escalation in self._entries.escalations.values():
            yield from self._escalation(escalation.value, escalation.problem)
        if self._entries.severities is not None:
            for level in ("I", "II", "III", "IV"):
                row = getattr(self._entries.severities.value, level)
                yield from self._severity(row, level, self._entries.severities.problem)
        yield from self._loops()

    def _names(self) -> Iterator[Problem]:
        for name, group in self._entries.groups.items():
            if name in STEP_WORDS:
                yield group.problem((), f"{name} is a word of the steps: give the group another name")
            elif name in self._entries.people:
                place = self._entries.people[name].place
                yield group.problem((), f"{name} is a person as well ({place}): a step could not tell them apart")
        for name, person in self._entries.people.items():
            if name in STEP_WORDS:
                yield person.problem((), f"{name} is a word of the steps: give the person another id")

    def _group(self, group: GroupSettings, complain: _Complain) -> Iterator[Problem]:
        if group.leader is not None:
            yield from self._people.miss(group.leader, ("leader",), complain)
        for number, deputy in enumerate(group.deputies):
            yield from self._people.miss(deputy, ("deputies", number), complain)
        for number, member in enumerate(group.members):
            if "{" in member or "}" in member:
                yield from _labels(member, ("members", number), complain)
            else:
                yield from self._people.miss(member, ("members", number), complain)
        if group.rota is not None:
            yield from self._rotas.miss(group.rota, ("rota",), complain)
        if group.escalation is not None:
            yield from self._escalations.miss(group.escalation, ("escalation",), complain)
        if group.else_ is not None:
            yield from self._groups.miss(group.else_, ("else",), complain)
        if group.use is not None:
            yield from self._use(group.use, complain)

    def _use(self, pattern: str, complain: _Complain) -> Iterator[Problem]:
        wrong = list(_labels(pattern, ("use",), complain))
        yield from wrong
        if not wrong and "{" not in pattern:
            yield from self._groups.miss(pattern, ("use",), complain)
        elif not wrong and not any(may_name(pattern, dict.fromkeys(self._groups.names))):
            yield complain(("use",), f'no group has a name like "{pattern}": list them under groups')

    def _rota(self, rota: RotaSettings, complain: _Complain) -> Iterator[Problem]:
        for number, layer in enumerate(rota.layers):
            yield from self._layer(layer, ("layers", number), complain)
        for number, override in enumerate(rota.overrides):
            yield from self._people.miss(override.person, ("overrides", number, "person"), complain)
            for other in rota.overrides[:number]:
                if override.from_ < other.to and other.from_ < override.to:
                    reason = f"this override overlaps the one of {other.person} from {other.from_:%Y-%m-%dT%H:%M}"
                    yield complain(("overrides", number), reason)

    def _layer(self, layer: LayerSettings, path: Tail, complain: _Complain) -> Iterator[Problem]:
        for number, person in enumerate(layer.people):
            yield from self._people.miss(person, (*path, "people", number), complain)
        if layer.during is not None:
            yield from self._times.miss(layer.during, (*path, "during"), complain)

    def _escalation(self, escalation: EscalationSettings, complain: _Complain) -> Iterator[Problem]:
        for number, step in enumerate(escalation.steps):
            single = isinstance(step.page, str)
            for place, word in enumerate(step.pages):
                path: Tail = ("steps", number, "page") if single else ("steps", number, "page", place)
                if word not in STEP_WORDS and word not in self._groups.names and word not in self._people.names:
                    known = (*STEP_WORDS, *self._groups.names, *self._people.names)
                    hint = did_you_mean(word, known) or f": write {', '.join(STEP_WORDS)}, a group or a person"
                    yield complain(path, f'"{word}" is no word of a step, no group and no person{hint}')
            if step.via is not None:
                yield from self._via(step.via, ("steps", number, "via"), complain)

    def _severity(self, severity: SeveritySettings, level: str, complain: _Complain) -> Iterator[Problem]:
        yield from self._via(severity.via, (level, "via"), complain)
        for number, group in enumerate(severity.groups):
            yield from self._groups.miss(group, (level, "groups", number), complain)
        if severity.during is not None:
            yield from self._times.miss(severity.during, (level, "during"), complain)

    def _via(self, via: Sequence[ViaEntry], path: Tail, complain: _Complain) -> Iterator[Problem]:
        for number, entry in enumerate(via):
            if isinstance(entry, FirstOf):
                for place, channel in enumerate(entry.first_of):
                    yield from self._channels.miss(channel, (*path, number, "first_of", place), complain)
            else:
                yield from self._channels.miss(entry, (*path, number), complain)

    def _loops(self) -> Iterator[Problem]:
        groups = self._entries.groups
        leads = {name: list(dict.fromkeys(self._leads_to(entry))) for name, entry in groups.items()}
        told: set[frozenset[str]] = set()
        for loop in _loops(leads):
            if frozenset(loop) not in told:
                told.add(frozenset(loop))
                way = " -> ".join((*loop, loop[0]))
                yield groups[loop[0]].problem((), f"the group leads back to itself: {way}")

    def _leads_to(self, entry: Entry[GroupSettings]) -> Iterator[str]:
        """The groups that a group may hand its pages to: by `use`, `else`, or a step of its chain."""
        group = entry.value
        candidates = [group.else_] if group.else_ else []
        if group.use is not None:
            candidates.extend(may_name(group.use, self._entries.groups))
        else:
            escalation = self._entries.escalations.get(group.escalation or DEFAULT_ESCALATION)
            if escalation is not None:
                candidates.extend(word for step in escalation.value.steps for word in step.pages)
        return (name for name in candidates if name in self._entries.groups)


def _labels(pattern: str, path: Tail, complain: _Complain) -> Iterator[Problem]:
    try:
        labels_in(pattern)
    except ValueError as error:
        yield complain(path, str(error))


def _loops(leads: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The loops of a graph that a walk from each node finds, each as the nodes on its way."""
    done: set[str] = set()
    for begin in leads:
        way: list[str] = []
        walk: list[Iterator[str]] = [iter([begin])]
        while walk:
            name = next(walk[-1], None)
            if name is None:
                walk.pop()
                if way:
                    done.add(way.pop())
            elif name in way:
                yield way[way.index(name) :]
            elif name not in done:
                way.append(name)
                walk.append(iter(leads[name]))
