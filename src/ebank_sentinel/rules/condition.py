"""The condition language: a text enters, a checked expression with its names resolved leaves.

Python's own parser does the reading; a white list decides what may stand there. Every name is
resolved here, once: what remains is a plain expression over the locals that `compiled.py` loads.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

LONGEST_TEXT = 2000
DEEPEST = 40

Kind: TypeAlias = type[bool] | type[float] | type[str] | None
"""What an expression gives: bool, a number (float), str; None when only the reading can tell."""

ACTIVE = "active_times"
"""The local that holds the names of the times that cover now."""
KNOWN = "known_times"
"""The local that holds all names of times, for `now in label.x`."""


NUMBER = "number"
"""The function that lets numbers pass, around what only the reading can tell and is calculated with."""


class ConditionError(ValueError):
    """A condition that cannot be: `column` is 1-based within its text."""

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(f"{reason} (column {column} of the condition)")
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a condition may speak of."""

    fields: Mapping[str, type] = field(default_factory=dict)  # the reading's own and those under read/query
    body: bool = False  # `body.x.y` is there
    labels: Collection[str] | None = None  # None: only the series can tell
    times: Collection[str] = ()
    reading: bool = True  # False in `where`: only labels and times count there


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A checked expression over locals, and what those locals are."""

    text: str
    tree: ast.expr
    loads: Mapping[str, tuple[str, ...]]  # local -> ("field", x), ("label", x) or ("body", x, y, ...)
    times: frozenset[str]  # named times that it asks for
    every_time: bool  # `now in label.x`: any named time may matter


_MISTAKES: tuple[tuple[str, str], ...] = (
    (r"&&", "write `and`"),
    (r"\|\|", "write `or`"),
    (r"!(?!=)", "write `not`"),
    (r"=>", "write >="),
    (r"=<", "write <="),
    (r"(?<![<>=!])=(?!=)", "write == to compare"),
    (r"\bfor\s+\d", "`for: 3m` is a key of its own"),
    (r"\d%(?=\s*($|and\b|or\b|\)))", "a percentage is a fraction: 5% is 0.05"),
)
"""What people write who come from other languages, and what to write here."""


def _mistake(source: str) -> tuple[str, int] | None:
    """The reason and the column of a mistake that is known; quoted text may hold anything."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", lambda quoted: " " * len(quoted[0]), source)
    found = ((reason, match.start() + 1) for pattern, reason in _MISTAKES if (match := re.search(pattern, bare)))
    return next(found, None)


def parse(text: str, names: Names) -> Condition:
    """Check a condition and resolve its names. Raises ConditionError with a column."""
    if len(text) > LONGEST_TEXT:
        raise ConditionError(f"a condition is at most {LONGEST_TEXT} characters long", 1)
    source = " ".join(text.split("\n")).strip()
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        reason, column = _mistake(source) or (error.msg, error.offset or len(source) + 1)
        raise ConditionError(f"this is not a condition: {reason}", column) from None
    except (ValueError, RecursionError, MemoryError):
        raise ConditionError("this is not a condition", 1) from None
    _measure(tree, source.encode())
    resolver = _Resolver(names)
    resolved, kind = resolver.resolve(tree)
    if kind not in (bool, None):
        raise ConditionError("a condition must be true or false: compare it with something", 1)
    return Condition(
        text=" ".join(text.split()),
        tree=resolved,
        loads=resolver.loads,
        times=frozenset(resolver.times),
        every_time=resolver.every_time,
    )


