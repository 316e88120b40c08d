"""The files a bank edits enter; one checked Config leaves, or every mistake in them at once."""

from ebank_sentinel.config.last_good import LastGood
from ebank_sentinel.config.load import load
from ebank_sentinel.config.loaded import Config, reread_targets
from ebank_sentinel.config.settings import SentinelFile, find_store

__all__ = ["Config", "LastGood", "SentinelFile", "find_store", "load", "reread_targets"]
