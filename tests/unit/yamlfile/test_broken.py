"""Files that are no YAML, or hold what we do not read: where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.strict_yaml import complaints

BROKEN = {
    "empty": ("", "sentinel.yaml: the file is empty"),
    "blank": ("\n  \n", "sentinel.yaml: the file is empty"),
    "comment-only": ("# nothing yet\n", "sentinel.yaml: the file holds nothing but comments"),
    "marker-only": ("---\n", "sentinel.yaml: the file is empty"),
    "tab-indent": ("probes:\n\ta: 1\n", "sentinel.yaml:2:1: probes: tabs may not indent YAML: use spaces"),
    "tab-behind-spaces": ("probes:\n  a:\n  \tb: 1\n", "sentinel.yaml:3:3: {} tabs may not indent YAML: use spaces"),
    "self-alias": ("a: &x [*x]\n", "sentinel.yaml:1:8: a[0]: *x stands inside of what it repeats: it would never end"),
    "no-anchor": ("a: *x\n", "sentinel.yaml:1:4: a: there is no anchor &x above: quote the text if it is no alias"),
    "two-documents": (
        "count: 1\n---\ncount: 2\n",
        "sentinel.yaml:2:1: a second document begins here (---): a file holds one document",
    ),
    "list-as-key": (
        "? [a]\n: 1\n",
        "sentinel.yaml:1:3: a key must be text, not a mapping or a list: quote it, or write the row in block form",
    ),
    "braces-in-text": (
        "when: {rate} < 0.9\n",
        (
            "sentinel.yaml:1:14: {} text goes on after a closing brace or bracket: "
            "quote it, or write the row in block form"
        ),
    ),
    "braces-in-row": (
        "probes: {a: {http: {url: http://{address}/}}}\n",
        (
            "sentinel.yaml:1:33: probes.a.http: "
            "braces or brackets break the text here: quote it, or write the row in block form"
        ),
    ),
    "brackets-in-row": (
        "worse: [{when: error in [a, b] and up, for: 2m}]\n",
        (
            "sentinel.yaml:1:25: worse[0]: "
            "braces or brackets break the text here: quote it, or write the row in block form"
        ),
    ),
    "open-bracket": ("via: [sms, mail\n", "sentinel.yaml:1:6: via[2]: this [ is never closed"),
    "open-quote": ('language: "en\ncount: 2\n', "sentinel.yaml:1:11: language: this quote is never closed"),
    "at-sign": ("language: @en\n", "sentinel.yaml:1:11: language: a value may not begin with @: quote it"),
    "behind-quote": (
        "language: 'en' or 'zh'\n",
        "sentinel.yaml:1:16: text goes on after its closing quote: put quotes around the whole value",
    ),
    "second-colon": (
        "language: en: zh\n",
        "sentinel.yaml:1:13: a colon that cannot be here: quote the text if it holds `: `, else check the indentation",
    ),
    "full-width-colon": (
        "language：en\ncount: 1\n",
        "sentinel.yaml:1:9: this colon is the full-width one (：): type : and a space",
    ),
    "no-colon": (
        "count: 1\nlanguage\nquery: x\n",
        (
            "sentinel.yaml:2:1: "
            "a key without `: ` and a value: add the colon and a space, or indent the line to go on with the text above"
        ),
    ),
    "list-in-mapping": (
        "count: 1\n- b\n",
        "sentinel.yaml:2:1: this line does not go on with what is above it: check its indentation",
    ),
    "utf-16": ("count: 1\n".encode("utf-16"), "sentinel.yaml: the file is UTF-16: save it as UTF-8"),
    "utf-16-without-mark": (
        "count: 1\n".encode("utf-16-le"),
        "sentinel.yaml: the file is UTF-16 or no text at all: save it as UTF-8",
    ),
    "byte-order-mark": (
        b"\xef\xbb\xbfcount: 1\n",
        "sentinel.yaml: the file begins with a byte order mark: save it as UTF-8 without BOM",
    ),
    "latin-1": (
        b"count: 1\nlanguage: \xe9\n",
        "sentinel.yaml:2:11: the byte 0xE9 is not UTF-8 (the file may be GBK or Latin-1): save it as UTF-8",
    ),
    "lone-surrogate": (
        b"language: \xed\xa0\x80\n",
        "sentinel.yaml:1:11: a lone surrogate, which is half a character: type the character again",
    ),
    "escaped-surrogate": (
        'language: "\\ud800"\n',
        "sentinel.yaml:1:14: language: an unknown escape (\\) in double quotes: use single quotes, or write \\\\",
    ),
    "nul": (b"language: a\0b\n", "sentinel.yaml:1:12: the invisible character NUL may not stand here: delete it"),
    "line-separator": (
        "language: a\u2028b\n",
        "sentinel.yaml:1:12: the invisible character U+2028 may not stand here: delete it",
    ),
    "anchor-twice": ("a: &x 1\nb: &x 2\n", "sentinel.yaml:2:4: b: the anchor &x is given twice"),
}


@pytest.mark.parametrize(("content", "complaint"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_no_yaml_says_where_and_what_to_do(content: str | bytes, complaint: str, tmp_path: Path) -> None:
    said = complaints(tmp_path, content)
    if "{}" in complaint:  # the parser's way to the key does not matter
        place, reason = complaint.split("{} ")
        assert said[-1].startswith(place)
        assert said[-1].endswith(reason)
    else:
        assert said == [complaint]


SPOILED = {
    "duplicate-key": (
        "count: 1\nlanguage: en\ncount: 2\n",
        "sentinel.yaml:3:1: count: this key stands twice: first in line 1",
    ),
    "explicit-tag": (
        "language: !!python/object:os.system x\n",
        "sentinel.yaml:1:11: language: tags (!...) are not allowed: write the plain value",
    ),
    "merge-key": ("<<: {count: 1}\n", "sentinel.yaml:1:1: <<: merge keys (<<) are not allowed: write the keys out"),
    "number-as-key": (
        "probes: {a: {every: 1s, labels: {200: x}}}\n",
        'sentinel.yaml:1:34: probes.a.labels.200: a key must be text: quote it ("200")',
    ),
    "placeholder-as-mapping": (
        "language: {rate}\n",
        (
            "sentinel.yaml:1:12: language.rate: "
            "'rate' is read as a key without a value: quote it, or write the row in block form"
        ),
    ),
    "comma-in-row": (
        "query: {rate: 'sum(x)', all: clamp(x, 1)}\n",
        "sentinel.yaml:1:39: query.1): '1)' is read as a key without a value: quote it, or write the row in block form",
    ),
    "escaped-nul": (
        'language: "a\\0b"\n',
        "sentinel.yaml:1:11: language: the text holds a NUL character (\\0): delete it",
    ),
}


@pytest.mark.parametrize(("content", "complaint"), SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_value_is_told_at_its_place(content: str, complaint: str, tmp_path: Path) -> None:
    assert complaint in complaints(tmp_path, content)
