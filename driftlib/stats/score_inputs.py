"""Turn a model's scores into the inputs of a calibration: lines, bends and steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Scores nearer than this to 0 or 1 are 0 or 1, and their logarithms stay finite.
NEAREST = 1e-6
# Where the slope may change: at quantiles and at values of the score, or at every one of few.
QUANTILES, VALUES, MOST_KNOTS = 16, 12, 24
# Of each of several classes.
FEW_QUANTILES = 5
LEAST_APART = 0.02
# Rows at exactly 0 or 1 from which on they are told apart from those near it.
LEAST_AT_END = 20
LINE, BEND, STEP = 0, 1, 2


@dataclass(frozen=True)
class ScoreInputs:
    """How scores and predictions become the columns of a regression.

    Parameters
    ----------
    low, high : float
        Scores beyond are taken as these: half as far from 0 and 1 as the nearest score of the
        reference between them.
    centres, scales : float array, shape (scores,)
        By which the transformed scores are standardised: one score for two classes.
    knots : tuple of float array
        Where the slope of each score may change, standardised.
    ends : tuple of (bool, bool)
        Whether each score of exactly 0, and of exactly 1, has a step of its own.
    uses_prediction : bool
        Whether the prediction is an input.
    """

    low: float
    high: float
    centres: np.ndarray
    scales: np.ndarray
    knots: tuple[np.ndarray, ...]
    ends: tuple[tuple[bool, bool], ...]
    uses_prediction: bool

    def designs(self, proba: np.ndarray, pred: np.ndarray) -> list[np.ndarray]:
        """Make the columns for some rows.

        Parameters
        ----------
        proba : float array, shape (rows,) or (rows, classes)
            Scores from 0 to 1, of class 1 or of each class.
        pred : int array, shape (rows,)
            Number of the predicted class.

        Returns
        -------
        list of float array, shape (rows, parameters)
            One matrix a score.
        """
        logs = transformed(proba, self.low, self.high)
        scores = proba if proba.ndim == 2 else proba[:, None]
        designs = []
        for k, (knots, (zero, one)) in enumerate(zip(self.knots, self.ends, strict=True)):
            standard = (logs[:, k] - self.centres[k]) / self.scales[k]
            columns = [np.ones(len(logs)), standard, *np.maximum(standard - knots[:, None], 0)]
            columns += [(scores[:, k] <= NEAREST).astype(float)] * zero
            columns += [(scores[:, k] >= 1 - NEAREST).astype(float)] * one
            if self.uses_prediction:
                columns.append((pred == (k if logs.shape[1] > 1 else 1)).astype(float))
            designs.append(np.stack(columns, axis=1))
        return designs

    @property
    def kinds(self) -> np.ndarray:
        """Whether each parameter is a line's, a bend or a step."""
        kinds: list[int] = []
        for knots, ends in zip(self.knots, self.ends, strict=True):
            steps = sum(ends) + self.uses_prediction
            kinds += [LINE] * 2 + [BEND] * len(knots) + [STEP] * steps
        return np.array(kinds)

    @property
    def own(self) -> np.ndarray:
        """Parameters that give the model's own probabilities."""
        lines = [
            [centre, scale, *np.zeros(len(knots) + sum(ends) + self.uses_prediction)]
            for centre, scale, knots, ends in zip(
                self.centres, self.scales, self.knots, self.ends, strict=True
            )
        ]
        return np.concatenate(lines)


def choose_inputs(proba: np.ndarray, pred: np.ndarray) -> ScoreInputs:
    """Choose the inputs by the reference's scores.

    Parameters
    ----------
    proba : float array, shape (rows,) or (rows, classes)
        Scores from 0 to 1, of class 1 or of each class.
    pred : int array, shape (rows,)
        Number of the predicted class.

    Returns
    -------
    ScoreInputs

    Examples
    --------
    >>> score = np.repeat([0.0, 0.2, 0.5, 0.9, 1.0], 30)
    >>> inputs = choose_inputs(score, (score > 0.4).astype(int))
    >>> inputs.low, inputs.ends, len(inputs.knots[0])
    (0.05, ((True, True),), 1)
    """
    scores = proba.astype(float)
    inner = scores[(scores > NEAREST) & (scores < 1 - NEAREST)]
    gap = min(inner.min(initial=0.5), 1 - inner.max(initial=0.5))
    low = float(max(gap / 2, NEAREST))
    logs = transformed(scores, low, 1 - low)
    columns = scores if scores.ndim == 2 else scores[:, None]
    centres, spread = logs.mean(0), logs.std(0)
    scales = np.where(spread > 1e-9, spread, 1.0)
    knots, ends = [], []
    for k in range(logs.shape[1]):
        own = (columns[:, k] > NEAREST) & (columns[:, k] < 1 - NEAREST)
        standard = (logs[own, k] - centres[k]) / scales[k]
        zero = int((columns[:, k] <= NEAREST).sum())
        one = int((columns[:, k] >= 1 - NEAREST).sum())
        if logs.shape[1] == 1:
            knots.append(_knots(standard, centres[k], scales[k]))
            told = [LEAST_AT_END <= rows <= len(columns) - LEAST_AT_END for rows in (zero, one)]
            ends.append((told[0], told[1]))
        else:
            knots.append(_at_quantiles(standard, FEW_QUANTILES))
            ends.append((False, False))
    uses_prediction = scores.ndim == 1 or not _determined(scores, pred)
    return ScoreInputs(low, 1 - low, centres, scales, tuple(knots), tuple(ends), uses_prediction)


def transformed(proba: np.ndarray, low: float, high: float) -> np.ndarray:
    """Take logits, or the logarithms of several classes' scores.

    Parameters
    ----------
    proba : float array, shape (rows,) or (rows, classes)
    low, high : float
        What scores beyond are taken as.

    Returns
    -------
    float array, shape (rows, scores)
    """
    inside = np.clip(proba.astype(float), low, high)
    return np.log(inside) if inside.ndim == 2 else (np.log(inside) - np.log1p(-inside))[:, None]


def _knots(standard: np.ndarray, centre: float, scale: float) -> np.ndarray:
    """Places between the lowest and the highest score at which the slope may change."""
    distinct = np.unique(standard)
    if len(distinct) <= MOST_KNOTS:
        return distinct[1:-1]
    values = np.arange(1, VALUES) / VALUES
    even = (np.log(values) - np.log1p(-values) - centre) / scale
    places = np.union1d(_at_quantiles(standard, QUANTILES), even)
    inner = places[(places > distinct[0]) & (places < distinct[-1])]
    kept: list[float] = []
    for place in inner.tolist():
        if not kept or place - kept[-1] > LEAST_APART:
            kept.append(place)
    return np.array(kept)


def _at_quantiles(standard: np.ndarray, count: int) -> np.ndarray:
    if not len(standard):
        return standard
    places = np.unique(np.quantile(standard, np.arange(1, count + 1) / (count + 1)))
    return places[(places > standard.min()) & (places < standard.max())]


def _determined(proba: np.ndarray, pred: np.ndarray) -> bool:
    """Whether the scores alone say what the prediction is."""
    given = np.take_along_axis(proba, pred[:, None], 1)[:, 0]
    return bool((given >= proba.max(1)).all())
