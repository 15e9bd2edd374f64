"""Say what an action is worth: the metric of the same rows with it and without, by units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.performance.influence import influences
from driftlib.performance.metric import Metric
from driftlib.stats.aggregates import GroupedRegression
from driftlib.stats.expected import labelled_rows
from driftlib.stats.unit_influence import RowUnits, UnitError, influence_error, influence_memory


@dataclass(frozen=True)
class Gain:
    """What one set of outputs is worth beyond another, on the same rows.

    Parameters
    ----------
    value : float
        Positive where it is better, in the unit of the metric.
    error : UnitError
    parts : tuple of float
        Of several sets of rows, the value on each.
    """

    value: float
    error: UnitError
    parts: tuple[float, ...] = ()

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Give the limits of an interval.

        Parameters
        ----------
        level : float

        Returns
        -------
        (float, float)
        """
        half = self.error.spread(level)
        return self.value - half, self.value + half


@dataclass(frozen=True)
class Judge:
    """Rows on which actions are judged.

    Parameters
    ----------
    task : Task
    metric : Metric
    units : RowUnits or None
        Of the rows, all of the current side; None where rows are units.
    """

    task: Task
    metric: Metric[Any]
    units: RowUnits | None

    @property
    def sign(self) -> float:
        """1 where higher is better, else -1."""
        return 1.0 if self.metric.higher_is_better else -1.0

    def value(self, rows: Predictions) -> float:
        """Compute the metric.

        Parameters
        ----------
        rows : Predictions
            All with labels and outputs.

        Returns
        -------
        float
        """
        if self.task.kind == REGRESSION:
            ends = np.array([0]), np.array([len(rows.y)])
            return float(self.metric.value(GroupedRegression(rows.y, rows.pred, *ends))[0])
        proba = rows.proba if self.metric.needs_proba else None
        found = labelled_rows(rows.y, np.maximum(rows.pred, 0), proba, len(self.task.classes))
        return float(self.metric.value(found.given))

    def gain(self, rows: Predictions, over: Predictions) -> Gain:
        """Compare two sets of outputs of the same rows.

        Parameters
        ----------
        rows, over : Predictions

        Returns
        -------
        Gain
            Its error is that of the units' differences.
        """
        difference = self.value(rows) - self.value(over)
        score = self._influence(rows) - self._influence(over)
        score = np.nan_to_num(score - np.nanmean(score)) / max(1, len(score))
        phi = 0.0 if self.units is None else influence_memory(self.units, score[None])
        return Gain(self.sign * difference, influence_error(self.units, score, phi))

    def _influence(self, rows: Predictions) -> np.ndarray:
        return np.asarray(influences(rows, self.task, [self.metric])[0])


@dataclass(frozen=True)
class Jury:
    """Judges of different rows of different units: what they say is weighed by rows.

    Parameters
    ----------
    judges : tuple of Judge
    """

    judges: tuple[Judge, ...]

    def gain(self, rows: Sequence[Predictions], over: Sequence[Predictions]) -> Gain:
        """Compare two sets of outputs of the rows of every judge.

        Parameters
        ----------
        rows, over : sequence of Predictions
            Of each judge's rows.

        Returns
        -------
        Gain
        """
        gains = [judge.gain(*both) for judge, *both in zip(self.judges, rows, over, strict=True)]
        return weighed(gains, [len(one.y) for one in rows])


def weighed(gains: Sequence[Gain], rows: Sequence[int]) -> Gain:
    """Put gains on different rows together.

    Parameters
    ----------
    gains : sequence of Gain
        Independent of one another.
    rows : sequence of int
        How many each is of.

    Returns
    -------
    Gain

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114, for the degrees of freedom.

    Examples
    --------
    >>> both = weighed([Gain(0.1, UnitError(0.03)), Gain(0.3, UnitError(0.04))], [500, 500])
    >>> both.value, both.error.error, both.parts
    (0.2, 0.025, (0.1, 0.3))
    """
    if len(gains) == 1:
        return gains[0]
    share = np.array(rows) / sum(rows)
    variances = (share * [gain.error.error for gain in gains]) ** 2
    degrees = np.array([gain.error.degrees_of_freedom for gain in gains])
    freedom = float((variances**2 / degrees).sum())
    error = UnitError(
        float(np.sqrt(variances.sum())),
        float(variances.sum() ** 2 / freedom) if freedom > 0 else np.inf,
        max(gain.error.design_effect for gain in gains),
    )
    values = tuple(gain.value for gain in gains)
    return Gain(float(share @ values), error, values)


def reach(metric: Metric[Any], value: float) -> float:
    """Say how far a value is from a perfect one.

    Parameters
    ----------
    metric : Metric
    value : float

    Returns
    -------
    float
        The value itself where perfect is 0, or a cost without an end.

    Examples
    --------
    >>> from driftlib.performance.metrics import METRICS
    >>> round(reach(METRICS["binary"]["accuracy"], 0.9), 3)
    0.1
    """
    best = metric.high if metric.higher_is_better else metric.low
    return abs(best - value) if np.isfinite(best) else abs(value)


def has_outputs(rows: Predictions, metric: Metric[Any]) -> np.ndarray:
    """Tell which rows have what corrections start from, and what a metric is made from.

    Parameters
    ----------
    rows : Predictions
    metric : Metric

    Returns
    -------
    bool array, shape (rows,)
    """
    held = np.ones(len(rows.y), dtype=bool) if rows.proba is None else rows.scored
    return held if metric.needs_proba else held & rows.predicted
