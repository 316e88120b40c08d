"""The status of a terminal that is well, as its probe reads it: tests change what they are about."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

_WHOLE: dict[str, Any] = {
    "common": {"device": "online", "antiFraudModule": "ok"},
    "cardReader": {"media": "notPresent", "security": "open", "chipModule": "ok"},
    "cashDispenser": {
        "dispenser": "ok",
        "intermediateStacker": "empty",
        "positions": [{"position": "outFront", "shutter": "closed", "transport": "ok"}],
    },
    "cashAcceptor": {"acceptor": "ok"},
    "printer": {"paper": {"upper": "full", "lower": "full"}, "toner": "full", "ink": "full"},
    "journal": {"paper": {"upper": "full"}},
    "auxiliaries": {
        "operatorSwitch": "run",
        "tamperSensor": "off",
        "internalTamperSensor": "off",
        "seismicSensor": "off",
        "heatSensor": "off",
        "safeDoor": "locked",
        "cabinetDoor": "closed",
        "UPS": {"low": False, "engaged": False, "powering": False, "recovered": False},
    },
    "keyManagement": {"encryptionState": "ready"},
    "storage": {
        "unit1": {"type": "cashOut", "status": "ok", "replenishmentStatus": "ok", "count": 1500, "initial": 2000},
        "unit2": {"type": "cashOut", "status": "ok", "replenishmentStatus": "ok", "count": 500, "initial": 2000},
        "unit3": {"type": "reject", "status": "ok", "replenishmentStatus": "empty", "count": 30, "capacity": 300},
    },
    "transactions": {"approvedWithdrawals": 17, "expectedWithdrawals": 20, "windowMinutes": 60},
    "noteAcceptor": {"suspectNotes": 0},
    "cardsRetained": 2,
    "swVersion": "7.4.1",
}


def whole_status() -> dict[str, Any]:
    """One that holds everything that the probe reads."""
    return deepcopy(_WHOLE)


def with_values(**values: Any) -> dict[str, Any]:
    """The same, with other values: `cardReader__media="jammed"`; a value of None takes the property away."""
    document = whole_status()
    for path, value in values.items():
        *parts, last = path.split("__")
        inside = document
        for part in parts:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return document
