"""An error of the YAML parser enters; line, column and a sentence that says what to write leave."""

from __future__ import annotations

import re

import yaml

_BLOCK_FORM = "quote it, or write the row in block form"
_NO_COLON = "a key without `: ` and a value: add the colon and a space, or indent the line to go on with the text above"


def explain(error: yaml.YAMLError, text: str) -> tuple[int, int, str]:  # noqa: PLR0911 - as below
    """Where the text stops being YAML (1-based, inside the file), and what to do about it."""
    lines = re.split("\r\n|\r|\n", text)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return 1, 1, "this is not YAML: save it as UTF-8 text"
    tab = _tab_indent(lines, mark.line)
    if tab is not None:
        return mark.line + 1, tab, "tabs may not indent YAML: use spaces"
    problem, context = getattr(error, "problem", None) or "", getattr(error, "context", None) or ""
    begin = getattr(error, "context_mark", None) or mark
    at_end = mark.line >= len(lines) or not "".join((lines[mark.line][mark.column :], *lines[mark.line + 1 :])).strip()
    if "quoted scalar" in context and "end of stream" in problem:
        return *_inside(lines, begin), "this quote is never closed"
    if "flow" in context and at_end:
        return *_inside(lines, begin), f"this {_at(lines, begin) or 'bracket'} is never closed"
    for number in (begin.line, mark.line - 1):  # typed with a Chinese keyboard
        colon = lines[number].find("\uff1a") if 0 <= number < len(lines) and ": " not in lines[number] else -1
        if colon >= 0:
            return number + 1, colon + 1, "this colon is the full-width one (\uff1a): type : and a space"
    if "expected ':'" in problem:
        return *_inside(lines, begin), _NO_COLON
    return *_inside(lines, mark), _reason(problem, context, _line(lines, mark), mark.column)


def _reason(problem: str, context: str, line: str, column: int) -> str:  # noqa: PLR0911 - a sentence for each mistake
    before, here = line[:column], line[column : column + 1]
    braces = any(brace in line for brace in "{}[]")
    if "flow" in context or here in {"{", "}", "[", "]"}:
        return f"braces or brackets break the text here: {_BLOCK_FORM}"
    if "cannot start any token" in problem:
        return f"a value may not begin with {here}: quote it"
    if "mapping values are not allowed" in problem:
        if braces:
            return f"a second colon in one value: {_BLOCK_FORM}"
        return "a colon that cannot be here: quote the text if it holds `: `, else check the indentation"
    if "document start" in problem or "expected key" in problem or "'-' indicator" in problem:
        if before.rstrip().endswith(("}", "]")):
            return f"text goes on after a closing brace or bracket: {_BLOCK_FORM}"
        if before.rstrip().endswith(('"', "'")):
            return "text goes on after its closing quote: put quotes around the whole value"
        return "this line does not go on with what is above it: check its indentation"
    if "escape" in problem:
        return "an unknown escape (\\) in double quotes: use single quotes, or write \\\\"
    if "alias" in context or "anchor" in context:
        return f"a value may not begin with {before[-1:] or here}: quote it"
    return f"this is not YAML: {problem or 'cannot be read'}" + (f" ({context})" if context else "")


def _tab_indent(lines: list[str], number: int) -> int | None:
    """The column of a tab in the line's indentation."""
    if number >= len(lines):
        return None
    indent = re.match(r"\s*", lines[number])
    tab = indent[0].find("\t") if indent else -1
    return tab + 1 if tab >= 0 else None


def _line(lines: list[str], mark: yaml.Mark) -> str:
    return lines[mark.line] if mark.line < len(lines) else ""


def _at(lines: list[str], mark: yaml.Mark) -> str:
    return _line(lines, mark)[mark.column : mark.column + 1]


def _inside(lines: list[str], mark: yaml.Mark) -> tuple[int, int]:
    if mark.line < len(lines) and (lines[mark.line] or mark.line + 1 < len(lines)):
        return mark.line + 1, min(mark.column, len(lines[mark.line])) + 1
    last = max((number for number, line in enumerate(lines) if line), default=0)
    return last + 1, len(lines[last]) + 1
