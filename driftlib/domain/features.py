"""Cross-fitted gradient boosting on mixed columns: a frame as a matrix, models by folds.

The domain classifier and the loss model of the diagnosis are both built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.columns import as_numbers, count_levels, level_text
from driftlib.data.schema import COMPARABLE, EMPTY, NUMERIC, column_kind
from driftlib.errors import DataError
from driftlib.text import quoted

# Scikit-learn's boosting refuses more than 255 categories: these and "other".
MOST_LEVELS = 254


def comparable_features(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    wanted: Sequence[str],
    categorical: Iterable[str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Kinds of the columns a model can use, and the reasons why others are left out."""
    categorical = set(categorical)
    kinds, skipped = {}, {}
    for name in wanted:
        if name not in current.columns:
            skipped[name] = "absent from current"
            continue
        kind, note = column_kind(reference[name], name in categorical)
        if kind == EMPTY:
            kind, _ = column_kind(current[name], name in categorical)
        if kind == NUMERIC and not any(_has_numbers(side[name]) for side in (reference, current)):
            skipped[name] = "not compared: no value in either period is a finite number"
        elif kind in COMPARABLE:
            kinds[name] = kind
        else:
            skipped[name] = note
    return kinds, skipped


def _has_numbers(series: pd.Series) -> bool:
    return bool(np.isfinite(as_numbers(series).values).any())


def choose_levels(
    frames: Sequence[pd.DataFrame], categorical: Iterable[str]
) -> dict[str, np.ndarray]:
    """Levels of each categorical column that keep a code of their own: the commonest 254."""
    chosen = {}
    for name in categorical:
        counted = [count_levels(frame[name]) for frame in frames]
        tally = pd.concat([pd.Series(c.counts, c.levels) for c in counted]).groupby(level=0).sum()
        commonest = tally.sort_values(ascending=False, kind="stable").index[:MOST_LEVELS]
        chosen[name] = commonest.to_numpy(dtype=object)
    return chosen


def encode(
    frame: pd.DataFrame, features: Sequence[str], levels: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Matrix for the gradient boosting: numbers as they are, categories as codes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Must have the `features`.
    levels : dict of str to array
        Levels of the categorical features, code 0 first; any other level gets the next code.

    Returns
    -------
    float array, shape (rows, features)
        Missing and infinite values are NaN.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.5, np.inf], "c": ["b", "new"]})
    >>> encode(frame, ["x", "c"], {"c": np.array(["a", "b"], dtype=object)}).tolist()
    [[1.5, 1.0], [nan, 2.0]]
    """
    absent = [name for name in features if name not in frame.columns]
    if absent:
        raise DataError(f"the data have no column {quoted(absent)}, which the classifier needs.")
    matrix = np.empty((len(frame), len(features)), order="F")
    for j, name in enumerate(features):
        if name in levels:
            matrix[:, j] = _codes(frame[name], levels[name])
        else:
            numbers = as_numbers(frame[name])
            matrix[:, j] = np.where(np.isfinite(numbers.values), numbers.values, np.nan)
    return matrix


def _codes(series: pd.Series, levels: np.ndarray) -> np.ndarray:
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    else:
        # 1 and True are equal as dictionary keys: objects are compared as text.
        text = series.map(level_text, na_action="ignore") if series.dtype == object else series
        codes, values = pd.factorize(text)
    place = pd.Index(levels).get_indexer([level_text(value) for value in values])
    lookup = np.append(np.where(place < 0, len(levels), place).astype(float), np.nan)
    return lookup[codes]


def one_thread() -> AbstractContextManager:
    """Scikit-learn's gradient boosting on one thread inside this context.

    Several processes that share the cores stall otherwise: each waits for threads that
    the others keep from running.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="openmp")


def boosting_options(features: Sequence[str], levels: Mapping[str, Any], seed: int) -> dict:
    """Arguments that the classifier and the loss model share."""
    return {
        "max_iter": 60,
        "max_leaf_nodes": 15,
        "learning_rate": 0.1,
        "early_stopping": False,
        "categorical_features": [name in levels for name in features] if levels else None,
        "random_state": seed,
    }


def fit_folds(
    new_model: Callable[[], Any], matrix: np.ndarray, target: np.ndarray, folds: np.ndarray
) -> tuple[Any, ...]:
    """One model for each fold, fitted on the rows of the others."""
    with one_thread():
        return tuple(
            new_model().fit(_filled(matrix[folds != fold]), target[folds != fold])
            for fold in range(int(folds.max()) + 1)
        )


def _filled(matrix: np.ndarray) -> np.ndarray:
    """The matrix itself, its columns without a value set to 0, as scikit-learn refuses them."""
    matrix[:, np.isnan(matrix).all(axis=0)] = 0.0
    return matrix


def held_out(models: Sequence[Any], matrix: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Prediction for each row by the model that has not seen it."""
    predicted = np.empty(len(matrix))
    for fold, model in enumerate(models):
        rows = folds == fold
        if rows.any():
            classifies = hasattr(model, "predict_proba")
            part = matrix[rows]
            predicted[rows] = model.predict_proba(part)[:, 1] if classifies else model.predict(part)
    return predicted
