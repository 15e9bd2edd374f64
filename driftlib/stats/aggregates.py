"""Add up what metrics are computed from: counts, losses and rankings of groups of rows.

A metric is one function of these, whether they come from labels, as here, or from the
probability of each label, as in `driftlib.stats.expected`: so a measured and an expected
value can never follow different formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driftlib.stats.calibration_slope import BINS, bin_of, calibration_slope
from driftlib.stats.ranking import Ranking, rank_classes, rank_groups

Loss = Callable[[np.ndarray], np.ndarray]
# Errors all smaller than this have squares that floats hold with few digits or as 0.
LEAST_SQUARED = 1e-150


@dataclass(frozen=True)
class Moments:
    """Rows, mean, variance and skewness of a loss, one value a group.

    Parameters
    ----------
    n : float array
        Rows.
    mean, variance, skewness : float array
        NaN where there are too few rows, or where only the mean is known.
    """

    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    skewness: np.ndarray


def group_sums(values: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Sum the rows of each group, in time linear in the rows.

    Nothing is ever subtracted, so a huge value costs the groups it is not in no precision,
    as a difference of running sums would.

    Parameters
    ----------
    values : array, shape (rows, ...)
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap and be empty.

    Returns
    -------
    array, shape (groups, ...)
        Of the values' type.

    Examples
    --------
    >>> group_sums(np.arange(6), np.array([0, 1, 2, 5]), np.array([3, 4, 2, 6])).tolist()
    [3, 6, 0, 5]
    """
    edges, first, last = _edges(lo, hi)
    if len(edges) < 2:
        return np.zeros((len(lo), *values.shape[1:]), values.dtype)
    return _sum_runs(np.add.reduceat(values[: edges[-1]], edges[:-1], axis=0), first, last)


