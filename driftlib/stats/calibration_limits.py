"""Compute how sure the gaps of probabilities and labels in bins are."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from driftlib.stats.intervals import Interval, Z

# Chance that either end is on the wrong side.
MISSED = 0.025
# Gaps are tried up to so many times those seen, by so many halvings.
MOST_TIMES, HALVINGS = 4.0, 30


def calibration_error_limits(
    count: np.ndarray, expected: np.ndarray, positives: np.ndarray
) -> Interval:
    """Compute a 95 % interval of the calibration error that labels without end would show.

    Chance makes gaps where there are none, and adds to the absolute value of small ones. The ends
    are the errors under which the one that was seen lies at either edge of what chance makes of
    it: absolute values of normal numbers, added up, with their skewness by Cornish and Fisher. Of
    all gaps that make such an error those tried are as the seen ones and their standard errors.

    Parameters
    ----------
    count, expected, positives : float array, shape (..., bins)
        As for `driftlib.stats.calibration_slope.calibration_error`.

    Returns
    -------
    Interval
        Lower and upper ends, shape (...). The lower one is 0 where chance alone explains what was
        seen.

    References
    ----------
    Leone, Nelson and Nottingham (1961), Technometrics 3(4), 543-550, on the folded normal law.
    Cornish and Fisher (1938), Revue de l'Institut International de Statistique 5, 307-320.

    Examples
    --------
    >>> rows = np.full(2, 100.0)
    >>> lower, upper = calibration_error_limits(rows, np.array([20.0, 80]), np.array([26.0, 80]))
    >>> float(lower), round(float(upper), 3)
    (0.0, 0.082)
    """
    total = np.maximum(count.sum(-1, keepdims=True), 1)
    own = np.maximum(count, 1)
    chance = expected / own
    side = np.where(positives >= expected, 1, -1)

    def spread(share: np.ndarray) -> np.ndarray:
        # One row of the model's own chance keeps bins of one label from having no error.
        share = (np.clip(share, 0, 1) * count + chance) / (count + 1)
        return np.asarray(np.sqrt(count * share * (1 - share)) / total)

    gap = np.abs(positives - expected) / total
    value = gap.sum(-1)
    unit = np.hypot(gap, spread(positives / own))
    ends = []
    for sign in (1, -1):
        low, high = np.zeros(value.shape), np.full(value.shape, MOST_TIMES)
        for _ in range(HALVINGS):
            times = (low + high) / 2
            gaps = times[..., None] * unit
            edge = _edge(gaps, spread(chance + side * gaps * total / own), sign * Z)
            low, high = np.where(edge < value, times, low), np.where(edge < value, high, times)
        ends.append(np.where(low > 0, high, 0) * unit.sum(-1))
    # Of scores that are quite sure and were right each time only the number of rows tells: the
    # exact upper end of no error among them.
    sure = (value == 0) & (unit.sum(-1) == 0)
    upper = np.where(sure, 1 - MISSED ** (1 / total[..., 0]), np.maximum(ends[1], value))
    return np.minimum(ends[0], value), upper


def _edge(gaps: np.ndarray, spread: np.ndarray, z: float) -> np.ndarray:
    """Quantile of the sum of absolute values of normal numbers around some gaps."""
    known = spread > 0
    ratio = np.where(known, gaps / np.where(known, spread, 1), 0)
    density = np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi)
    inner = 1 - 2 * ndtr(-ratio)
    mean = np.where(known, 2 * spread * density + gaps * inner, gaps)
    square = gaps**2 + spread**2
    cube = (gaps**2 + 3 * spread**2) * gaps * inner
    cube += 2 * spread * density * (gaps**2 + 2 * spread**2)
    third = np.where(known, cube - 3 * mean * square + 2 * mean**3, 0).sum(-1)
    variance = np.maximum(square - mean**2, 0).sum(-1)
    error = np.sqrt(variance)
    skewness = np.where(variance > 0, third / np.where(variance > 0, variance * error, 1), 0)
    return np.asarray(mean.sum(-1) + error * (z + (z * z - 1) / 6 * skewness))