def _measure(tree: ast.expr, source: bytes) -> None:
    """Refuse what is nested too deep to be walked; turn Python's columns, which count bytes, into characters."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        for node in level:
            if isinstance(node, ast.expr):
                node.col_offset = len(source[: node.col_offset].decode())
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise ConditionError(f"this is nested more than {DEEPEST} deep", 1)


_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class _Resolver:
    """Walks a tree once: refuses what is not in the language, resolves names, works out kinds."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.loads: dict[str, tuple[str, ...]] = {}
        self.times: set[str] = set()
        self.every_time = False

    def resolve(self, node: ast.expr) -> tuple[ast.expr, Kind]:  # noqa: C901, PLR0911, PLR0912 - one case a node
        """The node with its names resolved, and what it gives."""
        match node:
            case ast.Constant(value=bool()):
                return node, bool
            case ast.Constant(value=float() as value) if math.isinf(value):
                _refuse(node, "this number is too large to compare with")
            case ast.Constant(value=int() | float()):
                return node, float
            case ast.Constant(value=str()):
                return node, str
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._path(node)
            case ast.BoolOp():
                return ast.BoolOp(op=node.op, values=[self._truth(value) for value in node.values]), bool
            case ast.UnaryOp(op=ast.Not()):
                return ast.UnaryOp(op=node.op, operand=self._truth(node.operand)), bool
            case ast.UnaryOp(op=ast.USub()):
                return ast.UnaryOp(op=node.op, operand=self._number(node.operand)), float
            case ast.BinOp():
                if not isinstance(node.op, _ARITHMETIC):
                    _refuse(node, "only + - * / and % are there to calculate with")
                return ast.BinOp(left=self._number(node.left), op=node.op, right=self._number(node.right)), float
            case ast.IfExp():
                return self._choice(node)
            case ast.Compare(left=ast.Name(id="now")):
                return self._now(node)
            case ast.Compare():
                return self._compare(node), bool
            case ast.Call():
                _refuse(node, "there are no functions in a condition")
        raise ConditionError("this does not belong in a condition", node.col_offset + 1)

    def _truth(self, node: ast.expr) -> ast.expr:
        resolved, kind = self.resolve(node)
        if kind not in (bool, None):
            _refuse(node, "this is not true or false: compare it with something")
        return resolved

    def _number(self, node: ast.expr) -> ast.expr:
        resolved, kind = self.resolve(node)
        if kind not in (float, None):
            _refuse(node, "this is not a number")
        if kind is None:  # only the reading can tell: a text times a number could fill the memory
            return ast.Call(func=ast.Name(id=NUMBER, ctx=ast.Load()), args=[resolved], keywords=[])
        return resolved

    def _choice(self, node: ast.IfExp) -> tuple[ast.expr, Kind]:
        body, body_kind = self.resolve(node.body)
        orelse, else_kind = self.resolve(node.orelse)
        kind = body_kind if body_kind is else_kind else None
        return ast.IfExp(test=self._truth(node.test), body=body, orelse=orelse), kind

    def _compare(self, node: ast.Compare) -> ast.expr:
        left, left_kind = self.resolve(node.left)
        comparators: list[ast.expr] = []
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                right: ast.expr = self._choices(right_node, left_kind)
                right_kind: Kind = None
            elif isinstance(operator, (ast.Eq, ast.NotEq, *_ORDER)):
                right, right_kind = self.resolve(right_node)
                if None not in (left_kind, right_kind) and left_kind is not right_kind:
                    _refuse(right_node, f"{_kind(left_kind)} is compared with {_kind(right_kind)}")
                if isinstance(operator, _ORDER) and bool in (left_kind, right_kind):
                    _refuse(right_node, "true and false have no order")
            else:
                _refuse(right_node, "compare with == != < <= > >= or in")
            comparators.append(right)
            left_kind = right_kind
        return ast.Compare(left=left, ops=node.ops, comparators=comparators)

    def _choices(self, node: ast.expr, kind: Kind) -> ast.expr:
        if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
            _refuse(node, "after `in` a list of constants is needed, as in [200, 204]")
        for element in node.elts:
            value = element.operand if isinstance(element, ast.UnaryOp) else element
            if not isinstance(value, ast.Constant):
                _refuse(element, "only constants may stand in a list")
            _, element_kind = self.resolve(element)
            if None not in (kind, element_kind) and kind is not element_kind:
                _refuse(element, f"{_kind(kind)} is looked up among {_kind(element_kind)}")
        return ast.Tuple(elts=node.elts, ctx=ast.Load())

    def _now(self, node: ast.Compare) -> tuple[ast.expr, Kind]:
        """`now in NAME`, `now not in NAME`, `now in label.x`."""
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
            _refuse(node, "`now` is asked as `now in NAME`, with a NAME of times.yaml")
        asked = node.comparators[0]
        active = ast.Name(id=ACTIVE, ctx=ast.Load())
        if isinstance(asked, ast.Attribute):
            name, _ = self._path(asked)
            self.every_time = True
            known = ast.Subscript(value=ast.Name(id=KNOWN, ctx=ast.Load()), slice=name, ctx=ast.Load())
            return ast.Compare(left=known, ops=node.ops, comparators=[active]), bool
        if not isinstance(asked, ast.Name):
            _refuse(asked, "`now in` needs a NAME of times.yaml, or a label")
        if asked.id not in self._names.times:
            _refuse(asked, f"there is no time named {asked.id!r}{closest(asked.id, self._names.times)}")
        self.times.add(asked.id)
        return ast.Compare(left=ast.Constant(asked.id), ops=node.ops, comparators=[active]), bool

    def _name(self, node: ast.Name) -> tuple[ast.expr, Kind]:
        if node.id in ("true", "false"):
            _refuse(node, f"write {node.id.capitalize()}")
        if node.id == "now":
            _refuse(node, "`now` is asked as `now in NAME`")
        if node.id in ("label", "body"):
            _refuse(node, f"`{node.id}` needs a name after it, as in {node.id}.x")
        if not self._names.reading:
            _refuse(node, f"{node.id!r} is of the reading: `where` speaks of labels and times alone")
        if node.id not in self._names.fields:
            hint = closest(node.id, [*self._names.fields, *(f"label.{name}" for name in self._names.labels or ())])
            _refuse(node, f"there is no field {node.id!r}{hint}; a label is written label.{node.id}")
        return self._load(("field", node.id)), _KINDS.get(self._names.fields[node.id])

    def _path(self, node: ast.Attribute) -> tuple[ast.expr, Kind]:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            path.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id not in ("label", "body"):
            _refuse(node, "a dot follows only `label` and `body`")
        if inner.id == "label":
            if len(path) != 1:
                _refuse(node, "a label has one name, as in label.branch")
            if self._names.labels is not None and path[0] not in self._names.labels:
                _refuse(node, f"no target has a label {path[0]!r}{closest(path[0], self._names.labels)}")
            return self._load(("label", path[0])), str
        if not self._names.reading:
            _refuse(node, "`body` is of the reading: `where` speaks of labels and times alone")
        if not self._names.body:
            _refuse(node, 'this probe keeps no body: give it `read: "*"`')
        return self._load(("body", *path)), None

    def _load(self, what: tuple[str, ...]) -> ast.Name:
        # The length before each part keeps `body.x_y` and `body.x.y` apart.
        local = "_".join((what[0], *(f"{len(part)}{part}" for part in what[1:])))
        self.loads[local] = what
        return ast.Name(id=local, ctx=ast.Load())


_KINDS: dict[type, Kind] = {bool: bool, int: float, float: float, str: str}


def _kind(kind: Kind) -> str:
    return {bool: "true or false", float: "a number", str: "a text", None: "anything"}[kind]


def closest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when one of the known names is close, else nothing."""
    folded = {one.casefold(): one for one in known}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return f"; did you mean {folded[matches[0]]!r}?" if matches else ""


def _refuse(node: ast.expr, reason: str) -> NoReturn:
    raise ConditionError(reason, node.col_offset + 1)
