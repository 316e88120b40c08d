"""The text of a YAML file enters; a tree of nodes leaves: plain data, and the place of each key and value.

The tree is built from the parser's events with a stack of its own, so depth, aliases and size are
refused while they grow. What breaks the tree raises ConfigError at once; what spoils only a value is
collected, so that a person sees it together with all else that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import yaml

from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.yamlfile import syntax
from ebank_sentinel.yamlfile.scalars import Surprise, resolve

DEEPEST = 50  # levels; real files have about ten
MOST_NODES = 1_000_000  # 100,000 targets of nine values each
MOST_ALIASES = 100
MOST_EXPANDED_NODES = 100_000  # what aliases add
MOST_PROBLEMS = 200  # then we stop: the file is of another kind

_SECRETIVE = re.compile(r"pass|secret|token|credential|key|pin", re.IGNORECASE)

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something stands, both 1-based."""

    line: int
    column: int


NOWHERE = Place(0, 0)  # the file as a whole


@dataclass(slots=True)
class Node:
    """A value of the file at its place; the children of a mapping know the place of their key, too."""

    value: Any
    place: Place
    flow: bool  # written in one line: {...}, [...] or a scalar
    children: dict[str, tuple[Place, Node]] | list[Node] | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """A file as read: the root, and what is wrong with single values."""

    root: Node
    problems: tuple[Problem, ...]


def dotted(path: Sequence[str | int]) -> str:
    """`rules[3].worse[0].when`."""
    text = ""
    for segment in path:
        text += f"[{segment}]" if isinstance(segment, int) else f".{segment}" if text else segment
    return text


def secretive(path: Sequence[str | int]) -> bool:
    """Whether the key sounds as if its value must not be shown."""
    names = [segment for segment in path if isinstance(segment, str)]
    return bool(names and _SECRETIVE.search(names[-1]))


