"""The kinds of probes: a line each. Adding one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ebank_sentinel.probes import atm, heartbeat, http, promql, tcp, tls
from ebank_sentinel.probes.kind import Kind

KINDS: Mapping[str, Kind[Any]] = {
    "http": http.KIND,
    "tcp": tcp.KIND,
    "tls": tls.KIND,
    "promql": promql.KIND,
    "heartbeat": heartbeat.KIND,
    "atm": atm.KIND,
}

NOT_YET = ("dns", "metrics", "iso8583")
"""Kinds that the format has and this version refuses by name."""
