"""Compute prediction intervals: what metrics labels would show, from calibrated scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.predictions import Predictions
from driftlib.performance.metric import Metric
from driftlib.stats.arrival import ArrivalCurves, still_to_come
from driftlib.stats.calibration import Calibrator
from driftlib.stats.expected import ExpectedClassification, ExpectedCounts

DRAWS = 999
EDGES = (0.025, 0.975)
# Groups of rows with like scores that stand for a window when labels are drawn.
MOST_SCORE_CELLS = 500
# Numbers held in memory at once while labels are drawn.
MOST_DRAWN = 2_000_000


@dataclass(frozen=True)
class UnitEffects:
    """What the units of some rows, such as days, do to the metrics that their labels will show.

    Parameters
    ----------
    error : float array, shape (metrics,)
        Standard error that comes from their effects.
    degrees : float
        Degrees of freedom that it is known with.
    """

    error: np.ndarray
    degrees: float


@dataclass(frozen=True)
class KnownLabels:
    """Labels that some rows have already, and what their absence says of the others.

    Parameters
    ----------
    y : int array, shape (rows,)
        Number of each row's class, -1 where its label is still to come.
    age : float array, shape (rows,)
        Days since each row was seen.
    curves : ArrivalCurves
        How long the labels of each class take.
    """

    y: np.ndarray
    age: np.ndarray
    curves: ArrivalCurves


def predictive_interval(
    calibrator: Calibrator,
    rows: Predictions,
    classes: int,
    metrics: Sequence[Metric[Any]],
    rng: np.random.Generator,
    effects: UnitEffects | None = None,
    known: KnownLabels | None = None,
) -> np.ndarray:
    """Draw labels for the rows: value and 95 % prediction interval of each metric.

    Labels are drawn for the rows again and again, each time from a calibration that another
    reference might have given. So the limits hold the chance in the labels as well as the
    error of the calibration, and are those of the value that labels will show.

    Parameters
    ----------
    calibrator : Calibrator
        Learnt on the reference.
    rows : Predictions
        Each with a prediction and probabilities; at least one.
    classes : int
        How many there are.
    metrics : sequence of Metric
        Of classifiers.
    rng : numpy.random.Generator
        What labels are drawn with.
    effects : UnitEffects, optional
        What the units of the rows have of their own; default rows are independent.
    known : KnownLabels, optional
        Labels that are there already; default none is.

    Returns
    -------
    float array, shape (3, metrics)
        Value, lower, upper; NaN where most draws of labels leave a metric undefined.

    Examples
    --------
    >>> from driftlib.stats.calibration import fit_calibrator
    >>> from driftlib.performance.metrics import select_metrics
    >>> rng = np.random.default_rng(0)
    >>> score = rng.random(4000)
    >>> pred, y = (score > 0.5).astype(int), (rng.random(4000) < score).astype(int)
    >>> calibrator = fit_calibrator(score, pred, y)
    >>> rows = Predictions(y, pred, score).take(slice(500))
    >>> accuracy = select_metrics("binary", ["accuracy"], True)
    >>> value, lower, upper = predictive_interval(calibrator, rows, 2, accuracy, rng)[:, 0]
    >>> round(float(value), 2), bool(0.7 < lower < 0.72), bool(0.78 < upper < 0.8)
    (0.75, True, True)
    """

    def values(expected: ExpectedCounts) -> np.ndarray:
        return np.stack([metric.value(expected) for metric in metrics], axis=-1)

    shares = calibrator.probabilities(calibrator.designs(rows.scores, rows.pred))
    labels = np.full(len(rows.pred), -1) if known is None else known.y
    if known is not None:
        shares = _given_labels(shares, labels, known.curves.pending(known.age))
    value = values(ExpectedClassification(rows.pred, rows.scores, classes).given(shares))
    cells = _cells(rows.scores, rows.pred, labels)
    proba, pred, counts = cells.proba, cells.pred, cells.counts
    designs = calibrator.designs(proba, pred)
    expected = ExpectedClassification(pred, proba, classes, counts)
    waiting = exact = None
    if known is not None:
        age, exact = cells.mean(known.age), cells.mean(known.curves.pending(known.age))
        moved_by = exact - known.curves.pending(age)
        waiting = np.clip(known.curves.draw(age, DRAWS, rng) + moved_by, 0, 1)

    def chances(coefficients: np.ndarray | None, waiting: np.ndarray | None) -> np.ndarray:
        found = calibrator.probabilities(designs, coefficients)
        return found if waiting is None else _given_labels(found, cells.y, waiting)

    centre = values(expected.given(chances(None, exact)))
    parts = min(DRAWS, -(-DRAWS * proba.size // MOST_DRAWN))
    coefficients, moved = calibrator.draw(DRAWS, rng), np.zeros((DRAWS, len(metrics)))
    if effects is not None:
        # How far units vary is itself known only so well, for calibration and rows alike.
        stretch = np.sqrt(effects.degrees / rng.chisquare(effects.degrees, (DRAWS, 1)))
        centred = calibrator.coefficients
        coefficients = centred + (coefficients - centred) * stretch
        moved = rng.standard_normal(moved.shape) * effects.error * stretch
    drawn = np.concatenate(
        [
            values(
                expected.given(
                    _labels(
                        chances(coefficients[some], None if waiting is None else waiting[some]),
                        counts,
                        rng,
                    )
                )
            )
            for some in np.array_split(np.arange(DRAWS), parts)
        ]
    )
    drawn += value - centre + moved
    limits = [
        _limits(float(one), draws, metric)
        for one, draws, metric in zip(value, drawn.T, metrics, strict=True)
    ]
    return np.stack(limits, axis=1)


def _limits(value: float, drawn: np.ndarray, metric: Metric[Any]) -> np.ndarray:
    """Value with its interval; NaN where most draws of labels leave the metric undefined."""
    drawn = drawn[np.isfinite(drawn)]
    if 2 * len(drawn) < DRAWS or not np.isfinite(value):
        return np.full(3, np.nan)
    # With 999 draws the 25th lowest and highest: the next draw lies between in 95 % exactly.
    lower, upper = np.quantile(drawn, EDGES, method="weibull")
    return np.array(
        [value, max(min(lower, value), metric.low), min(max(upper, value), metric.high)]
    )


def _given_labels(shares: np.ndarray, y: np.ndarray, pending: np.ndarray) -> np.ndarray:
    """Chances of labels once some are known, and the others are known to be late."""
    several = pending.shape[-1] > 2
    chances = shares if several else np.stack([1 - shares, shares], axis=-1)
    truth = np.eye(pending.shape[-1])[y]
    found = np.where((y >= 0)[:, None], truth, still_to_come(chances, pending))
    return found if several else found[..., 1]


@dataclass(frozen=True)
class _Cells:
    """Rows with like scores and the same prediction and label as one entry."""

    proba: np.ndarray
    pred: np.ndarray
    y: np.ndarray
    counts: np.ndarray
    order: np.ndarray
    first: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over the rows of each cell."""
        sums = np.add.reduceat(values[self.order], self.first, axis=0)
        return np.asarray((sums.T / self.counts).T)


