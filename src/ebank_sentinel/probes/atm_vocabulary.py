"""The words that a terminal's status is written in: those of XFS4IoT, and the few of our own that are marked so.

Source: the status classes of the public XFS4IoT service framework (KAL-ATM-Software/KAL_XFS4IoT_SP-Dev,
`*Schemas_g.cs`), as of 2021 and as of 2025: they differ in `notSupported` and in the words of a jammed shutter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of one property."""

    faults: tuple[str, ...]  # a person has something to do; the gravest first
    fine: tuple[str, ...]  # what says most first

    def knows(self, word: str) -> bool:
        """Whether it is a word of the property."""
        return word in self.faults or word in self.fine

    def worst(self, found: Collection[str]) -> str | None:
        """The word to tell when several parts of one kind say different ones; one that is not known is a doubt."""
        strangers = [word for word in found if not self.knows(word)]
        return next((word for word in (*self.faults, *strangers, *self.fine) if word in found), None)


DEVICE = Vocabulary(
    faults=("fraudAttempt", "potentialFraud", "hardwareError", "noDevice", "powerOff", "offline", "userError"),
    fine=("deviceBusy", "online"),
)
ANTI_FRAUD = Vocabulary(faults=("deviceDetected", "inoperable", "unknown"), fine=("ok", "notSupported"))
CARD_MEDIA = Vocabulary(
    faults=("jammed", "retained", "unknown"),  # retained: ours
    fine=("latched", "present", "entering", "notPresent", "notSupported"),
)
CARD_SECURITY = Vocabulary(faults=("notReady",), fine=("open", "notSupported"))
MODULE = Vocabulary(faults=("inoperable", "unknown"), fine=("ok", "notSupported"))
CASH_UNITS = Vocabulary(faults=("stop", "attention", "unknown"), fine=("ok", "notSupported"))
STACKER = Vocabulary(
    faults=("unknown",),
    fine=("notEmptyUnknown", "notEmptyCustomer", "notEmpty", "empty", "notSupported"),
)
SHUTTER = Vocabulary(
    faults=("jammedOpen", "jammedPartiallyOpen", "jammed", "jammedClosed", "jammedUnknown", "unknown"),
    fine=("open", "closed", "notSupported"),
)
TRANSPORT = Vocabulary(faults=("inoperative", "unknown"), fine=("ok", "notSupported"))
PAPER = Vocabulary(faults=("jammed", "out", "low", "unknown"), fine=("full", "notSupported"))
INK = Vocabulary(faults=("out", "low", "unknown"), fine=("full", "notSupported"))
OPERATOR_SWITCH = Vocabulary(faults=("supervisor", "maintenance"), fine=("run",))
SENSOR = Vocabulary(faults=("on",), fine=("off",))
DOOR = Vocabulary(faults=("tampered", "open"), fine=("closed", "locked", "bolted"))
UPS = Vocabulary(faults=("low", "engaged", "powering"), fine=("recovered", "off"))  # off: ours, none of the others
ENCRYPTION = Vocabulary(faults=("notReady", "notInitialized", "undefined"), fine=("busy", "initialized", "ready"))
UNIT_STATUS = Vocabulary(faults=("manipulated", "missing", "inoperative"), fine=("notConfigured", "ok"))
REPLENISHMENT = Vocabulary(faults=("empty", "full", "low", "high"), fine=("ok",))
UNIT_TYPE = Vocabulary(
    faults=(),
    fine=("cashOut", "cashIn", "reject", "cashOutRetract", "cashInRetract", "replenishment", "retract", "recycle"),
)  # retract and recycle: ours; a unit of XFS4IoT that recycles is of both types, cashOut and cashIn


def _with_device(own: Vocabulary) -> Vocabulary:
    """The words of a part that is a device of its own: what it says of itself outranks what it says of its state.

    `noDevice` is fine here: this machine was never meant to have that part.
    """
    faults = tuple(word for word in DEVICE.faults if word != "noDevice")
    return Vocabulary(faults=faults + own.faults, fine=("noDevice", *own.fine))


CARD_READER = _with_device(Vocabulary(faults=("jammed", "retained", "notReady", "unknown"), fine=("ok",)))  # ok: ours
CASH_DEVICE = _with_device(CASH_UNITS)
ENCRYPTOR = _with_device(ENCRYPTION)

REJECT = Vocabulary(faults=("manipulated", "missing", "inoperative", "full", "high"), fine=("ok",))
