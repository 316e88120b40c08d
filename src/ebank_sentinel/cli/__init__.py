"""The command: one file a verb, nothing but arguments and printing."""

from ebank_sentinel.cli.app import main

__all__ = ["main"]