def group_counts(codes: np.ndarray, kinds: int, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Count the rows of each code in each group, in time linear in the rows.

    Parameters
    ----------
    codes : int array, shape (rows,)
        0 to `kinds` - 1.
    kinds : int
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap and be empty.

    Returns
    -------
    int array, shape (groups, kinds)

    Examples
    --------
    >>> group_counts(np.array([0, 1, 1, 2]), 3, np.array([0, 1]), np.array([3, 4])).tolist()
    [[1, 2, 0], [0, 2, 1]]
    """
    edges, first, last = _edges(lo, hi)
    if len(edges) < 2:
        return np.zeros((len(lo), kinds), np.int64)
    part = np.repeat(np.arange(len(edges) - 1) * kinds, np.diff(edges))
    part += codes[edges[0] : edges[-1]]
    counts = np.bincount(part, minlength=(len(edges) - 1) * kinds)
    return _sum_runs(counts.reshape(-1, kinds), first, last)


def _edges(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges, place = np.unique(np.concatenate([lo, hi]), return_inverse=True)
    return edges, place[: len(lo)], place[len(lo) :]


def _sum_runs(parts: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sum parts[first:last] by doubling: parts then hold sums of 1, 2, 4, ... in a row."""
    length, position = last - first, first.copy()
    total = np.zeros((len(first), *parts.shape[1:]), parts.dtype)
    for bit in range(int(length.max(initial=0)).bit_length()):
        chosen = (length >> bit) & 1 == 1
        total[chosen] += parts[position[chosen]]
        position[chosen] += 1 << bit
        parts = parts[: -(1 << bit)] + parts[1 << bit :]
    return total


def _kept(mask: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where groups begin and end once the rows outside `mask` are gone."""
    before = np.concatenate([[0], np.cumsum(mask)])
    return before[lo], before[hi]


def moments(values: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> Moments:
    """Compute the moments of values in each group.

    Parameters
    ----------
    values : float array, shape (rows,)
        Without NaN.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it.

    Returns
    -------
    Moments
        Arrays of shape (groups,); the variance is that with n - 1.

    Examples
    --------
    >>> found = moments(np.array([1.0, 2.0, 6.0]), np.array([0]), np.array([3]))
    >>> found.mean.tolist(), found.variance.tolist(), found.skewness.round(6).tolist()
    ([3.0], [7.0], [0.595170])
    """
    n = (hi - lo).astype(float)
    with np.errstate(all="ignore"):
        # Around a value of their size, so that a spread much smaller than that loses no digits.
        origin = np.median(values) if len(values) else 0.0
        around = values - origin
        first, second, third = (group_sums(around**power, lo, hi) / n for power in (1, 2, 3))
        central = np.maximum(second - first**2, 0.0)
        skewness = (third - 3 * first * second + 2 * first**3) / central**1.5
        return Moments(n, group_sums(values, lo, hi) / n, central * n / (n - 1), skewness)


class GroupedClassification:
    """Counts, losses and rankings of groups of rows with class labels.

    Parameters
    ----------
    y, pred : int array, shape (rows,)
        Number of the class, -1 where missing.
    proba : float array, shape (rows,) or (rows, classes), optional
        Probability of class 1, or of each; NaN where missing.
    classes : int
        How many there are.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap and be empty.

    Examples
    --------
    >>> y, pred = np.array([0, 1, 1, 0]), np.array([0, 1, 0, -1])
    >>> GroupedClassification(y, pred, None, 2, np.array([0]), np.array([4])).cells.tolist()
    [[[1, 0], [1, 1]]]
    """

    def __init__(
        self,
        y: np.ndarray,
        pred: np.ndarray,
        proba: np.ndarray | None,
        classes: int,
        lo: np.ndarray,
        hi: np.ndarray,
    ) -> None:
        self._y, self._pred, self._proba = y, pred, proba
        self.lo, self.hi, self.classes = lo, hi, classes
        self._moments: dict[Loss, Moments] = {}

    @cached_property
    def cells(self) -> np.ndarray:
        """Rows by group, label and prediction, (groups, classes, classes)."""
        mask = (self._y >= 0) & (self._pred >= 0)
        codes = (self._y * self.classes + self._pred)[mask]
        counts = group_counts(codes, self.classes**2, *_kept(mask, self.lo, self.hi))
        return counts.reshape(-1, self.classes, self.classes)

    @cached_property
    def _scored(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        proba = self._proba
        if proba is None:
            raise ValueError("a metric of probabilities was asked for without any")
        known = ~np.isnan(proba if proba.ndim == 1 else proba.sum(1))
        mask = known & (self._y >= 0)
        return self._y[mask], proba[mask], *_kept(mask, self.lo, self.hi)

    @property
    def scored(self) -> np.ndarray:
        """Rows of each group with a label and a probability."""
        return self._scored[3] - self._scored[2]

    def moments(self, loss: Loss) -> Moments:
        """Compute the moments of a loss in each group.

        Parameters
        ----------
        loss : callable
            From the probabilities given to the true labels, shape (rows,), to each row's loss.

        Returns
        -------
        Moments
        """
        if loss not in self._moments:
            y, proba, lo, hi = self._scored
            if proba.ndim == 1:
                of_true = np.where(y == 1, proba, 1 - proba)
            else:
                of_true = np.take_along_axis(proba, y[:, None], 1)[:, 0]
            self._moments[loss] = moments(loss(of_true), lo, hi)
        return self._moments[loss]

    def by_label(self, loss: Loss, label: int) -> tuple[np.ndarray, ...]:
        """Add up a loss of the rows of a label, of two, apart from those of the other.

        Parameters
        ----------
        loss : callable
            As for `moments`.
        label : int

        Returns
        -------
        count, first, second : float array, shape (groups,)
            Rows of the label, and the sums of their losses and of the squares of these.
        would_first, would_second : float array, shape (groups,)
            Sums of what the loss of each row would be with that label, and of its square.
        """
        y, proba, lo, hi = self._scored
        own, would = y == label, loss(proba if label else 1 - proba)
        columns = (own.astype(float), own * would, own * would**2, would, would**2)
        return tuple(group_sums(column, lo, hi) for column in columns)

    def others(self, loss: Loss, label: int) -> Moments:
        """Compute the moments of a loss that is 0 in the rows of a label, of two.

        Parameters
        ----------
        loss, label
            As for `by_label`.

        Returns
        -------
        Moments
        """
        y, proba, lo, hi = self._scored
        return moments(np.where(y == label, 0.0, loss(1 - proba if label else proba)), lo, hi)

    @cached_property
    def binned(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, sum of probabilities and rows of class 1 by bin of the probability, of two."""
        y, proba, lo, hi = self._scored
        inside = bin_of(proba)[:, None] == np.arange(BINS)
        columns = (inside.astype(float), inside * proba[:, None], inside * (y == 1)[:, None] * 1.0)
        count, expected, positives = (group_sums(column, lo, hi) for column in columns)
        return count, expected, positives

    @cached_property
    def slope(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slope of labels on the logit of probabilities, of two classes, and its error."""
        y, proba, lo, hi = self._scored
        found = [
            calibration_slope(proba[a:b], np.ones(b - a), (y[a:b] == 1).astype(float))[:2]
            for a, b in zip(lo.tolist(), hi.tolist(), strict=True)
        ]
        slope, error = np.array(found, dtype=float).reshape(len(lo), 2).T
        return slope, error, np.empty(0)

    @cached_property
    def _classes(self) -> tuple[list[Ranking], np.ndarray]:
        return rank_classes(*self._scored)

    @property
    def together(self) -> np.ndarray:
        """How much wider than for independent classes the error of the mean ROC AUC is."""
        return self._classes[1]

    def ranking(self, label: int) -> Ranking:
        """Measure how well a class's probability ranks its rows above the rest.

        Parameters
        ----------
        label : int
            Number of the class; 1 where there is a single column of probabilities.

        Returns
        -------
        Ranking
        """
        several = self._scored[1].ndim == 2
        return self._classes[0][label] if several else self._ranking

    @cached_property
    def _ranking(self) -> Ranking:
        y, proba, lo, hi = self._scored
        return rank_groups(y == 1, proba, lo, hi)


@dataclass(frozen=True)
class LabelledNumbers:
    """Rows of a regression with their labels, as one group.

    Parameters
    ----------
    y, pred : float array, shape (rows,)
        Label and prediction, without NaN.
    """

    y: np.ndarray
    pred: np.ndarray


class GroupedRegression:
    """Losses of groups of rows with numbers as labels.

    Parameters
    ----------
    y, pred : float array, shape (rows,)
        Label and prediction; rows where either is NaN do not count.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap and be empty.
    """

    def __init__(self, y: np.ndarray, pred: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> None:
        mask = ~(np.isnan(y) | np.isnan(pred))
        self.y, self.pred = y[mask], pred[mask]
        self.lo, self.hi = _kept(mask, lo, hi)

    def moments(self, loss: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Moments:
        """Compute the moments of a loss in each group.

        Parameters
        ----------
        loss : callable
            From labels and predictions, both of shape (rows,), to each row's loss; rows where
            it is NaN do not count.

        Returns
        -------
        Moments

        Examples
        --------
        >>> y, pred = np.array([1.0, 2.0, np.nan]), np.array([1.5, 1.0, 3.0])
        >>> rows = GroupedRegression(y, pred, np.array([0]), np.array([3]))
        >>> rows.moments(lambda y, pred: np.abs(y - pred)).mean.tolist()
        [0.75]
        """
        values = loss(self.y, self.pred)
        mask = ~np.isnan(values)
        return moments(values[mask], *_kept(mask, self.lo, self.hi))

    @cached_property
    def unexplained(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared error over variance in each group, and the standard error of its logarithm."""
        error = self.y - self.pred
        pairs = [
            _unexplained(error[a:b], self.y[a:b])
            for a, b in zip(self.lo.tolist(), self.hi.tolist(), strict=True)
        ]
        ratio, error = np.array(pairs, dtype=float).reshape(len(self.lo), 2).T
        return ratio, error


def squares(error: np.ndarray) -> np.ndarray:
    """Square errors.

    Parameters
    ----------
    error : float array

    Returns
    -------
    float array
        NaN where all are so small that floats cannot hold their squares, and some are not 0.

    Examples
    --------
    >>> squares(np.array([3.0, 1e-200])).tolist(), squares(np.array([0.0, 1e-200])).tolist()
    ([9.0, 0.0], [nan, nan])
    """
    largest = np.nanmax(np.abs(error), initial=0.0)
    return np.full(len(error), np.nan) if 0 < largest < LEAST_SQUARED else error**2


def _unexplained(errors: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    n = len(y)
    from_mean = y - y.mean() if n > 1 else np.zeros(n)
    largest = np.abs(from_mean).max(initial=0.0)
    if not largest:
        return np.nan, np.nan
    # A ratio, whatever the unit: floats may not hold the squares of very large or small numbers.
    squared, spread = (errors / largest) ** 2, (from_mean / largest) ** 2
    ratio = squared.sum() / spread.sum()
    if not ratio:
        return 0.0, 0.0
    # Jackknife: each row left out in turn; a few rows may leave nothing to compare.
    with np.errstate(all="ignore"):
        without = np.log(squared.sum() - squared) - np.log(spread.sum() - spread * n / (n - 1))
        error = np.sqrt((n - 1) * without.var())
    if not np.isfinite(error):
        influence = squared / squared.mean() - spread / spread.mean()
        error = np.sqrt((influence**2).sum() / (n - 1) / n)
    return ratio, error
