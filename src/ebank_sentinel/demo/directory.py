"""Who the bank's people are: its contacts and target files enter; names, addresses and who is on call leave."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from ebank_sentinel.contacts import load_contacts
from ebank_sentinel.demo.bank_state import Terminal
from ebank_sentinel.model.contact import Person
from ebank_sentinel.model.times import NamedTimes, TimesSettings

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the example bank, as in deploy/sentinel.yaml."""

HOOK_RECIPIENT = "hook"
"""A webhook has an address of its own; who receives there goes by the channel's name."""

ON_CALL = "on call: "
"""Before the name of a group: whoever is on call in it when the demo starts."""

_ADDRESS_KIND = {"sms": "sms", "mail": "email"}


class Directory:
    """Finds people by id, by duty and by address."""

    def __init__(self, people: Iterable[Person], on_call: Mapping[str, str]) -> None:
        self._people = {person.id: person for person in people}
        self._on_call = on_call  # group -> id
        self._names = {
            person.addresses[kind]: person.name
            for person in self._people.values()
            for kind in _ADDRESS_KIND.values()
            if kind in person.addresses
        }

    def person(self, who: str) -> Person:
        """A person by id, or by `on call: GROUP`."""
        group = who.removeprefix(ON_CALL)
        return self._people[who if group == who else self._on_call[group]]

    def address(self, recipient: str, channel: str) -> str:
        """Where a recipient is reached on a channel; the webhook stands for itself."""
        if recipient == HOOK_RECIPIENT:
            return HOOK_RECIPIENT
        return self.person(recipient).addresses[_ADDRESS_KIND[channel]]

    def name(self, address: str) -> str:
        """Whose address it is; the address itself when it is nobody's."""
        return self._names.get(address, address)


def read_directory(bank: Path, at: datetime) -> Directory:
    """The people of a bank, and who is on call at a moment. Raises ConfigError when its contacts do not hold."""
    settings = yaml.safe_load((bank / "deploy" / "times.yaml").read_text(encoding="utf-8"))
    roster, _ = load_contacts(
        bank / "contacts",
        zone=ZONE,
        times=NamedTimes.read(TimesSettings.model_validate(settings), zone=ZONE),
        channels={**_ADDRESS_KIND, HOOK_RECIPIENT: None},
        language="zh-CN",
        now=at,
    )
    on_call = {group: duties[0].person.id for group in roster.groups if (duties := roster.on_call(group, at))}
    return Directory(roster.people, on_call)


def read_terminals(bank: Path) -> tuple[Terminal, ...]:
    """The ATMs in the bank's atms.csv, with their branches."""
    branches = {row["branch"]: row for row in _rows(bank / "deploy" / "branches.csv")}
    return tuple(
        Terminal(
            terminal=row["terminal"],
            branch=row["branch"],
            branch_name=branches[row["branch"]]["branch_name"],
            region=branches[row["branch"]]["region"],
            region_name=branches[row["branch"]]["region_name"],
            vendor=row["vendor"],
            model=row["model"],
            live=row["status"] == "live",
        )
        for row in _rows(bank / "deploy" / "targets" / "atms.csv")
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
