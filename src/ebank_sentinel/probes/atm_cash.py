"""The storage units of a terminal enter; how many cassettes can still pay out, and how full they are, leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.probes.atm_document import Part
from ebank_sentinel.probes.atm_vocabulary import REJECT, REPLENISHMENT, UNIT_STATUS, UNIT_TYPE

T = TypeVar("T")

_PAYS_OUT = frozenset(("cashOut", "recycle"))
_TAKES_BACK = frozenset(("reject", "retract", "cashInRetract", "cashOutRetract"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """One storage unit."""

    types: frozenset[str]
    status: str | None
    level: str | None  # replenishmentStatus, or what the counter says when there is none
    count: int | None
    loaded: int | None  # notes when it was filled, else its capacity

    @property
    def pays_nothing(self) -> bool:
        return self.status in UNIT_STATUS.faults or self.level == "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """What the storage units come to."""

    fields: Mapping[str, Scalar]
    all_spent: bool  # there are cash-out units, and none can pay out


def read_cash(document: Part) -> Cash:
    """The fields of `storage`; none when the document has none. Raises Failed."""
    if document.inside.get("storage") is None:
        return Cash(fields={}, all_spent=False)
    units = [_unit(part) for part in document.part("storage").named_parts()]
    configured = [unit for unit in units if unit.status != "notConfigured"]
    out = [unit for unit in configured if unit.types & _PAYS_OUT]
    back = [unit for unit in configured if unit.types & _TAKES_BACK]
    fields: dict[str, Scalar | None] = {
        "cassettes": len(out),
        "cassettes_low": _how_many(out, _level, "low"),
        "cassettes_empty": _how_many(out, _level, "empty"),
        "cassettes_faulted": _how_many(out, _status, "inoperative"),
        "cassettes_missing": _how_many(out, _status, "missing"),
        "cassettes_manipulated": _how_many(configured, _status, "manipulated"),
        "cash_percent": _percent(out),
        "reject": _reject(back),
        "reject_percent": _percent(back),
    }
    return Cash(
        fields={name: value for name, value in fields.items() if value is not None},
        all_spent=bool(out) and all(unit.pays_nothing for unit in out),
    )


def _unit(part: Part) -> _Unit:
    """A unit as Storage.GetStorage has it, or with the same properties directly in it."""
    status, configuration = part.part("cash").part("status"), part.part("cash").part("configuration")
    count = _first(part.count("count"), status.count("count"))
    capacity = part.count("capacity") or None  # 0: not known
    level = _first(part.word("replenishmentStatus", REPLENISHMENT), status.word("replenishmentStatus", REPLENISHMENT))
    if level is None and count is not None:
        level = "empty" if count == 0 else "full" if capacity and count >= capacity else "ok"
    return _Unit(
        types=frozenset(_types(part, configuration)),
        status=part.word("status", UNIT_STATUS),
        level=level,
        count=count,
        loaded=_initial(part) or _initial(status) or capacity,
    )


def _types(part: Part, configuration: Part) -> list[str]:
    """`cashOut`; or, as XFS4IoT has it, `{cashOut: true, cashIn: false}`."""
    found = [part.word("type", UNIT_TYPE)]
    flags = configuration.part("types")
    found += [flags.as_word(name, name, UNIT_TYPE) for name, value in flags.inside.items() if value is True]
    return [word for word in found if word is not None]


def _initial(part: Part) -> int | None:
    """How many notes were loaded: a number, or counts by the type and the state of the notes."""
    initial = part.inside.get("initial")
    if not isinstance(initial, dict):
        return part.count("initial")
    counts = part.part("initial")
    total = 0
    for name, value in initial.items():
        of_type = counts.part(name) if isinstance(value, dict) else counts
        names = of_type.inside if isinstance(value, dict) else (name,)
        total += sum(of_type.count(each) or 0 for each in names)
    return total


def _first(here: T | None, there: T | None) -> T | None:
    return there if here is None else here


def _level(unit: _Unit) -> str | None:
    return unit.level


def _status(unit: _Unit) -> str | None:
    return unit.status


def _how_many(units: Sequence[_Unit], read: Callable[[_Unit], str | None], word: str) -> int | None:
    """How many say so; None when there are units, and none says anything."""
    said = [read(unit) for unit in units]
    return None if said and all(each is None for each in said) else said.count(word)


def _percent(units: Sequence[_Unit]) -> float | None:
    """Notes against what was loaded, in all together; None when a unit does not tell."""
    held = loaded = 0
    for unit in units:
        if unit.loaded is None:
            return None
        if unit.count is None and unit.status != "missing":  # one that was taken out holds nothing
            return None
        held += unit.count or 0
        loaded += unit.loaded
    return min(100.0, round(100 * held / loaded, 2)) if loaded else None


def _reject(units: Sequence[_Unit]) -> str | None:
    """The worst of the units that take notes back: being low or empty is how they should be."""
    said = [unit.status for unit in units if unit.status is not None and unit.status in UNIT_STATUS.faults]
    said += ["ok" if unit.level in ("low", "empty") else unit.level for unit in units if unit.level is not None]
    return REJECT.worst(said)
