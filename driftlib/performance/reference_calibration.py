"""Learn from labelled reference rows what the probabilities of new rows mean.

All reference rows count alike (CBPE), or those that are like the new rows count more (PAPE).
Rows of a segment learn from the reference's rows of that segment, where there are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from driftlib.data.predictions import Predictions
from driftlib.data.schema import CATEGORICAL, ColumnRoles
from driftlib.data.units import ROW
from driftlib.domain.classifier import fit_domain
from driftlib.domain.result import MOST_AUC, Domain, sample_rows
from driftlib.domain.units import LEAST_UNITS
from driftlib.stats.calibration import Calibrator, fit_calibrator
from driftlib.stats.few_units import FEW_UNITS
from driftlib.text import counted

# Fewer rows than this cannot teach the domain classifier, or stand for a segment.
FEWEST_ROWS = 50
FEW_EFFECTIVE = 200
# Reference rows that a weighted calibration learns from.
MOST_ROWS = 50_000
# The column that tells the classifier which rows belong together.
UNIT = "unit of the row"


@dataclass(frozen=True)
class Calibration:
    """A calibrator and the reference rows that it was learnt from.

    Parameters
    ----------
    calibrator : Calibrator
    learnt : Predictions
        Each has a label, a prediction and probabilities.
    units : int array, shape (rows,), or None
        Place in time of the unit of each of them; None where rows are independent.
    support : str
        What it rests on; empty where there is nothing to say.
    """

    calibrator: Calibrator
    learnt: Predictions
    units: np.ndarray | None = None
    support: str = ""


# From positions in the current frame, and a classifier of these rows if there is one, to a
# calibration.
Calibrate = Callable[[np.ndarray, Domain | None], Calibration]


def calibrate_alike(reference: Predictions, units: np.ndarray | None = None) -> Calibrate:
    """Learn one calibration for all new rows, from reference rows that count alike.

    Parameters
    ----------
    reference : Predictions
        Rows with a label, a prediction and probabilities; at least two labels.
    units : int array, shape (rows,), optional
        Place in time of the unit of each of them; at least two units.

    Returns
    -------
    callable
        From positions of new rows to a calibration, always the same one.
    """
    calibrator = fit_calibrator(reference.scores, reference.pred, reference.y, units=units)
    calibration = Calibration(calibrator, reference, units)
    return lambda rows, domain: calibration


@dataclass(frozen=True)
class Features:
    """Features of the reference and of current, for calibrations that weigh by them.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        The same columns; the reference's rows are those that are learnt from.
    kinds : dict of str
        "numeric" or "categorical", by column.
    roles : ColumnRoles
    seed : int
        Of the classifier.
    units : int array, optional
        Place in time of the unit of each current row; default rows are independent.
    domains : sequence of (Domain or None)
        Classifiers that are fitted already, by group of new rows.
    positions : int array, optional
        Of the reference's rows in the frame that those were fitted on.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    kinds: Mapping[str, str]
    roles: ColumnRoles
    seed: int
    units: np.ndarray | None = None
    domains: Sequence[Domain | None] = ()
    positions: np.ndarray | None = None


def calibrate_weighted(
    reference: Predictions,
    rows_of_reference: np.ndarray,
    features: Features,
    units: np.ndarray | None = None,
) -> Calibrate:
    """Learn a calibration for each set of new rows, from reference rows weighed to look like it.

    Parameters
    ----------
    reference : Predictions
        Rows with a label, a prediction and probabilities; at least two labels.
    rows_of_reference : int array
        Their positions in `features.reference`.
    features : Features
    units : int array, shape (rows,), optional
        Place in time of the unit of each of them; at least two units.

    Returns
    -------
    callable
        From positions of new rows to a calibration.

    References
    ----------
    Bialek and others (2024), Estimating model performance under covariate shift without
    labels, arXiv 2401.08348. Ionides (2008), J. Computational and Graphical Statistics 17,
    295-311, for the bound on weights.
    """
    known = features.reference.iloc[rows_of_reference]

    def weighted(taken: np.ndarray, ratio: np.ndarray, auc: float) -> Calibration:
        part = reference.take(taken)
        own = None if units is None else units[taken]
        # A few huge weights cost more in variance than they save in bias.
        weights = np.minimum(ratio, np.sqrt(len(ratio)) * ratio.mean())
        calibrator = fit_calibrator(part.scores, part.pred, part.y, weights, own)
        return Calibration(calibrator, part, own, _support(weights, auc))

    def calibrate(rows: np.ndarray, domain: Domain | None) -> Calibration:
        if domain is not None and features.positions is not None and not domain.cannot_tell:
            taken = sample_rows(len(known), MOST_ROWS, np.random.default_rng(features.seed))
            places = features.positions[rows_of_reference[taken]]
            return weighted(taken, _ratio(domain, known.iloc[taken], places), domain.auc)
        smaller = min(len(rows), len(known))
        if smaller < FEWEST_ROWS:
            said = f"only {smaller} rows to learn the mix of inputs from: taken as unchanged"
            return replace(calibrate_alike(reference, units)(rows, None), support=said)
        before, after, unit = known, features.current.iloc[rows], ROW
        if units is not None and features.units is not None:
            sides = units, features.units[rows]
            if min(len(np.unique(side)) for side in sides) >= LEAST_UNITS:
                before, after = (
                    frame.assign(**{UNIT: own})
                    for frame, own in zip((before, after), sides, strict=True)
                )
                unit = UNIT
        found = fit_domain(
            before,
            after,
            categorical=[name for name, kind in features.kinds.items() if kind == CATEGORICAL],
            seed=features.seed,
            **features.roles.keywords | {"unit": unit},
        )
        return weighted(found.reference_rows, found.reference_ratio, found.auc)

    return calibrate


