"""Define the metrics of classifiers, each with its formula, its interval and their sources.

Counts come as `cells`, rows by label and prediction, of shape (..., classes, classes); of two
classes the positive one is last. TP, FP, FN and TN are its true and false positives and
negatives. Intervals are those of `driftlib.stats.intervals`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from driftlib.performance.metric import Metric, ratio
from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification
from driftlib.stats.expected import ExpectedCounts
from driftlib.stats.intervals import Interval
from driftlib.text import join_notes, quoted

Aggregates = GroupedClassification | ExpectedCounts
# Counts that a share is made of: the part and the whole.
Parts = tuple[np.ndarray, np.ndarray]

NO_ROWS = "no row has a label and a prediction"


class ClassificationMetric(Metric[GroupedClassification]):
    """A metric whose value is a function of labels as well as of chances of labels."""

    @abstractmethod
    def _value(self, rows: Aggregates) -> np.ndarray: ...


class Share(ClassificationMetric):
    """A share of some rows.

    Interval: Wilson's score interval (1927).
    """

    @abstractmethod
    def _parts(self, cells: np.ndarray) -> Parts:
        """Rows that count, and those they are a share of."""

    def _value(self, rows: Aggregates) -> np.ndarray:
        return ratio(*self._parts(rows.cells))

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.wilson(*self._parts(rows.cells))


class Accuracy(Share):
    """Share of rows whose label is the predicted one, of two or more classes."""

    name, title, undefined = "accuracy", "Accuracy", NO_ROWS

    def _parts(self, cells: np.ndarray) -> Parts:
        return np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1))


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
        return _f1_of_share(ratio(*self._parts(rows.cells)))

    def _interval(self, rows: GroupedClassification) -> Interval:
        lower, upper = intervals.wilson(*self._parts(rows.cells))
        return _f1_of_share(lower), _f1_of_share(upper)


class RocAuc(ClassificationMetric):
    """Chance that a positive row scores above a negative one, a tie counting one half.

    Interval: DeLong, DeLong and Clarke-Pearson (1988) on the logit scale; Newcombe's method 5
    (2006) where a class has under 50 rows, and for areas of 0 and 1.
    """

    name, title, undefined = "roc_auc", "ROC AUC", "the labels hold only one class"
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.ranking(1).auc

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

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.average_precision(rows.ranking(1))


class MeanLoss(ClassificationMetric):
    """Mean of a loss of the probability p that is given to the true label.

    Interval: Hall's transformation of Student's t (1992), for losses are skewed.
    """

    undefined = NO_ROWS
    higher_is_better = False
    needs_proba = True

    @abstractmethod
    def _loss(self, of_true: np.ndarray) -> np.ndarray:
        """Loss of each row from the probability of its label."""

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.moments(self._loss).mean

    def _interval(self, rows: GroupedClassification) -> Interval:
        return intervals.mean_loss(rows.moments(self._loss))


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


class MacroMetric(ClassificationMetric):
    """Mean over the classes where a value is defined; a remark names the others."""

    undefined = NO_ROWS

    @abstractmethod
    def _by_class(self, cells: np.ndarray) -> np.ndarray:
        """Value of each class, (..., classes)."""

    def _value(self, rows: Aggregates) -> np.ndarray:
        values = self._by_class(rows.cells)
        known = ~np.isnan(values)
        return ratio(np.where(known, values, 0).sum(-1), known.sum(-1))

    def _remarks(self, rows: GroupedClassification, classes: Sequence[str]) -> list[str]:
        return [
            f"averaged without {quoted(np.array(classes)[lacking])}, where it is undefined"
            if lacking.any() and not lacking.all()
            else ""
            for lacking in np.isnan(self._by_class(rows.cells))
        ]


class MacroShare(MacroMetric):
    """Mean over the classes of a share of rows.

    Interval: variances recovered from Wilson's interval of each class, added (Zou and Donner
    2008).
    """

    @abstractmethod
    def _whole(self, cells: np.ndarray) -> np.ndarray:
        """Rows of each class that its hits are a share of, (..., classes)."""

    def _by_class(self, cells: np.ndarray) -> np.ndarray:
        return ratio(_hits(cells), self._whole(cells))

    def _interval(self, rows: GroupedClassification) -> Interval:
        values = self._by_class(rows.cells)
        limits = intervals.wilson(_hits(rows.cells), self._whole(rows.cells))
        # A value that is set by convention has no other.
        lower, upper = (np.where(np.isnan(limit), values, limit) for limit in limits)
        return intervals.combined(values, lower, upper)


class MacroPrecision(MacroShare):
    """Mean over the classes of the share of rows predicted as one that are of it.

    A class that has rows and is never predicted counts as 0, as in scikit-learn.
    """

    name, title = "precision", "Precision"

    def _whole(self, cells: np.ndarray) -> np.ndarray:
        return cells.sum(-2)

    def _by_class(self, cells: np.ndarray) -> np.ndarray:
        return np.where(_unpredicted(cells), 0.0, super()._by_class(cells))

    def _remarks(self, rows: GroupedClassification, classes: Sequence[str]) -> list[str]:
        zero = [
            f"{quoted(np.array(classes)[none])} never predicted: counts as 0" if none.any() else ""
            for none in _unpredicted(rows.cells)
        ]
        return [
            join_notes(*pair) for pair in zip(super()._remarks(rows, classes), zero, strict=True)
        ]


class MacroRecall(MacroShare):
    """Mean over the classes of the share of its rows that are predicted as it."""

    name, title = "recall", "Recall"

    def _whole(self, cells: np.ndarray) -> np.ndarray:
        return cells.sum(-1)


class MacroF1(MacroMetric):
    """Mean over the classes of the F1 of each against the rest.

    Interval: as `F1` for each class, put together by recovered variances (Zou and Donner 2008),
    times how much more the mean varies than for independent classes (influence functions).
    """

    name, title = "f1", "F1"

    def _by_class(self, cells: np.ndarray) -> np.ndarray:
        return ratio(2 * _hits(cells), cells.sum(-2) + cells.sum(-1))

    def _interval(self, rows: GroupedClassification) -> Interval:
        cells = rows.cells.astype(float)
        hits, wrong = _hits(cells), cells.sum(-2) + cells.sum(-1) - 2 * _hits(cells)
        lower, upper = intervals.wilson(hits, hits + wrong)
        f1 = self._by_class(cells)
        overlap = _overlap_of_f1(cells, f1, hits, wrong)
        return intervals.combined(f1, _f1_of_share(lower), _f1_of_share(upper), overlap)


class MacroRocAuc(ClassificationMetric):
    """Mean over the classes of the ROC AUC of each against the rest.

    Interval: as `RocAuc` for each class, put together by recovered variances (Zou and Donner
    2008), times how much more the mean varies than for independent classes (the components of
    DeLong and others, added over the classes).
    """

    name, title, undefined = "roc_auc", "ROC AUC", "the labels do not hold every class"
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return np.mean([rows.ranking(k).auc for k in range(rows.classes)], axis=0)

    def _interval(self, rows: GroupedClassification) -> Interval:
        rankings = [rows.ranking(k) for k in range(rows.classes)]
        limits = np.array([(ranking.auc, *intervals.roc_auc(ranking)) for ranking in rankings])
        auc, lower, upper = np.moveaxis(limits, 0, -1)
        return intervals.combined(auc, lower, upper, rows.together)


def _unpredicted(cells: np.ndarray) -> np.ndarray:
    """Whether each class has rows, none of them predicted as it, nor any other, (..., classes)."""
    return (cells.sum(-2) == 0) & (cells.sum(-1) > 0)


def _hits(cells: np.ndarray) -> np.ndarray:
    """Rows of each class that are predicted as it, (..., classes)."""
    return np.diagonal(cells, axis1=-2, axis2=-1)


def _f1_of_share(found: np.ndarray) -> np.ndarray:
    """F1 from the share of true positives among rows that are positive, predicted or true."""
    return 2 * found / (1 + found)


def _overlap_of_f1(
    cells: np.ndarray, f1: np.ndarray, hits: np.ndarray, wrong: np.ndarray
) -> np.ndarray:
    """Divide the standard error of the mean F1 by what it would be for independent classes.

    A wrong row lowers the F1 of two classes: its influence on both is added before squaring.
    """
    f1 = np.nan_to_num(f1)
    size = np.maximum(2 * hits + wrong, 1)
    gain = np.eye(cells.shape[-1]) * (2 / size)[..., None]
    influence = gain - (f1 / size)[..., :, None] - (f1 / size)[..., None, :]
    total = (cells * influence**2).sum((-2, -1))
    alone = ((hits * (2 - 2 * f1) ** 2 + wrong * f1**2) / size**2).sum(-1)
    return np.where(alone > 0, np.sqrt(total / np.where(alone > 0, alone, 1)), 1.0)
