"""Which rows a test has reached: those that hold, and those that count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.rule import Meaning, Row
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import Symptom, SymptomId, SymptomState
from ebank_sentinel.trial.reach import Reached, reached
from support.deciding import at, rule

HOUR = timedelta(hours=1)
THIRD = Row(hold=timedelta(), meaning=Meaning(severity=Severity.II), count=3, within=HOUR)


@pytest.mark.parametrize(
    ("fired", "counts"),
    [((), False), ((0, 60), False), ((0, 60, 120), True), ((0, 60, 3600), False), ((0, 3000, 3060, 3599), True)],
)
def test_a_row_that_counts_is_reached_when_its_number_is(fired: Sequence[float], counts: bool) -> None:
    counting = rule(rows=(THIRD,))
    symptom_id = SymptomId(counting.id, *TargetId("login", "login"))
    moments = tuple(at(seconds) for seconds in fired)
    last = moments[-1] if moments else at(0)
    symptom = Symptom(id=symptom_id, state=SymptomState.FIRING, onset=last, fired_at=last, known=True, incident="i")
    ledger = Ledger(symptoms={symptom_id: symptom}, firings={symptom_id: moments} if moments else {})
    assert (Reached(counting.id, "worse", 1) in reached(ledger, [], {counting.id: counting})) is counts
