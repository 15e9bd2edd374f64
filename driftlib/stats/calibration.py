"""Calibrate scores: what share of rows with a score carries the label, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.stats.intervals import wilson

# Scores nearer than this to 0 or 1 count as this near: their logarithms stay finite.
NEAREST = 1e-6
KNOTS = 5
# Prior precision of intercepts and slopes, and of bends and steps, in rows of full information.
RIDGE_LINE, RIDGE_BEND = 0.1, 1.0
NEWTON_STEPS = 50
CHECKED_ROWS = 100_000


@dataclass(frozen=True)
class Calibrator:
    """A model's scores turned into probabilities that agree with the labels it was fitted on.

    A logistic regression (softmax for more than two classes) on a piecewise-linear function
    of the logit of the score (its logarithm, for each of more than two classes), held
    slightly to the model's own probabilities. Where the scores do not determine the
    predictions, the prediction is an input as well. Made by `fit_calibrator`.

    Parameters
    ----------
    centres, scales : float array, shape (scores,)
        By which the transformed scores are standardised: one score for two classes.
    knots : tuple of float array
        Where the slope of each score may change, standardised.
    uses_prediction : bool
        Whether the prediction is an input.
    coefficients : float array, shape (parameters,)
        Intercept, slope, bends and step of each score in turn.
    covariance : float array, shape (parameters, parameters)
        Of the coefficients, over references drawn anew: the limit of refitting on resampled
        rows, at the cost of one fit.
    """

    centres: np.ndarray
    scales: np.ndarray
    knots: tuple[np.ndarray, ...]
    uses_prediction: bool
    coefficients: np.ndarray
    covariance: np.ndarray

    def designs(self, proba: np.ndarray, pred: np.ndarray) -> list[np.ndarray]:
        """Make the inputs of the regression for some rows.

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
        return _designs(self, _transformed(proba), pred)

    def probabilities(
        self, designs: Sequence[np.ndarray], coefficients: np.ndarray | None = None
    ) -> np.ndarray:
        """Compute calibrated probabilities of some rows.

        Parameters
        ----------
        designs : list of float array
            What `designs` makes of them.
        coefficients : float array, shape (..., parameters), optional
            Default: the fitted ones.

        Returns
        -------
        float array, shape (..., rows) or (..., rows, classes)
            Of class 1, or of each of more than two classes.
        """
        chosen = self.coefficients if coefficients is None else coefficients
        shares = _shares(designs, chosen)
        return shares[..., 0] if len(designs) == 1 else shares

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw coefficients that other references of the same kind would have given.

        Parameters
        ----------
        count : int
            How many draws.
        rng : numpy.random.Generator

        Returns
        -------
        float array, shape (count, parameters)
            Normal around the fitted ones, with their `covariance`.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        return self.coefficients + rng.standard_normal((count, len(values))) @ root.T


def fit_calibrator(
    proba: np.ndarray,
    pred: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None = None,
    units: np.ndarray | None = None,
) -> Calibrator:
    """Learn from labelled rows what the scores mean.

    Parameters
    ----------
    proba : float array, shape (rows,) or (rows, classes)
        Scores from 0 to 1, of class 1 or of each class.
    pred, y : int array, shape (rows,)
        Numbers of the predicted and of the true class.
    weights : float array, shape (rows,), optional
        How much each row counts; only their ratios matter.
    units : int array, shape (rows,), optional
        Number of each row's unit, such as its day; at least two. Default: rows are independent.

    Returns
    -------
    Calibrator
        The penalised maximum of the likelihood, with White's sandwich covariance; with units that
        of leaving out each of them in turn, to the first order.

    References
    ----------
    White (1982), Econometrica 50(1), 1-25. MacKinnon and White (1985), J. Econometrics 29(3),
    305-325.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> share = rng.uniform(0.1, 0.9, 5000)
    >>> y = (rng.random(5000) < share).astype(int)
    >>> timid = 0.5 + (share - 0.5) / 2
    >>> calibrator = fit_calibrator(timid, (timid > 0.5).astype(int), y)
    >>> rows = calibrator.designs(np.array([0.4, 0.5, 0.65]), np.array([0, 0, 1]))
    >>> calibrator.probabilities(rows).round(1).tolist()
    [0.3, 0.5, 0.8]
    """
    start = _start(_transformed(proba), not _determined(proba, pred))
    weights = np.ones(len(y)) if weights is None else weights / weights.mean()
    designs = start.designs(proba, pred)
    precision = _precision(designs)
    truth = _truth(y, len(designs))
    found = _newton(designs, truth, weights, start.coefficients, precision)

    error = (truth - _shares(designs, found)) * weights[:, None]
    scores = np.concatenate([x * error[:, [k]] for k, x in enumerate(designs)], axis=1)
    bread = np.linalg.inv(_information(designs, _shares(designs, found), weights, precision))
    # The prior is a source of error as well, which matters where the rows say next to nothing.
    if units is None:
        covariance = bread @ (scores.T @ scores + np.diag(precision)) @ bread
    else:
        left_out = _left_out(designs, found, weights, precision, scores, units)
        covariance = left_out + bread @ np.diag(precision) @ bread
    return Calibrator(
        start.centres, start.scales, start.knots, start.uses_prediction, found, covariance
    )


