"""Why a page was sent, and why not: one closed list, the same word in log, metric, API and store."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Every decision names one."""

    # why somebody is paged
    FIRST = "first"  # the first step of a chain
    WORSE = "worse"  # the severity rose, or more groups must know
    TELL = "tell"  # one notice, no chain
    NEXT_CHANNEL = "next_channel"  # the channel before it in `first_of` failed or stayed silent
    RESOLVED = "resolved"  # the all-clear, to whoever got the alarm
    RETIRED = "retired"  # the all-clear of what is no longer watched
    DIGEST = "digest"  # what waited for `during`, as one list
    TEST = "test"  # a person asked for it
    CONFIG = "config"  # the configuration on disk does not hold, the last good one runs

    # why somebody is not
    DURING = "during"  # waits for the named time of its severity, goes out in a digest
    DUPLICATE = "duplicate"  # this recipient has this step on this channel already
    NO_ADDRESS = "no_address"  # the person has no address for the channel
    NOBODY = "nobody"  # a step leads to no person and no address
    UNREAD = "unread"  # the hold is over, but its target was not read since
    ENDED = "ended"  # it was over before it went out

    # what happened to the program itself
    UNSAVED = "unsaved"  # the store refused: from here on pages went out from memory, and were written later

    # what happened to an incident, apart from paging
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"


ALL_CLEAR = frozenset({Reason.RESOLVED, Reason.RETIRED})
"""Why a page is sent that ends an alarm: while one is there, its cause is over."""
