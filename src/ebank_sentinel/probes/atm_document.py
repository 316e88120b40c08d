"""A decoded JSON document enters; its parts, words and numbers leave, and what no vocabulary knows is noted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass, field

from ebank_sentinel.model.reading import ProbeError
from ebank_sentinel.probes.atm_vocabulary import Vocabulary
from ebank_sentinel.probes.failure import Failed, one_line

_MOST_NOTED = 20  # values of one document that are kept in words; all are counted
_LONGEST_WORD = 100  # characters
_LONGEST_NAME = 60
_MOST_ENTRIES = 1000  # of an object or a list: a terminal has about ten of anything, and others wait meanwhile
_LARGEST = 1 << 53  # a counter beyond what a float holds exactly is none
_KINDS = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Strange:
    """A value that is not among those that its property can have."""

    place: str  # the property, with * for the name of a storage unit
    value: str  # as it stands, cut


@dataclass(slots=True)
class Notes:
    """What was met that is not in the vocabulary."""

    count: int = 0
    strange: list[Strange] = field(default_factory=list)

    def add(self, place: str, value: object) -> None:
        """Count it, and keep it in words while there is room."""
        self.count += 1
        if len(self.strange) < _MOST_NOTED:
            shown = value if isinstance(value, str) else _KINDS.get(type(value), "null")
            self.strange.append(Strange(place, one_line(shown, _LONGEST_WORD)))


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the document. What is null or not there is missing, and says nothing."""

    inside: Mapping[str, object]
    where: str  # as a person finds it: storage.unit1
    place: str  # as Strange has it: storage.*
    notes: Notes

    def _at(self, name: str) -> tuple[str, str]:
        name = one_line(name, _LONGEST_NAME)  # the document chooses some of them
        return (f"{self.where}.{name}", f"{self.place}.{name}") if self.where else (name, name)

    def part(self, name: str) -> Part:
        """The object under a name, empty when there is none. Raises Failed when something else stands there."""
        where, place = self._at(name)
        return _part(self.inside.get(name), where, place, self.notes)

    def items(self, name: str) -> list[object]:
        """The list under a name, empty when there is none. Raises Failed when something else stands there."""
        where, _place = self._at(name)
        items = self.inside.get(name)
        if items is None:
            return []
        if not isinstance(items, list):
            raise _no(where, items, "a list")
        _check_size(where, items)
        return items

    def parts(self, name: str) -> Iterator[Part]:
        """The objects in the list under a name. Raises Failed when something else stands there."""
        where, place = self._at(name)
        for number, item in enumerate(self.items(name)):
            yield _part(item, f"{where}.{number}", f"{place}.*", self.notes)

    def named_parts(self) -> Iterator[Part]:
        """All objects in it, whatever their names. Raises Failed when something else stands there."""
        for name, item in self.inside.items():
            yield _part(item, f"{self.where}.{one_line(name, _LONGEST_NAME)}", f"{self.place}.*", self.notes)

    def word(self, name: str, words: Vocabulary) -> str | None:
        """The word under a name; noted when it is not one of the vocabulary, and no word when it is no text."""
        return self.as_word(name, self.inside.get(name), words)

    def as_word(self, name: str, value: object, words: Vocabulary) -> str | None:
        """A value as a word of the vocabulary; noted under a name when it is none."""
        if value is None or (isinstance(value, str) and words.knows(value)):
            return value
        self.notes.add(self._at(name)[1], value)
        return one_line(value, _LONGEST_WORD) if isinstance(value, str) else None

    def number(self, name: str) -> float | None:
        """The number under a name: finite and not negative, else noted."""
        value = self.inside.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
            return value
        if value is not None:
            self.notes.add(self._at(name)[1], value)
        return None

    def count(self, name: str) -> int | None:
        """The whole number under a name."""
        value = self.number(name)
        if value is not None and value != math.floor(value):
            self.notes.add(self._at(name)[1], value)
            return None
        return None if value is None else int(value)

    def text(self, name: str, longest: int) -> str | None:
        """The text under a name, on one line."""
        value = self.inside.get(name)
        if isinstance(value, str):
            return one_line(value, longest) or None
        if value is not None:
            self.notes.add(self._at(name)[1], value)
        return None


def whole(document: object, notes: Notes) -> Part:
    """The document. Raises Failed when it is no object."""
    if not isinstance(document, dict):
        raise _no("the status", document, "an object")
    return Part(document, "", "", notes)


def _part(value: object, where: str, place: str, notes: Notes) -> Part:
    if value is None:
        return Part({}, where, place, notes)
    if not isinstance(value, dict):
        raise _no(where, value, "an object")
    _check_size(where, value)
    return Part(value, where, place, notes)


def _check_size(where: str, value: Sized) -> None:
    if len(value) > _MOST_ENTRIES:
        raise Failed(ProbeError.BODY, f"{where} has {len(value)} entries, more than {_MOST_ENTRIES}")


def _no(where: str, value: object, wanted: str) -> Failed:
    return Failed(ProbeError.BODY, f"{where} is {_KINDS.get(type(value), 'null')}, not {wanted}")
