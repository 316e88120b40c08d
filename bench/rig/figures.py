"""Raw measurements enter; quantiles, a table on the terminal and a JSON file leave."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed; 0.0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max, rounded to what is worth reading."""
    return {"p50": round(quantile(values, 0.5), 4), "p99": round(quantile(values, 0.99), 4), "max": worst(values)}


def worst(values: Sequence[float]) -> float:
    """The largest; 0.0 of none."""
    return round(max(values, default=0.0), 4)


def machine() -> dict[str, Any]:
    """Where these figures come from, so that nobody compares them with those of another machine."""
    try:
        models = {
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        }
    except OSError:
        models = {platform.processor()}
    try:
        version = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        version = "unknown"
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": ", ".join(sorted(models)),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load": os.getloadavg()[0],  # others on the machine make every figure worse, never better
        "version": version.strip(),
    }


def save(name: str, figures: Mapping[str, Any], path: Path | None) -> Path:
    """Write the figures, with the machine that they come from."""
    path = path or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({**figures, "machine": machine()}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path


def show(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """A table of two columns."""
    width = max(len(name) for name, _ in rows)
    print(f"\n{title}")
    for name, value in rows:
        words = "  ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
        print(f"  {name.ljust(width)}  {words}")
