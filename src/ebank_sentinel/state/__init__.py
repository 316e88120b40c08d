"""Memory: what is committed here survives. Deltas enter, a ledger and its history leave."""
