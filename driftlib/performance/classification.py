"""Define metrics of classifiers, each with its formula, its interval and their sources.

Counts come as `cells`, rows by label and prediction, of shape (..., classes, classes); of two
classes the positive one is last. TP, FP, FN and TN are its true and false positives and
negatives. Intervals are those of `driftlib.stats.intervals`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from driftlib.performance.metric import Metric, ratio
from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification
from driftlib.stats.expected import ExpectedCounts, LabelledRows
from driftlib.stats.intervals import Interval
from driftlib.stats.rare_losses import RareLosses, mean_of_rare

Aggregates = GroupedClassification | ExpectedCounts
# Counts that a share is made of: the part and the whole.
Parts = tuple[np.ndarray, np.ndarray]

NO_ROWS = "no row has a label and a prediction"


class ClassificationMetric(Metric[GroupedClassification]):
    """A metric whose value is a function of labels as well as of chances of labels."""

    @abstractmethod
    def _value(self, rows: Aggregates) -> np.ndarray: ...

    @abstractmethod
    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        """Change of the value with one more row like each, under each label, (rows, classes)."""

    def slopes(self, rows: ExpectedCounts) -> np.ndarray:
        """Compute how the value changes with one more row like each, under each label.

        Parameters
        ----------
        rows : ExpectedCounts
            Given one probability of each label, not several draws.

        Returns
        -------
        float array, shape (rows, classes)
            To the first order; with the labels' probabilities as weights they add up to 0.
        """
        with np.errstate(all="ignore"):
            return self._slopes(rows)

    def _influence(self, rows: LabelledRows) -> np.ndarray:
        slopes = self.slopes(rows.given)
        return np.asarray(slopes[np.arange(len(rows.y)), rows.y] * len(rows.y))


class Share(ClassificationMetric):
    """A share of some rows.

    Interval: Wilson's score interval (1927).
    """

    @abstractmethod
    def _parts(self, cells: np.ndarray) -> Parts:
        """Rows that count, and those they are a share of."""

    def _value(self, rows: Aggregates) -> np.ndarray:
        return ratio(*self._parts(rows.cells))

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        return rows.cell_slopes(_slopes_of_share(self._parts, rows.cells))

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.wilson(*self._parts(rows.cells))


class Accuracy(Share):
    """Share of rows whose label is the predicted one, of two or more classes."""

    name, title, undefined = "accuracy", "Accuracy", NO_ROWS

    def _parts(self, cells: np.ndarray) -> Parts:
        return np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1))

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        hit, count = self._parts(rows.cells)
        return rows.cell_slopes((np.eye(rows.classes) - hit / count) / count)


class Precision(Share):
    """Share of the rows predicted positive that are: TP / (TP + FP)."""

    name, title, undefined = "precision", "Precision", "no row is predicted positive"

    def _parts(self, cells: np.ndarray) -> Parts:
        return cells[..., 1, 1], cells[..., :, 1].sum(-1)


class Recall(Share):
    """Share of the positive rows that are predicted to be: TP / (TP + FN)."""

    name, title, undefined = "recall", "Recall", "no label is positive"

    def _parts(self, cells: np.ndarray) -> Parts:
        return cells[..., 1, 1], cells[..., 1, :].sum(-1)


class Specificity(Share):
    """Share of the negative rows that are predicted to be: TN / (TN + FP)."""

    name, title, undefined = "specificity", "Specificity", "no label is negative"

    def _parts(self, cells: np.ndarray) -> Parts:
        return cells[..., 0, 0], cells[..., 0, :].sum(-1)


class F1(ClassificationMetric):
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    It is a rising function 2 s / (1 + s) of the share s = TP / (TP + FP + FN).
    Interval: that function of the limits of s, which are Wilson's (1927).
    """

    name, title = "f1", "F1"
    undefined = "no row is positive, by label or prediction"

    def _parts(self, cells: np.ndarray) -> Parts:
        true = cells[..., 1, 1]
        return true, true + cells[..., 0, 1] + cells[..., 1, 0]

    def _value(self, rows: Aggregates) -> np.ndarray:
        return f1_of_share(ratio(*self._parts(rows.cells)))

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        # The slope of 2 s / (1 + s).
        bend = 2 / (1 + ratio(*self._parts(rows.cells))) ** 2
        return rows.cell_slopes(bend * _slopes_of_share(self._parts, rows.cells))

    def _interval(self, rows: GroupedClassification) -> Interval:
        lower, upper = intervals.wilson(*self._parts(rows.cells))
        return f1_of_share(lower), f1_of_share(upper)


