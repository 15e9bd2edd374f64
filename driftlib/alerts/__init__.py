"""List what deserves a person's attention, write it down, and send it."""

from driftlib.alerts.alert import (
    CONCEPT_DRIFT,
    CONTINUING,
    DATA_DRIFT,
    DATA_QUALITY,
    LABELS,
    NEW,
    OVER,
    PERFORMANCE,
    WORSE,
    Alert,
    by_urgency,
    save_alerts,
)
from driftlib.alerts.drift import with_joint, with_quality
from driftlib.alerts.making import make_alerts
from driftlib.alerts.sending import deliver, receiver_names
from driftlib.performance.policy import AlertPolicy

__all__ = [
    "CONCEPT_DRIFT",
    "CONTINUING",
    "DATA_DRIFT",
    "DATA_QUALITY",
    "LABELS",
    "NEW",
    "OVER",
    "PERFORMANCE",
    "WORSE",
    "Alert",
    "AlertPolicy",
    "by_urgency",
    "deliver",
    "make_alerts",
    "receiver_names",
    "save_alerts",
    "with_joint",
    "with_quality",
]
