"""What is watched: CSV files or rows of the settings enter, targets leave; a file tells whether it changed."""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.model.settings import Strict

_MOST_ROWS = 200_000
_MOST_BYTES = 268_435_456  # 256 MiB: 200,000 rows of more than a kilobyte each
_LONGEST_CELL = 1000  # characters: it becomes a label of each reading; a quote that is not closed makes longer ones
_OVER = f"holds over {_LONGEST_CELL} characters: is a quote not closed?"
_MOST_PROBLEMS = 50  # of one file: whoever mends these sees the pattern


class Targets(Strict):
    """The `targets:` of a probe: `{csv: PATH, key: COLUMN}` or `{rows: [{...}], key: COLUMN}`."""

    csv: str | None = Field(
        default=None, min_length=1, description="path of a CSV file with a header; a column is a label"
    )
    rows: list[dict[str, str]] | None = Field(default=None, description="the same, written here")
    key: str = Field(min_length=1, description="the column that tells targets apart, and keeps doing so")

    @model_validator(mode="after")
    def _one_source(self) -> Targets:
        if (self.csv is None) == (self.rows is None):
            raise ValueError("give exactly one of csv and rows")
        return self

    @field_validator("rows")
    @classmethod
    def _some_rows(cls, rows: list[dict[str, str]] | None) -> list[dict[str, str]] | None:
        if rows is not None and not rows:
            raise ValueError("there are no rows in it")
        return rows

    @model_validator(mode="after")
    def _keys(self) -> Targets:
        first: dict[str, int] = {}
        for number, row in enumerate(self.rows or (), start=1):
            if self.key not in row:
                raise ValueError(f"row {number} has no {self.key}, which `key` says tells targets apart")
            key = row[self.key]
            reason = _bad_key(self.key, key)
            if reason:
                raise ValueError(f"row {number}: {reason}")
            if key in first:
                raise ValueError(f"row {number}: {self.key} {key!r} is there already, in row {first[key]}")
            first[key] = number
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a CSV file."""

    line: int  # where it begins, 1-based
    values: Mapping[str, str]


def read_csv(path: Path, key: str) -> list[dict[str, str]]:
    """The rows, by column. Raises ConfigError with the line of everything that is wrong."""
    return [dict(row.values) for row in read_rows(path, key)]


def read_rows(path: Path, key: str) -> list[Row]:
    """The rows and their lines. Raises ConfigError with the line of everything that is wrong."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = _records(reader, path, key)
    header_line, header = next(records, (0, []))
    if not header:
        raise _wrong(path, 0, key, "it is empty: the first line must name the columns")
    columns = [name.strip() for name in header]
    _check_header(path, header_line, columns, key)
    at = columns.index(key)
    problems: list[Problem] = []
    first: dict[str, int] = {}
    rows: list[Row] = []
    for line, record in records:
        values = [value.strip() for value in record]
        reason = None
        if len(values) != len(columns):
            reason = f"the line has {len(values)} values, and the header names {len(columns)} columns"
        else:
            reason = _too_long(columns, values) or _bad_key(key, values[at])
            if not reason and values[at] in first:
                reason = f"{key} {values[at]!r} is there already, in line {first[values[at]]}"
        if reason:
            problems.append(Problem(str(path), line, 1, key, reason))
            if len(problems) == _MOST_PROBLEMS:
                break
            continue
        first[values[at]] = line
        rows.append(Row(line, dict(zip(columns, values, strict=True))))
        if len(rows) > _MOST_ROWS:
            problems.append(Problem(str(path), line, 1, key, f"over {_MOST_ROWS} rows: split it into several probes"))
            break
    if problems:
        raise ConfigError(problems)
    return rows


def load(
    name: str,
    targets: Targets | None,
    labels: Mapping[str, str],
    folder: Path,
    check: Callable[[Mapping[str, str]], None],
) -> tuple[Target, ...]:
    """The targets of a probe. Raises ConfigError; `check` raises ValueError for labels that give no address."""
    if targets is None:
        return (Target(id=TargetId(name, name), labels=dict(labels)),)
    if targets.rows is not None:
        return tuple(Target(id=TargetId(name, row[targets.key]), labels={**labels, **row}) for row in targets.rows)
    path = folder / str(targets.csv)
    found: list[Target] = []
    problems: list[Problem] = []
    for row in read_rows(path, targets.key):
        mine = {**labels, **row.values}
        try:
            check(mine)
        except ValueError as error:
            problems.append(Problem(str(path), row.line, 1, row.values[targets.key], str(error)))
            if len(problems) == _MOST_PROBLEMS:
                break
        else:
            found.append(Target(id=TargetId(name, row.values[targets.key]), labels=mine))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


class TargetFile:
    """A file that is read again when it changed: replaced, rewritten or touched."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._signature()

    def changed(self) -> bool:
        """Whether it is another file than the last time that this said so; a file that is gone is not."""
        now = self._signature()
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _wrong(path: Path, line: int, key: str, reason: str) -> ConfigError:
    return ConfigError([Problem(str(path), line, 1 if line else 0, key, reason)])


def _text(path: Path) -> str:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _wrong(path, 0, "", "it is not a plain file")
        if found.st_size > _MOST_BYTES:
            raise _wrong(path, 0, "", f"it has over {_MOST_BYTES // 1_048_576} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _wrong(path, 0, "", f"cannot read the targets: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(path, line, "", "it is not UTF-8 text: save it as UTF-8 (in Excel: CSV UTF-8)") from None
    if "\0" in text:
        raise _wrong(path, text.count("\n", 0, text.index("\0")) + 1, "", "it holds a NUL character")
    return text


def _records(reader: Iterator[list[str]], path: Path, key: str) -> Iterator[tuple[int, list[str]]]:
    """Line and values of each record; empty lines are passed over."""
    line = 1
    try:
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as error:
        raise _wrong(path, line, key, f"it is not CSV: {error}") from None


def _check_header(path: Path, line: int, columns: list[str], key: str) -> None:
    for number, name in enumerate(columns, start=1):
        if not name:
            raise _wrong(path, line, key, f"column {number} has no name")
        if len(name) > _LONGEST_CELL:
            raise _wrong(path, line, key, f"the name of column {number} {_OVER}")
        if columns.index(name) != number - 1:
            raise _wrong(path, line, key, f"the column {name} is there twice")
    if key not in columns:
        raise _wrong(path, line, key, f"there is no column {key}: the header names {', '.join(columns)}")


def _too_long(columns: Sequence[str], values: Sequence[str]) -> str | None:
    for name, value in zip(columns, values, strict=True):
        if len(value) > _LONGEST_CELL:
            return f"{name} {_OVER}"
    return None


def _bad_key(name: str, value: str) -> str | None:
    if not value:
        return f"{name} is empty, and it tells targets apart"
    if not value.isprintable():
        return f"{name} {value!r} holds a control character"
    return None
