"""A real Prometheus, its exporter and the daemon, in real time: what holds pages, what is not known does not clear."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prometheus import Exporter, Prometheus, exporter, prometheus
from support.service import one_rule, serving

pytestmark = pytest.mark.real

Watched = tuple[Exporter, Prometheus]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("prometheus")
    with exporter() as source, prometheus(folder, {"bank": f"127.0.0.1:{source.port}"}) as server:
        yield source, server


ALARM = ("wang.fang sms 三级 出故障", "wang.fang mail [三级] 出故障", "hook hook alarm III 出故障")
ALL_CLEAR = ("wang.fang sms 已恢复 出故障", "wang.fang mail [已恢复] 出故障", "hook hook resolved III 出故障")


def probes(server: str, query: str, absent: str) -> dict[str, str]:
    """One probe, of one query."""
    kind = f"{{server: '{server}', query: '{query}'}}"
    return {"queue": f"{{promql: {kind}, every: 500ms, timeout: 500ms, absent: {absent}}}"}


def one_symptom(**wanted: object) -> Callable[[dict[str, Any]], bool]:
    """There is one symptom, and it is so."""
    return lambda answer: [wanted.items() <= symptom.items() for symptom in answer["symptoms"]] == [True]


async def test_it_pages_is_unknown_while_prometheus_is_gone_and_clears_when_the_series_leaves(
    watched: Watched, tmp_path: Path
) -> None:
    source, server = watched
    source.figures['queue_depth{queue="swift"}'] = 3
    server.wait_for("queue_depth")
    watching = probes(server.url, "queue_depth > 100", "clear")
    async with serving(tmp_path, probes=watching, rules=one_rule("queue", "value > 100")) as service:
        await service.start()
        source.figures['queue_depth{queue="swift"}'] = 500
        await service.pages_arrive(*ALARM)
        (symptom,) = (await service.get("/api/v1/symptoms"))["symptoms"]
        assert symptom["labels"]["queue"] == "swift"

        # Prometheus is gone: nothing is known, and that is not an all-clear, however long it lasts.
        server.stop()
        await service.until("/api/v1/symptoms", one_symptom(known=False, state="firing"))
        await asyncio.sleep(2)  # twice `clear_after`
        await service.until("/api/v1/symptoms", one_symptom(known=False, state="firing"))
        service.expect_no_page()

        # It is back, and the series still holds: known again, and nobody hears of that.
        server.start()
        await service.until("/api/v1/symptoms", one_symptom(known=True, state="firing"))
        await asyncio.sleep(2)
        service.expect_no_page()
        assert len(await service.incidents()) == 1

        # What is wrong leaves the answer: now it is over.
        source.figures['queue_depth{queue="swift"}'] = 3
        await service.pages_arrive(*ALL_CLEAR)
        assert await service.incidents() == []


async def test_a_series_that_leaves_without_absent_clear_is_unknown_and_its_incident_stays(
    watched: Watched, tmp_path: Path
) -> None:
    source, server = watched
    source.figures['queue_depth{queue="swift"}'] = 500
    server.wait_for("queue_depth")
    watching = probes(server.url, "queue_depth", "no_data")
    async with serving(tmp_path, probes=watching, rules=one_rule("queue", "value > 100")) as service:
        await service.start()
        await service.pages_arrive(*ALARM)
        source.figures.clear()
        await service.until("/api/v1/symptoms", one_symptom(known=False, state="firing"))
        await asyncio.sleep(2)
        service.expect_no_page()
        source.figures['queue_depth{queue="swift"}'] = 3
        await service.pages_arrive(*ALL_CLEAR)
