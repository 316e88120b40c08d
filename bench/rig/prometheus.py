"""Targets and ports enter; the files and command lines of Prometheus and blackbox_exporter leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml


def prometheus_commands(
    folder: Path, blackbox: tuple[str, int], prometheus: tuple[str, int], *, urls: Sequence[str], every: int
) -> tuple[list[str], list[str]]:
    """How both run, each given as (program, port), `every` in seconds; their files are written into a new folder."""
    folder.mkdir()
    modules = {"modules": {"http": {"prober": "http", "timeout": "5s", "http": {"preferred_ip_protocol": "ip4"}}}}
    (folder / "blackbox.yml").write_text(yaml.safe_dump(modules))
    job = {
        "job_name": "atm",
        "metrics_path": "/probe",
        "params": {"module": ["http"]},
        "static_configs": [{"targets": list(urls)}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": f"127.0.0.1:{blackbox[1]}"},
        ],
    }
    timing = {"scrape_interval": f"{every}s", "scrape_timeout": "5s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"global": timing, "scrape_configs": [job]}))
    return (
        [
            blackbox[0],
            f"--config.file={folder / 'blackbox.yml'}",
            f"--web.listen-address=127.0.0.1:{blackbox[1]}",
            "--log.level=error",
        ],
        [
            prometheus[0],
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{prometheus[1]}",
            "--log.level=error",
        ],
    )
