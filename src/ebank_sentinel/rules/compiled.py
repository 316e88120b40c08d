"""Conditions become code: one fused function per probe, and its three-valued twin.

The fused function runs as plain Python and gives a mask of two bits a condition: holds (even
bits) and unknown (odd bits). A missing field is an object that raises on whatever is asked of it;
only then the twin runs, which follows SQL: `false and unknown` is false, all else that touches
unknown is unknown.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from ebank_sentinel.model.item import Truth
from ebank_sentinel.model.reading import Reading
from ebank_sentinel.rules.condition import ACTIVE, KNOWN, NUMBER, Condition


class MissingField(Exception):
    """A condition touched a field that the reading does not have."""


def _missing(*_: object) -> NoReturn:
    raise MissingField


class _Missing:
    """Stands for a field that is not there: whatever is asked of it raises."""

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = _missing
    __eq__ = __ne__ = __bool__ = __hash__ = _missing
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _missing
    __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __neg__ = _missing


MISSING: Final = _Missing()
UNKNOWN: Final = None

_FAILURES = (MissingField, TypeError, ZeroDivisionError, OverflowError, ValueError, KeyError)
"""What makes an answer unknown: a field that is missing, or not of the kind that the condition needs."""

Mask: TypeAlias = Callable[[Reading, frozenset[str]], int]
"""A reading and the names of the times that cover now give the mask."""

_OWN = {"up": "reading.up", "error": "reading.error or ''"}
"""Fields that are not in `Reading.fields`."""


def load(reading: Reading, source: str, path: Sequence[str]) -> Any:
    """What a local stands for, as the fused function loads it."""
    if source == "label":
        return reading.target.labels.get(path[0], MISSING)
    if source == "body":
        return _at(reading.body, path)
    if path[0] == "up":
        return reading.up
    if path[0] == "error":
        return reading.error or ""
    return reading.fields.get(path[0], MISSING)


def _load_line(source: str, path: Sequence[str]) -> str:
    """The same as `load`, as a line of source."""
    if source == "label":
        return f"reading.target.labels.get({path[0]!r}, MISSING)"
    if source == "body":
        return f"at(reading.body, {tuple(path)!r})"
    return _OWN.get(path[0], f"reading.fields.get({path[0]!r}, MISSING)")


def _at(body: object, path: Sequence[str]) -> Any:
    """The scalar at a path of a decoded JSON body; what is absent, null, NaN or no scalar is missing."""
    for name in path:
        if not isinstance(body, Mapping):
            return MISSING
        body = body.get(name, MISSING)
    if isinstance(body, float) and math.isnan(body):
        return MISSING
    return body if isinstance(body, str | int | float) else MISSING


def _number(value: Any) -> int | float:
    """A number as it is. Raises MissingField for all else, true and false included."""
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return]
    raise MissingField


def fuse(conditions: Sequence[tuple[Condition, int | None]], times: Sequence[str]) -> Mask:
    """One mask function over several conditions.

    `conditions` pairs each with the index of one that it implies (a `worse` row implies its rule), or
    None. Condition i holds when bit 2i is set, is unknown when bit 2i+1 is.
    """
    known = {name: name for name in times}  # a label that names none of them makes the question unknown
    fast = _fast(conditions, known)
    twins = [(twin(condition.tree), parent) for condition, parent in conditions]
    loads = {local: path for condition, _ in conditions for local, path in condition.loads.items()}

    def slow(reading: Reading, active: frozenset[str]) -> int:
        values: dict[str, Any] = {local: load(reading, path[0], path[1:]) for local, path in loads.items()}
        values |= {ACTIVE: active, KNOWN: known}
        truths: list[Truth] = []
        mask = 0
        for index, (answer, parent) in enumerate(twins):
            own = answer(values)
            own = own if own is UNKNOWN else bool(own)
            truth = own if parent is None else both(truths[parent], own)
            truths.append(truth)
            mask |= bits(index, truth)
        return mask

    def mask(reading: Reading, active: frozenset[str]) -> int:
        try:
            return fast(reading, active)
        except _FAILURES:
            return slow(reading, active)

    return mask


def bits(index: int, truth: Truth) -> int:
    """The two bits of condition `index`."""
    if truth is UNKNOWN:
        return 2 << (2 * index)
    return int(truth) << (2 * index)


def truth_of(mask: int, index: int) -> Truth:
    """What a mask says of condition `index`."""
    pair = (mask >> (2 * index)) & 3
    return UNKNOWN if pair & 2 else bool(pair)


def both(left: Truth, right: Truth) -> Truth:
    """Three-valued `and`."""
    if left is False or right is False:
        return False
    return UNKNOWN if left is UNKNOWN or right is UNKNOWN else True


def _fast(conditions: Sequence[tuple[Condition, int | None]], known: Mapping[str, str]) -> Mask:
    """Write the fused function's source and compile it: locals first, then one `if` a condition."""
    loads = {local: path for condition, _ in conditions for local, path in condition.loads.items()}
    lines = [f"def fused(reading, {ACTIVE}):"]
    lines += [f" {local} = {_load_line(path[0], path[1:])}" for local, path in loads.items()]
    lines.append(" mask = 0")
    for index, (condition, parent) in enumerate(conditions):
        guard = "" if parent is None else f"mask & {1 << (2 * parent)} and "
        lines.append(f" if {guard}({ast.unparse(condition.tree)}):")
        lines.append(f"  mask |= {1 << (2 * index)}")
    lines.append(" return mask")
    scope: dict[str, Any] = {"MISSING": MISSING, "at": _at, NUMBER: _number, KNOWN: known, "__builtins__": {}}
    # The source is made of checked trees alone: names from a fixed alphabet and repr() of constants.
    exec(compile("\n".join(lines), "<rules>", "exec"), scope)  # noqa: S102
    fused: Mask = scope["fused"]
    return fused


