"""A terminal's status enters, as XFS4IoT names it; the fields that rules name leave. Pure: no network, no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ebank_sentinel.model.reading import Scalar
from ebank_sentinel.probes import atm_vocabulary as words
from ebank_sentinel.probes.atm_cash import read_cash
from ebank_sentinel.probes.atm_document import Notes, Part, Strange, whole
from ebank_sentinel.probes.atm_signs import FIELDS as SIGNS
from ebank_sentinel.probes.atm_signs import signs_of
from ebank_sentinel.probes.atm_state import state_of
from ebank_sentinel.probes.atm_vocabulary import Vocabulary

ZOMBIE_FROM = 20
"""Withdrawals that were to be expected, from which on none at all is no chance."""

_LONGEST_VERSION = 200  # characters

FIELDS: Mapping[str, type] = {
    "state": str,
    "device": str,
    "anti_fraud": str,
    "card_reader": str,
    "card_media": str,
    "chip": str,
    "dispenser": str,
    "acceptor": str,
    "shutter": str,
    "transport": str,
    "stacker": str,
    "receipt_paper": str,
    "journal_paper": str,
    "toner": str,
    "ink": str,
    "operator_switch": str,
    "tamper": str,
    "seismic": str,
    "heat": str,
    "safe_door": str,
    "cabinet_door": str,
    "ups": str,
    "encryptor": str,
    "cassettes": int,
    "cassettes_low": int,
    "cassettes_empty": int,
    "cassettes_faulted": int,
    "cassettes_missing": int,
    "cassettes_manipulated": int,
    "cash_percent": float,
    "reject": str,
    "reject_percent": float,
    "suspect_notes": int,
    "cards_retained": int,
    "approved_withdrawals": int,
    "expected_withdrawals": float,
    "software": str,
    "unknown_values": int,
    **SIGNS,
}
"""Every field that a status can give, and its type."""


class _Single(NamedTuple):
    """A field that is the worst word of some properties of one part."""

    field: str
    part: str
    properties: Sequence[str]
    words: Vocabulary


_DOORS = ("cabinetDoor", "cabinetFrontDoor", "cabinetRearDoor", "cabinetLeftDoor", "cabinetRightDoor")
_SINGLE = (
    _Single("device", "common", ("device",), words.DEVICE),
    _Single("card_media", "cardReader", ("media",), words.CARD_MEDIA),
    _Single("chip", "cardReader", ("chipModule",), words.MODULE),
    _Single("stacker", "cashDispenser", ("intermediateStacker",), words.STACKER),
    _Single("toner", "printer", ("toner",), words.INK),
    _Single("ink", "printer", ("ink",), words.INK),
    _Single("operator_switch", "auxiliaries", ("operatorSwitch",), words.OPERATOR_SWITCH),
    _Single("tamper", "auxiliaries", ("tamperSensor", "internalTamperSensor"), words.SENSOR),
    _Single("seismic", "auxiliaries", ("seismicSensor",), words.SENSOR),
    _Single("heat", "auxiliaries", ("heatSensor",), words.SENSOR),
    _Single("safe_door", "auxiliaries", ("safeDoor",), words.DOOR),
    _Single("cabinet_door", "auxiliaries", _DOORS, words.DOOR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalStatus:
    """What a document says."""

    fields: Mapping[str, Scalar]
    strange: Sequence[Strange]  # some of the values that are in no vocabulary; `unknown_values` counts all


def examine(document: object, *, zombie_from: float = ZOMBIE_FROM) -> TerminalStatus:
    """The fields of a decoded status, and what it holds that is in no vocabulary.

    Raises Failed: what in it has not the shape of a status.
    """
    notes = Notes()
    status = whole(document, notes)
    said: dict[str, list[str]] = {}  # field -> the words behind it
    fields: dict[str, Scalar] = {}

    def tell(field: str, found: Sequence[str | None], vocabulary: Vocabulary) -> None:
        told = [word for word in found if word is not None]
        worst = vocabulary.worst(told)
        if worst is not None:
            said[field] = told
            fields[field] = worst

    for field, part, properties, vocabulary in _SINGLE:
        inside = status.part(part)
        tell(field, [inside.word(name, vocabulary) for name in properties], vocabulary)
    fraud = [status.part(part).word("antiFraudModule", words.ANTI_FRAUD) for part in ("common", "cardReader")]
    tell("anti_fraud", fraud, words.ANTI_FRAUD)
    tell("card_reader", _card_reader(status.part("cardReader")), words.CARD_READER)
    dispenser, management, acceptor = (
        status.part(name) for name in ("cashDispenser", "cashManagement", "cashAcceptor")
    )
    for field, part_of, property_ in (("dispenser", dispenser, "dispenser"), ("acceptor", acceptor, "acceptor")):
        states = [part.word(property_, words.CASH_UNITS) for part in (part_of, management)]
        tell(field, [_own_device(part_of), *states], words.CASH_DEVICE)
    places = [dispenser, *dispenser.parts("positions")]
    tell("shutter", [place.word("shutter", words.SHUTTER) for place in places], words.SHUTTER)
    tell("transport", [place.word("transport", words.TRANSPORT) for place in places], words.TRANSPORT)
    tell("receipt_paper", _paper(status.part("printer"), "paper"), words.PAPER)
    tell("journal_paper", _journal(status), words.PAPER)
    tell("ups", _ups(status.part("auxiliaries")), words.UPS)
    keys = [status.part("keyManagement"), status.part("pinPad")]
    encryption = [key.word("encryptionState", words.ENCRYPTION) for key in keys]
    tell("encryptor", [*map(_own_device, keys), *encryption], words.ENCRYPTOR)

    cash = read_cash(status)
    fields.update(cash.fields)
    fields.update(_counters(status))
    fields.update(signs_of(fields))
    state = state_of(fields, said, all_spent=cash.all_spent, doubtful=notes.count > 0, zombie_from=zombie_from)
    if state is not None:
        fields["state"] = state
    fields["unknown_values"] = notes.count
    return TerminalStatus(fields=fields, strange=tuple(notes.strange))


def _own_device(part: Part) -> str | None:
    """What a part says of itself when that is more than that it is there."""
    word = part.word("device", words.DEVICE)
    return None if word in words.DEVICE.fine else word


def _card_reader(part: Part) -> list[str | None]:
    """Its own faults and those of what is in it; `ok` when it says something, and no fault."""
    found = [
        part.word("device", words.DEVICE),
        # Counted where the field `card_media` reads it.
        word if isinstance(word := part.inside.get("media"), str) and words.CARD_MEDIA.knows(word) else None,
        part.word("security", words.CARD_SECURITY),
    ]
    fine = {*words.DEVICE.fine, *words.CARD_MEDIA.fine, *words.CARD_SECURITY.fine}
    return ["ok" if each in fine else each for each in found]


def _paper(part: Part, name: str) -> list[str | None]:
    """The supplies of a printer, `{upper: full, lower: low}`; or one word for all of them."""
    supplies = part.inside.get(name)
    if isinstance(supplies, str):
        return [part.word(name, words.PAPER)]
    inside = part.part(name)
    return [inside.word(supply, words.PAPER) for supply in inside.inside]


def _journal(status: Part) -> list[str | None]:
    """As a printer; or one word for its paper."""
    if isinstance(status.inside.get("journal"), str):
        return _paper(status, "journal")
    return _paper(status.part("journal"), "paper")


def _ups(part: Part) -> list[str | None]:
    """`{low: false, engaged: true}` as XFS4IoT has it; a list of the words that hold; or one word."""
    name = "UPS" if part.inside.get("UPS") is not None else "ups"
    match part.inside.get(name):
        case None:
            return []
        case dict():
            flags = part.part(name)
            wrong = [value for value in flags.inside.values() if value is not None and not isinstance(value, bool)]
            for value in wrong:
                flags.notes.add(f"{flags.place}.*", value)
            held = [flags.as_word(word, word, words.UPS) for word, value in flags.inside.items() if value is True]
            told = any(isinstance(value, bool) for value in flags.inside.values())
            return held or (["off"] if told else [])
        case list():
            return [part.as_word(name, item, words.UPS) for item in part.items(name)] or ["off"]
        case _:
            return [part.word(name, words.UPS)]


def _counters(status: Part) -> dict[str, Scalar]:
    """What the terminal counts, and the version of its software: properties of our own."""
    transactions = status.part("transactions")
    expected = transactions.number("expectedWithdrawals")
    found: dict[str, Scalar | None] = {
        "suspect_notes": status.part("noteAcceptor").count("suspectNotes"),
        "cards_retained": status.count("cardsRetained"),
        "approved_withdrawals": transactions.count("approvedWithdrawals"),
        "expected_withdrawals": None if expected is None else float(expected),
        "software": status.text("swVersion", _LONGEST_VERSION),
    }
    return {name: value for name, value in found.items() if value is not None}
