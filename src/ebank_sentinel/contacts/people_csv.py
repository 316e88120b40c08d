"""The CSV file that `people: {csv: ...}` names enters; people by id leave, each with its place, and what is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ebank_sentinel.contacts.settings import PersonSettings
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.settings import Name
from ebank_sentinel.yamlfile import did_you_mean
from ebank_sentinel.yamlfile.explain import explain
from ebank_sentinel.yamlfile.source import read_text

COLUMNS = ("id", "name", "language", "sms", "voice", "email", "superior", "away")
_NEEDED = ("id", "name")
_COLUMNS_ARE = f": known are {', '.join(COLUMNS)}"
_LONGEST_CELL = 1000  # characters: no name, number or address has more; a quote that is not closed makes such cells
_ID = TypeAdapter(Name)


def read_people(path: Path, name: str) -> tuple[dict[str, tuple[PersonSettings, int]], list[Problem]]:
    """People and the line of each. Raises ConfigError when the file cannot be read as a table at all."""
    text = read_text(path, name, byte_order_mark=True)  # Excel writes one
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    people: dict[str, tuple[PersonSettings, int]] = {}
    problems: list[Problem] = []
    header: list[str] = []
    ended = 0
    try:
        for cells in reader:
            line, ended = ended + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, name, line)
                continue
            row = {column: cell.strip() for column, cell in zip(header, cells, strict=False)}
            problems.extend(
                Problem(name, line, 1, key, reason) for key, reason in _add(row, cells, header, line, people)
            )
    except csv.Error as error:
        raise ConfigError([Problem(name, reader.line_num, 1, "", f"this is not CSV: {error}")]) from None
    if not header:
        raise ConfigError([Problem(name, 0, 0, "", "the file is empty")])
    return people, problems


def _header(cells: list[str], name: str, line: int) -> list[str]:
    header = [cell.strip() for cell in cells]
    problems = [
        Problem(
            name,
            line,
            1,
            column,
            f"unknown column{did_you_mean(column, COLUMNS) or _COLUMNS_ARE}",
        )
        for column in header
        if column not in COLUMNS
    ]
    problems += [Problem(name, line, 1, "", f'needs a column "{column}"') for column in _NEEDED if column not in header]
    problems += [
        Problem(name, line, 1, column, "this column stands twice") for column in set(header) if header.count(column) > 1
    ]
    if problems:
        raise ConfigError(problems)
    return header


def _add(
    row: dict[str, str], cells: list[str], header: list[str], line: int, people: dict[str, tuple[PersonSettings, int]]
) -> Iterator[tuple[str, str]]:
    """Put the row's person among the people, or yield what is wrong, by key."""
    identifier = row.pop("id", "")
    if len(cells) != len(header):
        yield identifier, f"the row has {len(cells)} cells, the first line {len(header)}"
        return
    for column, cell in zip(header, cells, strict=True):
        if len(cell) > _LONGEST_CELL:
            yield (
                f"{identifier[:64]}.{column}",
                f"this cell holds over {_LONGEST_CELL} characters: is a quote not closed?",
            )
            return
    try:
        _ID.validate_python(identifier)
    except ValidationError as error:
        yield from (("id", finding.reason) for finding in explain(error, Name, (), identifier))
        return
    if identifier in people:
        yield identifier, f"this id stands twice: first in line {people[identifier][1]}"
        return
    values: dict[str, object] = {column: cell for column, cell in row.items() if cell}
    if "away" in values:
        values["away"] = row["away"].replace(";", " ").split()
    try:
        people[identifier] = PersonSettings.model_validate(values), line
    except ValidationError as error:
        for finding in explain(error, PersonSettings, (), values):
            yield ".".join((identifier, *(str(part) for part in finding.path[:1]))), finding.reason
