"""Define the metrics of classifiers of several classes, as means over the classes.

Counts are as in `driftlib.performance.classification`; intervals are those of
`driftlib.stats.intervals`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from driftlib.performance.classification import (
    NO_ROWS,
    Aggregates,
    ClassificationMetric,
    f1_of_share,
)
from driftlib.performance.metric import ratio
from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification
from driftlib.stats.expected import ExpectedCounts
from driftlib.stats.intervals import Interval
from driftlib.text import join_notes, quoted


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

    @abstractmethod
    def _spread_out(self, of_class: np.ndarray) -> np.ndarray:
        """Give the rows that a class has a share of what is said of it, (classes, classes)."""

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        whole, values = self._whole(rows.cells), self._by_class(rows.cells)
        size = np.where(whole > 0, whole, np.inf) * np.isfinite(values).sum()
        hits = np.diag(1 / size)
        return rows.cell_slopes(hits - self._spread_out(np.nan_to_num(values) / size))

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

    def _spread_out(self, of_class: np.ndarray) -> np.ndarray:
        return np.broadcast_to(of_class, (len(of_class), len(of_class)))

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

    def _spread_out(self, of_class: np.ndarray) -> np.ndarray:
        return np.broadcast_to(of_class[:, None], (len(of_class), len(of_class)))


class MacroF1(MacroMetric):
    """Mean over the classes of the F1 of each against the rest.

    Interval: as `F1` for each class, put together by recovered variances (Zou and Donner 2008),
    times how much more the mean varies than for independent classes (influence functions).
    """

    name, title = "f1", "F1"

    def _by_class(self, cells: np.ndarray) -> np.ndarray:
        return ratio(2 * _hits(cells), cells.sum(-2) + cells.sum(-1))

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        f1, size = self._by_class(rows.cells), rows.cells.sum(-2) + rows.cells.sum(-1)
        return rows.cell_slopes(_influence_on_f1(f1, size) / np.isfinite(f1).sum())

    def _interval(self, rows: GroupedClassification) -> Interval:
        cells = rows.cells.astype(float)
        hits, wrong = _hits(cells), cells.sum(-2) + cells.sum(-1) - 2 * _hits(cells)
        lower, upper = intervals.wilson(hits, hits + wrong)
        f1 = self._by_class(cells)
        overlap = _overlap_of_f1(cells, f1, hits, wrong)
        return intervals.combined(f1, f1_of_share(lower), f1_of_share(upper), overlap)


class MacroRocAuc(ClassificationMetric):
    """Mean over the classes that the labels hold of the ROC AUC of each against the rest.

    Interval: as `RocAuc` for each class, put together by recovered variances (Zou and Donner
    2008), times how much more the mean varies than for independent classes (the components of
    DeLong and others, added over the classes).
    """

    name, title, undefined = "roc_auc", "ROC AUC", "the labels hold only one class"
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return _mean_of_known([rows.ranking(k).auc for k in range(rows.classes)])

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        # Under a label a row is one of that class, and one outside all the others.
        each = np.stack([rows.rank_slopes(k).auc for k in range(rows.classes)], axis=1)
        known = np.isfinite(each).all((0, 2))
        each = np.where(known[:, None], each, 0)
        outside = each[..., 0]
        return (each[..., 1] - outside + outside.sum(1, keepdims=True)) / max(1, known.sum())

    def _interval(self, rows: GroupedClassification) -> Interval:
        rankings = [rows.ranking(k) for k in range(rows.classes)]
        limits = np.array([(ranking.auc, *intervals.roc_auc(ranking)) for ranking in rankings])
        auc, lower, upper = np.moveaxis(limits, 0, -1)
        return intervals.combined(auc, lower, upper, rows.together)

    def _remarks(self, rows: GroupedClassification, classes: Sequence[str]) -> list[str]:
        present = np.stack([rows.ranking(k).positives > 0 for k in range(rows.classes)], axis=-1)
        return [
            f"no label is {quoted(np.array(classes)[~own])}: mean over the other classes"
            if own.sum() > 1 and not own.all()
            else ""
            for own in present
        ]


def _mean_of_known(values: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over the classes whose value is known; NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(0)
    return ratio(total, known.sum(0))


def _unpredicted(cells: np.ndarray) -> np.ndarray:
    """Whether each class has rows, none of them predicted as it, nor any other, (..., classes)."""
    return (cells.sum(-2) == 0) & (cells.sum(-1) > 0)


def _hits(cells: np.ndarray) -> np.ndarray:
    """Rows of each class that are predicted as it, (..., classes)."""
    return np.diagonal(cells, axis1=-2, axis2=-1)


def _influence_on_f1(f1: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Change of the sum of the classes' F1 with one more row in each cell.

    Classes have `size` rows by label plus by prediction.
    """
    f1, size = np.nan_to_num(f1), np.maximum(size, 1)
    gain = np.eye(f1.shape[-1]) * (2 / size)[..., None]
    return np.asarray(gain - (f1 / size)[..., :, None] - (f1 / size)[..., None, :])


def _overlap_of_f1(
    cells: np.ndarray, f1: np.ndarray, hits: np.ndarray, wrong: np.ndarray
) -> np.ndarray:
    """Divide the standard error of the mean F1 by what it would be for independent classes.

    A wrong row lowers the F1 of two classes: its influence on both is added before squaring.
    """
    size = np.maximum(2 * hits + wrong, 1)
    influence = _influence_on_f1(f1, size)
    f1 = np.nan_to_num(f1)
    total = (cells * influence**2).sum((-2, -1))
    alone = ((hits * (2 - 2 * f1) ** 2 + wrong * f1**2) / size**2).sum(-1)
    return np.where(alone > 0, np.sqrt(total / np.where(alone > 0, alone, 1)), 1.0)
