"""Measure how well scores, or single columns, tell current rows from reference rows."""

from __future__ import annotations

import numpy as np

BINS = 50


def auc(current: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Compute the area under the ROC curve of two samples of scores, and its variance.

    Where the scores separate the two perfectly, or not at all, DeLong's variance is 0; it is
    then replaced by its upper bound A (1 - A) / (rows of the smaller side), A being drawn in
    by half a row.

    Parameters
    ----------
    current, reference : float array, at least one row each
        Scores, which are to be higher for current rows.

    Returns
    -------
    tuple of two floats
        The area: the chance that a current row scores higher than a reference row, ties
        counting one half, from 0 to 1. And DeLong's variance of it.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), 837-845.

    Examples
    --------
    >>> auc(np.array([2.0, 3.0, 4.0]), np.array([1.0, 2.0]))[0]
    0.9166666666666666
    """
    low, high = np.sort(reference), np.sort(current)
    below = np.searchsorted(low, current, "left") + np.searchsorted(low, current, "right")
    above = np.searchsorted(high, reference, "left") + np.searchsorted(high, reference, "right")
    wins, losses = below / (2 * len(low)), above / (2 * len(high))
    area = float(wins.mean())
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (wins, losses) if len(part) > 1)
    if variance < 1e-12:
        smaller = min(len(low), len(high))
        inner = np.clip(area, 0.5 / smaller, 1 - 0.5 / smaller)
        variance = float(inner * (1 - inner) / smaller)
    return area, variance


def auc_alone(
    values: np.ndarray, is_current: np.ndarray, folds: np.ndarray, codes: int | None = None
) -> float:
    """Compute how well one column tells the periods apart by itself, whatever its shape.

    A bin's score is the share of current rows in it, learnt from the other folds.

    Parameters
    ----------
    values : float array, shape (rows,)
        The column; NaN is missing, and a bin of its own.
    is_current : bool array, shape (rows,)
        Period of each row.
    folds : int array, shape (rows,)
        Fold of each row.
    codes : int, optional
        How many levels the column has, if its values are codes from 0; default: numbers, cut
        into bins at 49 quantiles.

    Returns
    -------
    float
        Cross-fitted area under the ROC curve, 0 to 1.

    Examples
    --------
    >>> rows = np.arange(400)
    >>> auc_alone(np.abs(rows % 100 - 50.0), rows % 100 < 25, rows // 100 % 2) > 0.7
    True
    """
    if codes is not None:
        bins = np.nan_to_num(values, nan=codes).astype(int)
    else:
        present = values[~np.isnan(values)]
        edges = np.unique(np.quantile(present, np.arange(1, BINS) / BINS))
        bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))
    size = int(bins.max()) + 1
    scores = np.empty(len(values))
    for fold in np.unique(folds):
        seen, hidden = folds != fold, folds == fold
        hits = np.bincount(bins[seen], is_current[seen], size) + is_current.mean()
        scores[hidden] = (hits / (np.bincount(bins[seen], minlength=size) + 1))[bins[hidden]]
    return auc(scores[is_current], scores[~is_current])[0]
