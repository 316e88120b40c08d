"""What a healthy ATM says of itself, as XFS4IoT names it: a terminal enters, its status leaves."""

from __future__ import annotations

from ebank_sentinel.demo.bank_state import Terminal

_CAPACITY = 2000  # notes that a cassette takes


def status_of(terminal: Terminal) -> dict[str, object]:
    """Each has its own fill, the same on every run."""
    fill = 55 + sum(terminal.terminal.encode()) % 40  # percent
    cassettes: dict[str, object] = {
        f"unit{slot}": {
            "type": "cashOut",
            "status": "ok",
            "replenishmentStatus": "ok",
            "count": fill * _CAPACITY // 100 - slot * 10,
            "initial": _CAPACITY,
        }
        for slot in range(1, 5)
    }
    reject = {"type": "reject", "status": "ok", "replenishmentStatus": "empty", "count": 12, "capacity": 300}
    return {
        "terminal": terminal.terminal,
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
        "storage": {**cassettes, "unit5": reject},
        "transactions": {"approvedWithdrawals": 17, "expectedWithdrawals": 20, "windowMinutes": 60},
        "noteAcceptor": {"suspectNotes": 0},
        "cardsRetained": 0,
        "swVersion": f"{terminal.model} 7.4.1",
    }
