"""Compute 95 % intervals, one function for each kind of metric; all take and give arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from driftlib.stats.aggregates import Moments
from driftlib.stats.ranking import Ranking

LEVEL = 0.975
Z = 1.959963984540054
# DeLong's variance is too small below this many rows of the smaller class.
FEW_ROWS = 50
MOST_SKEW = 0.4
# Keeps limits finite where a handful of rows says next to nothing.
MOST_LOG = 500.0

Interval = tuple[np.ndarray, np.ndarray]


def wilson(successes: np.ndarray, rows: np.ndarray) -> Interval:
    """Compute the Wilson score interval of a share.

    Parameters
    ----------
    successes, rows : array
        Counts, of the same shape.

    Returns
    -------
    lower : float array
    upper : float array
        Between 0 and 1; NaN where there are no rows.

    References
    ----------
    Wilson (1927), J. American Statistical Association 22, 209-212.

    Examples
    --------
    >>> lower, upper = wilson(np.array([8]), np.array([10]))
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.4902, 0.9433)
    """
    with np.errstate(all="ignore"):
        rows = np.where(rows > 0, rows, np.nan)
        share = successes / rows
        middle = (successes + Z**2 / 2) / (rows + Z**2)
        half = Z / (rows + Z**2) * np.sqrt(rows * share * (1 - share) + Z**2 / 4)
    return middle - half, middle + half


def _on_logit(value: np.ndarray, error: np.ndarray, z: np.ndarray | float = Z) -> Interval:
    """Compute the interval of a value between 0 and 1 on the logit scale.

    Parameters
    ----------
    value : float array
        0 to 1.
    error : float array
        Standard error of the value.
    z : float or array
        Standard errors to either side; default 1.96.

    Returns
    -------
    lower : float array
    upper : float array
        Between 0 and 1; NaN where the value is 0 or 1.

    Examples
    --------
    >>> lower, upper = _on_logit(np.array([0.8]), np.array([0.05]))
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.6844, 0.8807)
    """
    with np.errstate(all="ignore"):
        logit = np.log(value) - np.log1p(-value)
        half = z * error / (value * (1 - value))
        return 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))


def roc_auc(ranking: Ranking) -> Interval:
    """Compute the interval of the area under the ROC curve.

    DeLong's on the logit scale; Newcombe's method 5 with fewer than 50 rows of the smaller
    class, where DeLong's covers 71 to 94 %, and for areas of 0 and 1.

    Parameters
    ----------
    ranking : Ranking

    Returns
    -------
    lower : float array
    upper : float array
        Between 0 and 1; NaN without both classes.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845. Newcombe (2006),
    Statistics in Medicine 25, 559-573.
    """
    smaller = np.minimum(ranking.positives, ranking.negatives)
    few = (smaller < FEW_ROWS) | (ranking.auc <= 0) | (ranking.auc >= 1)
    delong = _on_logit(ranking.auc, ranking.auc_error)
    newcombe = newcombe_auc(ranking.auc, ranking.positives, ranking.negatives)
    return np.where(few, newcombe[0], delong[0]), np.where(few, newcombe[1], delong[1])


def newcombe_auc(auc: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> Interval:
    """Find the areas whose own standard error leaves the one seen within 1.96 of it.

    Parameters
    ----------
    auc : float array
        Area under the ROC curve.
    positives, negatives : int array
        Rows of each class.

    Returns
    -------
    lower : float array
    upper : float array
        Between 0 and 1, around `auc`; NaN without both classes.

    References
    ----------
    Newcombe (2006), Statistics in Medicine 25, 559-573, method 5.

    Examples
    --------
    >>> lower, upper = newcombe_auc(np.array([1.0]), np.array([10]), np.array([20]))
    >>> bool(0.8 < lower[0] < 0.9), float(upper[0])
    (True, 1.0)
    """
    both = np.where((positives > 0) & (negatives > 0), positives * negatives, np.nan)
    extra = (positives + negatives) / 2 - 1

    def far(area: np.ndarray) -> np.ndarray:
        spread = 1 + extra * ((1 - area) / (2 - area) + area / (1 + area))
        return (auc - area) ** 2 > Z**2 * area * (1 - area) * spread / both

    return _bisect(far, np.zeros_like(auc), auc), _bisect(far, np.ones_like(auc), auc)


def _bisect(
    far: Callable[[np.ndarray], np.ndarray], outer: np.ndarray, inner: np.ndarray
) -> np.ndarray:
    for _ in range(50):
        middle = (outer + inner) / 2
        beyond = far(middle)
        outer, inner = np.where(beyond, middle, outer), np.where(beyond, inner, middle)
    return outer


def average_precision(ranking: Ranking) -> Interval:
    """Compute the interval of average precision on the logit scale, by Student's t.

    Each positive raises the precision at its own score, so the value is too high on average
    where positives are few; the interval is centred where it counts there as one half. Where
    the value is 1, the interval is Wilson's for all of the positives.

    Parameters
    ----------
    ranking : Ranking

    Returns
    -------
    lower : float array
    upper : float array
        Between 0 and 1; NaN without positives.
    """
    degrees = np.maximum(2 * ranking.positives - 1, 1)
    lower, upper = _on_logit(ranking.ap_centre, ranking.ap_error, stdtrit(degrees, LEVEL))
    perfect, _ = wilson(ranking.positives, ranking.positives)
    return np.where(ranking.ap >= 1, perfect, lower), np.where(ranking.ap >= 1, 1.0, upper)


def mean_loss(moments: Moments) -> Interval:
    """Compute the interval of the mean of a skewed loss: Student's t, transformed after Hall.

    The skewness of the mean counts up to 0.4, beyond which its own error does more harm.
    A loss that is the same in all rows says nothing about spread: the interval is then as wide
    as if the loss had an exponential distribution.

    Parameters
    ----------
    moments : Moments
        Of a loss that is never negative.

    Returns
    -------
    lower : float array
    upper : float array
        In the loss's unit.

    References
    ----------
    Hall (1992), J. Royal Statistical Society B 54, 221-228.
    """
    with np.errstate(all="ignore"):
        error = np.sqrt(moments.variance / moments.n)
        skew = np.nan_to_num(moments.skewness / np.sqrt(moments.n))
        skew = np.clip(skew, -MOST_SKEW, MOST_SKEW)
        skew = np.where(np.abs(skew) < 1e-6, 1e-6, skew)
        t = stdtrit(np.maximum(moments.n - 1, 1), LEVEL)
        far = 3 / skew * (np.cbrt(1 + skew * (t - skew / 6)) - 1)
        near = 3 / skew * (np.cbrt(1 + skew * (-t - skew / 6)) - 1)
        spread = np.exp(Z / np.sqrt(moments.n))
    known = (error > 0) & np.isfinite(error)
    lower = np.where(known, moments.mean - error * far, moments.mean / spread)
    return lower, np.where(known, moments.mean - error * near, moments.mean * spread)


def unexplained(ratio: np.ndarray, log_error: np.ndarray, rows: np.ndarray) -> Interval:
    """Compute the interval of a share of variance unexplained, by Student's t on its logarithm.

    Parameters
    ----------
    ratio : float array
        Squared error over variance, 0 to infinity.
    log_error : float array
        Standard error of its logarithm.
    rows : int array

    Returns
    -------
    lower : float array
    upper : float array
        Positive and finite where the error is.
    """
    with np.errstate(all="ignore"):
        far = stdtrit(np.maximum(rows - 1, 1), LEVEL) * log_error
        wide = np.exp(np.minimum(far, MOST_LOG))
        return ratio / wide, ratio * wide


def combined(
    value: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    together: np.ndarray | float = 1.0,
) -> Interval:
    """Compute the interval of a mean over classes from theirs, by adding recovered variances.

    Parameters
    ----------
    value, lower, upper : array, shape (groups, classes)
        Classes whose value is NaN do not count.
    together : float or array, shape (groups,)
        Standard error of the mean over what it would be for independent values.

    Returns
    -------
    lower : float array, shape (groups,)
    upper : float array, shape (groups,)

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    known = ~np.isnan(value)
    with np.errstate(all="ignore"):
        count = known.sum(-1)
        mean = np.where(known, value, 0).sum(-1) / np.where(count, count, np.nan)
        down = np.sqrt(np.where(known, (value - lower) ** 2, 0).sum(-1)) / count
        up = np.sqrt(np.where(known, (upper - value) ** 2, 0).sum(-1)) / count
    return mean - together * down, mean + together * up


def difference(
    value: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    reference: tuple[np.ndarray | float, np.ndarray | float, np.ndarray | float],
) -> Interval:
    """Compute the interval of a difference of independent samples that have their own.

    The variances are recovered from the intervals, on the side that matters for each limit,
    and added: Newcombe's hybrid score interval where both are shares.

    Parameters
    ----------
    value, lower, upper : array
        Of one sample or more.
    reference : (value, lower, upper)
        Of the sample they are compared with.

    Returns
    -------
    lower : float array
    upper : float array
        Of value - reference.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10. Zou and Donner (2008).

    Examples
    --------
    >>> share = [np.array([56 / 70]), *wilson(np.array([56]), np.array([70]))]
    >>> other = [float(x) for x in (48 / 80, *wilson(np.array(48), np.array(80)))]
    >>> lower, upper = difference(*share, other)
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.0524, 0.3339)
    """
    other, other_lower, other_upper = reference
    gap = value - other
    down = np.sqrt((value - lower) ** 2 + (other_upper - other) ** 2)
    up = np.sqrt((upper - value) ** 2 + (other - other_lower) ** 2)
    return gap - down, gap + up
