"""One alert: what it is about, how severe, and in which state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from driftlib.files import write_json
from driftlib.severity import rank

DATA_QUALITY, DATA_DRIFT, PERFORMANCE = "data quality", "data drift", "performance"
CONCEPT_DRIFT = "concept drift"
# What an alert is about where labels are no outcomes.
LABELS = "(labels)"
NEW, WORSE, CONTINUING, OVER = "new", "worse", "continuing", "over"


@dataclass(frozen=True)
class Alert:
    """Hold one thing that deserves attention.

    Parameters
    ----------
    kind : str
        "data drift", "prediction drift", "target drift", "data quality" (columns, rows, values
        and times that are not as they should be, values missing or never seen before),
        "performance", or of a diagnosis "data drift" or "concept drift".
    subject : str
        The column or metric; of a diagnosis its loss, as "(brier)"; "(rows)" or "(columns)" of
        what is about none.
    window : int or None
        Number of the latest window it was found in; None where there are no windows.
    severity : str
        "minor", "moderate" or "major".
    message : str
        A sentence; in a run of windows it says since when.
    state : str
        "new" in the newest window, or of a single check; "worse" than in the window before;
        "continuing"; or "over".
    """

    kind: str
    subject: str
    window: int | None
    severity: str
    message: str
    state: str = NEW


def labels_alert(suspect: str) -> Alert:
    """Make the alert of labels, predictions or scores that are no outcomes of the model.

    Parameters
    ----------
    suspect : str
        Why they look so.

    Returns
    -------
    Alert
        Of data quality.
    """
    message = f"labels look like no outcomes: {suspect}"
    return Alert(DATA_QUALITY, LABELS, None, "major", message)


def by_urgency(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Order alerts: the worst first, what is over last.

    Parameters
    ----------
    alerts : iterable of Alert

    Returns
    -------
    tuple of Alert
    """
    return tuple(sorted(alerts, key=lambda alert: (alert.state == OVER, -rank(alert.severity))))


def with_state(alert: Alert, state: str) -> Alert:
    """Give an alert another state, in its message too.

    Parameters
    ----------
    alert : Alert
    state : str
        Such as the one that follows from what was told before.

    Returns
    -------
    Alert

    Examples
    --------
    >>> alert = Alert("data drift", "x", 3, "major", "x drifted since May; new: up", "new")
    >>> with_state(alert, "continuing").message
    'x drifted since May; continuing: up'
    """
    message = alert.message.replace(f"; {alert.state}", f"; {state}", 1)
    return replace(alert, message=message, state=state)


def save_alerts(path: str | Path, alerts: Iterable[Alert]) -> Path:
    """Write alerts as JSON: a list of objects, empty when all is well.

    Parameters
    ----------
    path : str or Path
        File to write, such as `alerts.json`; whoever reads it never sees half of it.
    alerts : iterable of Alert
        What to write, in this order.

    Returns
    -------
    Path
        The file that was written.
    """
    return write_json(path, [asdict(alert) for alert in alerts])
