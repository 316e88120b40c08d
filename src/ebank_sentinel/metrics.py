"""Every metric that we export, declared here and nowhere else. Aggregates only: nothing per target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ebank_sentinel import __version__

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The program's metrics over one registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # its memory, processor time and open files
        self.probes = Counter(
            "sentinel_probes", "Readings, by probe and outcome (up, down).", ["probe", "outcome"], registry=registry
        )
        self.probe_failures = Counter(
            "sentinel_probe_failures",
            "Probes that read no target at all, by error.",
            ["probe", "error"],
            registry=registry,
        )
        self.probes_skipped = Counter(
            "sentinel_probes_skipped", "Probes not started, since the one before still ran.", registry=registry
        )
        self.probe_lateness = Histogram(
            "sentinel_probe_lateness_seconds", "How late probes started.", buckets=_FAST, registry=registry
        )
        self.mask_changes = Counter(
            "sentinel_mask_changes",
            "Readings whose truths differed from the target's last, by probe.",
            ["probe"],
            registry=registry,
        )
        self.decisions = Counter(
            "sentinel_decisions", "Decisions, by the reason that they named.", ["reason"], registry=registry
        )
        self.sends = Counter(
            "sentinel_sends",
            "Attempts to send a page, by channel and outcome (accepted, failed, retry).",
            ["channel", "outcome"],
            registry=registry,
        )
        self.batch_items = Histogram(
            "sentinel_desk_batch_items",
            "Items in one decision.",
            buckets=(1, 3, 10, 30, 100, 300, 1000),
            registry=registry,
        )
        self.commit = Histogram(
            "sentinel_commit_seconds", "From deciding to durable.", buckets=_FAST, registry=registry
        )
        self.items_rejected = Counter(
            "sentinel_desk_items_rejected", "Items that could not be decided or stored, even alone.", registry=registry
        )
        self.store_refusing = Gauge("sentinel_store_refusing", "1 while the store refuses writes.", registry=registry)
        self.loop_lag = Histogram(
            "sentinel_loop_lag_seconds", "How late the event loop woke.", buckets=_FAST, registry=registry
        )
        self.log_dropped = Counter(
            "sentinel_log_lines_dropped", "Log lines lost because nobody read them.", registry=registry
        )
        self.reload_ok = Gauge(
            "sentinel_config_last_reload_successful",
            "1 when the last load of the configuration held.",
            registry=registry,
        )
        self.reload_at = Gauge(
            "sentinel_config_last_reload_success_timestamp_seconds",
            "When a configuration was loaded last.",
            registry=registry,
        )
        Gauge("sentinel_build_info", "1, with the version as a label.", ["version"], registry=registry).labels(
            __version__
        ).set(1)

    def gauges(self, read: Callable[[], Mapping[str, Mapping[tuple[str, ...], float]]]) -> None:
        """Take the gauges of GAUGES from `read` at each scrape: name -> label values -> value."""
        self.registry.register(_AtScrape(read))


GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sentinel_targets": ("Targets that are watched, by probe.", ("probe",)),
    "sentinel_symptoms": ("Symptoms, by state and whether their target is known.", ("state", "known")),
    "sentinel_incidents": ("Open incidents, by severity.", ("severity",)),
    "sentinel_wide_incidents": ("Open incidents of more than one target, by the label of their scope.", ("over",)),
    "sentinel_symptoms_explained": ("Symptoms that stand under a parent, or wait for one.", ()),
    "sentinel_outbox_pages": ("Pages that are not final, by state.", ("state",)),
    "sentinel_outbox_oldest_seconds": ("Age of the oldest page that is ready and not accepted yet.", ()),
    "sentinel_rules_unknown": ("Rules that were unknown on every target for ten intervals.", ()),
    "sentinel_rules_dormant": ("Rules that wait for something to be wired up.", ()),
}
"""Gauges that are counted when Prometheus asks."""


class _AtScrape(Collector):
    """Asks for the gauges when they are wanted."""

    def __init__(self, read: Callable[[], Mapping[str, Mapping[tuple[str, ...], float]]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(name, text, labels=labels) for name, (text, labels) in GAUGES.items()]

    def collect(self) -> Iterable[Metric]:
        values = self._read()
        for name, (text, labels) in GAUGES.items():
            family = GaugeMetricFamily(name, text, labels=labels)
            for label_values, value in values.get(name, {}).items():
                family.add_metric(label_values, value)
            yield family
