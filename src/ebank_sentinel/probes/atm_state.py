"""The fields of a terminal enter; the one word for it as a whole leaves: what a customer finds there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.probes import atm_vocabulary as words
from ebank_sentinel.probes.atm_vocabulary import Vocabulary

UNREACHED = frozenset(("offline", "powerOff", "noDevice"))
"""What a terminal says of itself that means: nobody can use it, whatever else it says."""

_BROKEN = frozenset(("fraudAttempt", "hardwareError", "userError"))
_LOST = _BROKEN | {
    *("offline", "powerOff", "jammed", "notReady", "notInitialized", "stop", "inoperative"),
    *(word for word in words.SHUTTER.faults if word.startswith("jammed")),
}
"""Words of a part that cannot do its work."""

_WARNS: Mapping[str, Vocabulary] = {
    "device": words.DEVICE,
    "anti_fraud": words.ANTI_FRAUD,
    "card_reader": words.CARD_READER,
    "chip": words.MODULE,
    "dispenser": words.CASH_DEVICE,
    "acceptor": words.CASH_DEVICE,
    "shutter": words.SHUTTER,
    "transport": words.TRANSPORT,
    "stacker": words.STACKER,
    "receipt_paper": words.PAPER,
    "journal_paper": words.PAPER,
    "toner": words.INK,
    "ink": words.INK,
    "tamper": words.SENSOR,
    "seismic": words.SENSOR,
    "heat": words.SENSOR,
    "safe_door": words.DOOR,
    "cabinet_door": words.DOOR,
    "ups": words.UPS,
    "encryptor": words.ENCRYPTOR,
    "reject": words.REJECT,
}
_WARNS_OVER_ZERO = tuple(f"cassettes_{what}" for what in ("low", "empty", "faulted", "missing", "manipulated"))


def state_of(
    fields: Mapping[str, Scalar],
    said: Mapping[str, Collection[str]],
    *,
    all_spent: bool,
    doubtful: bool,
    zombie_from: float,
) -> str | None:
    """The first that holds, from what explains most. None when the status tells nothing.

    - `said`: field to all the words behind it, of which the field itself shows the worst.
    - `all_spent`: no cassette can pay out. `doubtful`: the status holds values that nobody knows.
    """
    if not said and "cassettes" not in fields:
        return None
    device = fields.get("device")
    card, pin, pays_in = (_lost(said, name) for name in ("card_reader", "encryptor", "acceptor"))
    pays_out = all_spent or any(_lost(said, name) for name in ("dispenser", "shutter", "transport"))
    states = (
        ("supervisor", fields.get("operator_switch") in words.OPERATOR_SWITCH.faults),
        ("offline", device in UNREACHED),
        ("out_of_service", device in _BROKEN or pin or (card and pays_out)),
        ("degraded", card or pays_out or pays_in),
        ("zombie", _is_zombie(fields, zombie_from)),
        ("warning", doubtful or _warns(fields)),
    )
    return next((state for state, holds in states if holds), "in_service")


def _lost(said: Mapping[str, Collection[str]], part: str) -> bool:
    """Whether a part cannot do its work."""
    return not _LOST.isdisjoint(said.get(part, ()))


def _is_zombie(fields: Mapping[str, Scalar], zombie_from: float) -> bool:
    """It says that all is well, and nobody gets money."""
    expected = fields.get("expected_withdrawals")
    return isinstance(expected, float) and expected >= zombie_from and fields.get("approved_withdrawals") == 0


def _warns(fields: Mapping[str, Scalar]) -> bool:
    """Whether a person has something to do there."""
    if any(fields.get(field) in vocabulary.faults for field, vocabulary in _WARNS.items()):
        return True
    return any(fields.get(field, 0) != 0 for field in _WARNS_OVER_ZERO)
