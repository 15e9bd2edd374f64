"""Fit gradient boosting in folds, so that each row is judged by a model that has not seen it.

The domain classifier and the loss model of the diagnosis are both built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.data.batches import each

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Keep scikit-learn's gradient boosting to one thread.

    Several processes that share the cores stall otherwise: each waits for threads that
    the others keep from running.

    Returns
    -------
    context manager
        For fitting and for predicting.
    """
    limits: AbstractContextManager[Any] = _pools().limit(limits=1, user_api="openmp")
    return limits


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    """Look for pools of threads once, for that takes as long as a tenth of a small fit."""
    import sklearn.ensemble  # noqa: F401 - whose pool it is
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def boosting_options(features: Sequence[str], levels: Container[str], seed: int) -> dict[str, Any]:
    """Choose the arguments that the classifier and the loss model share.

    Parameters
    ----------
    features : list of str
        Columns of the matrix, in order.
    levels : container of str
        Those that are codes of levels.
    seed : int
        Of the models.

    Returns
    -------
    dict
        For scikit-learn's `HistGradientBoostingClassifier` and `...Regressor`.
    """
    codes = [name in levels for name in features]
    return {
        "max_iter": 60,
        "max_leaf_nodes": 15,
        "learning_rate": 0.1,
        "early_stopping": False,
        "categorical_features": codes if any(codes) else None,
        "random_state": seed,
    }


def fit_folds(
    new_model: Callable[[], Any], matrix: np.ndarray, target: np.ndarray, folds: np.ndarray
) -> tuple[Any, ...]:
    """Fit one model for each fold, on the rows of the others; of many rows on a thread a core.

    Parameters
    ----------
    new_model : function
        Makes a model of scikit-learn that is not fitted.
    matrix : float array, shape (rows, features)
        From `encode`; NaN is missing.
    target : array, shape (rows,)
        What to learn.
    folds : int array, shape (rows,)
        Fold of each row, from 0.

    Returns
    -------
    tuple
        The fitted models, by fold.
    """

    def fit(fold: int) -> Any:
        others = folds != fold
        # What is set is set for the thread that sets it.
        with one_thread():
            return new_model().fit(_filled(matrix[others]), target[others])

    return tuple(each(fit, list(range(int(folds.max()) + 1)), matrix.size))


def _filled(matrix: np.ndarray) -> np.ndarray:
    """Set columns without a value to 0, in place, as scikit-learn refuses them."""
    matrix[:, np.isnan(matrix).all(axis=0)] = 0.0
    return matrix


def held_out(models: Sequence[Any], matrix: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Predict each row by the model that has not seen it.

    Parameters
    ----------
    models : sequence
        From `fit_folds`.
    matrix : float array, shape (rows, features)
        Rows that were fitted, or changed copies of them.
    folds : int array, shape (rows,)
        Fold of each row.

    Returns
    -------
    float array, shape (rows,)
        Probabilities of the second class from classifiers, predictions from regressors.
    """
    predicted = np.empty(len(matrix))
    for fold, model in enumerate(models):
        rows = folds == fold
        if rows.any():
            classifies = hasattr(model, "predict_proba")
            part = matrix[rows]
            predicted[rows] = model.predict_proba(part)[:, 1] if classifies else model.predict(part)
    return predicted
