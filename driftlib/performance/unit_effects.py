"""Measure what units do to labels that are not there yet, from what they did to the reference's.

A day's labels turn out better or worse together than its scores say. How far, the reference
shows: its residuals, labels less calibrated chances, are added up by unit for each metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.data.unit_words import few_in_reference
from driftlib.performance.classification import ClassificationMetric
from driftlib.performance.influence import UnitSums, add_by_unit
from driftlib.performance.metric import Metric
from driftlib.performance.predictive import UnitEffects
from driftlib.performance.reference_calibration import Calibration
from driftlib.performance.units import UnitComparison, UnitJudgement
from driftlib.stats.calibration import Calibrator
from driftlib.stats.expected import ExpectedClassification
from driftlib.stats.unit_memory import pooled_memory
from driftlib.stats.unit_variance import EffectSpread, effect_spread
from driftlib.stats.units import Units, fit_units


@dataclass(frozen=True)
class ResidualEffects:
    """How far the labels of a unit turn out better or worse than its scores say.

    Parameters
    ----------
    metrics : sequence of Metric
        Of classifiers.
    classes : int
        How many there are.
    memory : bool
        Whether neighbouring units may be alike.
    """

    metrics: Sequence[Metric[Any]]
    classes: int
    memory: bool
    _spreads: dict[int, tuple[Calibration, EffectSpread]] = field(
        default_factory=dict, init=False, repr=False
    )

    def expected(self, calibrator: Calibrator, rows: Predictions, places: np.ndarray) -> UnitSums:
        """Add up by unit how far rows move the metrics that their labels are expected to show.

        Parameters
        ----------
        calibrator : Calibrator
        rows : Predictions
            Each with a prediction and probabilities.
        places : int array, shape (rows,)
            Place in time of each row's unit; -1 for none.

        Returns
        -------
        UnitSums
        """
        chances, slopes = self._slopes(calibrator, rows)
        scores = [len(rows.pred) * (chances * slope).sum(1) for slope in slopes]
        return add_by_unit(np.nan_to_num(scores), places)

    def of_rows(self, calibration: Calibration, places: np.ndarray) -> UnitEffects | None:
        """Tell what the units of some new rows do to the metrics that labels will show.

        Parameters
        ----------
        calibration : Calibration
            Of those rows.
        places : int array, shape (rows,)
            Place in time of each row's unit; -1 for none: those are taken as one unit.

        Returns
        -------
        UnitEffects or None
            None where the reference has too few units to tell.
        """
        if calibration.units is None:
            return None
        return effects_of(self._spread(calibration), places, self.memory)

    def _spread(self, calibration: Calibration) -> EffectSpread:
        key = id(calibration)
        if key not in self._spreads:
            self._spreads.clear()
            learnt, units = calibration.learnt, calibration.units
            assert units is not None
            chances, slopes = self._slopes(calibration.calibrator, learnt)
            residual = np.eye(self.classes)[learnt.y] - chances
            scores = [len(learnt.y) * (residual * slope).sum(1) for slope in slopes]
            self._spreads[key] = calibration, residual_spread(scores, units, self.memory)
        return self._spreads[key][1]

    def _slopes(
        self, calibrator: Calibrator, rows: Predictions
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Chances of each label, and by metric how the value changes with a row of each label."""
        shares = calibrator.probabilities(calibrator.designs(rows.scores, rows.pred))
        given = ExpectedClassification(rows.pred, rows.scores, self.classes).given(shares)
        chances = np.stack([1 - shares, shares], axis=1) if self.classes == 2 else shares
        return chances, [
            cast(ClassificationMetric, metric).slopes(given) for metric in self.metrics
        ]


def residual_spread(
    residuals: Sequence[np.ndarray], units: np.ndarray, memory: bool
) -> EffectSpread:
    """Measure how far units vary by what was not expected of their rows.

    Parameters
    ----------
    residuals : sequence of float array, shape (rows,)
        By metric.
    units : int array, shape (rows,)
        Place in time of each row's unit; -1 for none: those are taken as one.
    memory : bool
        Whether neighbouring units may be alike.

    Returns
    -------
    EffectSpread
    """
    sums = add_by_unit(np.nan_to_num(residuals), units - units.min())
    own = Units(np.zeros(len(sums.units), bool), sums.units, memory)
    fit = fit_units(own, sums.rows, sums.sums, sums.squares)
    return effect_spread(own, fit, pooled_memory(own, [(fit, 1.0)]))


def effects_of(spread: EffectSpread, places: np.ndarray, memory: bool) -> UnitEffects:
    """Tell what the units of some new rows do to means over them.

    Parameters
    ----------
    spread : EffectSpread
    places : int array, shape (rows,)
        Place in time of each row's unit; -1 for none: those are taken as one unit.
    memory : bool
        Whether neighbouring units may be alike.

    Returns
    -------
    UnitEffects
    """
    units, rows = np.unique(places, return_counts=True)
    error = spread.error_of(Units(np.ones(len(units), bool), units, memory), rows)
    return UnitEffects(error, float(spread.degrees_of_freedom.min()))


@dataclass(frozen=True)
class EstimateJudge:
    """Judge estimates by units.

    Parameters
    ----------
    comparison : UnitComparison
        Of what the units' rows are expected to add up to with what the reference's do.
    as_rows : list of str
        Why the interval of each group takes rows as independent; empty where it does not.
    """

    comparison: UnitComparison
    as_rows: list[str]

    def judge(self, change: np.ndarray) -> UnitJudgement:
        """Judge every metric in every group.

        An interval for what labels will show holds the units already. It knows the rows'
        scores; that other days would have had others is part of a difference from the reference.

        Parameters
        ----------
        change : float array, shape (groups, metrics)
            Estimate less the reference's value.

        Returns
        -------
        UnitJudgement
        """
        found = self.comparison.judge(change)
        one = np.ones(change.shape)
        least = self.comparison.reach_of_effects()
        rule = self.comparison.numbered.rule
        told = [
            few_in_reference(rule, number) or said
            for number, said in zip(found.n_reference, found.cannot_tell, strict=True)
        ]
        return replace(
            found, own=one, gap=one, least=least, cannot_tell=told, as_rows=self.as_rows
        )  # fmt: skip
