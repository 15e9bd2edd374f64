"""Expect what metrics are computed from where there are no labels yet.

The quantities are those of `driftlib.stats.aggregates`, on average over labels drawn from
the probability of each: a metric is the same function of either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driftlib.stats.aggregates import Loss, Moments
from driftlib.stats.calibration_slope import BINS, bin_of, calibration_slope
from driftlib.stats.ranking import Ranking, RankSlopes, place_by_rank, rank_slopes


class ExpectedClassification:
    """Rows without labels: what labels drawn from a probability would show on average.

    Metrics that are ratios get the ratio of expectations. With c of 0 and 1 (labels drawn
    from the probabilities) the values are exactly those that these labels would show.

    Parameters
    ----------
    pred : int array, shape (rows,)
        Number of the predicted class.
    proba : float array, shape (rows,) or (rows, classes), optional
        The model's own scores: of class 1, or of each. They order rows and enter the losses.
    classes : int
        How many there are.
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
        """Take a probability of each label as given.

        Parameters
        ----------
        c : float array
            Two classes: probability of class 1, shape (rows,) or (draws, rows). More: shape
            (rows, classes) or (draws, rows, classes). Values then have shape () or (draws,).

        Returns
        -------
        ExpectedCounts
        """
        weights = self.weights if self.classes == 2 else self.weights[:, None]
        return ExpectedCounts(self, np.asarray(c, dtype=float) * weights)

    def order(self, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Order the rows by their score of a class.

        Parameters
        ----------
        label : int
            Number of the class.

        Returns
        -------
        order : int array, shape (rows,)
            Rows from the lowest score up.
        starts : int array, shape (blocks,)
            Where in that order each block of equal scores starts.
        """
        if label not in self._orders:
            scores = self.scores_of(label)
            order = np.argsort(scores)
            change = np.flatnonzero(np.diff(scores[order])) + 1
            self._orders[label] = order, np.append(0, change)
        return self._orders[label]

    def loss(self, loss: Loss, label: int) -> np.ndarray:
        """Compute what each row's loss would be, had it a certain label.

        Parameters
        ----------
        loss : callable
            From the probabilities given to the true labels, shape (rows,), to each row's loss.
        label : int
            Number of the class.

        Returns
        -------
        float array, shape (rows,)
        """
        if (loss, label) not in self._losses:
            self._losses[loss, label] = loss(self.scores_of(label))
        return self._losses[loss, label]

    def scores_of(self, label: int) -> np.ndarray:
        """Take the scores of a class.

        Parameters
        ----------
        label : int
            Number of the class.

        Returns
        -------
        float array, shape (rows,)
        """
        if self.proba is None:
            raise ValueError("a metric of probabilities was asked for without any")
        if self.proba.ndim == 2:
            return self.proba[:, label]
        return self.proba if label else 1 - self.proba


class ExpectedCounts:
    """Expected counts, losses and rankings, given the probability of each label.

    Parameters
    ----------
    rows : ExpectedClassification
    c : float array
        As of `ExpectedClassification.given`, times the rows' weights.
    """

    def __init__(self, rows: ExpectedClassification, c: np.ndarray) -> None:
        self._rows, self._c, self.classes = rows, c, rows.classes
        self._rankings: dict[int, Ranking] = {}
        self._slopes: dict[int, RankSlopes] = {}

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
        """Compute the expected mean of a loss.

        Parameters
        ----------
        loss : callable
            From the probabilities given to the true labels, shape (rows,), to each row's loss.

        Returns
        -------
        Moments
            Variance and skewness are NaN.
        """
        mean = sum(self._of(label) @ self._rows.loss(loss, label) for label in range(self.classes))
        none = np.full(np.shape(mean), np.nan)
        return Moments(np.full(np.shape(mean), self._rows.rows), mean / self._rows.rows, none, none)

    def ranking(self, label: int) -> Ranking:
        """Compute how well the raw score is expected to rank a class above the rest.

        Parameters
        ----------
        label : int
            Number of the class.

        Returns
        -------
        Ranking
            Without standard errors.
        """
        if label not in self._rankings:
            order, starts = self._rows.order(label)
            positive = np.add.reduceat(self._of(label)[..., order], starts, axis=-1)
            negative = np.add.reduceat(self._rows.weights[order], starts) - positive
            auc, ap, _, _ = place_by_rank(positive, negative)
            self._rankings[label] = Ranking(positive.sum(-1), negative.sum(-1), auc, ap)
        return self._rankings[label]

    def rank_slopes(self, label: int) -> RankSlopes:
        """Compute how the measures of a class's ranking change with a row of each kind.

        Parameters
        ----------
        label : int
            Number of the class.

        Returns
        -------
        RankSlopes
            Arrays of shape (rows, 2).
        """
        if label in self._slopes:
            return self._slopes[label]
        order, starts = self._rows.order(label)
        positive = np.add.reduceat(self._of(label)[order], starts)
        negative = np.add.reduceat(self._rows.weights[order], starts) - positive
        slopes = rank_slopes(positive, negative)
        block = np.empty(len(order), dtype=int)
        block[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
        self._slopes[label] = RankSlopes(slopes.auc[block], slopes.ap[block])
        return self._slopes[label]

    @property
    def scores(self) -> np.ndarray:
        """Score of class 1 of each row, of two classes."""
        return self._rows.scores_of(1)

    @property
    def binned(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, sum of probabilities and expected rows of class 1 by bin, of two classes."""
        inside = (bin_of(self.scores)[:, None] == np.arange(BINS)).astype(float)
        count = self._rows.weights @ inside
        expected = (self._rows.weights * self.scores) @ inside
        return count, expected, self._of(1) @ inside

    @property
    def slope(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slope of labels on the logit of probabilities, of two classes, error and influence."""
        return calibration_slope(self.scores, self._rows.weights, self._of(1))

    def cell_slopes(self, slopes: np.ndarray) -> np.ndarray:
        """Take of each row what its prediction says of it under each label.

        Parameters
        ----------
        slopes : float array, shape (classes, classes)
            By label and prediction.

        Returns
        -------
        float array, shape (rows, classes)
        """
        return np.asarray(self._rows.predicted @ np.nan_to_num(slopes).T)

    def losses(self, loss: Loss) -> np.ndarray:
        """Compute each row's loss under each label.

        Parameters
        ----------
        loss : callable
            As for `moments`.

        Returns
        -------
        float array, shape (rows, classes)
        """
        return np.stack([self._rows.loss(loss, k) for k in range(self.classes)], axis=-1)


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a classifier with their labels, as one group.

    Parameters
    ----------
    y : int array, shape (rows,)
        Number of each row's class.
    given : ExpectedCounts
        What metrics are computed from, each label having a probability of 1.
    """

    y: np.ndarray
    given: ExpectedCounts


def labelled_rows(
    y: np.ndarray, pred: np.ndarray, proba: np.ndarray | None, classes: int
) -> LabelledRows:
    """Take rows of a classifier with their labels as one group.

    Parameters
    ----------
    y, pred : int array, shape (rows,)
        Numbers of the true and of the predicted class.
    proba : float array, shape (rows,) or (rows, classes), or None
        Scores: of class 1, or of each.
    classes : int
        How many there are.

    Returns
    -------
    LabelledRows

    Examples
    --------
    >>> rows = labelled_rows(np.array([1, 0]), np.array([1, 1]), None, 2)
    >>> rows.given.cells.tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    chances = y.astype(float) if classes == 2 else np.eye(classes)[y]
    return LabelledRows(y, ExpectedClassification(pred, proba, classes).given(chances))
