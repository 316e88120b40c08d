"""The figures of the simulated bank: a query of the example bank enters, its series leave, as Prometheus has them.

It knows the queries of deploy/sentinel.yaml by heart, and no other: it is the bank that answers, no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ebank_sentinel.demo.bank_state import HEALTHY_SUCCESS, Bank

WINDOW_SECONDS = 5.0
"""Over how long the login rate looks back; with a real Prometheus the query has the same window."""

FAILING_NETWORKS = 140
"""Whence failing logins come: the bank's own customers, no swarm."""

_Labels = tuple[tuple[str, str], ...]
_Series = Mapping[_Labels, Mapping[str, float]]  # labels -> fields

_ONE: _Labels = ()

STEADY: Mapping[str, _Series] = {
    "login_latency": {_ONE: {"p95_s": 0.8}},
    "payment_rate": {_ONE: {"rate": 0.9994, "attempts": 5200}},
    "payment_latency": {_ONE: {"p95_s": 1.1}},
    "volume": {
        (("service", "login"),): {"volume_ratio": 1.03, "requests": 36_400, "usual": 35_300},
        (("service", "payment"),): {"volume_ratio": 0.98, "requests": 3_100, "usual": 3_160},
    },
    "otp_sms": {_ONE: {"error_rate": 0.008, "delay_s": 7.5}},
    "interbank": {(("link", link),): {"share": 0.004} for link in ("unionpay", "nucc")},
    "replication": {(("cluster", "core"),): {"lag_s": 0.4}},
    "queue_depth": {(("queue", "postings"),): {"ratio": 1.1}},
    "disk": {
        (("device", "/dev/sda1"), ("fstype", "xfs"), ("instance", "db1:9100"), ("mountpoint", "/data")): {"used": 0.61},
    },
    "machine_room": {(("room", "main"),): {"celsius": 22.3, "on_battery": 0, "minutes_left": 95}},
    "waf": {(("service", "login"),): {"blocks_ratio": 1.2, "blocks": 40}},
    "ddos": {(("line", line),): {"line_ratio": 1.02, "scrubbing": 0} for line in ("telecom", "unicom")},
    "privileged_logins": {(("host", "core-db1"),): {"logins": 0}},
}
"""Probe -> what does not change in the story."""


class UnknownQuery(Exception):
    """A query that is not one of the example bank's."""


class Figures:
    """Answers queries from the state of the bank."""

    def __init__(self, bank: Bank, queries: Mapping[str, tuple[str, str]]) -> None:
        self._bank = bank
        self._queries = queries  # PromQL -> probe and field

    def answer(self, query: str) -> list[dict[str, object]]:
        """The series of a query. Raises UnknownQuery."""
        probe, field = self._queries.get(query, ("", ""))
        series = self.of(probe)
        if not any(field in fields for fields in series.values()):
            raise UnknownQuery(f"the simulated bank does not know this query: {query[:100]}")
        moment = round(self._bank.clock.now().timestamp(), 3)
        return [{"metric": dict(labels), "value": [moment, str(fields[field])]} for labels, fields in series.items()]

    def of(self, probe: str) -> _Series:
        """All series of a probe; none of one that is not known."""
        if probe == "login_rate":
            return {_ONE: self.login()}
        if probe == "business_rate":
            return self._business()
        return STEADY.get(probe, {})

    def login(self) -> Mapping[str, float]:
        """The login rate, and whence failures come."""
        attempts, rate = self._bank.traffic.window(self._bank.clock.monotonic(), WINDOW_SECONDS)
        return {
            "rate": round(rate, 4),
            "attempts": round(attempts),
            "failed_ratio": round((1 - rate) / (1 - HEALTHY_SUCCESS), 3),
            "failed_sources": FAILING_NETWORKS,
        }

    def _business(self) -> _Series:
        """Logins fail for customers as for the system; payments are as ever."""
        rate = self.login()["rate"]
        usual = {"usual_rate": 0.97, "sigma": 0.004, "attempts": 5200}
        return {
            (("service", "login"),): {**usual, "rate": rate - 0.01, "system_rate": min(rate / HEALTHY_SUCCESS, 1.0)},
            (("service", "payment"),): {**usual, "rate": 0.97, "system_rate": 0.9994},
        }


def queries_of(sentinel: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """PromQL -> probe and field, of all queries in a sentinel.yaml; each has a name for its field there."""
    return {
        query: (probe, field)
        for probe, settings in sentinel["probes"].items()
        for field, query in settings.get("promql", {}).get("query", {}).items()
    }
