"""Define metrics that are functions of how many rows of each label got each prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import stdtrit

from driftlib.errors import ParameterError
from driftlib.performance.classification import Aggregates, ClassificationMetric, Share
from driftlib.performance.metric import ratio
from driftlib.stats.aggregates import GroupedClassification
from driftlib.stats.expected import ExpectedCounts
from driftlib.stats.intervals import Interval

# Rows added to all cells together before the spread is taken, so that a perfect value has one; of
# many classes as of two, or what is added would outweigh what was seen.
ADDED = 2.0
STEP = 1e-6
UPPER = 0.975


class CountMetric(ClassificationMetric):
    """A function of how many rows of each label got each prediction.

    Interval: delta method by small changes of the counts, to which two rows are added, spread over
    all cells, with Student's t; on Fisher's scale (the inverse hyperbolic tangent) where the range
    is finite.

    Parameters
    ----------
    name, title : str
    function : callable
        From counts by label and prediction, (..., classes, classes), to values, (...).
    higher_is_better : bool
    low, high : float
        Range of the values.
    """

    undefined = "it is not defined for these counts"

    def __init__(
        self,
        name: str,
        title: str,
        function: Callable[[np.ndarray], np.ndarray],
        higher_is_better: bool = True,
        low: float = -np.inf,
        high: float = np.inf,
    ) -> None:
        # What other metrics say of their class this one says of itself.
        vars(self).update(
            name=name, title=title, higher_is_better=higher_is_better, low=low, high=high
        )
        self._function = function

    def _value(self, rows: Aggregates) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(self._function(np.asarray(rows.cells, dtype=float)), dtype=float)

    def _gradient(self, cells: np.ndarray) -> np.ndarray:
        """Change of the value with one more row in each cell, less its mean over the rows."""
        cells = np.asarray(cells, dtype=float)
        classes, rows = cells.shape[-1], cells.sum((-2, -1))
        found, step = np.empty_like(cells), STEP * np.maximum(rows, 1)
        with np.errstate(all="ignore"):
            centre = np.asarray(self._function(cells))
            for label, given in np.ndindex(classes, classes):
                more = cells.copy()
                more[..., label, given] += step
                found[..., label, given] = (self._function(more) - centre) / step
            mean = (cells * found).sum((-2, -1)) / rows
        return found - mean[..., None, None]

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        return rows.cell_slopes(self._gradient(rows.cells))

    def _interval(self, rows: GroupedClassification) -> Interval:
        cells = np.asarray(rows.cells, dtype=float)
        value, n = self._value(rows), cells.sum((-2, -1))
        added = cells + ADDED / cells.shape[-1] ** 2
        with np.errstate(all="ignore"):
            error = np.sqrt((added * self._gradient(added) ** 2).sum((-2, -1)))
            reach = error * stdtrit(np.maximum(n - 1, 1), UPPER)
            if not (np.isfinite(self.low) and np.isfinite(self.high)):
                return value - reach, value + reach
            half, middle = (self.high - self.low) / 2, (self.high + self.low) / 2
            smooth = np.clip((self._function(added) - middle) / half, -1 + 1e-9, 1 - 1e-9)
            reach = reach / half / (1 - smooth**2)
            ends = [middle + half * np.tanh(np.arctanh(smooth) + s * reach) for s in (-1, 1)]
        return ends[0], ends[1]


def matthews(cells: np.ndarray) -> np.ndarray:
    """Compute Matthews' correlation of labels with predictions: Gorodkin (2004).

    Parameters
    ----------
    cells : float array, shape (..., classes, classes)
        Rows by label and prediction.

    Returns
    -------
    float array, shape (...)
        NaN where all labels, or all predictions, are one.

    Examples
    --------
    >>> float(matthews(np.array([[3.0, 1.0], [1.0, 3.0]])))
    0.5
    """
    n, label, given = cells.sum((-2, -1)), cells.sum(-1), cells.sum(-2)
    hits = np.trace(cells, axis1=-2, axis2=-1)
    spread = (n**2 - (label**2).sum(-1)) * (n**2 - (given**2).sum(-1))
    return ratio(hits * n - (label * given).sum(-1), np.sqrt(np.maximum(spread, 0)))


def kappa(cells: np.ndarray) -> np.ndarray:
    """Compute the agreement of labels with predictions beyond chance: Cohen (1960).

    Parameters
    ----------
    cells : float array, shape (..., classes, classes)
        Rows by label and prediction.

    Returns
    -------
    float array, shape (...)

    Examples
    --------
    >>> float(kappa(np.array([[3.0, 1.0], [1.0, 3.0]])))
    0.5
    """
    n = cells.sum((-2, -1))
    chance = (cells.sum(-1) * cells.sum(-2)).sum(-1)
    return ratio(np.trace(cells, axis1=-2, axis2=-1) * n - chance, n**2 - chance)


def weighted_f1(cells: np.ndarray) -> np.ndarray:
    """Average the F1 of each class by its rows.

    Parameters
    ----------
    cells : float array, shape (..., classes, classes)
        Rows by label and prediction.

    Returns
    -------
    float array, shape (...)

    Examples
    --------
    >>> float(weighted_f1(np.array([[3.0, 1.0], [1.0, 3.0]])))
    0.75
    """
    hits = np.diagonal(cells, axis1=-2, axis2=-1)
    label = cells.sum(-1)
    both = label + cells.sum(-2)
    each = np.where(both > 0, 2 * hits / np.where(both > 0, both, 1), 0)
    return ratio((label * each).sum(-1), label.sum(-1))


class OfClass(Share):
    """Precision or recall of one class, such as "recall:cat". Interval: Wilson's (1927).

    Parameters
    ----------
    name : str
        "precision" or "recall", a colon, and the label.
    place : int, optional
        Number of the class; set by `bound`.
    """

    def __init__(self, name: str, place: int = 0) -> None:
        self._kind, _, self._label = name.partition(":")
        lacking = "no row is predicted" if self._kind == "precision" else "no label is"
        vars(self).update(
            name=name,
            title=f"{self._kind.capitalize()} of {self._label}",
            undefined=f"{lacking} {self._label!r}",
        )
        self._place = place

    def bound(self, classes: Sequence[str]) -> OfClass:
        """Find the class among those of the task.

        Parameters
        ----------
        classes : sequence of str

        Returns
        -------
        OfClass

        Raises
        ------
        ParameterError
            If it is none of them.
        """
        if self._label not in classes:
            raise ParameterError(
                f"metrics= names {self.name!r}, and {self._label!r} is none of the labels "
                f"({', '.join(map(repr, classes[:10]))})."
            )
        return OfClass(self.name, list(classes).index(self._label))

    def _parts(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = cells.sum(-2) if self._kind == "precision" else cells.sum(-1)
        return cells[..., self._place, self._place], whole[..., self._place]