def _ratio(domain: Domain, frame: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    """Density of new rows over the reference's at some rows, cross-fitted where it can be."""
    known = np.full(max(int(places.max(initial=0)), int(domain.reference_rows.max())) + 1, np.nan)
    known[domain.reference_rows] = domain.reference_ratio
    ratio = known[places]
    rest = np.isnan(ratio)
    if rest.any():
        ratio[rest] = domain.density_ratio(frame[rest])
    return ratio


def _support(weights: np.ndarray, auc: float) -> str:
    """Say where few reference rows are like the window's."""
    effective = weights.sum() ** 2 / (weights**2).sum()
    said = f"rests on about {effective:,.0f} of {len(weights):,} reference rows"
    if auc > MOST_AUC:
        return f"hardly any reference row is like these (AUC {auc:.3f}), {said}: do not rely on it"
    return said if effective < FEW_EFFECTIVE else ""


def rows_to_learn_from(
    y: np.ndarray, parts: Sequence[np.ndarray], part: int, seasonal: bool
) -> tuple[np.ndarray, str]:
    """Choose the reference's rows that new rows learn from: their own, where these are enough.

    Parameters
    ----------
    y : array, shape (rows,)
        Labels of the reference's rows.
    parts : sequence of int array
        Positions of those of each of the reference's groups.
    part : int
        Number of the group that the new rows belong to; -1 for none.
    seasonal : bool
        Whether parts are of a season.

    Returns
    -------
    rows : int array
    remark : str
        Why they are not the part's own; empty where they are.
    """
    own, every = parts[part] if part >= 0 else np.zeros(0, int), len(y)
    if len(own) == every or (len(own) >= FEWEST_ROWS and len(np.unique(y[own])) > 1):
        return own, ""
    found = counted(len(own), "reference row")
    of_one = " of one label" if len(own) >= FEWEST_ROWS else ""
    one, many = ("its season", "seasons") if seasonal else ("the segment", "segments")
    said = f"{one} has {found}{of_one}: calibrated on those of all {many}"
    return np.arange(every), said


@dataclass(frozen=True)
class ReferenceCalibration:
    """Calibrations learnt from the reference, those of a segment or season from its own rows.

    Parameters
    ----------
    predictions : Predictions
        The reference rows to learn from: each has a label, a prediction and probabilities.
    parts : sequence of int array
        Positions of those of each of the reference's groups: its segments, or with a season the
        rows that are like some others.
    features : Features or None
        Of those rows and of current; None where all rows count alike.
    units : int array, shape (rows,), or None
        Place in time of the unit of each of them; None where rows are independent.
    seasonal : bool
        Whether parts are of a season.
    """

    predictions: Predictions
    parts: Sequence[np.ndarray]
    features: Features | None = None
    units: np.ndarray | None = None
    seasonal: bool = False
    _learnt: dict[int, tuple[Calibrate, str]] = field(default_factory=dict, init=False, repr=False)

    def calibration(
        self, rows: np.ndarray, part: int, group: int = 0
    ) -> tuple[Calibration, tuple[str, str]]:
        """Choose the calibration of some new rows that belong together.

        Parameters
        ----------
        rows : int array
            Their positions in the current frame.
        part : int
            Number of the reference's part that they belong to; -1 for none.
        group : int
            Their number among the groups of new rows.

        Returns
        -------
        calibration : Calibration
        remarks : tuple of str
            What it rests on; empty where there is nothing to say.
        """
        if part not in self._learnt:
            self._learnt[part] = self._learn(part)
        calibrate, remark = self._learnt[part]
        # A classifier of a segment knows nothing of the rows of all segments.
        fitted = self.features.domains if self.features and not remark else ()
        found = calibrate(rows, fitted[group] if fitted else None)
        return found, (remark, found.support)

    def _learn(self, part: int) -> tuple[Calibrate, str]:
        rows, remark = rows_to_learn_from(self.predictions.y, self.parts, part, self.seasonal)
        return self._learn_from(rows), remark

    def _learn_from(self, rows: np.ndarray) -> Calibrate:
        part = self.predictions.take(rows)
        units = None if self.units is None else self.units[rows]
        if units is not None and len(np.unique(units)) < FEW_UNITS:
            units = None
        if self.features is None:
            return calibrate_alike(part, units)
        return calibrate_weighted(part, rows, self.features, units)
