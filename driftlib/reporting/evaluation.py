"""Evaluate one file of predictions, as the Streamlit page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from driftlib.alerts import Alert, make_alerts
from driftlib.performance.curves import confusion_counts
from driftlib.performance.decision_threshold import decided
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance
from driftlib.reporting.app import LIMITED, Columns


@dataclass(frozen=True)
class Evaluation:
    """Performance of one file of predictions: all of it, by window, and who is mistaken for whom.

    Parameters
    ----------
    whole, performance : Performance
        All rows, and window by window.
    confusion : pandas.DataFrame or None
        None for a regression.
    alerts : tuple of Alert
        Of the windows.
    """

    whole: Performance
    performance: Performance
    confusion: pd.DataFrame | None
    alerts: tuple[Alert, ...]


def evaluate_predictions(
    frame: pd.DataFrame, columns: Columns, window: int | str, on: str | None, least: float
) -> Evaluation:
    """Evaluate labels and predictions.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a prediction.
    columns : Columns
        Names of labels and predictions, how times are written, the task, and from which
        probability on a row counts as positive.
    window : int or str
        Rows a window, or with `on` a pandas offset.
    on : str, optional
        Column with the time.
    least : float
        Least accuracy of a classifier, ROC AUC of one that gives scores alone, or R2 of a
        regression.

    Returns
    -------
    Evaluation
        Of all rows and of each window.

    Raises
    ------
    DriftlibError
        If columns are missing or hold values that cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 100, "y_pred": [0, 1] * 50 + [1, 0] * 50})
    >>> result = evaluate_predictions(frame, Columns(), 100, None, 0.7)
    >>> result.alerts[0].message[:32], result.confusion["n"].tolist()
    ('Accuracy is beyond its threshold', [50, 50, 50, 50])
    """
    names, measured = columns.names, columns.names | columns.measured
    whole = track_performance(frame, **measured)
    metric = next(name for name in LIMITED if name in set(whole.table["metric"]))
    limits = {metric: least}
    cut: dict[str, Any] = {"window": window, "on": on, "time_format": columns.roles.time_format}
    performance = track_performance(frame, thresholds=limits, **cut, **measured)
    roles, confusion = columns.roles, None
    if columns.threshold is not None:
        frame = decided(columns.threshold, frame, whole, roles.y_pred, roles.y_proba)
    if whole.task != "regression" and roles.y_pred in frame.columns:
        confusion = confusion_counts(frame, **names)
    return Evaluation(whole, performance, confusion, make_alerts(performance))
