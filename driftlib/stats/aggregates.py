"""What metrics are computed from: counts, losses and rankings of groups of rows.

The same quantities come from labels (`GroupedClassification`, `GroupedRegression`) or, where
there are no labels yet, from the probability of each label (`ExpectedClassification`). A metric
is one function of them, so that a measured and an expected value can never follow different
formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driftlib.stats.ranking import Ranking, place_by_rank, rank_classes, rank_groups

Loss = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Moments:
    """Rows, mean, variance and skewness of a loss; NaN where too few rows."""

    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    skewness: np.ndarray


def group_sums(values: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Sums over the rows lo to hi (exclusive) of each group, in time linear in the rows.

    Groups may overlap and be empty. Nothing is ever subtracted, so a huge value costs the
    groups it is not in no precision, as a difference of running sums would.

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
    """How many rows of each code from 0 to `kinds` - 1 each group holds, (groups, kinds).

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
    """Sums of parts[first:last], by doubling: parts then hold sums of 1, 2, 4, ... in a row."""
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
    """Moments of `values` in each group."""
    n = (hi - lo).astype(float)
    with np.errstate(all="ignore"):
        mean, second, third = (group_sums(values**power, lo, hi) / n for power in (1, 2, 3))
        central = np.maximum(second - mean**2, 0.0)
        skewness = (third - 3 * mean * second + 2 * mean**3) / central**1.5
        return Moments(n, mean, central * n / (n - 1), skewness)


class GroupedClassification:
    """Evidence from labels and predictions, for groups of rows.

    Parameters
    ----------
    y, pred : int array, shape (rows,)
        Number of the class, -1 where missing.
    proba : float array, shape (rows,) or (rows, classes), optional
        Probability of class 1, or of each; NaN where missing.
    classes : int
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it.
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
        known = ~np.isnan(self._proba if self._proba.ndim == 1 else self._proba.sum(1))
        mask = known & (self._y >= 0)
        return self._y[mask], self._proba[mask], *_kept(mask, self.lo, self.hi)

    @property
    def scored(self) -> np.ndarray:
        """Rows of each group with a label and a probability."""
        return self._scored[3] - self._scored[2]

    def moments(self, loss: Loss) -> Moments:
        """Moments of a loss that is a function of the true label's probability."""
        if loss not in self._moments:
            y, proba, lo, hi = self._scored
            if proba.ndim == 1:
                of_true = np.where(y == 1, proba, 1 - proba)
            else:
                of_true = np.take_along_axis(proba, y[:, None], 1)[:, 0]
            self._moments[loss] = moments(loss(of_true), lo, hi)
        return self._moments[loss]

    @cached_property
    def _classes(self) -> tuple[list[Ranking], np.ndarray]:
        return rank_classes(*self._scored)

    @property
    def together(self) -> np.ndarray:
        """How much wider than for independent classes the error of the mean ROC AUC is."""
        return self._classes[1]

    def ranking(self, label: int) -> Ranking:
        """How well the probability of class number `label` ranks its rows above the rest."""
        if self._proba.ndim == 2:
            return self._classes[0][label]
        return self._ranking

    @cached_property
    def _ranking(self) -> Ranking:
        y, proba, lo, hi = self._scored
        return rank_groups(y == 1, proba, lo, hi)


