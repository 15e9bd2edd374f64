"""Fit a new model: the user's estimator, or gradient boosting that stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.advising.corrections import Decider
from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, REGRESSION, Task
from driftlib.domain.boosting import boosting_options, one_thread
from driftlib.domain.features import encode
from driftlib.errors import ParameterError

STAND_IN = "gradient boosting that stands in for your model"
# From rows of a table, with their outputs, to the outputs of a new model.
Refitted = Callable[[pd.DataFrame, Predictions], Predictions]


@dataclass(frozen=True)
class Trainer:
    """How new models are made.

    Parameters
    ----------
    task : Task
    features : list of str
    levels : dict of str to array
        Levels of the categorical ones, for the stand-in.
    model : estimator, optional
        In the style of scikit-learn; a copy is fitted on a table of the features and on class
        numbers (a regression's labels). Default: the stand-in.
    decider : Decider
    seed : int
    """

    task: Task
    features: Sequence[str]
    levels: dict[str, np.ndarray]
    model: Any
    decider: Decider
    seed: int

    @property
    def name(self) -> str:
        """What is fitted, in words."""
        return STAND_IN if self.model is None else type(self.model).__name__

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> Refitted:
        """Fit a new model.

        Parameters
        ----------
        frame : pandas.DataFrame
        y : array, shape (rows,)
            Class numbers, or a regression's labels; none missing.

        Returns
        -------
        callable
            Gives rows the new model's outputs.

        Raises
        ------
        ParameterError
            If the model cannot be fitted, or gives no probabilities where they are needed.
        """
        from sklearn.base import clone

        try:
            with one_thread():
                model = clone(self.model) if self.model is not None else self._stand_in()
                model.fit(self._inputs(frame), y)
        except Exception as error:
            if self.model is None:
                raise
            raise ParameterError(
                f"model={self.name} could not be fitted ({type(error).__name__}: {error}): pass "
                "one that takes a table of the features."
            ) from error

        def outputs(rows: pd.DataFrame, given: Predictions) -> Predictions:
            try:
                with one_thread():
                    return self._outputs(model, self._inputs(rows), given)
            except ParameterError:
                raise
            except Exception as error:
                if self.model is None:
                    raise
                raise ParameterError(
                    f"model={self.name} was fitted, but could not predict "
                    f"({type(error).__name__}: {error}): pass one that takes a table of the "
                    "features and has classes_ and predict_proba as scikit-learn's have."
                ) from error

        return outputs

    def _stand_in(self) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        options = boosting_options(self.features, self.levels, self.seed)
        if self.task.kind == REGRESSION:
            return HistGradientBoostingRegressor(**options)
        return HistGradientBoostingClassifier(**options)

    def _inputs(self, frame: pd.DataFrame) -> Any:
        if self.model is not None:
            return frame[list(self.features)]
        matrix = encode(frame, self.features, self.levels)
        matrix[:, np.isnan(matrix).all(axis=0)] = 0.0
        return matrix

    def _outputs(self, model: Any, inputs: Any, given: Predictions) -> Predictions:
        if self.task.kind == REGRESSION:
            pred = np.asarray(model.predict(inputs), dtype=float)
            self._check(pred, (len(inputs),))
            return replace(given, pred=pred)
        if given.proba is None:
            return replace(given, pred=np.asarray(model.predict(inputs)).astype(int))
        if not hasattr(model, "predict_proba"):
            raise ParameterError(
                f"model={self.name} has no predict_proba, and the data have probabilities: pass a "
                "model that gives them."
            )
        found = np.asarray(model.predict_proba(inputs), dtype=float)
        self._check(found, (len(inputs), len(model.classes_)))
        proba = np.zeros((len(found), len(self.task.classes)))
        # A class without a row to learn from has no column.
        proba[:, np.asarray(model.classes_, dtype=int)] = found
        if self.task.kind == BINARY:
            proba = proba[:, 1]
        return replace(given, proba=proba, pred=self.decider.decide(proba))

    def _check(self, found: np.ndarray, shape: tuple[int, ...]) -> None:
        if found.shape != shape or not np.isfinite(found).all():
            raise ParameterError(
                f"model={self.name} gave outputs of shape {found.shape} where {shape} is needed, "
                "or some that are missing or infinite: pass one that predicts every row."
            )
