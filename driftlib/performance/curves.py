"""Compute what single numbers hide: ROC and precision-recall curves, and confusion counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.predictions import Predictions
from driftlib.data.read_predictions import read_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import REGRESSION, Task
from driftlib.errors import DataError
from driftlib.stats.ranking import place_by_rank

POINTS = 200
MOST_CLASSES = 12


@known_keywords()
def score_curves(
    current: Any,
    reference: Any = None,
    positive: Any = None,
    *,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    points: int = POINTS,
) -> pd.DataFrame:
    """Draw the ROC and precision-recall curves of a classifier's scores, as points.

    Parameters
    ----------
    current, reference : frame, table, str or Path
        Labels, predictions and probabilities; the reference is optional.
    positive : label, optional
        Default: the larger of two labels. Of more classes, each against the rest, the 12
        commonest.
    y_true, y_pred, y_proba : str
        Names of the columns.
    points : int
        At most so many a curve, evenly spread over the rows; ends and areas are exact.

    Returns
    -------
    pandas.DataFrame
        A row per period ("reference" first), label and point, from the strictest threshold
        down: period, label, threshold (rows at or above it count as predicted),
        false_positive_rate, recall, precision; and, the same in every row of a curve, n,
        roc_auc and average_precision. Periods without both classes have no rows.

    Raises
    ------
    DriftlibError
        If columns are missing or unusable, or there are no probabilities.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 0, 0, 1],
    ...                       "y_proba": [0.1, 0.4, 0.35, 0.8]})
    >>> score_curves(frame)[["threshold", "false_positive_rate", "recall", "precision"]].round(2)
       threshold  false_positive_rate  recall  precision
    0       0.80                  0.0     0.5       1.00
    1       0.40                  0.5     0.5       0.50
    2       0.35                  0.5     1.0       0.67
    3       0.10                  1.0     1.0       0.50
    """
    roles = ColumnRoles(y_true, y_pred, y_proba)
    task, sides = _read(current, reference, positive, roles)
    if task.kind == REGRESSION or any(side.proba is None for side in sides.values()):
        raise DataError(
            f"ROC and precision-recall curves need probabilities of classes: there are none in "
            f"{y_proba!r}."
        )
    labels = [1] if task.positive else _commonest(sides["current"], task)
    parts = [
        _curve(side, label, points).assign(period=period, label=task.classes[label])
        for period, side in sides.items()
        for label in labels
    ]
    columns = ["period", "label", "threshold", "false_positive_rate", "recall", "precision", "n",
               "roc_auc", "average_precision"]  # fmt: skip
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


@known_keywords()
def confusion_counts(
    current: Any,
    reference: Any = None,
    positive: Any = None,
    *,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
) -> pd.DataFrame:
    """Count how often each label is predicted as what.

    Parameters
    ----------
    current, reference, positive, y_true, y_pred, y_proba
        As for `score_curves`; probabilities are not needed.

    Returns
    -------
    pandas.DataFrame
        A row per period ("reference" first), label and prediction: period, label, predicted,
        n, share (of the label's rows; NaN where it has none). Classes beyond the 12 commonest
        are counted together as "other".

    Raises
    ------
    DriftlibError
        If columns are missing or unusable, or the task is a regression.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 1, 1, 1]})
    >>> confusion_counts(frame)[["label", "predicted", "n", "share"]]
      label predicted  n  share
    0     0         0  1    0.5
    1     0         1  1    0.5
    2     1         0  0    0.0
    3     1         1  2    1.0
    """
    roles = ColumnRoles(y_true, y_pred, y_proba)
    task, sides = _read(current, reference, positive, roles)
    if task.kind == REGRESSION:
        raise DataError("a confusion matrix needs classes, and this is a regression.")
    shown = _commonest(sides["current"], task)
    # Position of each class among those shown; the rest share the last one.
    place = np.full(len(task.classes), len(shown))
    place[shown] = range(len(shown))
    names = [task.classes[label] for label in shown]
    names += ["other"] if len(shown) < len(task.classes) else []
    parts = [_confusion(side, place, names).assign(period=period) for period, side in sides.items()]
    columns = ["period", "label", "predicted", "n", "share"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def _read(
    current: Any, reference: Any, positive: Any, roles: ColumnRoles
) -> tuple[Task, dict[str, Predictions]]:
    """Read the task, and predictions by period, the reference first."""
    task, now, past = read_predictions(current, reference, roles=roles, positive=positive)
    sides = {} if past is None else {"reference": past.predictions}
    return task, sides | {"current": now.predictions}


def _commonest(predictions: Predictions, task: Task) -> list[int]:
    """Numbers of the commonest classes, in the order of the labels."""
    counts = np.bincount(predictions.y[predictions.labelled], minlength=len(task.classes))
    return sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist())


def _confusion(side: Predictions, place: np.ndarray, names: list[str]) -> pd.DataFrame:
    both = side.labelled & side.predicted
    codes = place[side.y[both]] * len(names) + place[side.pred[both]]
    cells = np.bincount(codes, minlength=len(names) ** 2).reshape(len(names), -1)
    with np.errstate(invalid="ignore"):
        share = cells / cells.sum(1, keepdims=True)
    return pd.DataFrame(
        {
            "label": np.repeat(names, len(names)),
            "predicted": names * len(names),
            "n": cells.ravel(),
            "share": share.ravel(),
        }
    )


def _curve(side: Predictions, label: int, points: int) -> pd.DataFrame:
    proba = side.scores_of(label)
    known = side.labelled & ~np.isnan(proba)
    scores, hit = proba[known], side.y[known] == label
    thresholds, block = np.unique(scores, return_inverse=True)
    positive = np.bincount(block, hit, len(thresholds))
    negative = np.bincount(block, ~hit, len(thresholds))
    auc, ap, _, precision = place_by_rank(positive, negative)
    if not (hit.any() and not hit.all()):
        return pd.DataFrame()
    true, false = (np.cumsum(side[::-1])[::-1] for side in (positive, negative))
    rows = true + false
    # Evenly over the rows, not the thresholds: the curve is as fine where the rows are.
    wanted = np.linspace(rows[-1], rows[0], points)
    kept = np.unique(np.append(np.searchsorted(-rows, -wanted, side="right") - 1, 0))[::-1]
    return pd.DataFrame(
        {
            "threshold": thresholds[kept],
            "false_positive_rate": false[kept] / false[0],
            "recall": true[kept] / true[0],
            "precision": precision[kept],
            "n": len(hit),
            "roc_auc": auc,
            "average_precision": ap,
        }
    )
