"""The text of /metrics enters; sums of samples and quantiles of histograms leave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Samples: TypeAlias = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(session: aiohttp.ClientSession, url: str) -> Samples:
    """Every sample, by name and labels."""
    async with session.get(url) as answer:
        answer.raise_for_status()
        text = await answer.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels."""
    return sum(
        value for (known, has), value in samples.items() if known == name and labels.items() <= dict(has).items()
    )


def histogram_quantile(before: Samples, after: Samples, name: str, share: float) -> float:
    """Of what was observed between two scrapes, over all labels: linear within a bucket, as PromQL has it."""
    buckets: dict[float, float] = {}
    for (known, has), value in after.items():
        if known == f"{name}_bucket":
            edge = float(dict(has)["le"])
            buckets[edge] = buckets.get(edge, 0.0) + value - before.get((known, has), 0.0)
    edges = sorted(buckets)
    wanted = share * buckets.get(math.inf, 0.0)
    low, below = 0.0, 0.0
    for edge in edges:
        if buckets[edge] >= wanted > below:
            return low if math.isinf(edge) else low + (edge - low) * (wanted - below) / (buckets[edge] - below)
        low, below = edge, buckets[edge]
    return 0.0
