"""Hold labels, predictions and probabilities as clean arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """Labels, predictions and probabilities, one entry a row.

    Parameters
    ----------
    y, pred : array, shape (rows,)
        Class numbers, -1 where missing; floats with NaN for a regression.
    proba : float array, shape (rows,) or (rows, classes), or None
        Of the positive class, or of each; NaN where missing.
    opposed : str
        Warning where probabilities rank opposite to predictions, else empty.
    notes : tuple of str
        What else a reader should know.
    """

    y: np.ndarray
    pred: np.ndarray
    proba: np.ndarray | None
    opposed: str = ""
    notes: tuple[str, ...] = ()

    @property
    def labelled(self) -> np.ndarray:
        """Whether each row has a label."""
        return _present(self.y)

    @property
    def predicted(self) -> np.ndarray:
        """Whether each row has a prediction."""
        return _present(self.pred)

    @property
    def usable(self) -> np.ndarray:
        """Whether each row has all its probabilities, and where any has one a prediction."""
        if self.proba is None:
            return self.predicted
        return self.scored & (self.predicted if self.predicted.any() else True)

    @property
    def scores(self) -> np.ndarray:
        """The probabilities, for callers that have made sure that there are some."""
        if self.proba is None:
            raise AssertionError("there are no probabilities")
        return self.proba

    @property
    def scored(self) -> np.ndarray:
        """Whether each row has all its probabilities."""
        return ~np.isnan(self.scores if self.scores.ndim == 1 else self.scores.sum(1))

    def scores_of(self, label: int) -> np.ndarray:
        """Take the probabilities of one class.

        Parameters
        ----------
        label : int
            Its number; of two classes that of the positive one, which is 1.

        Returns
        -------
        float array, shape (rows,)
        """
        return self.scores if self.scores.ndim == 1 else self.scores[:, label]

    def take(self, rows: slice | np.ndarray) -> Predictions:
        """Take some rows.

        Parameters
        ----------
        rows : slice, int array or bool array

        Returns
        -------
        Predictions
            The same for those rows.
        """
        proba = None if self.proba is None else self.proba[rows]
        return Predictions(self.y[rows], self.pred[rows], proba, self.opposed, self.notes)


def _present(values: np.ndarray) -> np.ndarray:
    return ~np.isnan(values) if values.dtype.kind == "f" else values >= 0


@dataclass(frozen=True)
class Period:
    """A table that the user passed, and the predictions in it.

    Parameters
    ----------
    name : str
        What to call it in an error: a file's name, "current" or "reference".
    frame : pandas.DataFrame
    predictions : Predictions
    """

    name: str
    frame: pd.DataFrame
    predictions: Predictions