class RocAuc(ClassificationMetric):
    """Chance that a positive row scores above a negative one, a tie counting one half.

    Interval: DeLong, DeLong and Clarke-Pearson (1988) on the logit scale; Newcombe's method 5
    (2006) where a class has under 50 rows, and for areas of 0 and 1.
    """

    name, title, undefined = "roc_auc", "ROC AUC", "the labels hold only one class"
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.ranking(1).auc

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        return rows.rank_slopes(1).auc

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.roc_auc(rows.ranking(1))


class AveragePrecision(ClassificationMetric):
    """Mean, over the positive rows, of the precision at their score.

    Interval: standard error from the influence function, Student's t on the logit scale;
    Wilson's (1927) where the value is 1.
    """

    name, title, undefined = "average_precision", "Average precision", "no label is positive"
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.ranking(1).ap

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        return rows.rank_slopes(1).ap

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.average_precision(rows.ranking(1))


class MeanLoss(ClassificationMetric):
    """Mean of a loss of the probability p that is given to the true label.

    Interval: Hall's transformation of Student's t (1992), for losses are skewed; of two classes
    with under 6 rows of one see `driftlib.stats.rare_losses.mean_of_rare`.
    """

    undefined = NO_ROWS
    higher_is_better = False
    needs_proba = True

    @abstractmethod
    def _loss(self, of_true: np.ndarray) -> np.ndarray:
        """Loss of each row from the probability of its label."""

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.moments(self._loss).mean

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        moments = rows.moments(self._loss)
        return np.asarray((rows.losses(self._loss) - moments.mean) / moments.n)

    def _interval(self, rows: GroupedClassification) -> Interval:
        lower, upper = intervals.mean_loss(rows.moments(self._loss))
        for label in (0, 1) if rows.classes == 2 else ():
            count, first, second, *would = rows.by_label(self._loss, label)
            n = np.maximum(rows.scored, 1)
            rare = RareLosses(
                count, first, second, would[0] / n, would[1] / n, rows.others(self._loss, label)
            )
            if rare.few.any():
                low, high = mean_of_rare(rare)
                lower, upper = np.where(rare.few, low, lower), np.where(rare.few, high, upper)
        return lower, upper


class LogLoss(MeanLoss):
    """Mean of -log p, of two or more classes; p is clipped to (0, 1) as scikit-learn does."""

    name, title = "log_loss", "Log loss"
    high = np.inf

    def _loss(self, of_true: np.ndarray) -> np.ndarray:
        tiny = np.finfo(of_true.dtype).eps
        return -np.log(np.clip(of_true, tiny, 1 - tiny).astype(float))


class Brier(MeanLoss):
    """Mean of (1 - p)^2, of two classes: Brier (1950), Monthly Weather Review 78, 1-3."""

    name, title = "brier", "Brier score"

    def _loss(self, of_true: np.ndarray) -> np.ndarray:
        return (1 - of_true.astype(float)) ** 2


def f1_of_share(found: np.ndarray) -> np.ndarray:
    """Compute F1 from the share of true positives among rows that are positive, or said to be.

    Parameters
    ----------
    found : float array

    Returns
    -------
    float array
        2 s / (1 + s) of each share s.

    Examples
    --------
    >>> f1_of_share(np.array([0.5, 1.0])).round(2).tolist()
    [0.67, 1.0]
    """
    return 2 * found / (1 + found)


def _slopes_of_share(parts: Callable[[np.ndarray], Parts], cells: np.ndarray) -> np.ndarray:
    """Change of a share of two classes with one more row in each cell, (classes, classes).

    Part and whole are sums over some cells, so those of a single row say which.
    """
    classes = cells.shape[-1]
    single = np.eye(classes * classes).reshape(-1, classes, classes)
    hit, counts = (x.reshape(classes, classes).astype(float) for x in parts(single))
    part, whole = parts(cells)
    return np.asarray((hit - counts * part / whole) / whole)