class GroupedRegression:
    """Evidence of a regression: `y` and `pred` are floats, NaN where missing."""

    def __init__(self, y: np.ndarray, pred: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> None:
        mask = ~(np.isnan(y) | np.isnan(pred))
        self.y, self.pred = y[mask], pred[mask]
        self.lo, self.hi = _kept(mask, lo, hi)

    def moments(self, loss: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Moments:
        """Moments of a loss of label and prediction; rows where it is NaN do not count."""
        values = loss(self.y, self.pred)
        mask = ~np.isnan(values)
        return moments(values[mask], *_kept(mask, self.lo, self.hi))

    @cached_property
    def unexplained(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared error over variance in each group, and the standard error of its logarithm."""
        squared = (self.y - self.pred) ** 2
        pairs = [
            _unexplained(squared[a:b], self.y[a:b])
            for a, b in zip(self.lo.tolist(), self.hi.tolist(), strict=True)
        ]
        ratio, error = np.array(pairs, dtype=float).reshape(len(self.lo), 2).T
        return ratio, error


def _unexplained(squared: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    n = len(y)
    spread = (y - y.mean()) ** 2 if n > 1 else np.zeros(n)
    if not spread.sum():
        return np.nan, np.nan
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


class ExpectedClassification:
    """Evidence for rows without labels: what labels drawn from `c` would show on average.

    Metrics that are ratios get the ratio of expectations. With c of 0 and 1 (labels drawn
    from the probabilities) the values are exactly those that these labels would show.

    Parameters
    ----------
    pred : int array, shape (rows,)
        Number of the predicted class.
    proba : float array, shape (rows,) or (rows, classes), optional
        The model's own scores: of class 1, or of each. They order rows and enter the losses.
    classes : int
    weights : float array, shape (rows,), optional
        How many rows each entry stands for; default 1.

    Examples
    --------
    >>> rows = ExpectedClassification(np.array([1, 1, 0]), np.array([0.9, 0.6, 0.2]), 2)
    >>> rows.given(np.array([0.8, 0.5, 0.1])).cells.round(1).tolist()
    [[0.9, 0.7], [0.1, 1.3]]
    """

    def __init__(
        self,
        pred: np.ndarray,
        proba: np.ndarray | None,
        classes: int = 2,
        weights: np.ndarray | None = None,
    ) -> None:
        self.weights = np.ones(len(pred)) if weights is None else weights
        self.classes, self.rows = classes, self.weights.sum()
        self.predicted = np.eye(classes)[pred]
        self.proba = proba
        self._orders: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._losses: dict[tuple[Loss, int], np.ndarray] = {}

    def given(self, c: np.ndarray) -> ExpectedCounts:
        """Evidence given the probability of each label.

        Parameters
        ----------
        c : float array
            Two classes: probability of class 1, shape (rows,) or (draws, rows). More: shape
            (rows, classes) or (draws, rows, classes). Values then have shape () or (draws,).
        """
        weights = self.weights if self.classes == 2 else self.weights[:, None]
        return ExpectedCounts(self, np.asarray(c, dtype=float) * weights)

    def order(self, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows by rising score of class `label`, and where each block of equal scores starts."""
        if label not in self._orders:
            scores = self.proba if self.proba.ndim == 1 else self.proba[:, label]
            order = np.argsort(scores)
            change = np.flatnonzero(np.diff(scores[order])) + 1
            self._orders[label] = order, np.append(0, change)
        return self._orders[label]

    def loss(self, loss: Loss, label: int) -> np.ndarray:
        """The loss of each row, were its label `label`."""
        if (loss, label) not in self._losses:
            one = self.proba.ndim == 1
            of = (self.proba if label else 1 - self.proba) if one else self.proba[:, label]
            self._losses[loss, label] = loss(of)
        return self._losses[loss, label]


class ExpectedCounts:
    """Expected counts, losses and rankings given the probability of each label."""

    def __init__(self, rows: ExpectedClassification, c: np.ndarray) -> None:
        self._rows, self._c, self.classes = rows, c, rows.classes
        self._rankings: dict[int, Ranking] = {}

    def _of(self, label: int) -> np.ndarray:
        if self.classes == 2:
            return self._c if label == 1 else self._rows.weights - self._c
        return self._c[..., label]

    @cached_property
    def cells(self) -> np.ndarray:
        """Expected rows by label and prediction, (..., classes, classes)."""
        by_label = [self._of(label) @ self._rows.predicted for label in range(self.classes)]
        return np.stack(by_label, axis=-2)

    def moments(self, loss: Loss) -> Moments:
        """Mean of a loss of the true label's probability; no variance."""
        mean = sum(self._of(label) @ self._rows.loss(loss, label) for label in range(self.classes))
        none = np.full(np.shape(mean), np.nan)
        return Moments(np.full(np.shape(mean), self._rows.rows), mean / self._rows.rows, none, none)

    def ranking(self, label: int) -> Ranking:
        """Expected ranking of class `label` against the rest, by the raw score."""
        if label not in self._rankings:
            order, starts = self._rows.order(label)
            positive = np.add.reduceat(self._of(label)[..., order], starts, axis=-1)
            negative = np.add.reduceat(self._rows.weights[order], starts) - positive
            auc, ap, _, _ = place_by_rank(positive, negative)
            self._rankings[label] = Ranking(positive.sum(-1), negative.sum(-1), auc, ap)
        return self._rankings[label]