def _cells(proba: np.ndarray, pred: np.ndarray, y: np.ndarray) -> _Cells:
    """Put rows with like scores, the same prediction and the same label, or none, together.

    The cost of an interval then does not grow with the rows. A cell has the scores of its
    middle row, so that equal scores stay equal; of more than two classes, rows are alike in the
    score of the predicted one.
    """
    own = proba if proba.ndim == 1 else np.take_along_axis(proba, pred[:, None], 1)[:, 0]
    order = np.lexsort((own, y, pred))
    proba, pred, y = proba[order], pred[order], y[order]
    other = (pred[1:] != pred[:-1]) | (y[1:] != y[:-1])
    differs = proba[1:] != proba[:-1]
    new = other | (differs if proba.ndim == 1 else differs.any(1))
    if new.sum() >= MOST_SCORE_CELLS:
        run = np.arange(len(pred)) * MOST_SCORE_CELLS // len(pred)
        new = other | (run[1:] != run[:-1])
    first = np.append(0, np.flatnonzero(new) + 1)
    counts = np.diff(first, append=len(pred))
    middle = first + counts // 2
    return _Cells(proba[middle], pred[middle], y[middle], counts, order, first)


def _labels(shares: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shares of each label among the rows of a cell, drawn with the given chances."""
    if shares.ndim == 3:
        return rng.multinomial(counts, shares) / counts[:, None]
    if counts.max() == 1:
        return (rng.random(shares.shape) < shares).astype(float)
    return rng.binomial(counts, shares) / counts
