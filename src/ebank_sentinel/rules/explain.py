"""Why a condition holds or does not: a condition and a reading enter, each part of it with its answer leaves.

Pure, and slow: it asks the three-valued twin part by part. What it says of the whole is what the mask says.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.reading import ProbeError, Reading, Scalar
from ebank_sentinel.rules.compiled import MISSING, UNKNOWN, load, twin
from ebank_sentinel.rules.condition import ACTIVE, KNOWN, Condition

NO_DATA = "the target is not read: there is no data"
LEFT = "the series left a complete answer: nothing of it holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A condition, or a part of one that is true or false by itself."""

    text: str  # as a rule writes it
    truth: Truth
    values: Mapping[str, Scalar] = field(default_factory=dict)  # what it names, where that is there
    reason: str = ""  # why it is unknown
    parts: tuple[Term, ...] = ()  # of `and`, `or`, `not`


def explain(condition: Condition, reading: Reading, active: frozenset[str], times: tuple[str, ...]) -> Term:
    """The condition with the answer of each part. `active`: names of the times that cover now; `times`: all."""
    locals_: dict[str, Any] = {local: load(reading, path[0], path[1:]) for local, path in condition.loads.items()}
    return _term(condition.tree, condition, {**locals_, ACTIVE: active, KNOWN: {name: name for name in times}})


def without_data(condition: Condition) -> Term:
    """The same while the target is not read: what only a reading can answer is unknown."""
    return Term(text=condition.text, truth=UNKNOWN, reason=NO_DATA)


def of_what_left(condition: Condition) -> Term:
    """The same for a series that left a complete answer."""
    return Term(text=condition.text, truth=False, reason=LEFT)


def _term(node: ast.expr, condition: Condition, values: Mapping[str, Any]) -> Term:
    answer = twin(node)(values)
    truth = answer if answer is UNKNOWN else bool(answer)
    text = ast.unparse(_Written(condition).visit(copy.deepcopy(node)))
    inner: list[ast.expr] = []
    match node:
        case ast.BoolOp(values=inner):
            pass
        case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp() as operand):
            inner = [operand]
    if inner:
        return Term(text=text, truth=truth, parts=tuple(_term(part, condition, values) for part in inner))
    named = dict(_named(node, condition))
    there = {name: _plain(values[local]) for name, local in named.items() if values[local] is not MISSING}
    reason = ""
    if truth is UNKNOWN:
        reason = " and ".join(_lacks(name) for name in named if name not in there)
        if not reason and ACTIVE in {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}:
            reason = f"{next(iter(there.values()), '')!r} is the name of no time"
        reason = reason or "these values do not go together here"
    return Term(text=text, truth=truth, values=there, reason=reason)


def _named(node: ast.expr, condition: Condition) -> Iterator[tuple[str, str]]:
    """What a part names, as a rule writes it, and the local that holds it."""
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and name.id in condition.loads:
            yield _name(condition.loads[name.id]), name.id


def _name(path: tuple[str, ...]) -> str:
    return path[1] if path[0] == "field" else ".".join(path)


def _plain(value: Scalar) -> Scalar:
    return value.value if isinstance(value, ProbeError) else value


def _lacks(name: str) -> str:
    source, _, rest = name.partition(".")
    if rest and source == "label":
        return f"the target has no label {rest}"
    return f"the body has no {rest}" if rest else f"the reading has no {name}"


class _Written(ast.NodeTransformer):
    """Puts a resolved tree back into the words of the rule."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A local is what it stands for."""
        path = self._condition.loads.get(node.id)
        return node if path is None else ast.Name(id=_name(path), ctx=ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The one function there is lets numbers pass: nobody wrote it."""
        inner: ast.AST = self.visit(node.args[0])
        return inner

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`now in NAME` asks whether a name is among those that cover now."""
        asked = node.comparators[0]
        if not (isinstance(asked, ast.Name) and asked.id == ACTIVE):
            return self.generic_visit(node)
        match node.left:
            case ast.Subscript(slice=name):
                named = self.visit(name)
            case ast.Constant(value=value):
                named = ast.Name(id=str(value), ctx=ast.Load())
            case _:
                raise AssertionError(f"{ast.dump(node)} is not what condition.py makes of `now`")
        return ast.Compare(left=ast.Name(id="now", ctx=ast.Load()), ops=node.ops, comparators=[named])
