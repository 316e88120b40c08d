"""Where nothing of ours ever connects, whatever a file or a DNS server says: an IP address enters, yes or no leaves."""

from __future__ import annotations

import ipaddress
from typing import Final

_METADATA: Final = frozenset(("169.254.169.254", "fd00:ec2::254", "100.100.100.200"))
"""Where clouds hand out credentials to whoever asks from inside (AWS, Azure, GCP; AWS over IPv6; Aliyun)."""


def is_metadata(host: str) -> bool:
    """Whether a host is, as an IP address without brackets, one of a cloud's metadata addresses."""
    if ":" not in host:
        return host in _METADATA
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return False
    return str(address.ipv4_mapped or address) in _METADATA
