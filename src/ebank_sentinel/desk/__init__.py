"""The desk: everything that happens enters here; each batch is decided, committed, and only then acted upon."""

from ebank_sentinel.desk.desk import CLAIM_EVERY, MOST_ITEMS, REFUSED_PAUSE, Desk, Store

__all__ = ["CLAIM_EVERY", "MOST_ITEMS", "REFUSED_PAUSE", "Desk", "Store"]
