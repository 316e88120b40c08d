"""How long a page waits after an attempt that failed for now: its id and its attempts enter, a time leaves."""

from __future__ import annotations

import hashlib
from datetime import timedelta

LONGEST = timedelta(seconds=60)
"""No page waits longer between two attempts, unless the provider asked for it."""


def backoff(page_id: str, attempts: int) -> timedelta:
    """After the n-th attempt: between half of 2**(n-1) seconds and the whole of it, at most 60 s.

    Where in that half it falls comes from a hash of page and attempt, not from a random number: many pages
    spread out all the same, and deciding twice gives the same answer.
    """
    whole = min(timedelta(seconds=2 ** (min(max(attempts, 1), 10) - 1)), LONGEST)
    digest = hashlib.sha256(f"{page_id}\x1f{attempts}".encode(errors="replace")).digest()
    share = int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF
    return whole * (0.5 + share / 2)
