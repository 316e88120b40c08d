"""A path enters; a Document leaves: plain data of strict YAML that knows the place of every key.

YAML here is that of version 1.2's core, less what bites: no tags, no merge keys, one document, keys
are text, a duplicate is an error, and whatever version 1.1 reads in another way must be quoted.
"""

from ebank_sentinel.yamlfile.document import Document, files_in, load, load_all
from ebank_sentinel.yamlfile.words import did_you_mean

__all__ = ["Document", "did_you_mean", "files_in", "load", "load_all"]
