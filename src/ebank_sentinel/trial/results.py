"""Verdicts enter; what machines read of them leaves: JSON, and JUnit's XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET  # it writes here, and reads nothing
from zoneinfo import ZoneInfo

from ebank_sentinel.trial.bench import Verdict
from ebank_sentinel.trial.coverage import Coverage
from ebank_sentinel.trial.timeline import clock, timeline


def as_json(results: Sequence[tuple[str, ZoneInfo, Verdict]], coverage: Coverage | None) -> Mapping[str, Any]:
    """All tests, each with the file that it is from."""
    failed = sum(not verdict.holds for _, _, verdict in results)
    answer: dict[str, Any] = {
        "ok": failed == 0,
        "tests": len(results),
        "failed": failed,
        "results": [
            {
                "name": verdict.case.name,
                "place": verdict.case.place,
                "file": file,
                "ok": verdict.holds,
                "seconds": round(verdict.seconds, 4),
                **({} if verdict.holds else _failure(verdict, zone)),
            }
            for file, zone, verdict in results
        ],
    }
    if coverage is not None:
        answer["coverage"] = {
            "percent": coverage.percent,
            "reached": len(coverage.reached),
            "missing": [str(one) for one in coverage.missing],
            "dormant": list(coverage.dormant),
        }
    return answer


def as_junit(results: Sequence[tuple[str, ZoneInfo, Verdict]]) -> str:
    """One test suite a file."""
    root = ET.Element("testsuites")
    by_file: dict[str, list[tuple[ZoneInfo, Verdict]]] = {}
    for file, zone, verdict in results:
        by_file.setdefault(file, []).append((zone, verdict))
    for file, verdicts in by_file.items():
        failures = sum(not verdict.holds for _, verdict in verdicts)
        seconds = sum(verdict.seconds for _, verdict in verdicts)
        counts = {"tests": str(len(verdicts)), "failures": str(failures), "errors": "0", "time": f"{seconds:.3f}"}
        suite = ET.SubElement(root, "testsuite", {"name": file, **counts})
        for zone, verdict in verdicts:
            case = verdict.case
            entry = ET.SubElement(
                suite, "testcase", classname=file, name=_clean(case.name), time=f"{verdict.seconds:.3f}"
            )
            if not verdict.holds:
                lines = _lines(verdict, zone)
                first = verdict.differences[0].lines[0]
                ET.SubElement(entry, "failure", message=_clean(first)).text = _clean("\n".join(lines))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _failure(verdict: Verdict, zone: ZoneInfo) -> Mapping[str, Any]:
    def local(at: datetime) -> str:
        return at.astimezone(zone).isoformat()

    return {
        "differences": [
            {"at": local(one.at), "place": one.place, "lines": list(one.lines)} for one in verdict.differences
        ],
        "timeline": [{"at": local(one.at), "kind": one.kind, "words": one.words} for one in timeline(verdict)],
    }


def _lines(verdict: Verdict, zone: ZoneInfo) -> list[str]:
    start = verdict.case.start
    lines = [f"{clock(one.at, start, zone)} {one.kind}: {one.words}" for one in timeline(verdict)]
    for one in verdict.differences:
        lines += [f"{one.place} at {clock(one.at, start, zone)}:", *(f"  {line}" for line in one.lines)]
    return lines


def _clean(text: str) -> str:
    """XML holds no control characters."""
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)
