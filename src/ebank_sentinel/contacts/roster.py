"""Who is meant: a group, a severity or an id enters; people, and why they, leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.contacts.book import Book, filled, labels_in
from ebank_sentinel.contacts.notices import notices_of
from ebank_sentinel.contacts.settings import GroupSettings
from ebank_sentinel.contacts.steps import FirstStep
from ebank_sentinel.model.contact import Person, SeverityPolicy, Step
from ebank_sentinel.model.rule import in_language
from ebank_sentinel.model.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Somebody who is on call, or next."""

    person: Person
    layer: int | None  # 1 is the first, 0 an override; None: the group has no rota, all members are on call
    since: datetime | None  # None: always
    until: datetime | None
    instead_of: tuple[Person, ...] = ()  # whose turn it would be, but they are away


class Roster:
    """What the contacts' files say, asked at a moment."""

    def __init__(self, book: Book) -> None:
        self._book = book

    @property
    def groups(self) -> tuple[str, ...]:
        """All groups, in the order of the files."""
        return tuple(self._book.groups)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody, in the order of the files."""
        return tuple(self._book.people.values())

    def group_exists(self, group: str) -> bool:
        """Whether a rule may name this group."""
        return group in self._book.groups

    def group_title(self, group: str, language: str) -> str:
        """A group's name in a language; its identifier when it has none."""
        settings = self._book.groups.get(group)
        return group if settings is None else in_language(settings.title, language) or group

    def person(self, person_id: str) -> Person | None:
        """A person by id."""
        return self._book.people.get(person_id)

    def severity(self, severity: Severity) -> SeverityPolicy:
        """What a step takes that does not say its own."""
        return self._book.severities[severity]

    def first_step(self, group: str, labels: Mapping[str, str], at: datetime) -> Step | None:
        """The first step of the group's chain at a moment; None when it leads to nobody at all."""
        return FirstStep(book=self._book, labels=labels, at=at).of(group)

    def on_call(self, group: str, at: datetime) -> list[Duty]:
        """Who is on call, then who is next; of a group without rota, its members. Empty: nobody, or a `use`."""
        settings = self._book.groups[group]
        if settings.rota is None:
            present = (one for one in settings.members if one in self._book.people and not self._book.is_away(one, at))
            return [Duty(person=self._book.people[one], layer=None, since=None, until=None) for one in present]
        duties: list[Duty] = []
        for shift in self._book.rotas[settings.rota].shifts(at):
            taken = {duty.person.id for duty in duties}
            away: list[Person] = []
            for one in shift.order:
                if self._book.is_away(one, at):
                    away.append(self._book.people[one])
                elif one not in taken:
                    duty = Duty(
                        person=self._book.people[one],
                        layer=shift.layer,
                        since=shift.since,
                        until=shift.until,
                        instead_of=tuple(away),
                    )
                    duties.append(duty)
                    break
        return duties

    def label_leads(self, group: str, labels: Iterable[Mapping[str, str]]) -> list[str]:
        """Of the labels of targets, those by which a group leads to no group or person, as sentences."""
        settings = self._book.groups.get(group)
        patterns = [] if settings is None else [*filter(None, [settings.use]), *settings.members]
        patterns = [pattern for pattern in patterns if "{" in pattern]
        if settings is None or not patterns:
            return []
        kind, known = ("person", self._book.people) if settings.use is None else ("group", self._book.groups)
        names = sorted({name for pattern in patterns for name in labels_in(pattern)})
        counted = Counter(tuple(one.get(name, "") for name in names) for one in labels)
        sentences: list[str] = []
        for values, count in sorted(counted.items()):
            given = dict(zip(names, values, strict=True))
            which = " and ".join(f"{name} {value}" if value else f"no {name}" for name, value in given.items())
            for name in (filled(pattern, given) for pattern in patterns):
                if name is None or name not in known:
                    reason = f', and there is no {kind} "{name}"' if name else ""
                    many = "1 target has" if count == 1 else f"{count} targets have"
                    sentences.append(f"{many} {which}{reason}: {self._instead(settings)}")
        return sentences

    def _instead(self, settings: GroupSettings) -> str:
        """Who gets what a label does not lead anywhere."""
        others = [member for member in settings.members if "{" not in member]
        if settings.use is None and (settings.leader or settings.deputies or others or settings.rota):
            return "the others of the group are paged"
        return f"{settings.else_} is paged instead" if settings.else_ else "nobody is paged; give the group an `else`"

    def notices(self, at: datetime) -> tuple[str, ...]:
        """What is allowed, and still worth knowing: gaps of rotas, people out of reach, steps not carried out."""
        return tuple(notices_of(self._book, at))
