"""Expect the size of a regression's errors from features and predictions, in folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.schema import CATEGORICAL
from driftlib.domain.boosting import boosting_options, one_thread
from driftlib.domain.features import choose_levels, encode
from driftlib.stats.log_linear import LinearInputs, fit_log_linear, linear_inputs, log_linear

FOLDS = 5
MOST_ROWS = 50_000
# Of the mean size: smaller ones are taken as this.
LEAST_SIZE = 1e-3
LEAST_LEAF = 50
# Standard deviation of the folds' means to the error of theirs all: the jackknife's.
JACKKNIFE = (FOLDS - 1) / np.sqrt(FOLDS)


@dataclass(frozen=True)
class SizeInputs:
    """Rows of the reference and of current as matrices: features, and the prediction last.

    Parameters
    ----------
    names : list of str
        Columns.
    levels : dict of str to array
        Of those that are codes.
    reference, current : float array, shape (rows, features)
    """

    names: list[str]
    levels: dict[str, np.ndarray]
    reference: np.ndarray
    current: np.ndarray


def size_inputs(
    frames: Sequence[pd.DataFrame], kinds: Mapping[str, str], predictions: Sequence[np.ndarray]
) -> SizeInputs:
    """Make the matrices.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        The reference and current.
    kinds : dict of str
        "numeric" or "categorical", by column of both.
    predictions : sequence of float array
        Of the rows of each.

    Returns
    -------
    SizeInputs
    """
    names = list(kinds)
    levels = choose_levels(frames, [name for name in names if kinds[name] == CATEGORICAL])
    before, now = (
        np.column_stack([encode(frame, names, levels), pred])
        for frame, pred in zip(frames, predictions, strict=True)
    )
    return SizeInputs([*names, "prediction"], levels, before, now)


@dataclass(frozen=True)
class ErrorSize:
    """Models of the size of errors, one a fold.

    Parameters
    ----------
    rows : int array
        Of the reference's, those that were learnt from.
    held_out : float array, shape (rows,)
        Size expected of each of them by the model that has not seen it.
    current : float array, shape (folds, current rows)
        Size that each model expects of new rows.
    """

    rows: np.ndarray
    held_out: np.ndarray
    current: np.ndarray

    def of_current(self, rows: np.ndarray) -> np.ndarray:
        """Take the size that all models together expect of new rows.

        Parameters
        ----------
        rows : int array
            Positions in current.

        Returns
        -------
        float array, shape (rows,)
        """
        return np.asarray(np.exp(np.log(self.current[:, rows]).mean(0)))


def fit_error_size(
    inputs: SizeInputs, size: np.ndarray, units: np.ndarray | None, seed: int
) -> ErrorSize:
    """Learn the size of errors: a log-linear function, and boosting of what it leaves.

    Parameters
    ----------
    inputs : SizeInputs
    size : float array, shape (reference rows,)
        At least 0; NaN where a row does not count.
    units : int array, shape (reference rows,), or None
        Place in time of each row's unit, which lies in one fold; None where rows are independent.
    seed : int
        Of the folds and the models.

    Returns
    -------
    ErrorSize
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(np.isfinite(size))
    rows = np.sort(rng.permutation(rows)[:MOST_ROWS])
    least = LEAST_SIZE * float(size[rows].mean()) or 1.0
    target, known = np.maximum(size[rows], least), inputs.reference[rows]
    belongs = (
        np.arange(len(rows)) if units is None else np.unique(units[rows], return_inverse=True)[1]
    )
    if belongs.max(initial=0) + 1 < FOLDS:
        belongs = np.arange(len(rows))
    fold_of = (rng.permutation(belongs.max(initial=0) + 1) % FOLDS)[belongs]
    codes = {
        j: len(inputs.levels[name]) for j, name in enumerate(inputs.names) if name in inputs.levels
    }
    linear = linear_inputs(known, codes)
    options = boosting_options(inputs.names, inputs.levels, seed) | {
        "loss": "gamma",
        "min_samples_leaf": LEAST_LEAF,
    }
    held_out = np.empty(len(rows))
    current = []
    with one_thread():
        for fold in range(FOLDS):
            own = fold_of == fold
            judge = _fit(known[~own], target[~own], linear, options)
            held_out[own] = judge(known[own])
            current.append(judge(inputs.current))
    return ErrorSize(rows, np.maximum(held_out, least), np.maximum(np.array(current), least))


def _fit(
    matrix: np.ndarray, target: np.ndarray, linear: LinearInputs, options: dict[str, Any]
) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    line = fit_log_linear(linear.design(matrix), target)
    empty = np.isnan(matrix).all(0)

    def filled(rows: np.ndarray) -> np.ndarray:
        return np.where(empty, 0.0, rows)

    start = log_linear(linear.design(matrix), line)
    model = HistGradientBoostingRegressor(**options).fit(filled(matrix), target / start)

    def judge(rows: np.ndarray) -> np.ndarray:
        if not len(rows):
            return np.empty(0)
        return np.asarray(log_linear(linear.design(rows), line) * model.predict(filled(rows)))

    return judge
