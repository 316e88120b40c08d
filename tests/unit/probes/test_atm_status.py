"""What a terminal's status comes to: each field, and the one word for all of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.model.reading import ProbeError, Scalar
from ebank_sentinel.probes import atm_vocabulary
from ebank_sentinel.probes.atm_status import FIELDS, ZOMBIE_FROM, examine
from ebank_sentinel.probes.atm_vocabulary import Vocabulary
from ebank_sentinel.probes.failure import Failed
from support.atm_status import whole_status, with_values


def read_status(document: object, *, zombie_from: float = ZOMBIE_FROM) -> Mapping[str, Scalar]:
    return examine(document, zombie_from=zombie_from).fields


def field(name: str, document: object) -> object:
    return read_status(document).get(name, "missing")


def test_a_terminal_that_is_well() -> None:
    assert read_status(whole_status()) == {
        "state": "in_service",
        "device": "online",
        "anti_fraud": "ok",
        "card_reader": "ok",
        "card_media": "notPresent",
        "chip": "ok",
        "dispenser": "ok",
        "acceptor": "ok",
        "shutter": "closed",
        "transport": "ok",
        "stacker": "empty",
        "receipt_paper": "full",
        "journal_paper": "full",
        "toner": "full",
        "ink": "full",
        "operator_switch": "run",
        "tamper": "off",
        "seismic": "off",
        "heat": "off",
        "safe_door": "locked",
        "cabinet_door": "closed",
        "ups": "off",
        "encryptor": "ready",
        "cassettes": 2,
        "cassettes_low": 0,
        "cassettes_empty": 0,
        "cassettes_faulted": 0,
        "cassettes_missing": 0,
        "cassettes_manipulated": 0,
        "cash_percent": 50.0,
        "reject": "ok",
        "reject_percent": 10.0,
        "suspect_notes": 0,
        "cards_retained": 2,
        "approved_withdrawals": 17,
        "expected_withdrawals": 20.0,
        "software": "7.4.1",
        "unknown_values": 0,
        "sensors_on": 0,
        "doors_tampered": 0,
        "fraud_signs": 0,
    }


def test_a_status_can_give_every_field_that_is_declared() -> None:
    assert set(read_status(whole_status())) == set(FIELDS)


def test_what_the_document_lacks_is_missing_and_never_made_up() -> None:
    assert read_status({}) == {"unknown_values": 0}
    assert read_status(dict.fromkeys(whole_status())) == {"unknown_values": 0}
    assert read_status({"cardsRetained": 1}) == {"cards_retained": 1, "unknown_values": 0}
    assert read_status({"common": {"device": "online"}}) == {
        "device": "online",
        "state": "in_service",
        "fraud_signs": 0,
        "unknown_values": 0,
    }


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("device", {"common__device": "potentialFraud"}, "potentialFraud"),
        ("anti_fraud", {"common__antiFraudModule": "deviceDetected"}, "deviceDetected"),
        ("anti_fraud", {"cardReader__antiFraudModule": "deviceDetected"}, "deviceDetected"),
        ("card_reader", {"cardReader__media": "jammed"}, "jammed"),
        ("card_reader", {"cardReader__media": "latched"}, "ok"),
        ("card_reader", {"cardReader__security": "notReady"}, "notReady"),
        ("card_reader", {"cardReader__device": "hardwareError", "cardReader__media": "unknown"}, "hardwareError"),
        ("card_reader", {"cardReader__device": "potentialFraud", "cardReader__media": "jammed"}, "potentialFraud"),
        ("card_reader", {"cardReader__device": "deviceBusy"}, "ok"),
        ("dispenser", {"cashDispenser__dispenser": "stop"}, "stop"),
        ("dispenser", {"cashDispenser__dispenser": None, "cashManagement__dispenser": "attention"}, "attention"),
        ("dispenser", {"cashDispenser__device": "hardwareError"}, "hardwareError"),
        ("dispenser", {"cashDispenser": {"device": "online"}}, "missing"),
        ("acceptor", {"cashManagement__acceptor": "stop"}, "stop"),
        ("shutter", {"cashDispenser__shutter": "jammedOpen"}, "jammedOpen"),
        ("shutter", {"cashDispenser__positions": [{"shutter": "closed"}, {"shutter": "open"}]}, "open"),
        ("transport", {"cashDispenser__positions": [{"transport": "ok"}, {"transport": "inoperative"}]}, "inoperative"),
        ("sensors_on", {"auxiliaries__seismicSensor": "on", "auxiliaries__heatSensor": None}, 1),
        ("sensors_on", {"auxiliaries__internalTamperSensor": "on", "auxiliaries__heatSensor": "on"}, 2),
        ("sensors_on", {"auxiliaries": {"safeDoor": "closed"}}, "missing"),
        ("doors_tampered", {"auxiliaries__safeDoor": "tampered", "auxiliaries__cabinetRearDoor": "tampered"}, 2),
        ("doors_tampered", {"auxiliaries__safeDoor": None, "auxiliaries__cabinetDoor": "open"}, 0),
        ("fraud_signs", {"cardReader__antiFraudModule": "deviceDetected"}, 1),
        ("fraud_signs", {"common__device": "potentialFraud", "cardReader__device": "fraudAttempt"}, 2),
        ("fraud_signs", {"keyManagement__device": "potentialFraud", "cashDispenser__device": "hardwareError"}, 1),
        ("receipt_paper", {"printer__paper": {"upper": "full", "lower": "low", "park": None}}, "low"),
        ("receipt_paper", {"printer__paper": "out"}, "out"),
        ("journal_paper", {"journal": "low"}, "low"),
        ("operator_switch", {"auxiliaries__operatorSwitch": "supervisor"}, "supervisor"),
        ("tamper", {"auxiliaries__internalTamperSensor": "on"}, "on"),
        ("cabinet_door", {"auxiliaries__cabinetRearDoor": "tampered"}, "tampered"),
        ("ups", {"auxiliaries__UPS": {"low": False, "engaged": True, "powering": True}}, "engaged"),
        ("ups", {"auxiliaries__UPS": {"low": True, "engaged": True}}, "low"),
        ("ups", {"auxiliaries__UPS": {}}, "missing"),
        ("ups", {"auxiliaries__UPS": None, "auxiliaries__ups": ["recovered"]}, "recovered"),
        ("ups", {"auxiliaries__UPS": []}, "off"),
        ("ups", {"auxiliaries__UPS": "powering"}, "powering"),
        ("encryptor", {"keyManagement": None, "pinPad": {"encryptionState": "notInitialized"}}, "notInitialized"),
        ("encryptor", {"pinPad__device": "fraudAttempt"}, "fraudAttempt"),
        ("expected_withdrawals", {"transactions__expectedWithdrawals": 19.5}, 19.5),
        ("software", {"swVersion": " 7.4\n "}, "7.4"),
    ],
)
def test_a_field_tells_the_worst_of_what_stands_behind_it(name: str, values: dict[str, Any], expected: object) -> None:
    document = with_values(**values)
    assert field(name, document) == expected
    assert field("unknown_values", document) == 0


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"common__device": "deviceBusy"}, "in_service"),
        ({"auxiliaries__UPS": ["recovered"]}, "in_service"),
        ({"cashAcceptor__device": "noDevice"}, "in_service"),
        ({"auxiliaries__UPS": ["engaged"]}, "warning"),
        ({"auxiliaries__seismicSensor": "on"}, "warning"),
        ({"auxiliaries__safeDoor": "open"}, "warning"),
        ({"common__antiFraudModule": "deviceDetected"}, "warning"),
        ({"common__device": "potentialFraud"}, "warning"),
        ({"cashDispenser__dispenser": "attention"}, "warning"),
        ({"printer__paper": {"upper": "low"}}, "warning"),
        ({"storage__unit1__replenishmentStatus": "low"}, "warning"),
        ({"storage__unit3__replenishmentStatus": "full"}, "warning"),
        ({"cardReader__chipModule": "inoperable"}, "warning"),
        ({"cardReader__media": "swallowed"}, "warning"),
        ({"transactions__approvedWithdrawals": 0}, "zombie"),
        ({"transactions__approvedWithdrawals": 0, "printer__paper": "out"}, "zombie"),
        ({"transactions__approvedWithdrawals": 0, "transactions__expectedWithdrawals": 19.9}, "in_service"),
        ({"transactions__approvedWithdrawals": None}, "in_service"),
        ({"transactions__approvedWithdrawals": 0, "cashDispenser__dispenser": "stop"}, "degraded"),
        ({"cardReader__media": "jammed"}, "degraded"),
        ({"cardReader__media": "jammed", "cardReader__device": "potentialFraud"}, "degraded"),
        ({"cashDispenser__shutter": "jammedClosed"}, "degraded"),
        ({"cashAcceptor__acceptor": "stop"}, "degraded"),
        ({"storage__unit1__status": "inoperative", "storage__unit2__replenishmentStatus": "empty"}, "degraded"),
        ({"cardReader__media": "jammed", "cashDispenser__dispenser": "stop"}, "out_of_service"),
        ({"keyManagement__encryptionState": "notReady"}, "out_of_service"),
        ({"common__device": "hardwareError"}, "out_of_service"),
        ({"common__device": "fraudAttempt"}, "out_of_service"),
        ({"common__device": "powerOff", "cardReader__media": "jammed"}, "offline"),
        ({"common__device": "offline", "auxiliaries__operatorSwitch": "maintenance"}, "supervisor"),
    ],
)
def test_the_state_is_what_a_customer_finds(values: dict[str, Any], state: str) -> None:
    assert field("state", with_values(**values)) == state


def test_from_how_many_expected_withdrawals_a_terminal_is_a_zombie_can_be_set() -> None:
    document = with_values(transactions__approvedWithdrawals=0, transactions__expectedWithdrawals=8)
    assert read_status(document)["state"] == "in_service"
    assert read_status(document, zombie_from=8)["state"] == "zombie"


UNIT = {"type": "cashOut", "status": "ok", "replenishmentStatus": "ok", "count": 100, "initial": 1000}


def cash(*units: dict[str, object]) -> dict[str, object]:
    fields = read_status({"storage": {f"unit{number}": unit for number, unit in enumerate(units)}})
    return {name: value for name, value in fields.items() if name not in ("state", "unknown_values")}


def test_units_are_counted_by_what_they_say() -> None:
    told = cash(
        UNIT,
        UNIT | {"replenishmentStatus": "low"},
        UNIT | {"replenishmentStatus": "empty"},
        UNIT | {"status": "inoperative"},
        UNIT | {"status": "missing", "count": None},
        UNIT | {"status": "manipulated"},
        UNIT | {"status": "notConfigured"},  # not in use: not counted
        {"type": "cashIn", "status": "manipulated"},  # no cassette, yet somebody was at it
    )
    assert told == {
        "cassettes": 6,
        "cassettes_low": 1,
        "cassettes_empty": 1,
        "cassettes_faulted": 1,
        "cassettes_missing": 1,
        "cassettes_manipulated": 2,
        "cash_percent": round(500 / 60, 2),
    }


def test_a_unit_is_read_as_get_storage_of_xfs4iot_has_it() -> None:
    unit = {
        "status": "ok",
        "capacity": 2500,
        "cash": {
            "configuration": {"types": {"cashOut": True, "cashIn": True, "reject": False}, "currency": "CNY"},
            "status": {
                "initial": {"unrecognized": 0, "type100CNY1": {"fit": 900, "unfit": 100}},
                "count": 250,
                "replenishmentStatus": "low",
            },
        },
    }
    told = cash(unit)
    assert (told["cassettes"], told["cassettes_low"], told["cash_percent"]) == (1, 1, 25.0)


def test_a_counter_tells_what_the_unit_itself_does_not() -> None:
    silent = {"type": "cashOut", "status": "ok", "capacity": 1000}
    assert cash(silent | {"count": 0})["cassettes_empty"] == 1
    assert cash(silent | {"count": 5})["cassettes_empty"] == 0
    assert cash(silent | {"count": 0, "replenishmentStatus": "low"})["cassettes_empty"] == 0
    assert "cassettes_empty" not in cash(silent)
    assert cash({"type": "reject", "count": 300, "capacity": 300})["reject"] == "full"


def test_the_share_of_cash_is_missing_when_a_unit_does_not_tell() -> None:
    assert "cash_percent" not in cash(UNIT, {"type": "cashOut", "status": "ok"})
    assert "cash_percent" not in cash(UNIT | {"initial": None, "capacity": 0})
    assert cash(UNIT | {"count": 3000, "type": "recycle"})["cash_percent"] == 100.0


def test_the_reject_bin_tells_the_worst_of_all_that_take_notes_back() -> None:
    assert (
        cash({"type": "reject", "replenishmentStatus": "high"}, {"type": "retract", "status": "ok"})["reject"] == "high"
    )
    assert cash({"type": "reject", "replenishmentStatus": "empty"}, {"type": "retract", "status": "missing"})[
        "reject"
    ] == ("missing")
    assert "reject" not in cash(UNIT)


VOCABULARIES = {name: value for name, value in vars(atm_vocabulary).items() if isinstance(value, Vocabulary)}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_word_is_either_a_fault_or_fine(name: str) -> None:
    words = (*VOCABULARIES[name].faults, *VOCABULARIES[name].fine)
    assert len(words) == len(set(words))


def test_a_value_that_nobody_knows_is_kept_and_counted() -> None:
    status = examine(with_values(cardReader__media="swallowed", auxiliaries__safeDoor="ajar", swVersion=7))
    assert status.fields["card_media"] == "swallowed"
    assert status.fields["safe_door"] == "ajar"
    assert status.fields["unknown_values"] == 3
    assert "software" not in status.fields
    assert [(strange.place, strange.value) for strange in status.strange] == [
        ("cardReader.media", "swallowed"),
        ("auxiliaries.safeDoor", "ajar"),
        ("swVersion", "a number"),
    ]


def test_a_known_fault_outranks_a_value_that_nobody_knows() -> None:
    assert field("cabinet_door", with_values(auxiliaries__cabinetDoor="ajar")) == "ajar"
    assert field("cabinet_door", with_values(auxiliaries__cabinetDoor="ajar", auxiliaries__cabinetRearDoor="open")) == (
        "open"
    )


@pytest.mark.parametrize("value", [-1, 1.5, math.nan, math.inf, 10**400, True, "4", [], {}])
def test_a_counter_that_is_no_counter_is_missing(value: object) -> None:
    fields = read_status(with_values(cardsRetained=value))
    assert "cards_retained" not in fields
    assert fields["unknown_values"] == 1


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "the status is a list, not an object"),
        ("ok", "the status is a text, not an object"),
        (None, "the status is null, not an object"),
        ({"cardReader": ["media"]}, "cardReader is a list, not an object"),
        ({"cashDispenser": {"positions": {}}}, "cashDispenser.positions is an object, not a list"),
        ({"cashDispenser": {"positions": [{}, 3]}}, "cashDispenser.positions.1 is a number, not an object"),
        ({"storage": {"unit1": True}}, "storage.unit1 is true or false, not an object"),
        ({"storage": {f"u{n}": {} for n in range(1001)}}, "storage has 1001 entries, more than 1000"),
        ({"auxiliaries": {"UPS": ["low"] * 1001}}, "auxiliaries.UPS has 1001 entries, more than 1000"),
        ({"cashDispenser": {"positions": [{}] * 1001}}, "cashDispenser.positions has 1001 entries, more than 1000"),
        ({"storage": {"unit1": {"cash": {"status": "ok"}}}}, "storage.unit1.cash.status is a text, not an object"),
    ],
)
def test_what_has_not_the_shape_of_a_status_is_told_with_its_place(document: object, reason: str) -> None:
    with pytest.raises(Failed) as failed:
        read_status(document)
    assert failed.value.error is ProbeError.BODY
    assert failed.value.detail == reason


_WORDS = st.sampled_from(sorted({w for v in VOCABULARIES.values() for w in (*v.faults, *v.fine)})) | st.text(max_size=9)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.just(10**400)
_NAMES = st.text(max_size=9) | st.sampled_from(
    [*re.findall(r"\w+", json.dumps(whole_status())), "UPS", "ups", "cash", "configuration", "types", "capacity"]
)
_JSON = st.recursive(
    _SCALARS, lambda inside: st.lists(inside, max_size=4) | st.dictionaries(_NAMES, inside, max_size=6), max_leaves=40
)


@st.composite
def broken_statuses(draw: st.DrawFn) -> dict[str, Any]:
    """A good status in which some places hold anything."""
    document = whole_status()
    for _ in range(draw(st.integers(1, 6))):
        inside: Any = document
        while True:
            key = draw(st.sampled_from(sorted(inside)) if inside and isinstance(inside, dict) else _NAMES)
            if not isinstance(inside.get(key), dict) or draw(st.booleans()):
                inside[key] = draw(_JSON)
                break
            inside = inside[key]
    return document


@given(_JSON | broken_statuses())
def test_whatever_comes_is_read_or_refused_in_words(document: object) -> None:
    try:
        status = examine(document)
    except Failed as failed:
        assert failed.error is ProbeError.BODY
        assert failed.detail.isprintable()
        return
    for name, value in status.fields.items():
        assert type(value) is FIELDS[name]
        assert not isinstance(value, str) or (value.isprintable() and len(value) <= 200)
        assert not isinstance(value, float) or math.isfinite(value)
    assert len(status.strange) <= int(status.fields["unknown_values"])
