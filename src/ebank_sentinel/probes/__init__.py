"""Targets enter, readings leave: one file a kind of probe, when each is due, and how many run at once."""
