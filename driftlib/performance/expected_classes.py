"""Expect a classifier's metrics from calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.performance.assumptions import MixtureCheck
from driftlib.performance.estimated_values import GroupEstimate
from driftlib.performance.metric import Metric
from driftlib.performance.predictive import predictive_interval
from driftlib.performance.reference_calibration import ReferenceCalibration
from driftlib.performance.unit_effects import ResidualEffects
from driftlib.performance.units import AS_ROWS


@dataclass(frozen=True)
class ClassExpectation:
    """What the reference's labels say of new rows' probabilities.

    Parameters
    ----------
    new : Predictions
        Of current.
    classes : int
        How many there are.
    metrics : sequence of Metric
        Of classifiers.
    learning : ReferenceCalibration
    seed : int
        Of the draws.
    effects : ResidualEffects or None
        What units do to labels; None where rows are independent.
    places : int array, shape (rows,)
        Place in time of each row's unit, -1 for none; empty where rows are independent.
    check : MixtureCheck
        What says so where only the share of positives seems to have changed.
    """

    new: Predictions
    classes: int
    metrics: Sequence[Metric[Any]]
    learning: ReferenceCalibration
    seed: int
    effects: ResidualEffects | None
    places: np.ndarray
    check: MixtureCheck

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
        taken = self.new.take(rows)
        calibration, remarks = self.learning.calibration(rows, part, group)
        rng = np.random.default_rng([self.seed, window])
        own = sums = None
        as_rows = ""
        if self.effects is not None:
            own = self.effects.of_rows(calibration, self.places[rows])
            sums = self.effects.expected(calibration.calibrator, taken, self.places[rows])
            as_rows = "" if own else f"{AS_ROWS}: the reference has too few units"
        said = self.check.words(self.new, rows)
        limits = predictive_interval(
            calibration.calibrator, taken, self.classes, self.metrics, rng, own
        )
        return GroupEstimate(limits, (said, *remarks), sums, as_rows)
