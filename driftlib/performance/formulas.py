"""Formulas of the metrics: values and intervals as functions of evidence.

Counts come as `cells`, rows by label and prediction, of shape (..., classes, classes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression
from driftlib.text import quoted

Parts = tuple[np.ndarray, np.ndarray]


def ratio_of(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def share_of(
    parts: Callable[[np.ndarray], Parts],
) -> dict[str, Callable]:
    """Value and interval of a metric that is a share of some rows."""
    return {
        "value": lambda e: ratio_of(*parts(e.cells)),
        "interval": lambda e: intervals.wilson(*parts(e.cells)),
    }


def correct(cells: np.ndarray) -> Parts:
    return np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1))


def of_predicted(cells: np.ndarray) -> Parts:
    return cells[..., 1, 1], cells[..., :, 1].sum(-1)


def of_positives(cells: np.ndarray) -> Parts:
    return cells[..., 1, 1], cells[..., 1, :].sum(-1)


def of_negatives(cells: np.ndarray) -> Parts:
    return cells[..., 0, 0], cells[..., 0, :].sum(-1)


def f1_of(found: np.ndarray) -> np.ndarray:
    """F1 from the share of true positives among rows that are positive, predicted or true."""
    return 2 * found / (1 + found)


def positive_either_way(cells: np.ndarray) -> Parts:
    true = cells[..., 1, 1]
    return true, true + cells[..., 0, 1] + cells[..., 1, 0]


def f1_interval(evidence: GroupedClassification) -> intervals.Interval:
    lower, upper = intervals.wilson(*positive_either_way(evidence.cells))
    return f1_of(lower), f1_of(upper)


def hits_of(cells: np.ndarray) -> np.ndarray:
    return np.diagonal(cells, axis1=-2, axis2=-1)


def by_predicted(cells: np.ndarray) -> Parts:
    return hits_of(cells), cells.sum(-2)


def by_label(cells: np.ndarray) -> Parts:
    return hits_of(cells), cells.sum(-1)


def mean_over_classes(values: np.ndarray) -> np.ndarray:
    """Mean over the classes where a value is defined."""
    known = ~np.isnan(values)
    return ratio_of(np.where(known, values, 0).sum(-1), known.sum(-1))


def macro_share_of(
    parts: Callable[[np.ndarray], Parts],
) -> dict[str, Callable]:
    def interval(evidence: GroupedClassification) -> intervals.Interval:
        hits, rows = parts(evidence.cells)
        return intervals.combined(ratio_of(hits, rows), *intervals.wilson(hits, rows))

    return {
        "value": lambda e: mean_over_classes(ratio_of(*parts(e.cells))),
        "interval": interval,
        "remark": undefined_classes(lambda cells: ratio_of(*parts(cells))),
    }


def f1_by_class(cells: np.ndarray) -> np.ndarray:
    return ratio_of(2 * hits_of(cells), cells.sum(-2) + cells.sum(-1))


def macro_f1_interval(evidence: GroupedClassification) -> intervals.Interval:
    cells = evidence.cells.astype(float)
    hits, wrong = hits_of(cells), cells.sum(-2) + cells.sum(-1) - 2 * hits_of(cells)
    lower, upper = intervals.wilson(hits, hits + wrong)
    limits = f1_by_class(cells), f1_of(lower), f1_of(upper)
    return intervals.combined(*limits, overlap_of_f1(cells, hits, wrong))


def overlap_of_f1(cells: np.ndarray, hits: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Standard error of the mean F1 over what it would be for independent classes.

    A wrong row lowers the F1 of two classes: its influence on both is added before squaring.
    """
    f1 = np.nan_to_num(f1_by_class(cells))
    size = np.maximum(2 * hits + wrong, 1)
    gain = np.eye(cells.shape[-1]) * (2 / size)[..., None]
    influence = gain - (f1 / size)[..., :, None] - (f1 / size)[..., None, :]
    total = (cells * influence**2).sum((-2, -1))
    alone = ((hits * (2 - 2 * f1) ** 2 + wrong * f1**2) / size**2).sum(-1)
    return np.where(alone > 0, np.sqrt(total / np.where(alone > 0, alone, 1)), 1.0)


def undefined_classes(
    parts: Callable[[np.ndarray], np.ndarray],
) -> Callable[[GroupedClassification, Sequence[str]], list[str]]:
    """Remark on the classes that a macro average leaves out."""

    def remark(evidence: GroupedClassification, classes: Sequence[str]) -> list[str]:
        lacking = np.isnan(parts(evidence.cells))
        return [
            f"averaged without {quoted(np.array(classes)[row])}, where it is undefined"
            if row.any() and not row.all()
            else ""
            for row in lacking
        ]

    return remark


def one_vs_rest_auc(evidence: Any) -> np.ndarray:
    return np.mean([evidence.ranking(k).auc for k in range(evidence.classes)], axis=0)


def one_vs_rest_interval(evidence: GroupedClassification) -> intervals.Interval:
    rankings = [evidence.ranking(k) for k in range(evidence.classes)]
    limits = [(ranking.auc, *intervals.roc_auc(ranking)) for ranking in rankings]
    return intervals.combined(*np.moveaxis(limits, 0, -1), evidence.together)


def log_loss(of_true: np.ndarray) -> np.ndarray:
    """Log loss of a row from the probability given to its label, which is clipped to (0, 1)."""
    tiny = np.finfo(of_true.dtype).eps
    return -np.log(np.clip(of_true, tiny, 1 - tiny).astype(float))


def brier(of_true: np.ndarray) -> np.ndarray:
    """Squared error of the probability given to the label."""
    return (1 - of_true.astype(float)) ** 2


def mean_of(loss: Callable) -> dict[str, Callable]:
    return {
        "value": lambda e: e.moments(loss).mean,
        "interval": lambda e: intervals.mean_loss(e.moments(loss)),
    }


def absolute_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Absolute difference."""
    return np.abs(y - pred)


def squared_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Squared difference."""
    return (y - pred) ** 2


def relative_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Absolute difference as a share of the label; NaN where the label is 0."""
    return np.abs(y - pred) / np.where(y == 0, np.nan, np.abs(y))


def zero_labels(evidence: GroupedRegression, classes: Sequence[str]) -> list[str]:
    zero = (evidence.hi - evidence.lo) - evidence.moments(relative_error).n
    return [f"{int(rows):,} rows with a label of 0 left out" if rows else "" for rows in zero]


def rmse_interval(evidence: GroupedRegression) -> intervals.Interval:
    lower, upper = intervals.mean_loss(evidence.moments(squared_error))
    return np.sqrt(np.maximum(lower, 0)), np.sqrt(upper)


def r2_interval(evidence: GroupedRegression) -> intervals.Interval:
    lower, upper = intervals.unexplained(*evidence.unexplained, evidence.hi - evidence.lo)
    return 1 - upper, 1 - lower
