"""Calibrate scores: what share of rows with a score carries the label, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.stats.intervals import wilson
from driftlib.stats.score_inputs import BEND, ScoreInputs, choose_inputs

# Prior precision of intercepts, slopes and steps, and those that bends may have.
RIDGE_LINE, RIDGE_STEP, RIDGE_BEND = 0.1, 1.0, 1.0
BENDS = np.logspace(-2, 3, 11)
# Entries that stand for all rows when the stiffness is chosen.
MOST_CELLS = 1_000
NEWTON_STEPS = 50
CHECKED_ROWS = 100_000


@dataclass(frozen=True)
class Calibrator:
    """A model's scores turned into probabilities that agree with the labels it was fitted on.

    A logistic regression (softmax for more than two classes) on a piecewise-linear function
    of the logit of the score (its logarithm, for each of more than two classes), with steps at
    scores of exactly 0 and 1 and where the prediction changes, held slightly to the model's own
    probabilities. How stiff it is follows the data. Made by `fit_calibrator`.

    Parameters
    ----------
    inputs : ScoreInputs
        How scores and predictions become columns.
    coefficients : float array, shape (parameters,)
        Intercept, slope, bends and steps of each score in turn.
    covariance : float array, shape (parameters, parameters)
        Of the coefficients, over references drawn anew: the limit of refitting on resampled
        rows, at the cost of one fit.
    """

    inputs: ScoreInputs
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
        return self.inputs.designs(proba, pred)

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
        of leaving out each of them in turn, to the first order. Of two classes the stiffness is
        that under which the labels are likeliest (Laplace's approximation); weighted rows count
        as much as their effective number.

    References
    ----------
    Ruppert, Wand and Carroll (2003), Semiparametric Regression, chapter 10.
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
    inputs = choose_inputs(proba, pred)
    weights = _scaled(weights, len(y))
    designs, truth = inputs.designs(proba, pred), _truth(y, len(inputs.knots))
    precision = _stiffness(inputs, proba, pred, truth, weights)
    found = _newton(designs, truth, weights, inputs.own, precision)

    error = (truth - _shares(designs, found)) * weights[:, None]
    scores = np.concatenate([x * error[:, [k]] for k, x in enumerate(designs)], axis=1)
    bread = np.linalg.inv(_information(designs, _shares(designs, found), weights, precision))
    # The prior is a source of error as well, which matters where the rows say next to nothing.
    if units is None:
        covariance = bread @ (scores.T @ scores + np.diag(precision)) @ bread
    else:
        left_out = _left_out(designs, found, weights, precision, scores, units)
        covariance = left_out + bread @ np.diag(precision) @ bread
    return Calibrator(inputs, found, covariance)


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
    3   yes       after    1  2000        0.8       0.8
    """
    rows = np.random.default_rng(seed).permutation(len(y))[:CHECKED_ROWS]
    proba, pred, y = proba[rows], pred[rows], y[rows]
    inputs = choose_inputs(proba, pred)
    designs, truth = inputs.designs(proba, pred), _truth(y, len(inputs.knots))
    precision = _stiffness(inputs, proba, pred, truth, np.ones(len(y)))
    fold_of = np.arange(len(y)) % folds
    after = np.empty(truth.shape)
    for fold in range(min(folds, len(y))):
        seen = fold_of != fold
        parts = [x[seen] for x in designs]
        found = _newton(parts, truth[seen], np.ones(seen.sum()), inputs.own, precision)
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


def _scaled(weights: np.ndarray | None, rows: int) -> np.ndarray:
    """Weights that add up to the number of rows that they are worth."""
    if weights is None:
        return np.ones(rows)
    return np.asarray(weights * (weights.sum() / (weights**2).sum()))


def _precisions(kinds: np.ndarray, bend: float) -> np.ndarray:
    """Prior precision of each parameter."""
    return np.choose(kinds, [RIDGE_LINE, bend, RIDGE_STEP])


def _stiffness(
    inputs: ScoreInputs,
    proba: np.ndarray,
    pred: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Prior precisions under which the labels are likeliest, of two classes."""
    kinds = inputs.kinds
    if truth.shape[1] > 1 or not (kinds == BEND).any():
        return _precisions(kinds, RIDGE_BEND)
    score, given, share, size = _cells(proba, pred, truth[:, 0], weights)
    designs, start = inputs.designs(score, given), inputs.own
    best, likeliest = RIDGE_BEND, -np.inf
    for bend in BENDS[::-1].tolist():
        precision = _precisions(kinds, bend)
        found = _newton(designs, share, size, start, precision, inputs.own)
        shares = _shares(designs, found)
        whole = _information(designs, shares, size, precision)
        likelihood = (np.log(precision).sum() - np.linalg.slogdet(whole)[1]) / 2
        likelihood -= _cost(share, size, shares, found, inputs.own, precision)
        if likelihood > likeliest:
            best, likeliest = bend, likelihood
        start = found
    return _precisions(kinds, best)


def _cells(
    proba: np.ndarray, pred: np.ndarray, truth: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows with like scores and one prediction as one entry: its score, share and weight."""
    order = np.lexsort((proba, pred))
    score, given = proba[order], pred[order]
    new = given[1:] != given[:-1]
    apart = score[1:] != score[:-1]
    if (new | apart).sum() >= MOST_CELLS:
        run = np.arange(len(score)) * MOST_CELLS // len(score)
        apart &= run[1:] != run[:-1]
    first = np.append(0, np.flatnonzero(new | apart) + 1)
    size = np.add.reduceat(weights[order], first)
    share = np.add.reduceat((weights * truth)[order], first) / np.where(size > 0, size, 1)
    middle = first + np.diff(first, append=len(score)) // 2
    return score[middle], given[middle], share[:, None], size


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


def _cost(
    truth: np.ndarray,
    weights: np.ndarray,
    shares: np.ndarray,
    found: np.ndarray,
    centre: np.ndarray,
    precision: np.ndarray,
) -> float:
    """Minus the penalised log likelihood."""
    logs = (truth * np.log(np.maximum(shares, 1e-300))).sum(1)
    if truth.shape[1] == 1:
        logs += (1 - truth[:, 0]) * np.log(np.maximum(1 - shares[:, 0], 1e-300))
    return float(-(weights * logs).sum() + (precision * (found - centre) ** 2).sum() / 2)


def _newton(
    designs: Sequence[np.ndarray],
    truth: np.ndarray,
    weights: np.ndarray,
    start: np.ndarray,
    precision: np.ndarray,
    centre: np.ndarray | None = None,
) -> np.ndarray:
    """Coefficients of the highest penalised likelihood; the prior's centre is the start's."""
    centre = start if centre is None else centre

    def cost(shares: np.ndarray, found: np.ndarray) -> float:
        return _cost(truth, weights, shares, found, centre, precision)

    found = start
    shares = _shares(designs, found)
    now = cost(shares, found)
    for _ in range(NEWTON_STEPS):
        error = weights[:, None] * (truth - shares)
        slope = np.concatenate([x.T @ error[:, k] for k, x in enumerate(designs)])
        slope -= precision * (found - centre)
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
