"""Compute how far each row moves each metric, which is what units add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.performance.metric import Metric
from driftlib.stats.aggregates import LabelledNumbers
from driftlib.stats.expected import LabelledRows, labelled_rows


@dataclass(frozen=True)
class UnitSums:
    """Influences on metrics, added up by unit.

    Parameters
    ----------
    units : int array, shape (units,)
        Places in time of the units with rows, in order.
    rows, sums, squares : float array, shape (metrics, units)
        Rows that count for each metric, the sum of their influences, and of its squares.
    """

    units: np.ndarray
    rows: np.ndarray
    sums: np.ndarray
    squares: np.ndarray

    def last(self, count: int) -> UnitSums:
        """Take the last units.

        Parameters
        ----------
        count : int

        Returns
        -------
        UnitSums
        """
        arrays = (self.rows, self.sums, self.squares)
        return UnitSums(self.units[-count:], *(array[:, -count:] for array in arrays))

    def scaled(self, factor: float) -> UnitSums:
        """Multiply the influences.

        Parameters
        ----------
        factor : float

        Returns
        -------
        UnitSums
        """
        return UnitSums(self.units, self.rows, factor * self.sums, factor**2 * self.squares)

    def folded(self, fold: int) -> UnitSums:
        """Put neighbouring units together.

        Parameters
        ----------
        fold : int
            2 neighbours become 1 so many times.

        Returns
        -------
        UnitSums

        Examples
        --------
        >>> one = np.ones((1, 3))
        >>> UnitSums(np.array([0, 1, 2]), one, one, one).folded(1).rows.tolist()
        [[2.0, 1.0]]
        """
        units, first = np.unique(self.units >> fold, return_index=True)
        arrays = (self.rows, self.sums, self.squares)
        return UnitSums(units, *(np.add.reduceat(array, first, axis=1) for array in arrays))


def influences(rows: Predictions, task: Task, metrics: Sequence[Metric[Any]]) -> np.ndarray:
    """Compute how far each row moves each metric.

    Parameters
    ----------
    rows : Predictions
        Of one group.
    task : Task
    metrics : sequence of Metric
        Of the task.

    Returns
    -------
    float array, shape (metrics, rows)
        With a mean of 0 for each metric; NaN for rows that do not count.

    Examples
    --------
    >>> from driftlib.performance.metrics import select_metrics
    >>> rows = Predictions(np.array([0, 1, 1, -1]), np.array([0, 1, 0, 1]), None)
    >>> metrics = select_metrics("binary", ["accuracy"], has_proba=False)
    >>> influences(rows, Task("binary", ("no", "yes"), ""), metrics).round(2).tolist()
    [[0.33, 0.33, -0.67, nan]]
    """
    found = np.full((len(metrics), len(rows.y)), np.nan)
    if task.kind == REGRESSION:
        used = rows.labelled & rows.predicted
        numbers = LabelledNumbers(rows.y[used], rows.pred[used])
        if not used.any():
            return found
        for place, metric in enumerate(metrics):
            found[place, used] = metric.influence(numbers)
        return found
    parts: dict[bool, tuple[np.ndarray, LabelledRows]] = {}
    for place, metric in enumerate(metrics):
        if metric.needs_proba and rows.proba is None:
            continue
        if metric.needs_proba not in parts:
            parts[metric.needs_proba] = _labelled(rows, task, metric.needs_proba)
        used, labelled = parts[metric.needs_proba]
        if used.any():
            found[place, used] = metric.influence(labelled)
    return found


def _labelled(rows: Predictions, task: Task, scored: bool) -> tuple[np.ndarray, LabelledRows]:
    """Which rows have what metrics of probabilities, or of predictions, need; and those."""
    used = rows.labelled & (rows.scored if scored else rows.predicted)
    part = rows.take(used)
    # Metrics of probabilities do not look at the prediction.
    pred = np.maximum(part.pred, 0)
    proba = part.proba if scored else None
    return used, labelled_rows(part.y, pred, proba, len(task.classes))


def add_by_unit(scores: np.ndarray, unit: np.ndarray) -> UnitSums:
    """Add up scores of rows by unit.

    Parameters
    ----------
    scores : float array, shape (metrics, rows)
        NaN for rows that do not count.
    unit : int array, shape (rows,)
        Place in time of each row's unit; -1 for none.

    Returns
    -------
    UnitSums
        Of the units in which some row counts.

    Examples
    --------
    >>> sums = add_by_unit(np.array([[1.0, 2.0, np.nan, 4.0]]), np.array([0, 0, 0, 3]))
    >>> sums.units.tolist(), sums.rows.tolist(), sums.sums.tolist()
    ([0, 3], [[2.0, 1.0]], [[3.0, 4.0]])
    """
    inside = unit >= 0
    scores = scores[:, inside]
    units, place = np.unique(unit[inside], return_inverse=True)
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0)
    rows, sums, squares = (
        np.array([np.bincount(place, row, len(units)) for row in array]).reshape(
            len(array), len(units)
        )
        for array in (known.astype(float), filled, filled**2)
    )
    held = rows.any(axis=0)
    return UnitSums(units[held], rows[:, held], sums[:, held], squares[:, held])
