"""Move the decision threshold: what precision and recall would be then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.task import BINARY, REGRESSION
from driftlib.errors import DataError
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance


def own_threshold(frame: pd.DataFrame, perf: Performance, y_pred: str, y_proba: str) -> float:
    """Find the lowest probability that was predicted to be positive.

    Parameters
    ----------
    frame : pandas.DataFrame
        Predictions and probabilities of the positive label.
    perf : Performance
        Of the same frame: says which label is positive.
    y_pred, y_proba : str
        Names of the columns.

    Returns
    -------
    float
        0.5 where no row was predicted to be positive.

    Raises
    ------
    DriftlibError
        If the task is not binary, or there is no column of probabilities.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1], "y_pred": [0, 1, 1], "y_proba": [0.2, 0.4, 0.7]})
    >>> own_threshold(frame, track_performance(frame), "y_pred", "y_proba")
    0.4
    """
    _check(frame, perf, y_proba)
    taken = frame[y_pred].astype(str) == str(perf.positive)
    scores = frame.loc[taken, y_proba].dropna()
    return float(scores.min()) if len(scores) else 0.5


@known_keywords(limits="pass limits of metrics as thresholds=")
def performance_at(
    threshold: float,
    frame: pd.DataFrame,
    perf: Performance,
    metrics: Iterable[str] = ("precision", "recall"),
    thresholds: Mapping[str, float | str] | None = None,
    *,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
) -> Performance:
    """Compute performance as if rows counted as positive from another probability on.

    Parameters
    ----------
    threshold : float
        Rows with at least this probability count as positive, those without one as nothing.
    frame : pandas.DataFrame
        Labels, predictions and probabilities of the positive label.
    perf : Performance
        Of the same frame, as it was decided: says which label is positive and what a unit is.
    metrics : list of str
        What to compute.
    thresholds : dict, optional
        Of the metrics: see `driftlib.track_performance`.
    window, step, on, by, timestamp, time_format, y_true, y_pred, y_proba
        As for `driftlib.track_performance`.

    Returns
    -------
    Performance

    Raises
    ------
    DriftlibError
        If the task is not binary, or there is no column of probabilities.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1], "y_pred": [0, 1, 1], "y_proba": [0.2, 0.4, 0.7]})
    >>> moved = performance_at(0.5, frame, track_performance(frame))
    >>> moved.table[["metric", "value"]]
          metric  value
    0  precision    1.0
    1     recall    1.0
    """
    return track_performance(
        decided(threshold, frame, perf, y_pred, y_proba),
        window=window,
        step=step,
        on=on,
        by=by,
        metrics=metrics,
        thresholds=thresholds,
        timestamp=timestamp,
        time_format=time_format,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        positive=perf.positive,
        unit=perf.unit_rule.keyword,
    )


def decided(
    threshold: float, frame: pd.DataFrame, perf: Performance, y_pred: str, y_proba: str
) -> pd.DataFrame:
    """Predict a label from a probability on, in the place of what was predicted.

    Parameters
    ----------
    threshold : float
        Rows with at least this probability count as positive, those without one as nothing.
    frame : pandas.DataFrame
        Probabilities of the positive label.
    perf : Performance
        Of the same frame: says which label is positive.
    y_pred, y_proba : str
        Names of the columns.

    Returns
    -------
    pandas.DataFrame
        The frame with other predictions.

    Raises
    ------
    DriftlibError
        If the task is not binary, or there is no column of probabilities.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1], "y_proba": [0.2, 0.4, 0.7]})
    >>> perf = track_performance(frame, threshold=0.5)
    >>> decided(0.3, frame, perf, "y_pred", "y_proba")["y_pred"].tolist()
    ['0', '1', '1']
    """
    _check(frame, perf, y_proba)
    scores = frame[y_proba].to_numpy(dtype=float, na_value=np.nan)
    codes = np.where(np.isnan(scores), -1, scores >= threshold).astype(np.int64)
    labels = pd.Categorical.from_codes(codes, categories=pd.Index(perf.classes))
    columns = [name for name in frame.columns if name != y_pred]
    return frame[columns].assign(**{y_pred: labels})


def _check(frame: pd.DataFrame, perf: Performance, y_proba: str) -> None:
    needs = "a decision threshold needs two classes and one column of probabilities"
    if perf.task != BINARY:
        classes = len(perf.classes)
        found = "this is a regression" if perf.task == REGRESSION else f"here are {classes} classes"
        raise DataError(f"{needs}: {found}, so there is nothing to move.")
    if y_proba not in frame.columns:
        raise DataError(f"{needs}: there is no column {y_proba!r}, and nothing to move.")
