"""The fields of a terminal enter; how many of its parts show the sign of a crime leaves.

A machine has some of these parts and lacks others: a rule that asked for each by name would wait for ever
on the one that is missing. It asks for the number instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from ebank_sentinel.model.reading import Scalar

FIELDS: Mapping[str, type] = {"sensors_on": int, "doors_tampered": int, "fraud_signs": int}

_FRAUD = frozenset(("deviceDetected", "fraudAttempt", "potentialFraud"))
_SIGNS: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "sensors_on": (("tamper", "seismic", "heat"), frozenset(("on",))),
    "doors_tampered": (("safe_door", "cabinet_door"), frozenset(("tampered",))),
    "fraud_signs": (("anti_fraud", "device", "card_reader", "dispenser", "acceptor", "encryptor"), _FRAUD),
}


def signs_of(fields: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """How many parts of each kind tell of a crime; missing when the machine has none of that kind."""
    return {
        sign: sum(fields.get(part) in words for part in parts)
        for sign, (parts, words) in _SIGNS.items()
        if any(part in fields for part in parts)
    }
