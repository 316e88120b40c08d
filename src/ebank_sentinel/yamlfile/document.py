"""A path enters; a Document leaves, which validates its data and puts a place to what others find wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.yamlfile.explain import explain
from ebank_sentinel.yamlfile.source import read_text
from ebank_sentinel.yamlfile.tree import Node, Place, Tree, build, dotted

T = TypeVar("T")

_WHOLE: Final = object()


def load(path: Path, *, shown_as: str | None = None) -> Document:
    """Read one YAML file. Raises ConfigError when it cannot be read at all.

    What is wrong with single values is kept, and raised by `validate` or `plain` with all else.
    """
    name = shown_as if shown_as is not None else str(path)
    return Document(name, build(read_text(path, name), name))


def files_in(folder: Path, *, shown_as: str | None = None) -> tuple[Path, ...]:
    """The folder's own *.yaml in the order of their names. Raises ConfigError when there is none."""
    name = shown_as if shown_as is not None else str(folder)
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == ".yaml" and not path.name.startswith("."))
    except NotADirectoryError:
        raise ConfigError([Problem(name, 0, 0, "", "this is a file, not a directory")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigError([Problem(name, 0, 0, "", f"the directory cannot be read: {reason.lower()}")]) from None
    if not found:
        raise ConfigError([Problem(name, 0, 0, "", "there is no *.yaml file in this directory")])
    return tuple(found)


def load_all(paths: Iterable[Path]) -> tuple[Document, ...]:
    """Read several files. Raises one ConfigError with what is wrong with any of them."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            documents.append(load(path))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return tuple(documents)


class Document:
    """One YAML file as read."""

    def __init__(self, name: str, tree: Tree) -> None:
        self.name = name  # as errors show it
        self.problems = tree.problems  # with single values; validate and plain raise them
        self._root = tree.root

    def plain(self, path: Sequence[str | int] = ()) -> Any:
        """The data at a path, None where there is none. Raises ConfigError with the document's own problems."""
        if self.problems:
            raise ConfigError(self.problems)
        return self._value(path)

    def data(self, path: Sequence[str | int] = ()) -> Any:
        """The data at a path, as far as it could be read: what is wrong with it is in `problems`."""
        return self._value(path)

    def validate(self, model: type[T], *, prefix: Sequence[str | int] = (), data: object = _WHOLE) -> T:
        """What the model makes of the data at `prefix`, or of `data` that came from there.

        Raises ConfigError with all that is wrong: what the model refuses, and the document's own problems.
        """
        value = self._value(prefix) if data is _WHOLE else data
        try:
            valid = TypeAdapter(model).validate_python(value)
        except ValidationError as error:
            found = explain(error, model, tuple(prefix), value)
            problems = [self.problem(one.path, one.reason, key=one.at_key, named=one.named) for one in found]
        else:
            if not self.problems:
                return valid
            problems = []
        known = {(problem.line, problem.column) for problem in self.problems}
        raise ConfigError([*self.problems, *(one for one in problems if (one.line, one.column) not in known)])

    def problem(
        self, path: Sequence[str | int], reason: str, *, key: bool = False, named: Sequence[str | int] | None = None
    ) -> Problem:
        """A problem at the value of a path, or at its `key`; at the nearest parent when the path does not exist.

        `named` is the path to print when it is not the one to point at.
        """
        place = self._place(path, key=key)
        return Problem(self.name, place.line, place.column, dotted(path if named is None else named), reason)

    def place(self, path: Sequence[str | int]) -> str:
        """`groups.yaml:12`, the line of a key: for "first defined in ..."."""
        return f"{self.name}:{self._place(path, key=True).line}"

    def keys(self, path: Sequence[str | int] = ()) -> tuple[str, ...]:
        """The keys of the mapping at a path, also of a file that is not valid; nothing where there is none."""
        value = self._value(path)
        return tuple(value) if isinstance(value, dict) else ()

    def _value(self, path: Sequence[str | int]) -> Any:
        node: Node | None = self._root
        for segment in path:
            node = None if node is None else _child(node, segment)
        return None if node is None else node.value

    def _place(self, path: Sequence[str | int], *, key: bool) -> Place:
        node, place = self._root, self._root.place
        for number, segment in enumerate(path, start=1):
            child = _child(node, segment)
            if child is None:
                break
            place = child.place
            if isinstance(node.children, dict) and isinstance(segment, str):
                # A block begins below its key, and an empty value has no place: then the key says more.
                wanted = key and number == len(path)
                place = node.children[segment][0] if wanted or not child.flow or child.value is None else place
            node = child
        return place


def _child(node: Node, segment: str | int) -> Node | None:
    children = node.children
    if isinstance(children, dict) and isinstance(segment, str) and segment in children:
        return children[segment][1]
    if isinstance(children, list) and isinstance(segment, int) and 0 <= segment < len(children):
        return children[segment]
    return None
