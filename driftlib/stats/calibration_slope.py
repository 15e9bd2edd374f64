"""Measure how far probabilities are from the labels that came: by slope, and by bins."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

# Probabilities nearer to 0 or 1 are taken as this.
NEAREST = 1e-6
STEPS = 25
BINS = 10


def calibration_slope(
    proba: np.ndarray, weights: np.ndarray, positives: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit labels to the logit of probabilities: Cox's slope, 1 where they are right.

    Parameters
    ----------
    proba, weights : float array, shape (rows,)
        Probability of class 1, and how many rows each entry stands for.
    positives : float array, shape (..., rows)
        How many of them are of class 1.

    Returns
    -------
    slope, error : float array, shape (...)
        With the standard error; NaN where there is no slope, as with one label or one score.
    influence : float array, shape (..., rows, 2)
        What one more row of class 0, and of class 1, changes the slope by.

    References
    ----------
    Cox (1958), Biometrika 45, 562-565. Van Calster and others (2019), BMC Medicine 17, 230.

    Examples
    --------
    >>> proba = expit(np.linspace(-3, 3, 601))
    >>> slope, _, _ = calibration_slope(proba, np.ones(601), expit(logit(proba) / 2))
    >>> float(slope.round(3))
    0.5
    """
    x = logit(np.clip(proba.astype(float), NEAREST, 1 - NEAREST))
    total = weights.sum() or 1.0
    centre = (weights * x).sum() / total
    x = x - centre
    none = np.full(positives.shape[:-1], np.nan)
    y = positives.sum(-1)
    possible = (y > 0) & (y < total) & bool(np.ptp(x) > 0 if len(x) else False)
    share = np.clip(y / total, 1e-9, 1 - 1e-9)
    line = np.stack([logit(share), np.zeros_like(share)], axis=-1)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            chance = expit(line[..., :1] + line[..., 1:] * x)
            left = positives - weights * chance
            spread = weights * chance * (1 - chance)
            a, b, c = spread.sum(-1), (spread * x).sum(-1), (spread * x * x).sum(-1)
            first, second = left.sum(-1), (left * x).sum(-1)
            det = a * c - b * b
            step = np.stack([c * first - b * second, a * second - b * first], -1) / det[..., None]
            step = np.clip(np.nan_to_num(step), -1, 1)
            line = line + step
            if np.abs(step[possible]).max(initial=0.0) < 1e-10:
                break
        # Labels that a score parts wholly have no slope.
        found = possible & (np.abs(step).max(-1) < 1e-6) & (det > 1e-12)
        error = np.sqrt(a / det)
        per_row = (a[..., None] * x - b[..., None]) / det[..., None]
    influence = per_row[..., None] * (np.array([0.0, 1.0]) - chance[..., None])
    return np.where(found, line[..., 1], none), np.where(found, error, none), influence


def bin_of(proba: np.ndarray) -> np.ndarray:
    """Find the bin of probabilities, ten of equal width.

    Parameters
    ----------
    proba : float array

    Returns
    -------
    int array
        0 to 9.

    Examples
    --------
    >>> bin_of(np.array([0.0, 0.1, 0.95, 1.0])).tolist()
    [0, 1, 9, 9]
    """
    return np.minimum((proba * BINS).astype(int), BINS - 1)


def calibration_error(count: np.ndarray, expected: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Compute the expected calibration error: the mean gap of probabilities and labels by bin.

    Parameters
    ----------
    count, expected, positives : float array, shape (..., bins)
        Rows, the sum of their probabilities, and how many are of class 1.

    Returns
    -------
    float array, shape (...)

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), AAAI 29, 2901-2907.

    Examples
    --------
    >>> one = np.array([10.0, 10.0])
    >>> float(calibration_error(one, np.array([1.0, 9.0]), np.array([2.0, 9.0])))
    0.05
    """
    total = count.sum(-1)
    gap = np.abs(positives - expected).sum(-1)
    return np.where(total > 0, gap / np.where(total > 0, total, 1), np.nan)
