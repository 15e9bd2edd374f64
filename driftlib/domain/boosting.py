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
from driftlib.domain.bins import MISSING
from driftlib.domain.trees import CODES, Trees, read_trees

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

# Few rows teach large trees, and many of them, chance: held-out rows are then judged worse.
MANY_ROWS = 20_000
OF_MANY = {"max_iter": 60, "max_leaf_nodes": 15, "learning_rate": 0.1}
OF_FEW = {"max_iter": 40, "max_leaf_nodes": 8, "learning_rate": 0.15}


def one_thread(pool: str = "openmp") -> AbstractContextManager[Any]:
    """Keep what is computed inside to one thread of a pool.

    Several processes that share the cores stall otherwise: each waits for threads that the
    others keep from running. And a thread of BLAS that has had its part of a product spins on
    for longer than all of a small product takes.

    Parameters
    ----------
    pool : {"openmp", "blas"}
        "openmp" is that of scikit-learn's gradient boosting, limited for the thread that asks;
        "blas" that of numpy's products, limited for the whole process.

    Returns
    -------
    context manager
        It takes 20 microseconds.
    """
    limits: AbstractContextManager[Any] = _pools().limit(limits=1, user_api=pool)
    return limits


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    """Look for pools of threads once, for that takes as long as a tenth of a small fit."""
    import sklearn.ensemble  # noqa: F401 - whose pool it is
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def boosting_options(
    features: Sequence[str], levels: Container[str], seed: int, rows: int = MANY_ROWS
) -> dict[str, Any]:
    """Choose the arguments that the classifier and the loss model share.

    Parameters
    ----------
    features : list of str
        Columns of the matrix, in order.
    levels : container of str
        Those that are codes of levels.
    seed : int
        Of the models.
    rows : int
        Of the smaller of two periods that are held against each other.

    Returns
    -------
    dict
        For scikit-learn's `HistGradientBoostingClassifier` and `...Regressor`.
    """
    codes = [name in levels for name in features]
    return {
        **(OF_MANY if rows >= MANY_ROWS else OF_FEW),
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
            return model(**options).fit(codes[others], target[others]).trees()

    numbers = list(range(int(folds.max()) + 1))
    # Of few codes a fit is mostly the interpreter's work, which threads only pass around.
    return tuple(each(fit, numbers, codes.size // len(numbers)))


@lru_cache(maxsize=1)
def _models() -> dict[str, Any]:
    """Make scikit-learn's models take codes as their bins, which they would look for again."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    class Binned:
        def _preprocess_X(self: Any, X: np.ndarray, *, reset: bool) -> Any:
            named = self.categorical_features
            self.n_features_in_ = X.shape[1]
            levels = np.zeros(X.shape[1], dtype=bool) if named is None else np.array(named)
            self._order = np.argsort(~levels, kind="stable")
            self.is_categorical_ = levels if levels.any() else None
            ordered = levels[self._order]
            self._is_categorical_remapped = ordered if levels.any() else None
            X = X[:, self._order]
            self._seen = np.array([np.bincount(x, minlength=CODES) > 0 for x in X.T])
            known = [
                np.flatnonzero(seen[:MISSING]) if level else None
                for seen, level in zip(self._seen, ordered, strict=True)
            ]
            return X, known

        def _bin_data(self: Any, X: np.ndarray, *args: Any, **options: Any) -> np.ndarray:
            largest = np.where(X == MISSING, 0, X).max(axis=0).tolist()
            mapper = self._bin_mapper
            mapper.missing_values_bin_idx_ = MISSING
            mapper.n_bins_non_missing_ = np.array(largest, dtype=np.uint32) + 1
            mapper.bin_thresholds_ = [np.arange(end + 1) + 0.5 for end in largest]
            return np.asfortranarray(X)

        def trees(self: Any) -> Trees:
            return read_trees(self, self._seen, self._order)

    class BinnedClassifier(Binned, HistGradientBoostingClassifier):
        pass

    class BinnedRegressor(Binned, HistGradientBoostingRegressor):
        pass

    return {"classifier": BinnedClassifier, "regressor": BinnedRegressor}


def held_out(models: Sequence[Trees | None], codes: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Predict each row by the model that has not seen it.

    Parameters
    ----------
    models : sequence
        From `fit_folds`.
    codes : uint8 array, shape (rows, features)
        Of rows that were fitted, or of others.
    folds : int array, shape (rows,)
        Fold of each row.

    Returns
    -------
    float array, shape (rows,)
        Predictions of regressors, log odds of the second class of classifiers; NaN where the
        fold has no model.
    """
    predicted = np.full(len(codes), np.nan)
    for fold, model in enumerate(models):
        rows = folds == fold
        if model is not None:
            predicted[rows] = model.predict(codes[rows])
    return predicted
