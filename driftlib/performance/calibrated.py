"""Define metrics of how well a classifier's probabilities are calibrated, of two classes."""

from __future__ import annotations

import numpy as np

from driftlib.performance.classification import NO_ROWS, Aggregates, ClassificationMetric
from driftlib.stats.aggregates import GroupedClassification
from driftlib.stats.calibration_limits import calibration_error_limits
from driftlib.stats.calibration_slope import bin_of, calibration_error
from driftlib.stats.expected import ExpectedCounts
from driftlib.stats.intervals import Interval, Z


class CalibrationSlope(ClassificationMetric):
    """Slope of labels on the logit of probabilities: below 1 these are too sure, above too timid.

    Cox (1958). Interval: standard error from the information, normal.
    """

    name, title = "calibration_slope", "Calibration slope"
    undefined = "the labels hold only one class, or scores part them wholly"
    needs_proba = True
    low, high = -np.inf, np.inf

    def _value(self, rows: Aggregates) -> np.ndarray:
        return rows.slope[0]

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        return rows.slope[2]

    def _interval(self, rows: GroupedClassification) -> Interval:
        slope, error, _ = rows.slope
        return slope - Z * error, slope + Z * error


class CalibrationError(ClassificationMetric):
    """Expected calibration error: mean gap of probabilities and labels in ten bins of equal width.

    Naeini and others (2015). Chance alone makes gaps, which the interval allows for.
    """

    name, title, undefined = "ece", "Expected calibration error", NO_ROWS
    higher_is_better = False
    needs_proba = True

    def _value(self, rows: Aggregates) -> np.ndarray:
        return calibration_error(*rows.binned)

    def _slopes(self, rows: ExpectedCounts) -> np.ndarray:
        count, expected, positives = rows.binned
        own = bin_of(rows.scores)
        side = np.sign(positives - expected)[own]
        moved = side[:, None] * (np.array([0.0, 1.0]) - rows.scores[:, None])
        return np.asarray((moved - calibration_error(*rows.binned)) / count.sum())

    def _interval(self, rows: GroupedClassification) -> Interval:
        return calibration_error_limits(*rows.binned)
