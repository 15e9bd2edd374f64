"""Make alerts of a diagnosis."""

from __future__ import annotations

from driftlib.alerts.alert import CONCEPT_DRIFT, DATA_DRIFT, Alert, labels_alert
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA

# What kind of alert a verdict is, if it is one.
VERDICTS = {DATA: DATA_DRIFT, CONCEPT: CONCEPT_DRIFT, BOTH: CONCEPT_DRIFT}


def diagnosis_alerts(result: Diagnosis) -> list[Alert]:
    """Make the alert of a diagnosis.

    Parameters
    ----------
    result : Diagnosis

    Returns
    -------
    list of Alert
        One where the model is surely worse, or labels or scores look wrong as data; else none.
    """
    if result.suspect:
        return [labels_alert(result.suspect)]
    kind = VERDICTS.get(result.verdict)
    if kind is None:
        return []
    return [Alert(kind, f"({result.loss})", None, "major", result.headline)]
