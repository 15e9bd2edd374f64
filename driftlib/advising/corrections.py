"""Correct a model's outputs without a new model: an offset, a threshold, a curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, REGRESSION, Task
from driftlib.stats.calibration import fit_calibrator

# Scores nearer to 0 or 1 have logits that say nothing more.
NEAREST = 1e-6
OFFSET_STEPS = 100
# Logits at which a curve is held.
STEPS = np.linspace(-np.log(1 / NEAREST - 1), np.log(1 / NEAREST - 1), 401)
OFFSET, THRESHOLD, CURVE, LINE = "offset", "threshold", "curve", "line"
# Quantiles of the scores that are tried as thresholds.
THRESHOLDS = 200
# More than this share of predictions on the wrong side of a threshold: they follow none.
MOST_AMISS = 0.01


@dataclass(frozen=True)
class Decider:
    """Turn probabilities into predictions.

    Parameters
    ----------
    kind : str
        Of the task.
    threshold : float
        Probability of the positive class from which on a row of two is predicted positive.
    cost : float array, shape (classes, classes), optional
        What each mistake costs; then the cheapest prediction is made, whatever the threshold.
    """

    kind: str
    threshold: float = 0.5
    cost: np.ndarray | None = None

    @property
    def words(self) -> str:
        """What is said of predictions."""
        return "" if self.cost is None else ", and predicts what costs least"

    def decide(self, proba: np.ndarray) -> np.ndarray:
        """Predict.

        Parameters
        ----------
        proba : float array, shape (rows,) or (rows, classes)

        Returns
        -------
        int array, shape (rows,)

        Examples
        --------
        >>> Decider("binary", 0.3).decide(np.array([0.2, 0.4])).tolist()
        [0, 1]
        >>> dear = Decider("binary", cost=np.array([[0, 1], [9, 0]]))
        >>> dear.decide(np.array([0.05, 0.2])).tolist()
        [0, 1]
        """
        if self.cost is not None:
            return np.asarray(np.argmin(both_columns(proba) @ self.cost, axis=1))
        if self.kind == BINARY:
            return (proba >= self.threshold).astype(int)
        return np.asarray(np.argmax(proba, axis=1))


def own_decider(task: Task, rows: Predictions, cost: np.ndarray | None) -> Decider:
    """Find how a model's predictions follow from its probabilities.

    Parameters
    ----------
    task : Task
    rows : Predictions
        With probabilities.
    cost : float array, optional
        What mistakes cost.

    Returns
    -------
    Decider
        At the threshold that separates the predictions; 0.5 where none does.
    """
    if task.kind != BINARY or cost is not None:
        return Decider(task.kind, cost=cost)
    known = rows.scored & rows.predicted
    score, positive = rows.scores[known], rows.pred[known] == 1
    if positive.all() or not positive.any():
        return Decider(task.kind)
    threshold = float(score[positive].min())
    amiss = (score[~positive] >= threshold).mean()
    return Decider(task.kind, threshold if amiss <= MOST_AMISS else 0.5)


def both_columns(proba: np.ndarray) -> np.ndarray:
    """Write the probabilities of two classes in two columns.

    Parameters
    ----------
    proba : float array, shape (rows,) or (rows, classes)

    Returns
    -------
    float array, shape (rows, classes)
    """
    return proba if proba.ndim == 2 else np.column_stack([1 - proba, proba])


# From rows with outputs to the same rows with other outputs.
Correction = Callable[[Predictions], Predictions]


@dataclass(frozen=True)
class Stored:
    """A correction that a few numbers hold, so that later rows can be given it, too.

    Parameters
    ----------
    kind : {"offset", "threshold", "curve", "line"}
        What the numbers are: added to logarithms of the probabilities of each class; the
        threshold; probabilities at 401 even steps of the logit; level and slope of a regression.
    numbers : tuple of float
    decider : Decider
    """

    kind: str
    numbers: tuple[float, ...]
    decider: Decider

    def __call__(self, rows: Predictions) -> Predictions:
        """Give rows the outputs they would have.

        Parameters
        ----------
        rows : Predictions

        Returns
        -------
        Predictions
        """
        held = np.array(self.numbers)
        if self.kind == LINE:
            return replace(rows, pred=held[0] + held[1] * rows.pred)
        if self.kind == THRESHOLD:
            return replace(rows, pred=(rows.scores >= held[0]).astype(int))
        logs = _logs(rows.scores)
        if self.kind == OFFSET:
            return _rescored(rows, _shares(logs + held), self.decider)
        found = np.interp(logs[:, 1] - logs[:, 0], STEPS, held)
        return _rescored(rows, both_columns(found), self.decider)

    def to_dict(self) -> dict[str, Any]:
        """Turn it into types that JSON has.

        Returns
        -------
        dict
        """
        cost = None if self.decider.cost is None else self.decider.cost.tolist()
        own = {"task": self.decider.kind, "threshold": self.decider.threshold, "cost": cost}
        return {"kind": self.kind, "numbers": list(self.numbers), "decider": own}

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Stored:
        """Read what `to_dict` made.

        Parameters
        ----------
        held : dict

        Returns
        -------
        Stored
        """
        own = held["decider"]
        cost = None if own["cost"] is None else np.array(own["cost"], dtype=float)
        decider = Decider(own["task"], own["threshold"], cost)
        return cls(held["kind"], tuple(held["numbers"]), decider)


def offset(task: Task, rows: Predictions, decider: Decider) -> tuple[Correction, str]:
    """Learn one number a class to add to logarithms of probabilities, or to a regression's numbers.

    Parameters
    ----------
    task : Task
    rows : Predictions
        With labels.
    decider : Decider

    Returns
    -------
    (callable, str)
        The correction, and what it does.

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), Neural Computation 14(1), 21-41.

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1] * 100)
    >>> rows = Predictions(y, y, np.full(400, 0.2))
    >>> correct, words = offset(Task("binary", ("no", "yes"), ""), rows, Decider("binary"))
    >>> correct(rows).scores[:2].round(2).tolist(), words
    ([0.5, 0.5], 'adds +1.39 to each logit')
    """
    if task.kind == REGRESSION:
        by = float(np.mean(rows.y - rows.pred))
        return Stored(LINE, (by, 1.0), decider), f"adds {by:+.4g}"
    logs = _logs(rows.scores)
    classes = logs.shape[1]
    share = (np.bincount(rows.y, minlength=classes) + 0.5) / (len(rows.y) + 0.5 * classes)
    add = np.zeros(classes)
    for _ in range(OFFSET_STEPS):
        step = np.log(share) - np.log(_shares(logs + add).mean(axis=0))
        add += step
        if np.abs(step).max() < 1e-9:
            break
    add -= add[0]
    what = f"adds {add[1]:+.2f} to each logit" if classes == 2 else "weighs each class anew"
    what += decider.words
    return Stored(OFFSET, tuple(add.tolist()), decider), what


def recalibrate(task: Task, rows: Predictions, decider: Decider) -> tuple[Correction, str]:
    """Learn what scores mean by now.

    Parameters
    ----------
    task : Task
    rows : Predictions
        With labels.
    decider : Decider

    Returns
    -------
    (callable, str)
        The correction, and what it does.
    """
    if task.kind == REGRESSION:
        spread = float(np.var(rows.pred))
        slope = float(np.cov(rows.pred, rows.y, bias=True)[0, 1] / spread) if spread else 1.0
        level = float(np.mean(rows.y) - slope * np.mean(rows.pred))
        return (
            Stored(LINE, (level, slope), decider),
            f"takes {level:.4g} plus {slope:.4g} times each prediction",
        )
    # Scores alone: what was predicted follows from them.
    none = np.zeros(len(rows.y), dtype=int)
    curve = fit_calibrator(rows.scores, none, rows.y)
    words = f"a curve from old to new probabilities{decider.words}"
    if task.kind == BINARY:
        flat = np.zeros(len(STEPS), dtype=int)
        steps = curve.probabilities(curve.designs(expit(STEPS), flat))
        return Stored(CURVE, tuple(steps.tolist()), decider), words

    def correct(given: Predictions) -> Predictions:
        flat = np.zeros(len(given.y), dtype=int)
        found = curve.probabilities(curve.designs(given.scores, flat))
        return _rescored(given, both_columns(found), decider)

    return correct, words


def move_threshold(
    rows: Predictions, worth: Callable[[Predictions], float]
) -> tuple[Correction, str]:
    """Learn from which probability on a row is best predicted positive.

    Parameters
    ----------
    rows : Predictions
        Of two classes, with labels.
    worth : callable
        Of rows with predictions, the more the better.

    Returns
    -------
    (callable, str)
        The correction, and what it does.
    """
    tried = np.unique(np.quantile(rows.scores, np.linspace(0, 1, THRESHOLDS)))
    moved = [Stored(THRESHOLD, (float(one),), Decider(BINARY)) for one in tried]
    worths = [worth(one(rows)) for one in moved]
    best = moved[int(np.nanargmax(worths))] if np.isfinite(worths).any() else moved[0]
    return best, f"predicts positive from {best.numbers[0]:.3g} on"


def _logs(proba: np.ndarray) -> np.ndarray:
    return np.log(np.clip(both_columns(proba), NEAREST, 1 - NEAREST))


def _shares(logs: np.ndarray) -> np.ndarray:
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _rescored(rows: Predictions, proba: np.ndarray, decider: Decider) -> Predictions:
    proba = proba if rows.scores.ndim == 2 else proba[:, 1]
    return replace(rows, proba=proba, pred=decider.decide(proba))
