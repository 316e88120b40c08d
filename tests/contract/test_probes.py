"""What every kind of probe owes, whatever it meets: no exception, its deadline kept, a reason in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ebank_sentinel.model.reading import ProbeError, Reading
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.probes.registry import KINDS
from ebank_sentinel.probes.settings import ProbeSettings
from support.atm_status import whole_status
from support.bad_servers import BEHAVIOURS, answering, closed_port, never_answers, serving
from support.certificates import Authority, serving_tls
from support.driven_clock import DrivenClock
from support.probing import NAME, TARGET, probing

Probe = Mapping[str, object]

TIMEOUT = 0.6  # seconds
SLACK = 2.0  # seconds that a busy machine may add to a deadline

AT: dict[str, Callable[[str], Probe]] = {
    "http": lambda place: {"http": {"url": f"http://{place}/"}, "every": "5s", "timeout": "600ms"},
    "tcp": lambda place: {"tcp": {"address": place}, "every": "5s", "timeout": "600ms"},
    "tls": lambda place: {"tls": {"address": place}, "every": "5s", "timeout": "600ms"},
    "promql": lambda place: {
        "promql": {"server": f"http://{place}", "query": "up"},
        "every": "5s",
        "timeout": "600ms",
    },
    "atm": lambda place: {"atm": {"url": f"http://{place}/status"}, "every": "5s", "timeout": "600ms"},
}
"""Kinds that connect -> a probe of host:port."""

HTTP_ERRORS = {
    "never_answers": {ProbeError.TIMEOUT},
    "drips": {ProbeError.TIMEOUT},
    "drips_body": {ProbeError.TIMEOUT},
    "resets": {ProbeError.RESET},
    "hangs_up": {ProbeError.RESET},
    "hangs_up_in_the_body": {ProbeError.RESET},
    "garbage": {ProbeError.PROTOCOL},
    "endless_head": {ProbeError.PROTOCOL},
    "endless_body": {ProbeError.TOO_LARGE},
}
ERRORS: dict[str, dict[str, set[ProbeError]]] = {
    "http": HTTP_ERRORS,
    "atm": HTTP_ERRORS,
    "promql": HTTP_ERRORS | {"endless_body": {ProbeError.TOO_LARGE, ProbeError.TIMEOUT}},
    "tls": {
        "never_answers": {ProbeError.TIMEOUT},
        "drips": {ProbeError.TIMEOUT},
        "resets": {ProbeError.RESET},
        "hangs_up": {ProbeError.RESET},
        "garbage": {ProbeError.TLS},
    },
}
"""What each kind says of each misbehaviour."""


def bad_encounters() -> list[tuple[str, str]]:
    return [(kind, behaviour) for kind, errors in ERRORS.items() for behaviour in errors]


@pytest.mark.parametrize(("kind", "behaviour"), bad_encounters())
async def test_a_bad_server_gets_a_named_reason_within_the_deadline(kind: str, behaviour: str) -> None:
    async with serving(BEHAVIOURS[behaviour]) as port, probing(AT[kind](f"127.0.0.1:{port}")) as prober:
        began = time.monotonic()
        outcome = await prober.read(TARGET)
        took = time.monotonic() - began
    assert took < TIMEOUT + SLACK
    assert_failed(outcome, ERRORS[kind][behaviour])


@pytest.mark.parametrize("kind", [kind for kind in AT if kind != "tcp"])
async def test_a_timeout_says_what_the_probe_waited_for(kind: str) -> None:
    async with serving(never_answers) as port, probing(AT[kind](f"127.0.0.1:{port}")) as prober:
        outcome = await prober.read(TARGET)
    failed = outcome if isinstance(outcome, ProbeFailure) else outcome[0]
    assert failed.detail.startswith("no answer within 600ms: still ")


@pytest.mark.parametrize("kind", AT)
async def test_a_closed_port_is_refused(kind: str) -> None:
    async with probing(AT[kind](f"127.0.0.1:{closed_port()}")) as prober:
        assert_failed(await prober.read(TARGET), {ProbeError.REFUSED})


@pytest.mark.parametrize("kind", AT)
async def test_a_name_that_does_not_exist_is_a_dns_error(kind: str) -> None:
    async with probing(AT[kind]("nobody.invalid:9")) as prober:
        outcome = await prober.read(TARGET)
    # Without any DNS server a look-up may also hang until the deadline.
    assert_failed(outcome, {ProbeError.DNS, ProbeError.TIMEOUT})


@pytest.mark.parametrize("kind", AT)
async def test_a_name_that_leads_to_a_metadata_address_is_never_connected_to(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_arguments, **_options: [(2, 1, 6, "", ("169.254.169.254", 80))])
    async with probing(AT[kind]("harmless.example:80")) as prober:
        outcome = await prober.read(TARGET)
    assert_failed(outcome, {ProbeError.UNREACHABLE})
    failed = outcome if isinstance(outcome, ProbeFailure) else outcome[0]
    assert "metadata" in failed.detail


@pytest.mark.parametrize("kind", AT)
async def test_a_machine_without_descriptors_says_nothing_of_the_target(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(*_arguments: object, **_options: object) -> object:
        raise OSError(24, "Too many open files")

    async with serving(never_answers) as port, probing(AT[kind](f"127.0.0.1:{port}")) as prober:
        with monkeypatch.context() as patched:
            patched.setattr("ebank_sentinel.probes.network.socket.socket", no_more)
            outcome = await prober.read(TARGET)
    assert isinstance(outcome, ProbeFailure)
    assert outcome.error is ProbeError.LOCAL


async def test_every_kind_declares_what_a_good_reading_holds(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown = authority.sign("localhost", "127.0.0.1")
    vector = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"0.5"]}]}}'
    clock = DrivenClock(datetime.now(UTC))
    head = f"HTTP/1.1 200 OK\nContent-Length: {len(vector)}"
    seen = set()
    status = json.dumps(whole_status()).encode()
    async with (
        serving(answering(head, vector)) as plain,
        serving_tls(shown, b'{"n": {"x": 1}}') as secure,
        serving(answering(f"HTTP/1.1 200 OK\nContent-Length: {len(status)}", status)) as terminal,
    ):
        probes: list[Probe] = [
            {"http": {"url": f"http://127.0.0.1:{plain}/", "read": {"state": "status"}}},
            {"http": {"url": f"https://localhost:{secure}/", "read": {"x": "n.x"}, "tls": {"ca": authority.file.name}}},
            {"tcp": {"address": f"localhost:{plain}"}},
            {"tls": {"address": f"localhost:{secure}", "ca": authority.file.name}},
            {"promql": {"server": f"http://127.0.0.1:{plain}", "query": {"rate": "up", "count": "up"}}},
            {"heartbeat": {"within": "1h"}},
            {"atm": {"url": f"http://127.0.0.1:{terminal}/"}},
        ]
        for probe in probes:
            async with probing(probe, folder=tmp_path, clock=clock, last_beat=lambda _: clock.now()) as prober:
                outcome = await prober.read(TARGET)
            assert not isinstance(outcome, ProbeFailure), outcome
            (reading,) = outcome
            settings = ProbeSettings.model_validate(probe)
            assert reading.up, reading
            assert reading.detail == ""
            assert reading.error is None
            assert reading.target.id.probe == NAME
            declared = settings.fields()
            assert set(reading.fields) <= set(declared)
            for name, value in reading.fields.items():
                assert isinstance(value, declared[name])
            seen.add(settings.kind)
    assert seen == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_interval_and_words_for_its_settings(kind: str) -> None:
    for field in KINDS[kind].settings.model_fields.values():
        assert field.description
    given: dict[str, Probe] = {"heartbeat": {"heartbeat": {"within": "1h"}}}
    probe = given.get(kind) or AT[kind]("127.0.0.1:443")
    settings = ProbeSettings.model_validate({kind: probe[kind]})
    assert timedelta() < settings.timeout <= settings.every


def assert_failed(outcome: object, errors: set[ProbeError]) -> None:
    if isinstance(outcome, ProbeFailure):
        assert outcome.probe == NAME
    else:
        assert isinstance(outcome, tuple)
        (outcome,) = outcome
        assert isinstance(outcome, Reading)
        assert not outcome.up
    assert outcome.error in errors, outcome
    assert outcome.detail
    assert outcome.detail.isprintable()
