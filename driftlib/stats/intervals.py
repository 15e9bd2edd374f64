"""95 % confidence intervals, one function for each kind of metric; all take and give arrays."""

from __future__ import annotations

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
    """Wilson score interval of a share.

    Parameters
    ----------
    successes, rows : array
        Counts, of the same shape.

    Returns
    -------
    lower, upper : array
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


def on_logit(value: np.ndarray, error: np.ndarray, z: np.ndarray | float = Z) -> Interval:
    """Interval of a value between 0 and 1 from its standard error, made on the logit scale."""
    with np.errstate(all="ignore"):
        logit = np.log(value) - np.log1p(-value)
        half = z * error / (value * (1 - value))
        return 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))


def roc_auc(ranking: Ranking) -> Interval:
    """DeLong on the logit scale; Newcombe's method 5 for few rows and for areas of 0 and 1.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845. Newcombe (2006),
    Statistics in Medicine 25, 559-573.
    """
    smaller = np.minimum(ranking.positives, ranking.negatives)
    few = (smaller < FEW_ROWS) | (ranking.auc <= 0) | (ranking.auc >= 1)
    delong = on_logit(ranking.auc, ranking.auc_error)
    newcombe = newcombe_auc(ranking.auc, ranking.positives, ranking.negatives)
    return np.where(few, newcombe[0], delong[0]), np.where(few, newcombe[1], delong[1])


def newcombe_auc(auc: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> Interval:
    """Newcombe's method 5: the areas whose own standard error leaves `auc` within 1.96 of it.

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


def _bisect(far: object, outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    for _ in range(50):
        middle = (outer + inner) / 2
        beyond = far(middle)
        outer, inner = np.where(beyond, middle, outer), np.where(beyond, inner, middle)
    return outer


def average_precision(ranking: Ranking) -> Interval:
    """Logit scale, Student's t; Wilson's for all positives where the value is 1.

    Each positive raises the precision at its own score, so the value is too high on average
    where positives are few; the interval is centred where it counts there as one half.
    """
    degrees = np.maximum(2 * ranking.positives - 1, 1)
    lower, upper = on_logit(ranking.ap_centre, ranking.ap_error, stdtrit(degrees, LEVEL))
    perfect, _ = wilson(ranking.positives, ranking.positives)
    return np.where(ranking.ap >= 1, perfect, lower), np.where(ranking.ap >= 1, 1.0, upper)


def mean_loss(moments: Moments) -> Interval:
    """Interval of the mean of a skewed loss: Hall's transformation of Student's t.

    The skewness of the mean counts up to 0.4, beyond which its own error does more harm.
    A loss that is the same in all rows says nothing about spread: the interval is then as wide
    as if the loss had an exponential distribution.

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
    """Interval of a positive ratio from the standard error of its logarithm."""
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
    """Interval of the mean over classes from theirs, by adding recovered variances.

    Parameters
    ----------
    value, lower, upper : array, shape (groups, classes)
        Classes whose value is NaN do not count.
    together : array, shape (groups,)
        Standard error of the mean over what it would be for independent values.

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
    value: np.ndarray, lower: np.ndarray, upper: np.ndarray, reference: tuple[float, float, float]
) -> Interval:
    """Interval of value - reference for independent samples, each with its own interval.

    The variances are recovered from the intervals, on the side that matters for each limit,
    and added: Newcombe's hybrid score interval where both are shares.

    Parameters
    ----------
    value, lower, upper : array
    reference : (value, lower, upper)

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