Twin: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Evaluates a tree over locals; UNKNOWN (None) where plain Python would have raised."""

_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def twin(node: ast.expr) -> Twin:  # noqa: C901, PLR0911 - one case a node of the language
    """The three-valued evaluation of a tree, or of any part of one, over its locals."""
    match node:
        case ast.Constant(value=value):
            return lambda _: value
        case ast.Name(id=local):
            return lambda values: UNKNOWN if values[local] is MISSING else values[local]
        case ast.Tuple(elts=elements):
            parts = [twin(element) for element in elements]
            return lambda values: tuple(part(values) for part in parts)
        case ast.Subscript(value=ast.Name(id=local), slice=inner):
            key = twin(inner)
            return lambda values: values[local].get(key(values), UNKNOWN)
        case ast.Call(args=[inner]):  # the one function that condition.py writes
            return _guarded(_number, [twin(inner)])
        case ast.BoolOp(op=ast.And(), values=parts_):
            return _all_of([twin(part) for part in parts_])
        case ast.BoolOp(values=parts_):
            return _any_of([twin(part) for part in parts_])
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _guarded(lambda value: not value, [twin(inner)])
        case ast.UnaryOp(operand=inner):
            return _guarded(operator.neg, [twin(inner)])
        case ast.BinOp(left=left, op=op, right=right):
            return _guarded(_OPERATORS[type(op)], [twin(left), twin(right)])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _choice(twin(test), twin(body), twin(orelse))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            operands = [twin(operand) for operand in (left, *comparators)]
            pairs = zip(ops, operands, operands[1:], strict=False)
            return _all_of([_guarded(_OPERATORS[type(op)], [first, second]) for op, first, second in pairs])
    raise AssertionError(f"{ast.dump(node)} got past condition.py")


def _guarded(function: Callable[..., Any], operands: list[Twin]) -> Twin:
    def run(values: Mapping[str, Any]) -> Any:
        arguments = [operand(values) for operand in operands]
        if any(argument is UNKNOWN for argument in arguments):
            return UNKNOWN
        try:
            return function(*arguments)
        except _FAILURES:
            return UNKNOWN

    return run


def _all_of(parts: list[Twin]) -> Twin:
    def run(values: Mapping[str, Any]) -> Truth:
        answer: Truth = True
        for part in parts:
            value = part(values)
            if value is not UNKNOWN and not value:
                return False
            answer = UNKNOWN if value is UNKNOWN else answer
        return answer

    return run


def _any_of(parts: list[Twin]) -> Twin:
    def run(values: Mapping[str, Any]) -> Truth:
        answer: Truth = False
        for part in parts:
            value = part(values)
            if value is not UNKNOWN and value:
                return True
            answer = UNKNOWN if value is UNKNOWN else answer
        return answer

    return run


def _choice(test: Twin, body: Twin, orelse: Twin) -> Twin:
    def run(values: Mapping[str, Any]) -> Any:
        truth = test(values)
        if truth is UNKNOWN:
            return UNKNOWN
        return body(values) if truth else orelse(values)

    return run
