"""Define what a metric is: its names, its range, and a value with a 95 % interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from driftlib.stats.aggregates import GroupedClassification, GroupedRegression
from driftlib.stats.intervals import Interval
from driftlib.written_numbers import brief, significant

Grouped = TypeVar("Grouped", GroupedClassification, GroupedRegression)


class Metric(ABC, Generic[Grouped]):
    """A metric: a function of counts, losses and rankings of groups of rows.

    A subclass states its formula in `_value`, its interval in `_interval`, and the sources of
    both in its docstring. Metrics of classifiers take aggregates of labels as well as of
    expectations, so that a realised and an estimated value never follow different formulas.

    Attributes
    ----------
    name, title : str
        In tables, and in sentences and charts.
    undefined : str
        Why a value is NaN.
    higher_is_better : bool
    needs_proba : bool
        Whether it is made from probabilities and not from predictions.
    low, high : float
        Range of possible values.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    undefined: ClassVar[str]
    higher_is_better: ClassVar[bool] = True
    needs_proba: ClassVar[bool] = False
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0

    @property
    def unexpected(self) -> str:
        """Why there is no estimate of it without labels."""
        return self.undefined

    @abstractmethod
    def _value(self, rows: Grouped) -> np.ndarray:
        """Values, NaN where the metric is undefined."""

    @abstractmethod
    def _interval(self, rows: Grouped) -> Interval:
        """Limits of the 95 % interval."""

    @abstractmethod
    def _influence(self, rows: Any) -> np.ndarray:
        """Influence of each row, with a mean of 0."""

    def _remarks(self, rows: Grouped, classes: Sequence[str]) -> list[str]:
        """Say what a value leaves out, a sentence for each group."""
        return [""] * len(rows.lo)

    def bound(self, classes: Sequence[str]) -> Metric[Any]:
        """Settle what depends on the labels.

        Parameters
        ----------
        classes : sequence of str
            Labels as text.

        Returns
        -------
        Metric
            Itself, unless it is of one class.
        """
        return self

    def write(self, value: float) -> str:
        """Write a value for a sentence.

        Parameters
        ----------
        value : float

        Returns
        -------
        str
            With three digits that matter; in % where the metric is known by that.
        """
        return significant(value)

    @property
    def bounded(self) -> bool:
        """Whether its values lie in a range of their own, whatever the data's unit."""
        return bool(np.isfinite([self.low, self.high]).all())

    def label(self, value: float) -> str:
        """Write a value for a title: with two decimals where it lies in a range of its own.

        Parameters
        ----------
        value : float

        Returns
        -------
        str
        """
        return brief(value, most=2) if self.bounded else self.write(value)

    def in_all(self, limits: np.ndarray, rows: int) -> str:
        """Say what a mean adds up to, where that means something.

        Parameters
        ----------
        limits : float array, shape (3,)
            Value, lower and upper end, a row.
        rows : int

        Returns
        -------
        str
            Empty for most metrics.
        """
        return ""

    def value(self, rows: Grouped) -> np.ndarray:
        """Compute the value for each group of rows.

        Parameters
        ----------
        rows : GroupedClassification, GroupedRegression or ExpectedCounts
            Aggregates of the rows: of labels, or for a classifier of expectations.

        Returns
        -------
        float array, shape (groups,) or, of expectations, (draws,) or ()
            NaN where the metric is undefined.

        Examples
        --------
        >>> from driftlib.performance.metrics import METRICS
        >>> rows = GroupedRegression(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0]),
        ...                          np.array([0, 0]), np.array([2, 3]))
        >>> METRICS["regression"]["mae"].value(rows).tolist()
        [0.5, 1.0]
        """
        return np.asarray(self._value(rows), dtype=float)

    def measure(self, rows: Grouped) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Compute the value with its 95 % interval, which always holds it.

        Parameters
        ----------
        rows : GroupedClassification or GroupedRegression
            Aggregates of labels.

        Returns
        -------
        value : float array, shape (groups,)
            NaN where the metric is undefined.
        lower : float array, shape (groups,)
            At least `low`.
        upper : float array, shape (groups,)
            At most `high`.
        """
        value = self.value(rows)
        lower, upper = self._interval(rows)
        lower = np.maximum(np.minimum(lower, value), self.low)
        upper = np.minimum(np.maximum(upper, value), self.high)
        return value, lower, upper

    def influence(self, rows: Any) -> np.ndarray:
        """Compute how far each row moves the value.

        Parameters
        ----------
        rows : LabelledRows or LabelledNumbers
            Of a classifier or a regression, as one group.

        Returns
        -------
        float array, shape (rows,)
            With a mean of 0: the value's error is to the first order their sum over the rows.
            NaN for rows that do not count.
        """
        with np.errstate(all="ignore"):
            return np.asarray(self._influence(rows))

    def remarks(self, rows: Grouped, classes: Sequence[str]) -> list[str]:
        """Say what each group's value leaves out.

        Parameters
        ----------
        rows : GroupedClassification or GroupedRegression
            Aggregates of labels.
        classes : sequence of str
            Labels as text; empty for a regression.

        Returns
        -------
        list of str
            A sentence for each group, empty where there is nothing to say.
        """
        return self._remarks(rows, classes)

    def worse(self, value: np.ndarray, limit: np.ndarray | float) -> np.ndarray:
        """Tell whether values are on the wrong side of a limit.

        Parameters
        ----------
        value : float array
        limit : float array or float

        Returns
        -------
        bool array
            False where one of the two is NaN.
        """
        return np.less(value, limit) if self.higher_is_better else np.greater(value, limit)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; NaN where there is nothing to take a share of.

    Parameters
    ----------
    part, whole : array
        Of the same shape.

    Returns
    -------
    float array

    Examples
    --------
    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    with np.errstate(all="ignore"):
        return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