def reliability(
    proba: np.ndarray,
    pred: np.ndarray,
    y: np.ndarray,
    classes: Sequence[str],
    bins: int = 10,
    folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare predicted with observed shares, before and after calibration.

    Parameters
    ----------
    proba, pred, y
        As for `fit_calibrator`.
    classes : sequence of str
        Labels; of two, only the last one is in the table.
    bins : int
        Of about equal numbers of rows.
    folds : int
        Parts for cross-fitting: no row is judged by a calibration it took part in.
    seed : int
        Of the folds, and of the 100,000 rows that are used of a longer reference.

    Returns
    -------
    pandas.DataFrame
        Columns label, calibration ("before", "after"), bin, n, predicted (mean), observed
        (share), lower, upper (95 % Wilson interval of the observed share).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> share = rng.random(4000)
    >>> y = (rng.random(4000) < share).astype(int)
    >>> table = reliability(share**3, (share > 0.8).astype(int), y, ("no", "yes"), bins=2)
    >>> table[["label", "calibration", "bin", "n", "predicted", "observed"]].round(1)
      label calibration  bin     n  predicted  observed
    0   yes      before    0  2000        0.0       0.3
    1   yes      before    1  2000        0.5       0.7
    2   yes       after    0  2000        0.3       0.3
    3   yes       after    1  2000        0.8       0.7
    """
    rows = np.random.default_rng(seed).permutation(len(y))[:CHECKED_ROWS]
    proba, pred, y = proba[rows], pred[rows], y[rows]
    start = _start(_transformed(proba), not _determined(proba, pred))
    designs = start.designs(proba, pred)
    precision, truth = _precision(designs), _truth(y, len(designs))
    fold_of = np.arange(len(y)) % folds
    after = np.empty(truth.shape)
    for fold in range(min(folds, len(y))):
        seen = fold_of != fold
        parts = [x[seen] for x in designs]
        found = _newton(parts, truth[seen], np.ones(seen.sum()), start.coefficients, precision)
        after[~seen] = _shares([x[~seen] for x in designs], found)
    before = proba.reshape(truth.shape)
    labels = classes[-truth.shape[1] :]
    return pd.concat(
        [
            _binned(label, stage, shares[:, k], truth[:, k], bins)
            for k, label in enumerate(labels)
            for stage, shares in (("before", before), ("after", after))
        ],
        ignore_index=True,
    )


def _binned(
    label: str, stage: str, shares: np.ndarray, hits: np.ndarray, bins: int
) -> pd.DataFrame:
    edges = np.unique(np.quantile(shares, np.arange(1, bins) / bins))
    place = np.searchsorted(edges, shares, side="right")
    n = np.bincount(place, minlength=len(edges) + 1)
    kept = n > 0
    predicted, observed = (
        np.bincount(place, values, len(edges) + 1)[kept] / n[kept] for values in (shares, hits)
    )
    lower, upper = wilson(observed * n[kept], n[kept])
    return pd.DataFrame(
        {
            "label": label,
            "calibration": stage,
            "bin": np.arange(int(kept.sum())),
            "n": n[kept],
            "predicted": predicted,
            "observed": observed,
            "lower": np.minimum(lower, observed),
            "upper": np.maximum(upper, observed),
        }
    )


def _transformed(proba: np.ndarray) -> np.ndarray:
    """Logits, or the logarithms of several classes' scores, (rows, scores)."""
    inside = np.clip(proba.astype(float), NEAREST, 1 - NEAREST)
    return np.log(inside) if inside.ndim == 2 else (np.log(inside) - np.log1p(-inside))[:, None]


def _determined(proba: np.ndarray, pred: np.ndarray) -> bool:
    """Whether the scores alone say what the prediction is."""
    if proba.ndim == 2:
        given = np.take_along_axis(proba, pred[:, None], 1)[:, 0]
        return bool((given >= proba.max(1)).all())
    highest = proba[pred == 0].max(initial=-np.inf)
    return bool(highest <= proba[pred == 1].min(initial=np.inf))


def _start(logs: np.ndarray, uses_prediction: bool) -> Calibrator:
    """Make a calibrator that gives the model's own probabilities."""
    centres, spread = logs.mean(0), logs.std(0)
    scales = np.where(spread > 1e-9, spread, 1.0)
    knots, lines = [], []
    for column, centre, scale in zip(logs.T, centres, scales, strict=True):
        standard = (column - centre) / scale
        places = np.unique(np.quantile(standard, np.arange(1, KNOTS + 1) / (KNOTS + 1)))
        inner = (places > standard.min()) & (places < standard.max())
        knots.append(places[inner])
        lines.append([centre, scale, *np.zeros(inner.sum() + uses_prediction)])
    own = np.concatenate(lines)
    none = np.zeros((len(own), len(own)))
    return Calibrator(centres, scales, tuple(knots), uses_prediction, own, none)


def _designs(at: Calibrator, logs: np.ndarray, pred: np.ndarray) -> list[np.ndarray]:
    designs = []
    for k, knots in enumerate(at.knots):
        standard = (logs[:, k] - at.centres[k]) / at.scales[k]
        columns = [np.ones(len(logs)), standard, *np.maximum(standard - knots[:, None], 0)]
        if at.uses_prediction:
            columns.append((pred == (k if logs.shape[1] > 1 else 1)).astype(float))
        designs.append(np.stack(columns, axis=1))
    return designs


def _precision(designs: Sequence[np.ndarray]) -> np.ndarray:
    """Prior precision of each parameter."""
    return np.concatenate([[RIDGE_LINE] * 2 + [RIDGE_BEND] * (x.shape[1] - 2) for x in designs])


def _truth(y: np.ndarray, scores: int) -> np.ndarray:
    """Whether each row has the class of each score."""
    return (y[:, None] == (np.arange(scores) if scores > 1 else 1)).astype(float)


def _split(designs: Sequence[np.ndarray]) -> list[slice]:
    ends = np.cumsum([0, *(x.shape[1] for x in designs)]).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]


