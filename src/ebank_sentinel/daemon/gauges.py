"""What is counted when Prometheus asks: the ledger and the rules enter, numbers by label leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from ebank_sentinel.config import Config
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomState


def gauges(
    config: Config, ledger: Ledger, rules_unknown: int, now: datetime
) -> Mapping[str, Mapping[tuple[str, ...], float]]:
    """The gauges of `metrics.GAUGES`; what there could be is there, with 0."""
    symptoms = Counter((symptom.state.value, str(symptom.known).lower()) for symptom in ledger.symptoms.values())
    incidents = Counter(incident.severity for incident in ledger.incidents.values())
    overs = {width.over for rule in config.book.rules.values() for width in rule.widens}
    wide = Counter(incident.over for incident in ledger.incidents.values() if incident.over)
    pages = Counter(page.state for page in ledger.pages.values())
    waiting = [page.created_at for page in ledger.pages.values() if page.state is PageState.READY]
    oldest = (now - min(waiting)).total_seconds() if waiting else 0.0
    return {
        "sentinel_targets": {(probe,): len(targets) for probe, targets in config.targets.items()},
        "sentinel_symptoms": {
            (state.value, known): symptoms[state.value, known] for state in SymptomState for known in ("true", "false")
        },
        "sentinel_incidents": {(severity.name,): incidents[severity] for severity in Severity},
        "sentinel_wide_incidents": {(over,): wide[over] for over in sorted(overs | wide.keys())},
        "sentinel_symptoms_explained": {(): sum(symptom.under is not None for symptom in ledger.symptoms.values())},
        "sentinel_outbox_pages": {(state.value,): pages[state] for state in (PageState.READY, PageState.HELD)},
        "sentinel_outbox_oldest_seconds": {(): oldest},
        "sentinel_rules_unknown": {(): rules_unknown},
        "sentinel_rules_dormant": {(): len(config.book.dormant)},
    }
