"""Metrics: what Prometheus' own tool finds nothing to say of, and everything that an operator asks for."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client import generate_latest

from ebank_sentinel.metrics import GAUGES, Metrics
from support.real import program


@pytest.fixture
def metrics() -> Metrics:
    """With a value of each."""
    metrics = Metrics()
    metrics.gauges(lambda: {name: {("x",) * len(labels): 1.0} for name, (_, labels) in GAUGES.items()})
    for counter, labels in (
        (metrics.probes, ("login", "up")),
        (metrics.probe_failures, ("login", "dns")),
        (metrics.mask_changes, ("login",)),
        (metrics.decisions, ("first",)),
        (metrics.sends, ("sms", "accepted")),
    ):
        counter.labels(*labels).inc()
    return metrics


@pytest.mark.real
def test_promtool_finds_nothing_wrong(metrics: Metrics) -> None:
    command = [program("promtool"), "check", "metrics"]
    text = generate_latest(metrics.registry)
    done = subprocess.run(command, input=text, capture_output=True, check=False, timeout=30)  # noqa: S603 - fixed words
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "name",
    [
        "sentinel_probes_total",
        "sentinel_probe_failures_total",
        "sentinel_probes_skipped_total",
        "sentinel_probe_lateness_seconds_bucket",
        "sentinel_mask_changes_total",
        "sentinel_symptoms",
        "sentinel_incidents",
        "sentinel_outbox_pages",
        "sentinel_outbox_oldest_seconds",
        "sentinel_sends_total",
        "sentinel_loop_lag_seconds_bucket",
        "sentinel_commit_seconds_bucket",
        "sentinel_decisions_total",
        "sentinel_store_refusing",
        "sentinel_log_lines_dropped_total",
        "sentinel_config_last_reload_successful",
        "sentinel_build_info",
        "process_open_fds",
    ],
)
def test_what_an_operator_asks_for_is_there(metrics: Metrics, name: str) -> None:
    written = generate_latest(metrics.registry).decode()
    assert any(line.startswith((f"{name} ", f"{name}{{")) for line in written.splitlines())


def test_all_of_it_is_ours_and_says_what_it_is(metrics: Metrics) -> None:
    for family in metrics.registry.collect():
        assert family.name.startswith(("sentinel_", "process_"))
        assert len(family.documentation) > 10
        assert (
            family.documentation.endswith(".") or "label" in family.documentation or family.name.startswith("process")
        )


def test_nothing_is_labelled_by_target(metrics: Metrics) -> None:
    allowed = {"probe", "outcome", "error", "reason", "channel", "state", "known", "severity", "over", "version", "le"}
    found = {name for family in metrics.registry.collect() for sample in family.samples for name in sample.labels}
    assert found <= allowed


def test_two_programs_in_one_process_do_not_mix() -> None:
    first, second = Metrics(), Metrics()
    first.probes_skipped.inc()
    assert second.registry.get_sample_value("sentinel_probes_skipped_total") == 0
