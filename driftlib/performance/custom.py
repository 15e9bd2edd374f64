"""Define metrics of a user's own: of counts, of losses, and of what mistakes cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.task import REGRESSION
from driftlib.errors import ParameterError
from driftlib.performance.classification import NO_ROWS, MeanLoss
from driftlib.performance.metric import Metric as Measured
from driftlib.performance.metric import ratio
from driftlib.performance.of_counts import CountMetric
from driftlib.performance.regression import MeanError
from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification, Moments
from driftlib.stats.intervals import Interval


class CostPerRow(CountMetric):
    """Mean cost of a row. Interval: Hall's transformation of Student's t (1992).

    Parameters
    ----------
    cost : Cost
    """

    def __init__(self, cost: Cost) -> None:
        self._matrix = np.array(cost.matrix, dtype=float)
        super().__init__(
            cost.name, cost.title, self._mean, False, self._matrix.min(), self._matrix.max()
        )
        vars(self).update(undefined=NO_ROWS)

    def bound(self, classes: Sequence[str]) -> CostPerRow:
        """Check that there is a cost for every pair of classes.

        Parameters
        ----------
        classes : sequence of str

        Returns
        -------
        CostPerRow

        Raises
        ------
        ParameterError
            If the matrix has another number of classes.
        """
        if self._matrix.shape != (len(classes), len(classes)):
            raise ParameterError(
                f"the cost matrix is {' x '.join(map(str, self._matrix.shape))}, and there are "
                f"{len(classes)} labels ({', '.join(map(repr, classes[:10]))}): it needs a row for "
                "each label and a column for each prediction."
            )
        return self

    def _mean(self, cells: np.ndarray) -> np.ndarray:
        return ratio((cells * self._matrix).sum((-2, -1)), cells.sum((-2, -1)))

    def _interval(self, rows: GroupedClassification) -> Interval:
        cells = np.asarray(rows.cells, dtype=float)
        n, least = cells.sum((-2, -1)), self._matrix.min()
        mean = self._mean(cells) - least
        with np.errstate(all="ignore"):
            away = self._matrix - least - mean[..., None, None]
            second, third = ((cells * away**k).sum((-2, -1)) / n for k in (2, 3))
            moments = Moments(n, mean, second * n / (n - 1), third / second**1.5)
            lower, upper = intervals.mean_loss(moments)
        return lower + least, upper + least

    def in_all(self, limits: np.ndarray, rows: int) -> str:
        """Say what all rows cost.

        Parameters
        ----------
        limits : float array, shape (3,)
            Value, lower and upper end, a row.
        rows : int

        Returns
        -------
        str
        """
        total, low, high = (round(rows * one) for one in limits.tolist())
        return f"in all {total:,} ({low:,} to {high:,}) over {rows:,} rows"


class LossOfScores(MeanLoss):
    """Mean of a loss of the user's own, of the probability given to the true label.

    Parameters
    ----------
    metric : Metric
    """

    def __init__(self, metric: Metric) -> None:
        _describe(self, metric)
        self._of_row = metric.of_losses

    def _loss(self, of_true: np.ndarray) -> np.ndarray:
        assert self._of_row is not None
        return np.asarray(self._of_row(of_true.astype(float)), dtype=float)


class LossOfNumbers(MeanError):
    """Mean of a loss of the user's own, of labels and predictions.

    Parameters
    ----------
    metric : Metric
    """

    def __init__(self, metric: Metric) -> None:
        _describe(self, metric)
        self._of_row = metric.of_losses

    def _error(self, y: np.ndarray, pred: np.ndarray) -> np.ndarray:
        assert self._of_row is not None
        return np.asarray(self._of_row(y, pred), dtype=float)


def _describe(measured: Measured[Any], metric: Metric) -> None:
    vars(measured).update(
        name=metric.name, title=metric.title or metric.name, low=metric.low, high=metric.high,
        higher_is_better=metric.higher_is_better, undefined=NO_ROWS,
    )  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """A metric of your own, to be named among `metrics=`.

    Parameters
    ----------
    name : str
        In tables and thresholds.
    of_counts : callable, optional
        From counts by label and prediction, an array (..., classes, classes) in the order of the
        result's `classes`, to values (...): a function of shares, that does not grow with rows.
    of_losses : callable, optional
        To the loss of each row, at least 0: from the probabilities that were given to the true
        labels, for a regression from labels and predictions.
    higher_is_better : bool, optional
        Default: True for counts, False for losses.
    title : str
        In sentences; default the name.
    low, high : float
        Range of the values. Default: any for counts, at least 0 for losses.

    Raises
    ------
    ParameterError
        If there is not one of `of_counts` and `of_losses`.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> balanced = Metric("balanced", of_counts=lambda c: (c[..., 0, 0] / c[..., 0, :].sum(-1)
    ...                   + c[..., 1, 1] / c[..., 1, :].sum(-1)) / 2, low=0, high=1)
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 50, "y_pred": [0, 1] * 40 + [1, 0] * 10})
    >>> track_performance(frame, metrics=[balanced]).table["value"].tolist()
    [0.8]
    """

    name: str
    of_counts: Callable[[np.ndarray], np.ndarray] | None = None
    of_losses: Callable[..., np.ndarray] | None = None
    higher_is_better: bool | None = None
    title: str = ""
    low: float | None = None
    high: float = np.inf

    def __post_init__(self) -> None:
        if (self.of_counts is None) == (self.of_losses is None):
            raise ParameterError(f"metric {self.name!r} needs one of of_counts= and of_losses=.")
        counts = self.of_counts is not None
        if self.higher_is_better is None:
            object.__setattr__(self, "higher_is_better", counts)
        if self.low is None:
            object.__setattr__(self, "low", -np.inf if counts else 0.0)

    def of_task(self, task: str) -> Measured[Any]:
        """Make the metric of a task.

        Parameters
        ----------
        task : {"binary", "multiclass", "regression"}

        Returns
        -------
        Metric

        Raises
        ------
        ParameterError
            If counts are asked of a regression.
        """
        if self.of_losses is not None:
            return LossOfNumbers(self) if task == REGRESSION else LossOfScores(self)
        if task == REGRESSION or self.of_counts is None:
            raise ParameterError(
                f"metric {self.name!r} is of counts of labels, and this is a regression."
            )
        low = -np.inf if self.low is None else self.low
        return CountMetric(
            self.name, self.title or self.name, self.of_counts, bool(self.higher_is_better), low,
            self.high,
        )  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What each mistake costs: the mean cost of a row, and in the note that of all rows.

    Parameters
    ----------
    matrix : array-like, shape (classes, classes)
        A row for each label, a column for each prediction, in the order of the result's `classes`
        (of two labels the positive one is last). Gains are negative.
    name, title : str

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 50, "y_pred": [0, 1] * 40 + [1, 0] * 10})
    >>> found = track_performance(frame, metrics=[Cost([[0, 10], [100, 0]])])
    >>> found.table["value"].tolist(), found.table["note"].tolist()
    ([11.0], ['in all 1,100 (596 to 1,866) over 100 rows'])
    """

    matrix: Any
    name: str = "cost"
    title: str = "Cost a row"

    def of_task(self, task: str) -> Measured[Any]:
        """Make the metric of a task.

        Parameters
        ----------
        task : {"binary", "multiclass", "regression"}

        Returns
        -------
        Metric

        Raises
        ------
        ParameterError
            If the matrix is none of finite numbers, or this is a regression.
        """
        matrix = np.array(self.matrix, dtype=float)
        if task == REGRESSION or matrix.ndim != 2 or not np.isfinite(matrix).all():
            raise ParameterError(
                "Cost takes a matrix of finite numbers, a row for each label and a column for each "
                f"prediction, of a classifier (this is {task})."
            )
        return CostPerRow(self)
