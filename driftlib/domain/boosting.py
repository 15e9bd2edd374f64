"""Fit gradient boosting in folds, so that each row is judged by a model that has not seen it.

The domain classifier and the loss model of the diagnosis are both built on it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.data.batches import each
from driftlib.domain.bins import as_floats

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

TREES = 60


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
        "max_iter": TREES,
        "max_leaf_nodes": 15,
        "learning_rate": 0.1,
        "early_stopping": False,
        "categorical_features": codes if any(codes) else None,
        "random_state": seed,
    }


def fit_folds(
    kind: str,
    options: dict[str, Any],
    codes: np.ndarray,
    target: np.ndarray,
    folds: np.ndarray,
    held: int | None = None,
) -> tuple[Any, ...]:
    """Fit one model for each fold, on the rows of the others; of many rows on a thread a core.

    Parameters
    ----------
    kind : {"classifier", "regressor"}
    options : dict
        From `boosting_options`.
    codes : uint8 array, shape (rows, features)
        From `driftlib.domain.bins.Binning.codes`.
    target : array, shape (rows,)
        What to learn.
    folds : int array, shape (rows,)
        Fold of each row, from 0.
    held : int, optional
        The only fold to fit a model for; default all.

    Returns
    -------
    tuple
        The fitted models, by fold, None of folds that are not asked for; they judge codes.
    """
    model = _models()[kind]

    def fit(fold: int) -> Any:
        if held not in (None, fold):
            return None
        others = folds != fold
        # What is set is set for the thread that sets it.
        with one_thread():
            return model(**options).fit(_filled(as_floats(codes[others])), target[others])

    return tuple(each(fit, list(range(int(folds.max()) + 1)), codes.size))


@lru_cache(maxsize=1)
def _models() -> dict[str, Any]:
    """Make scikit-learn's models take codes as their bins, which they would look for again.

    A version that bins in another way does look for them, and finds the same.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    class Binned:
        def _bin_data(self: Any, X: np.ndarray, *args: Any, **options: Any) -> np.ndarray:
            missing = np.isnan(X)
            known = np.where(missing, 0, X)
            largest = known.max(axis=0)
            # Each code once is all that there is to learn of a column.
            self._bin_mapper.fit(np.minimum(np.arange(largest.max() + 1)[:, None], largest))
            known[missing] = self._bin_mapper.missing_values_bin_idx_
            return np.asfortranarray(known.astype(np.uint8))

    class BinnedClassifier(Binned, HistGradientBoostingClassifier):
        pass

    class BinnedRegressor(Binned, HistGradientBoostingRegressor):
        pass

    return {"classifier": BinnedClassifier, "regressor": BinnedRegressor}


def _filled(matrix: np.ndarray) -> np.ndarray:
    """Set columns without a value to 0, in place, as scikit-learn refuses them."""
    matrix[:, np.isnan(matrix).all(axis=0)] = 0.0
    return matrix


def held_out(models: Sequence[Any], codes: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Predict each row by the model that has not seen it.

    Parameters
    ----------
    models : sequence
        From `fit_folds`.
    codes : uint8 array, shape (rows, features)
        Of rows that were fitted, or of changed copies of them.
    folds : int array, shape (rows,)
        Fold of each row.

    Returns
    -------
    float array, shape (rows,)
        Probabilities of the second class from classifiers, predictions from regressors; NaN
        where the fold has no model.
    """
    predicted = np.full(len(codes), np.nan)
    for fold, model in enumerate(models):
        rows = folds == fold
        if model is not None and rows.any():
            predicted[rows] = judge(model, codes[rows])
    return predicted


def judge(model: Any, codes: np.ndarray) -> np.ndarray:
    """Predict rows by one model.

    Parameters
    ----------
    model : object
        From `fit_folds`.
    codes : uint8 array, shape (rows, features)

    Returns
    -------
    float array, shape (rows,)
        Probabilities of the second class from a classifier, predictions from a regressor.
    """
    part = as_floats(codes)
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(part)[:, 1])
    return np.asarray(model.predict(part))