def build(text: str, name: str) -> Tree:
    """Read one document. Raises ConfigError under the file's `name`."""
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        line, column, reason = syntax.explain(error, text)
        builder.fail(Place(line, column), reason)
    if builder.root is None or builder.root.value is None:
        kind = "holds nothing but comments" if "#" in text else "is empty"
        raise ConfigError([Problem(name, 0, 0, "", f"the file {kind}")])
    return Tree(builder.root, tuple(builder.problems))


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is not closed yet."""

    node: Node
    anchor: str | None
    nodes_before: int
    key: str | None = None  # of a mapping: the key that waits for its value
    key_place: Place = NOWHERE
    dropped: bool = False  # the key is wrong: its value is read and forgotten


@dataclass(slots=True)
class _Builder:
    name: str
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int] | None] = field(default_factory=dict)  # None: not closed yet
    nodes: int = 0  # with aliases expanded
    aliases: int = 0
    expanded: int = 0  # nodes that aliases added

    def take(self, event: yaml.Event) -> None:
        """Add one event of the parser to the tree."""
        match event:
            case yaml.ScalarEvent():
                self._check_tag(event)
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_tag(event)
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                closed = self.open.pop()
                if closed.anchor is not None:
                    self.anchors[closed.anchor] = closed.node, self.nodes - closed.nodes_before
                self._attach(closed.node)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                if self.root is not None:
                    self.fail(_place(event), "a second document begins here (---): a file holds one document")
            case _:
                pass

    def fail(self, place: Place, reason: str) -> NoReturn:
        """Give up: nothing can be read beyond this."""
        raise ConfigError([*self.problems, Problem(self.name, *place, dotted(self._path()), reason)])

    def _report(self, place: Place, path: Path, reason: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.fail(place, f"over {MOST_PROBLEMS} problems in this file: mend these first")
        self.problems.append(Problem(self.name, *place, dotted(path), reason))

    def _path(self) -> Path:
        """Where the next value goes."""
        path: list[str | int] = []
        for level in self.open:
            if isinstance(level.node.children, list):
                path.append(len(level.node.children))
            elif level.key is not None:
                path.append(level.key)
        return tuple(path)

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._report(_place(event), self._path(), "tags (!...) are not allowed: write the plain value")
        self.nodes += 1
        if self.nodes - self.expanded > MOST_NODES:
            self.fail(_place(event), f"over {MOST_NODES} values in one file: put long lists into a CSV file")

    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].node.children, dict) and self.open[-1].key is None

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = _place(event)
        if self._awaits_key():
            self.fail(place, "a key must be text, not a mapping or a list: quote it, or write the row in block form")
        if len(self.open) >= DEEPEST:
            del self.open[5:]  # a path of fifty brackets tells nobody anything
            self.fail(place, f"nested deeper than {DEEPEST} levels")
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node({} if mapping else [], place, bool(event.flow_style), {} if mapping else [])
        if event.anchor is not None:
            self._anchor(event.anchor, place, None)
        self.open.append(_Open(node, event.anchor, self.nodes - 1))

    def _anchor(self, anchor: str, place: Place, target: tuple[Node, int] | None) -> None:
        if anchor in self.anchors:
            self.fail(place, f"the anchor &{anchor} is given twice")
        self.anchors[anchor] = target

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = _place(event)
        if self._awaits_key():
            self.fail(place, "a key must be text, not an alias (*): quote it")
        if event.anchor not in self.anchors:
            self.fail(place, f"there is no anchor &{event.anchor} above: quote the text if it is no alias")
        target = self.anchors[event.anchor]
        if target is None:
            self.fail(place, f"*{event.anchor} stands inside of what it repeats: it would never end")
        node, size = target
        self.aliases += 1
        self.expanded += size
        self.nodes += size
        if self.aliases > MOST_ALIASES:
            self.fail(place, f"over {MOST_ALIASES} aliases (*) in one file")
        if self.expanded > MOST_EXPANDED_NODES:
            self.fail(place, f"the aliases (*) grow to over {MOST_EXPANDED_NODES} values")
        self._attach(node)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place, text, plain = _place(event), event.value, event.style in (None, "")
        if self._awaits_key():
            self._key(text, place, plain=plain)
            return
        value: object = text
        if plain:
            value = self._plain(text, place)
        if "\0" in text:
            self._report(place, self._path(), "the text holds a NUL character (\\0): delete it")
        node = Node(value, place, flow=True)
        if event.anchor is not None:
            self._anchor(event.anchor, place, (node, 1))
        self._attach(node)

    def _plain(self, text: str, place: Place) -> object:
        level = self.open[-1] if self.open else None
        if not text and level is not None and level.node.flow and isinstance(level.node.children, dict):
            reason = f"{level.key!r} is read as a key without a value: quote it, or write the row in block form"
            self._report(level.key_place, self._path(), reason)
        try:
            return resolve(text)
        except Surprise as surprise:
            what = "it" if secretive(self._path()) else text if len(text) <= 40 else f"{text[:37]}..."
            would_become = surprise.would_become if what != "it" else "a number or a truth value"
            self._report(place, self._path(), f"quote it: unquoted, {what} would become {would_become}")
            return text

    def _key(self, text: str, place: Place, *, plain: bool) -> None:
        level = self.open[-1]
        level.key, level.key_place, level.dropped = text, place, False
        assert isinstance(level.node.children, dict)  # noqa: S101 - only a mapping awaits a key
        reason = ""
        if plain and text == "<<":
            reason = "merge keys (<<) are not allowed: write the keys out"
        elif plain and not _is_text(text):
            reason = f'a key must be text: quote it ("{text}")' if text else "a key is missing before the colon"
        elif "\0" in text:
            reason = "the key holds a NUL character (\\0): delete it"
        elif text in level.node.children:
            reason = f"this key stands twice: first in line {level.node.children[text][0].line}"
        if reason:
            level.dropped = True
            self._report(place, self._path(), reason)

    def _attach(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        level = self.open[-1]
        if isinstance(level.node.children, list):
            level.node.children.append(node)
            level.node.value.append(node.value)
            return
        if not level.dropped and level.key is not None and level.node.children is not None:
            level.node.children[level.key] = level.key_place, node
            level.node.value[level.key] = node.value
        level.key = None


def _is_text(text: str) -> bool:
    """Whether a plain key is text to every reader; `on`, `no` and their like are, for a key."""
    try:
        return isinstance(resolve(text), str)
    except Surprise:
        return text.isalpha()


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else NOWHERE
