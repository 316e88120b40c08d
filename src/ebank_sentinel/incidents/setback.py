"""The wall clock was set back: moments of before enter, and leave as this clock would have given them.

Otherwise whatever waits for a moment would wait for as much longer, a page among them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.item import SetBack
from ebank_sentinel.model.ledger import TimerKind

_BY_THE_CLOCK = frozenset({TimerKind.DIGEST, TimerKind.UNTIL})
"""Their moments were told by somebody, or are those of a named time: no length of ours."""


def on_set_back(draft: Draft, item: SetBack) -> None:
    """Symptoms, timers and open incidents keep their age."""

    def moved(moment: datetime | None) -> datetime | None:
        return None if moment is None else item.moved(moment)

    for symptom_id in draft.symptom_ids():
        symptom = draft.symptom(symptom_id)
        if symptom is not None:
            draft.put_symptom(
                replace(
                    symptom,
                    onset=item.moved(symptom.onset),
                    rows={row: item.moved(onset) for row, onset in symptom.rows.items()},
                    fired_at=moved(symptom.fired_at),
                    clearing_since=moved(symptom.clearing_since),
                )
            )
    for timer in [*{**draft.ledger.timers, **draft.timers}.values()]:
        if timer is not None and timer.id.kind not in _BY_THE_CLOCK:
            onset = item.moved(timer.onset)
            draft.set_timer(replace(timer, onset=onset, due=onset + (timer.due - timer.onset)))
    for incident in draft.open_incidents():
        since, opened_at = item.moved(incident.since), item.moved(incident.opened_at)
        draft.put_incident(replace(incident, since=since, opened_at=opened_at))
