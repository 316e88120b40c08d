"""Who the demo's people are: its contact and target files enter, names and addresses leave."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import yaml

from ebank_sentinel.demo.bank_state import Terminal

HOOK_RECIPIENT = "hook"
"""A webhook has an address of its own; who receives there goes by the channel's name."""

_ADDRESS_KIND = {"sms": "sms", "mail": "email"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the demo who can be paged."""

    id: str
    name: str
    addresses: dict[str, str]  # by channel of the demo: sms, mail


class Directory:
    """Finds people by id and by address."""

    def __init__(self, people: dict[str, Person]) -> None:
        self._people = people
        self._names = {address: person.name for person in people.values() for address in person.addresses.values()}

    def address(self, recipient: str, channel: str) -> str:
        """Where a recipient is reached on a channel; the webhook stands for itself."""
        return HOOK_RECIPIENT if recipient == HOOK_RECIPIENT else self._people[recipient].addresses[channel]

    def name(self, address: str) -> str:
        """Whose address it is; the address itself when it is nobody's."""
        return self._names.get(address, address)


def read_directory(bank: Traversable) -> Directory:
    """The people in the bank's contacts/people.yaml."""
    raw = yaml.safe_load(bank.joinpath("contacts", "people.yaml").read_text(encoding="utf-8"))
    return Directory(
        {
            identifier: Person(
                id=identifier,
                name=row["name"],
                addresses={channel: row[kind] for channel, kind in _ADDRESS_KIND.items()},
            )
            for identifier, row in raw["people"].items()
        },
    )


def read_terminals(bank: Traversable) -> tuple[Terminal, ...]:
    """The ATMs in the bank's targets/atms.csv, with their branches."""
    branches = {row["branch"]: row for row in _rows(bank.joinpath("branches.csv"))}
    return tuple(
        Terminal(
            terminal=row["terminal"],
            branch=row["branch"],
            branch_name=branches[row["branch"]]["branch_name"],
            region=branches[row["branch"]]["region"],
            vendor=row["vendor"],
            model=row["model"],
        )
        for row in _rows(bank.joinpath("targets", "atms.csv"))
    )


def _rows(path: Traversable) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
