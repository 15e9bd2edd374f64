"""Define the metrics of regressions, each with its formula, its interval and their sources.

y is the label, p the prediction. Intervals are those of `driftlib.stats.intervals`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from driftlib.performance.metric import Metric
from driftlib.stats import intervals
from driftlib.stats.aggregates import (
    LEAST_SQUARED,
    GroupedRegression,
    LabelledNumbers,
    Moments,
    squares,
)
from driftlib.stats.intervals import Interval
from driftlib.written_numbers import significant

NO_ROWS = "no row has a label and a prediction"


class MeanError(Metric[GroupedRegression]):
    """Mean of an error of each row.

    Interval: Hall's transformation of Student's t (1992), for errors are skewed.
    """

    undefined = NO_ROWS
    higher_is_better = False
    high = np.inf
    # Which power of an error's size the error of a row is of.
    power: ClassVar[float] = 1.0

    def losses(self, rows: LabelledNumbers) -> np.ndarray:
        """Compute the error of each row.

        Parameters
        ----------
        rows : LabelledNumbers

        Returns
        -------
        float array, shape (rows,)
            NaN for rows that do not count.
        """
        return self._error(rows.y, rows.pred)

    def of_mean(self, mean: np.ndarray) -> np.ndarray:
        """Compute the value that goes with a mean of the rows' errors.

        Parameters
        ----------
        mean : float array

        Returns
        -------
        float array
        """
        return mean

    @abstractmethod
    def _error(self, y: np.ndarray, pred: np.ndarray) -> np.ndarray:
        """Error of each row; NaN where it does not count."""

    def _moments(self, rows: GroupedRegression) -> Moments:
        return rows.moments(self._error)

    def _value(self, rows: GroupedRegression) -> np.ndarray:
        return self._moments(rows).mean

    def _influence(self, rows: LabelledNumbers) -> np.ndarray:
        errors = self._error(rows.y, rows.pred)
        known = ~np.isnan(errors)
        return errors - errors[known].sum() / max(1, known.sum())

    def _interval(self, rows: GroupedRegression) -> Interval:
        return intervals.mean_loss(self._moments(rows))


class MeanAbsoluteError(MeanError):
    """Mean of abs(y - p)."""

    name, title = "mae", "Mean absolute error"

    def _error(self, y: np.ndarray, pred: np.ndarray) -> np.ndarray:
        return np.abs(y - pred)


class RootMeanSquaredError(MeanError):
    """Square root of the mean of (y - p)^2.

    Interval: the square roots of the limits of that mean, which are as of `MeanError`.
    """

    name, title = "rmse", "Root mean squared error"
    undefined = f"{NO_ROWS}, or every error is below {LEAST_SQUARED:.0e}"
    power = 2.0

    def of_mean(self, mean: np.ndarray) -> np.ndarray:
        """Take the square root.

        Parameters
        ----------
        mean : float array
            Of squared errors.

        Returns
        -------
        float array
        """
        return np.asarray(np.sqrt(np.maximum(mean, 0)))

    def _error(self, y: np.ndarray, pred: np.ndarray) -> np.ndarray:
        return squares(y - pred)

    def _value(self, rows: GroupedRegression) -> np.ndarray:
        return np.sqrt(super()._value(rows))

    def _influence(self, rows: LabelledNumbers) -> np.ndarray:
        squared = super()._influence(rows)
        value = np.sqrt(np.mean((rows.y - rows.pred) ** 2))
        return squared / (2 * value) if value else squared

    def _interval(self, rows: GroupedRegression) -> Interval:
        lower, upper = super()._interval(rows)
        return np.sqrt(np.maximum(lower, 0)), np.sqrt(upper)


class MeanAbsolutePercentageError(MeanError):
    """Mean of abs(y - p) / abs(y), as a share, over the rows whose label is not 0."""

    name, title, undefined = "mape", "Mean absolute percentage error", "every label is 0"

    def _error(self, y: np.ndarray, pred: np.ndarray) -> np.ndarray:
        return np.abs(y - pred) / np.where(y == 0, np.nan, np.abs(y))

    def write(self, value: float) -> str:
        """Write a value in per cent.

        Parameters
        ----------
        value : float

        Returns
        -------
        str
        """
        return f"{significant(100 * value)} %"

    def _remarks(self, rows: GroupedRegression, classes: Sequence[str]) -> list[str]:
        zero = (rows.hi - rows.lo) - self._moments(rows).n
        return [
            f"{int(count):,} rows with a label of 0 left out" if count else "" for count in zero
        ]


class R2(Metric[GroupedRegression]):
    """Share of the labels' variance that is explained: 1 - sum (y - p)^2 / sum (y - mean y)^2.

    Interval: jackknife standard error of the logarithm of that ratio, Student's t.
    """

    name, title, undefined = "r2", "R2", "fewer than two different labels"
    low = -np.inf

    @property
    def unexpected(self) -> str:
        """Why there is no estimate of it without labels."""
        return "how far labels vary only labels tell"

    def _value(self, rows: GroupedRegression) -> np.ndarray:
        return 1 - rows.unexplained[0]

    def _influence(self, rows: LabelledNumbers) -> np.ndarray:
        from_mean = rows.y - rows.y.mean()
        largest = np.abs(from_mean).max()
        squared, around = ((rows.y - rows.pred) / largest) ** 2, (from_mean / largest) ** 2
        return np.asarray((around * squared.mean() / around.mean() - squared) / around.mean())

    def _interval(self, rows: GroupedRegression) -> Interval:
        lower, upper = intervals.unexplained(*rows.unexplained, rows.hi - rows.lo)
        return 1 - upper, 1 - lower
