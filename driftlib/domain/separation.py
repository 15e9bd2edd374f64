"""Measure how well scores, or single columns, tell current rows from reference rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driftlib.stats.unit_influence import (
    RowUnits,
    UnitError,
    influence_error,
    influence_memory,
)

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
    wins, losses = _placements(current, reference)
    share = float(wins.mean())
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (wins, losses) if len(part) > 1)
    if variance < 1e-12:
        smaller = min(len(current), len(reference))
        inner = np.clip(share, 0.5 / smaller, 1 - 0.5 / smaller)
        variance = float(inner * (1 - inner) / smaller)
    return share, variance


def area(current: np.ndarray, reference: np.ndarray) -> float:
    """Compute the area of `auc` alone, which takes less time.

    Parameters
    ----------
    current, reference : float array, at least one row each
        As for `auc`.

    Returns
    -------
    float

    Examples
    --------
    >>> area(np.array([2.0, 3.0, 4.0]), np.array([1.0, 2.0]))
    0.9166666666666666
    """
    low, high = np.sort(reference), np.sort(current)
    below = low.searchsorted(high, "left").sum() + low.searchsorted(high, "right").sum()
    return float(below / (2 * len(low) * len(high)))


def auc_by_units(scores: np.ndarray, units: RowUnits) -> tuple[float, UnitError]:
    """Compute the area under the ROC curve of rows in units, and how well it is known.

    Parameters
    ----------
    scores : float array, shape (rows,)
        Which are to be higher for current rows.
    units : RowUnits
        The unit and period of each row.

    Returns
    -------
    float
        The area, as of `auc`.
    UnitError
        From the placements of rows, summed by unit: no smaller than by rows, nor than the
        exact error of scores that say nothing of independent rows.

    References
    ----------
    Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53(2),
    567-578.

    Examples
    --------
    >>> codes, current = np.repeat(np.arange(10), 20), np.arange(200) >= 100
    >>> customers = RowUnits(codes, current, np.arange(10), memory=False)
    >>> area, error = auc_by_units(codes % 5.0, customers)
    >>> area, round(error.error, 2), round(error.degrees_of_freedom)
    (0.5, 0.2, 8)
    """
    ahead, behind = scores[units.current], scores[~units.current]
    wins, losses = _placements(ahead, behind)
    share = float(wins.mean())
    influence = np.empty(len(scores))
    influence[units.current] = (wins - share) / len(ahead)
    influence[~units.current] = (1 - losses - share) / len(behind)
    phi = influence_memory(units, influence[None])
    known = influence_error(units, influence, phi)
    least = (len(scores) + 1) / (12.0 * len(ahead) * len(behind))
    if known.error**2 < 1e-12:
        # Placements that never vary say nothing of how they would.
        smaller = min(units.counts)
        inner = float(np.clip(share, 0.5 / smaller, 1 - 0.5 / smaller))
        least = max(least, inner * (1 - inner) / smaller)
    return share, replace(known, error=float(np.sqrt(max(known.error**2, least))))


def _placements(current: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of reference rows below each current row, and of current rows below the others."""
    low, high = np.sort(reference), np.sort(current)
    below = np.searchsorted(low, current, "left") + np.searchsorted(low, current, "right")
    above = np.searchsorted(high, reference, "left") + np.searchsorted(high, reference, "right")
    return below / (2 * len(low)), above / (2 * len(high))


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
    return area(scores[is_current], scores[~is_current])
