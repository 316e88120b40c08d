"""`tls`: each reason to refuse a certificate has its own word, and the days left are read all the same."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ebank_sentinel.model.reading import ProbeError, Reading
from support.bad_servers import never_answers, serving
from support.certificates import Authority, Certificate, serving_tls
from support.probing import read


async def shake(shown: Certificate, folder: Path, **settings: object) -> Reading:
    async with serving_tls(shown) as port:
        return await read({"tls": {"address": f"localhost:{port}", **settings}}, folder=folder)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_good_certificate_is_up_with_its_days(authority: Authority, tmp_path: Path) -> None:
    reading = await shake(authority.sign("localhost"), tmp_path, ca=authority.file.name)
    assert reading.up, reading
    assert 59.9 < float(reading.fields["cert_days"]) < 60.1
    assert float(reading.fields["tls_ms"]) > 0
    assert float(reading.fields["latency_ms"]) > 0


async def test_an_expired_certificate_has_negative_days(authority: Authority, tmp_path: Path) -> None:
    shown = authority.sign("localhost", valid_to=timedelta(days=-2))
    reading = await shake(shown, tmp_path, ca=authority.file.name)
    assert reading.error is ProbeError.TLS_EXPIRED
    assert -2.1 < float(reading.fields["cert_days"]) < -1.9


async def test_a_certificate_that_is_not_valid_yet(authority: Authority, tmp_path: Path) -> None:
    shown = authority.sign("localhost", valid_from=timedelta(days=2))
    reading = await shake(shown, tmp_path, ca=authority.file.name)
    assert reading.error is ProbeError.TLS_NOT_YET_VALID
    assert float(reading.fields["cert_days"]) > 59


async def test_a_certificate_for_another_name(authority: Authority, tmp_path: Path) -> None:
    reading = await shake(authority.sign("other.example"), tmp_path, ca=authority.file.name)
    assert reading.error is ProbeError.TLS_WRONG_NAME
    assert float(reading.fields["cert_days"]) > 59


async def test_the_name_that_is_wanted_may_be_given(authority: Authority, tmp_path: Path) -> None:
    shown = authority.sign("ebank.example")
    reading = await shake(shown, tmp_path, ca=authority.file.name, server_name="ebank.example")
    assert reading.up, reading


async def test_an_address_may_be_certified(authority: Authority, tmp_path: Path) -> None:
    async with serving_tls(authority.sign("127.0.0.1")) as port:
        good = await read({"tls": {"address": f"127.0.0.1:{port}", "ca": authority.file.name}}, folder=tmp_path)
    async with serving_tls(authority.sign("127.0.0.2")) as port:
        bad = await read({"tls": {"address": f"127.0.0.1:{port}", "ca": authority.file.name}}, folder=tmp_path)
    assert good.up, good
    assert bad.error is ProbeError.TLS_WRONG_NAME


async def test_a_self_signed_certificate(authority: Authority, tmp_path: Path) -> None:
    reading = await shake(authority.sign("localhost", self_signed=True), tmp_path, ca=authority.file.name)
    assert reading.error is ProbeError.TLS_SELF_SIGNED
    assert float(reading.fields["cert_days"]) > 59


async def test_a_certificate_of_an_authority_that_is_not_ours(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Other Root")
    reading = await shake(stranger.sign("localhost"), tmp_path, ca=authority.file.name)
    assert reading.error is ProbeError.TLS_UNTRUSTED
    assert float(reading.fields["cert_days"]) > 59
    reading = await shake(authority.sign("localhost"), tmp_path)  # the machine's own authorities
    assert reading.error is ProbeError.TLS_UNTRUSTED


async def test_the_reason_stands_when_the_second_handshake_hangs(authority: Authority, tmp_path: Path) -> None:
    """The verdict is known after the first; the second only reads the dates."""
    context = authority.sign("other.example").server()
    met = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        if met > 1:
            await never_answers(reader, writer)
        else:
            await writer.start_tls(context)

    async with serving(once) as port:
        settings = {"address": f"localhost:{port}", "ca": authority.file.name}
        reading = await read({"tls": settings, "timeout": "1s"}, folder=tmp_path)
    assert met == 2
    assert reading.error is ProbeError.TLS_WRONG_NAME
    assert "cert_days" not in reading.fields


async def test_a_port_that_speaks_no_tls(tmp_path: Path) -> None:
    async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.bank.example ESMTP ready\r\n")
        await writer.drain()
        await asyncio.sleep(5)

    async with serving(greets) as port:
        reading = await read({"tls": {"address": f"127.0.0.1:{port}"}, "timeout": "2s"}, folder=tmp_path)
    assert reading.error is ProbeError.TLS
    assert reading.detail == "the TLS handshake failed: wrong version number"
