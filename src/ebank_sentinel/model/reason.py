"""Why a page was sent, and why not: one closed list, the same word in log, metric, API and store."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Every decision names one."""

    # why somebody is paged
    FIRST = "first"  # the first step of a chain
    WORSE = "worse"  # the severity rose, or more groups must know
    WIDENED = "widened"  # it is wider than it seemed: this incident takes over the narrower ones
    NARROWED = "narrowed"  # what still fails after a wide incident ended has an incident of its own again
    CAUSE = "cause"  # a co-signal says what it really is, and who else must know
    REOPENED = "reopened"  # it came back soon after its end
    RETURNED = "returned"  # what explained it is over, and it still fails
    PART_OF = "part_of"  # it belongs to another incident; those who were alarmed by it are told so once
    TELL = "tell"  # one notice, no chain
    NEXT_CHANNEL = "next_channel"  # the channel before it in `first_of` failed or stayed silent
    RESOLVED = "resolved"  # the all-clear, to whoever got the alarm
    RETIRED = "retired"  # the all-clear of what is no longer watched
    CLOSED = "closed"  # the all-clear of what a person ended
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
    PARENT_DOWN = "parent_down"  # its parent fires, or did until just now: it is part of that
    COUNTED = "counted"  # it counts, and has not come often enough yet
    MONITORING_LOST = "monitoring_lost"  # half of a scope has no data: nothing is concluded for its width

    # what happened to the program itself
    UNSAVED = "unsaved"  # the store refused: from here on pages went out from memory, and were written later

    # what happened to an incident, apart from paging
    OPENED = "opened"
    REFERRED = "referred"
    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"


ALL_CLEAR = frozenset({Reason.RESOLVED, Reason.RETIRED, Reason.CLOSED})
"""Why a page is sent that ends an alarm: while one is there, its cause is over."""
