"""Kannel's sendsms interface: what it is asked with, and what its answers mean.

From Kannel's User's Guide 1.4.5, "Sending SMS via HTTP", and what smsbox answers.
"""

from __future__ import annotations

from typing import Final

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.paging.http import Answer, refused

_TAKEN: Final = ("0:", "3:", "Sent.")  # accepted; queued for later; accepted by a smsbox that does not wait to hear
_NEVER: Final = "not routable"


def params(*, with_sender: bool) -> dict[str, str]:
    """The query. `coding` 2 is UCS-2, 0 the 7-bit alphabet; `charset` is that of our own `text`."""
    query = {"username": "{user}", "password": "{password}", "to": "{to}"}
    if with_sender:
        query["from"] = "{sender}"
    return {**query, "text": "{text}", "coding": "{coding}", "charset": "UTF-8"}


def taken(answer: Answer, place: str, words: str) -> str:
    """Its words when it took the text. Raises DeliveryError."""
    if answer.status == 202 and answer.text.startswith(_TAKEN):
        return words
    if answer.status == 403 and _NEVER in answer.text.lower():
        raise DeliveryError(f"{place} has no route to this number: {words}", permanent=True)
    if 200 <= answer.status < 300:
        raise DeliveryError(f"{place} did not take it: {words}", permanent=False)
    raise refused(answer, place, words)
