"""A runbook page enters; its first three checks leave, for the mail."""

from __future__ import annotations

import re

_ITEM = re.compile(r"^\s{0,3}\d+[.)、]\s*(?P<text>\S.*)$")
MOST = 3


def first_checks(page: str) -> tuple[str, ...]:
    """The first three numbered lines of a Markdown page, without its markup."""
    found = [match["text"] for line in page.splitlines() if (match := _ITEM.match(line))]
    return tuple(re.sub(r"[`*_]", "", text).strip() for text in found[:MOST])