def _shares(designs: Sequence[np.ndarray], coefficients: np.ndarray) -> np.ndarray:
    """Probabilities of the classes that have a score, shape (..., rows, scores)."""
    parts = [coefficients[..., s] @ x.T for s, x in zip(_split(designs), designs, strict=True)]
    if len(parts) == 1:
        return expit(parts[0])[..., None]
    logs = np.stack(parts, axis=-1)
    logs -= logs.max(-1, keepdims=True)
    np.exp(logs, out=logs)
    logs /= logs.sum(-1, keepdims=True)
    return logs


def _information(
    designs: Sequence[np.ndarray], shares: np.ndarray, weights: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Minus the second derivative of the penalised log likelihood."""
    places = _split(designs)
    whole = np.diag(precision)
    for k, x in enumerate(designs):
        for j in range(k, len(designs)):
            spread = weights * shares[:, k] * ((j == k) - shares[:, j])
            block = (x * spread[:, None]).T @ designs[j]
            whole[places[k], places[j]] += block
            if j > k:
                whole[places[j], places[k]] = block.T
    return whole


def _left_out(
    designs: Sequence[np.ndarray],
    found: np.ndarray,
    weights: np.ndarray,
    precision: np.ndarray,
    scores: np.ndarray,
    units: np.ndarray,
) -> np.ndarray:
    """Covariance of the coefficients by leaving out each unit, one Newton step from them."""
    order = np.argsort(units, kind="stable")
    designs, weights, scores = [x[order] for x in designs], weights[order], scores[order]
    shares = _shares(designs, found)
    whole = _information(designs, shares, weights, precision)
    ends = np.append(0, np.cumsum(np.unique(units, return_counts=True)[1])).tolist()
    steps = []
    for lo, hi in pairwise(ends):
        part, none = [x[lo:hi] for x in designs], np.zeros_like(precision)
        own = _information(part, shares[lo:hi], weights[lo:hi], none)
        steps.append(np.linalg.solve(whole - own, scores[lo:hi].sum(0)))
    away = np.array(steps) - np.mean(steps, axis=0)
    return np.asarray(away.T @ away * (len(away) - 1) / len(away))


def _newton(
    designs: Sequence[np.ndarray],
    truth: np.ndarray,
    weights: np.ndarray,
    start: np.ndarray,
    precision: np.ndarray,
) -> np.ndarray:
    """Coefficients of the highest penalised likelihood, `start` being the prior's centre."""

    def cost(shares: np.ndarray, found: np.ndarray) -> float:
        hit = (truth * shares).sum(1)
        rest = 1 - truth.sum(1)
        of_true = hit + rest * (1 - shares.sum(1)) if truth.shape[1] == 1 else hit
        loss = -(weights * np.log(np.maximum(of_true, 1e-300))).sum()
        return float(loss + (precision * (found - start) ** 2).sum() / 2)

    found = start
    shares = _shares(designs, found)
    now = cost(shares, found)
    for _ in range(NEWTON_STEPS):
        error = weights[:, None] * (truth - shares)
        slope = np.concatenate([x.T @ error[:, k] for k, x in enumerate(designs)])
        slope -= precision * (found - start)
        step = np.linalg.solve(_information(designs, shares, weights, precision), slope)
        if slope @ step < 1e-9:
            break
        # Newton's step can overshoot where the labels are almost separated by the score.
        for _ in range(30):
            tried = found + step
            shares = _shares(designs, tried)
            new = cost(shares, tried)
            if new <= now:
                break
            step = step / 2
        found, now = tried, new
    return found
