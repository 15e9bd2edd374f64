"""Expect a regression's metrics from a model of its errors: direct loss estimation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.predictions import Predictions
from driftlib.performance.error_size import JACKKNIFE, ErrorSize, SizeInputs, fit_error_size
from driftlib.performance.estimated_values import GroupEstimate
from driftlib.performance.influence import add_by_unit
from driftlib.performance.metric import Metric
from driftlib.performance.predictive import DRAWS, EDGES
from driftlib.performance.reference_calibration import rows_to_learn_from
from driftlib.performance.regression import MeanError
from driftlib.performance.unit_effects import effects_of, residual_spread
from driftlib.performance.units import AS_ROWS
from driftlib.stats.aggregates import GroupedRegression, LabelledNumbers
from driftlib.stats.few_units import FEW_UNITS
from driftlib.stats.loss_calibration import LossCalibration, fit_loss_calibration

# Rows of a window that stand for all of its in the draws.
MOST_DRAWN = 1_000
BINS = 10


@dataclass(frozen=True)
class LearntLoss:
    """What a part of the reference says of the losses of one metric.

    Parameters
    ----------
    calibration : LossCalibration
    residual : float array, shape (rows,)
        Loss less what was expected, of the reference's rows that were learnt from.
    units : int array, shape (rows,), or None
        Place in time of each of their units; None where rows are independent, or units too few.
    """

    calibration: LossCalibration
    residual: np.ndarray
    units: np.ndarray | None


@dataclass(frozen=True)
class LossExpectation:
    """What the reference's labels say of the errors of new predictions.

    A model of the size of errors, made of features and prediction in folds, is calibrated so that
    the losses which it expects agree with those of rows that it has not seen.

    Parameters
    ----------
    known : Predictions
        Of the reference's rows, each with a label and a prediction.
    inputs : SizeInputs
        Of those rows, and of current.
    metrics : sequence of Metric
        Of regressions.
    parts : sequence of int array
        Positions of the rows of each of the reference's groups.
    seed : int
    units : int array, shape (rows,), or None
        Place in time of the unit of each of the reference's rows; None where independent.
    places : int array, shape (current rows,)
        The same of current; empty where rows are independent.
    memory : bool
        Whether neighbouring units may be alike.
    seasonal : bool
        Whether parts are of a season.
    """

    known: Predictions
    inputs: SizeInputs
    metrics: Sequence[Metric[Any]]
    parts: Sequence[np.ndarray]
    seed: int
    units: np.ndarray | None
    places: np.ndarray
    memory: bool
    seasonal: bool
    _learnt: dict[tuple[int, int], LearntLoss] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _errors(self) -> list[tuple[MeanError, np.ndarray, ErrorSize] | None]:
        """The loss of each row, and the model of its size, by metric; None without one."""
        rows = LabelledNumbers(self.known.y, self.known.pred)
        found: list[tuple[MeanError, np.ndarray, ErrorSize] | None] = []
        models: list[tuple[np.ndarray, ErrorSize]] = []
        for metric in self.metrics:
            loss = metric.losses(rows) if isinstance(metric, MeanError) else np.empty(0)
            if not isinstance(metric, MeanError) or np.isfinite(loss).sum() < 2:
                found.append(None)
                continue
            size = np.maximum(loss, 0) ** (1 / metric.power)
            # The same errors, squared or not, have one model.
            like = [m for other, m in models if np.allclose(other, size, equal_nan=True)]
            model = like[0] if like else fit_error_size(self.inputs, size, self.units, self.seed)
            models.append((size, model))
            found.append((metric, loss, model))
        return found

    def of_rows(self, rows: np.ndarray, part: int, group: int, window: int) -> GroupEstimate:
        """Estimate the metrics of some new rows.

        Parameters
        ----------
        rows, part, group, window
            As of `driftlib.performance.estimated_values.Expectation`.

        Returns
        -------
        GroupEstimate
        """
        rng = np.random.default_rng([self.seed, window])
        chosen, remark = rows_to_learn_from(self.known.y, self.parts, part, self.seasonal)
        limits = np.full((3, len(self.metrics)), np.nan)
        influence = np.zeros((len(self.metrics), len(rows)))
        as_rows = ""
        for number, error in enumerate(self._errors):
            if error is None:
                continue
            metric, _, model = error
            learnt = self._learn(number, part, chosen)
            size = model.of_current(rows)
            expected = learnt.calibration.losses(size)
            drawn = self._draw(learnt, model, rows, rng)
            if self.units is not None and learnt.units is None:
                as_rows = f"{AS_ROWS}: the reference has too few units"
            value = expected.mean()
            lower, upper = np.quantile(drawn, EDGES, method="weibull")
            ends = np.array([value, min(lower, value), max(upper, value)])
            limits[:, number] = np.maximum(metric.of_mean(np.maximum(ends, 0)), metric.low)
            # How the value moves with the mean.
            slope = 1.0
            if value > 0:
                step = 1e-6 * value
                slope = float(metric.of_mean(value + step) - metric.of_mean(value)) / step
            influence[number] = slope * (expected - value)
        sums = None if self.units is None else add_by_unit(influence, self.places[rows])
        return GroupEstimate(limits, (remark,), sums, as_rows)

    def _draw(
        self, learnt: LearntLoss, model: ErrorSize, rows: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw mean losses that labels may show."""
        some = rng.permutation(rows)[:MOST_DRAWN]
        drawn = learnt.calibration.losses(model.of_current(rows)).mean() + (
            learnt.calibration.draw_means(model.of_current(some), DRAWS, rng, len(rows))
        )
        by_fold = [learnt.calibration.losses(one[rows]).mean() for one in model.current]
        drawn += JACKKNIFE * np.std(by_fold, ddof=1) * rng.standard_normal(DRAWS)
        if learnt.units is not None:
            spread = residual_spread([learnt.residual], learnt.units, self.memory)
            effects = effects_of(spread, self.places[rows], self.memory)
            stretch = np.sqrt(effects.degrees / rng.chisquare(effects.degrees, DRAWS))
            drawn += rng.standard_normal(DRAWS) * effects.error[0] * stretch
        return drawn

    def _learn(self, number: int, part: int, chosen: np.ndarray) -> LearntLoss:
        key = number, part
        if key in self._learnt:
            return self._learnt[key]
        error = self._errors[number]
        assert error is not None
        metric, loss, model = error
        own = np.isin(model.rows, chosen)
        if own.sum() < 2:
            own[:] = True
        rows, size = model.rows[own], model.held_out[own]
        units = None if self.units is None else self.units[rows]
        if units is not None and len(np.unique(units)) < FEW_UNITS:
            units = None
        losses = np.maximum(loss[rows], 0)
        calibration = fit_loss_calibration(size, losses, metric.power, units)
        self._learnt[key] = LearntLoss(calibration, losses - calibration.losses(size), units)
        return self._learnt[key]

    def reliability(self) -> pd.DataFrame:
        """Compare the errors that models expected of reference rows not seen with those that were.

        Returns
        -------
        pandas.DataFrame
            Columns metric, bin, n, expected, observed, lower, upper: values of the metric in bins
            of what was expected, with its 95 % interval.
        """
        lines = []
        every = np.arange(len(self.known.y))
        for number, error in enumerate(self._errors):
            if error is None:
                continue
            metric, _, model = error
            expected = self._learn(number, -1, every).calibration.losses(model.held_out)
            order = np.argsort(expected, kind="stable")
            for place, rows in enumerate(np.array_split(order, min(BINS, len(order)))):
                taken = model.rows[rows]
                whole = np.array([0]), np.array([len(taken)])
                seen = GroupedRegression(self.known.y[taken], self.known.pred[taken], *whole)
                value, lower, upper = metric.measure(seen)
                lines.append(
                    {
                        "metric": metric.title, "bin": place,
                        "n": len(rows), "expected": float(metric.of_mean(expected[rows].mean())),
                        "observed": value[0], "lower": lower[0], "upper": upper[0],
                    }
                )  # fmt: skip
        return pd.DataFrame(lines)
