"""The addresses where nothing of ours ever connects."""

from __future__ import annotations

import pytest

from ebank_sentinel.model.forbidden import is_metadata


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "FD00:0EC2:0::254",
        "fd00:ec2::254%eth0",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
    ],
)
def test_a_metadata_address_is_known_however_it_is_written(host: str) -> None:
    assert is_metadata(host)


@pytest.mark.parametrize("host", ["", "169.254.169.253", "fd00:ec2::255", "ebank.example", "a:b", "::ffff:10.0.0.1"])
def test_any_other_host_is_none(host: str) -> None:
    assert not is_metadata(host)
