"""The example bank as a story has it: deploy/, rules/ and contacts/ as they are shipped, at addresses on loopback.

Its sixty ATMs, their branches' routers and UPS, the switch and the core are there. The probes of e-banking are not:
a rule that watches one of those says `needs:`, and sleeps.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.bank_files import CHANNELS, HOOK_SECRET, BankFiles

_SHIPPED = Path(__file__).parents[2]
_THERE = ("core", "switch", "branch_router", "branch_ups", "atm")
_LINES = {"core": "127.19.0.1", "switch": "127.19.0.2"}
_RULE = re.compile(r"^  - id: ", re.MULTILINE)
_WATCH = re.compile(r"^    watch: ([a-z_]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A row of atms.csv, and where its branch is."""

    name: str
    branch: str
    region: str
    vendor: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchBank(BankFiles):
    """The folder of a copy, laid out as the repository is."""

    @property
    def configuration(self) -> Path:
        """sentinel.yaml."""
        return self.folder / "deploy" / "sentinel.yaml"

    @property
    def store(self) -> Path:
        """The store, in a folder of its own."""
        return self.folder / "deploy" / "state" / "sentinel.db"

    def copy(self) -> None:
        """All files. TARGET of `places` answers for ATMs and UPS, and PORT is that of every line."""
        for name in ("deploy", "contacts", "docs/runbooks"):
            shutil.copytree(_SHIPPED / name, self.folder / name)
        self.store.parent.mkdir()
        for path in sorted((_SHIPPED / "rules").glob("*.yaml")):
            self.put(f"rules/{path.name}", "".join(_asleep(rule) for rule in _rules(path.read_text(encoding="utf-8"))))
        self._put_sentinel()
        routers = (_SHIPPED / "deploy" / "targets" / "branch_routers.csv").read_text(encoding="utf-8")
        routers = re.sub(r",10\.([0-9.]+):[0-9]+$", r",127.\1:@PORT@", routers, flags=re.MULTILINE)
        self.put("deploy/targets/branch_routers.csv", routers)
        severities = (_SHIPPED / "contacts" / "severities.yaml").read_text(encoding="utf-8")
        for before in ("via: [sms, mail]", "via: [{first_of: [sms, mail]}]"):
            assert before in severities
            severities = severities.replace(before, before.removesuffix("]") + ", hook]")
        self.put("contacts/severities.yaml", severities)
        self.put("deploy/hook.secret", HOOK_SECRET)
        (self.folder / "deploy" / "hook.secret").chmod(0o600)

    def _put_sentinel(self) -> None:
        settings: dict[str, Any] = yaml.safe_load((_SHIPPED / "deploy" / "sentinel.yaml").read_text(encoding="utf-8"))
        probes = {name: settings["probes"][name] for name in _THERE}
        probes["core"]["tcp"]["address"] = f"{_LINES['core']}:@PORT@"
        (switch,) = probes["switch"]["targets"]["rows"]
        switch["address"] = f"{_LINES['switch']}:@PORT@"
        probes["branch_ups"]["http"]["url"] = "@TARGET@/ups/{branch}"
        probes["atm"]["atm"]["url"] = "@TARGET@/atm/{terminal}"
        settings |= {
            "probes": probes,
            "store": "sqlite:///state/sentinel.db",
            "listen": "@LISTEN@",
        }
        del settings["channels"]
        channels = "".join(f"  {name}: {text}\n" for name, text in CHANNELS.items())
        text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False, width=1000)
        self.put("deploy/sentinel.yaml", f"{text}channels:\n{channels}")

    # -- who is there -----------------------------------------------------------------------------

    @property
    def terminals(self) -> tuple[Terminal, ...]:
        """All ATMs, in their order."""
        regions = {row["branch"]: row["region"] for row in _rows(_SHIPPED / "deploy" / "branches.csv")}
        return tuple(
            Terminal(
                name=row["terminal"],
                branch=row["branch"],
                region=regions[row["branch"]],
                vendor=row["vendor"],
                live=row["status"] == "live",
            )
            for row in _rows(_SHIPPED / "deploy" / "targets" / "atms.csv")
        )

    @property
    def lines(self) -> Mapping[str, str]:
        """What answers at an own address, each at the port of all: the routers by branch, `core` and `switch`."""
        routers = _rows(_SHIPPED / "deploy" / "targets" / "branch_routers.csv")
        hosts = {row["branch"]: row["address"].partition(":")[0] for row in routers}
        return {branch: host.replace("10.", "127.", 1) for branch, host in hosts.items()} | _LINES

    @property
    def people(self) -> Mapping[str, Mapping[str, str]]:
        """people.yaml, by id."""
        found: Mapping[str, Mapping[str, str]] = yaml.safe_load(
            (_SHIPPED / "contacts" / "people.yaml").read_text(encoding="utf-8")
        )["people"]
        return found


def _rules(text: str) -> Iterable[str]:
    """The text of a file, cut before each rule."""
    starts = [match.start() for match in _RULE.finditer(text)]
    return [text[start:end] for start, end in zip([0, *starts], [*starts, len(text)], strict=True)]


def _asleep(rule: str) -> str:
    """A rule whose probe is not there says what it needs."""
    watch = _WATCH.search(rule)
    if watch is None or watch.group(1) in _THERE or re.search(r"^    needs:", rule, re.MULTILINE):
        return rule
    return f"{rule[: watch.end()]}\n    needs: what this story has not{rule[watch.end() :]}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
