"""Measure what a prediction costs, row by row: the loss that a diagnosis explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.numbers import as_numbers
from driftlib.data.predictions import Predictions
from driftlib.data.read_predictions import MOST_SQUARED, parse_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import BINARY, REGRESSION, Task
from driftlib.domain.result import Domain
from driftlib.errors import DataError, ParameterError
from driftlib.stats.aggregates import LEAST_SQUARED, squares
from driftlib.text import quoted

AUTO, BRIER, ZERO_ONE, SQUARED = "auto", "brier", "zero_one", "squared"
ABSOLUTE = "absolute"
# Times its mean from which on the spread of a squared error comes of a few rows: normal errors have
# 1.4, those of Laplace's law 2.2, and with heavy tails it grows with the rows.
MOST_SPREAD = 6.0

MOST_LOSS = MOST_SQUARED**2

# What to call a frame in an error, and the frame.
NamedFrame = tuple[str, pd.DataFrame]
# Rows of a frame: positions, or whether each is in.
Rows = slice | np.ndarray


@dataclass(frozen=True)
class Outcomes:
    """Labels and predictions of two periods.

    Parameters
    ----------
    task : Task
    reference, current : Predictions
    predicted : bool
        Whether predictions are the model's, and not filled in from labels.
    """

    task: Task
    reference: Predictions
    current: Predictions
    predicted: bool = True

    def take(self, reference: Rows, current: Rows) -> Outcomes:
        """Take some rows of either period.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in.

        Returns
        -------
        Outcomes
        """
        return replace(
            self, reference=self.reference.take(reference), current=self.current.take(current)
        )

    def labels(self, domain: Domain) -> np.ndarray:
        """Take the label of each row of a classifier.

        Parameters
        ----------
        domain : Domain
            Its rows count within these.

        Returns
        -------
        array, shape (rows,)
            Class numbers, or numbers of a regression.
        """
        sides = self.reference.y[domain.reference_rows], self.current.y[domain.current_rows]
        return np.concatenate(sides).astype(float)

    def scores(self, domain: Domain) -> np.ndarray | None:
        """Take one number for each row of a classifier that the model gave it.

        Parameters
        ----------
        domain : Domain
            Its rows count within these.

        Returns
        -------
        float array, shape (rows,), or None
            The probability of two classes, else the predicted class or number; None of more
            classes, or where a row has none.
        """
        if self.task.kind not in (BINARY, REGRESSION):
            return None
        rows = self.reference.take(domain.reference_rows), self.current.take(domain.current_rows)
        if all(side.proba is not None for side in rows):
            found = np.concatenate([side.scores for side in rows])
        elif self.predicted and all(side.predicted.all() for side in rows):
            found = np.concatenate([side.pred for side in rows]).astype(float)
        else:
            return None
        return None if np.isnan(found).any() else found


@dataclass(frozen=True)
class Losses:
    """Hold the loss of every row of two periods.

    Parameters
    ----------
    name, title : str
        In code, and in a sentence.
    reference, current : float array, shape (rows,)
        NaN where a row has no label or no prediction.
    relative : bool
        Whether a minimum effect is a share of the reference's mean loss: for a loss in
        squared units of the label, where no number is small for everyone.
    rows : Outcomes, optional
        The labels and predictions that the losses are of; None where a column holds the losses.
    """

    name: str
    title: str
    reference: np.ndarray
    current: np.ndarray
    relative: bool = False
    rows: Outcomes | None = None

    def take(self, reference: Rows, current: Rows) -> Losses:
        """Take some rows of either period.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in.

        Returns
        -------
        Losses
        """
        return replace(
            self,
            reference=self.reference[reference],
            current=self.current[current],
            rows=None if self.rows is None else self.rows.take(reference, current),
        )

    @property
    def lacking(self) -> str:
        """What current lacks where no row of it has a loss."""
        now = None if self.rows is None else self.rows.current
        if now is None or not now.labelled.any():
            return "current has no labels"
        needed = "probability" if self.name == BRIER else "prediction"
        if not (now.scored if self.name == BRIER else now.predicted).any():
            return f"no row of current has a {needed}"
        return f"no row of current has both a label and a {needed}"

    def unlabelled(self) -> Losses:
        """Forget the losses of current, where its labels say nothing.

        Returns
        -------
        Losses
        """
        return replace(self, current=np.full(len(self.current), np.nan))


def _brier(predictions: Predictions, task: Task) -> np.ndarray:
    """Square the distance of probabilities from outcomes: 0 to 1, to 2 over many classes."""
    if task.kind == BINARY:
        return (predictions.y - predictions.proba) ** 2
    truth = predictions.y[:, None] == np.arange(len(task.classes))
    return np.sum((predictions.proba - truth) ** 2, axis=1)


def _zero_one(predictions: Predictions, task: Task) -> np.ndarray:
    """Count 1 for a wrong label, 0 for a right one."""
    return np.where(predictions.predicted, predictions.y != predictions.pred, np.nan)


def _squared(predictions: Predictions, task: Task) -> np.ndarray:
    """Square the error of a number."""
    return squares(predictions.y - predictions.pred)


def _absolute(predictions: Predictions, task: Task) -> np.ndarray:
    """Take the size of the error of a number."""
    return np.abs(predictions.y - predictions.pred)


def _usual_of_numbers(reference: Predictions) -> str:
    """Choose the loss of a regression: squared, unless a few rows would be all of it."""
    error = reference.y - reference.pred
    size = np.abs(error[np.isfinite(error)])
    largest = size.max(initial=0.0)
    if not largest:
        return SQUARED
    squared = (size / largest) ** 2
    return ABSOLUTE if squared.std() > MOST_SPREAD * squared.mean() else SQUARED


KNOWN: dict[str, tuple[str, Callable[[Predictions, Task], np.ndarray]]] = {
    BRIER: ("Brier score", _brier),
    ZERO_ONE: ("share of wrong predictions", _zero_one),
    SQUARED: ("squared error", _squared),
    ABSOLUTE: ("absolute error", _absolute),
}


def read_losses(
    reference: NamedFrame,
    current: NamedFrame,
    loss: str = AUTO,
    roles: ColumnRoles | None = None,
    task: str = "auto",
    positive: Any = None,
) -> Losses:
    """Read the losses of the reference and of current.

    Parameters
    ----------
    reference, current : (str, pandas.DataFrame)
        What to call the frame in an error, and the frame. Current may be without labels.
    loss : {"auto", "brier", "zero_one", "squared", "absolute"} or str
        Or a column that holds the loss of each row, higher being worse. "auto" is the Brier
        score where there are probabilities, else the share of wrong predictions, and for a
        regression the squared error, or the absolute one where the reference's errors have tails
        so heavy that a few rows would be all of the squared one.
    roles : ColumnRoles, optional
        Names of labels, predictions and probabilities; default the usual ones.
    task : {"auto", "binary", "multiclass", "regression"}
        See `driftlib.data.read_predictions.parse_predictions`.
    positive : label, optional
        Default: the larger of two labels.

    Returns
    -------
    Losses
        One loss a row of either frame, in the frame's order.

    Raises
    ------
    DataError, ParameterError
        If the loss does not go with the columns.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 1], "y_pred": [0, 0], "y_proba": [0.1, 0.4]})
    >>> losses = read_losses(("march", frame), ("april", frame))
    >>> losses.title, losses.current.round(2).tolist()
    ('Brier score', [0.01, 0.36])
    """
    roles = roles or ColumnRoles()
    if loss not in (AUTO, *KNOWN):
        return _from_column(reference, current, loss)
    given = all(roles.y_pred in frame.columns for _, frame in (reference, current))
    has_proba = bool(roles.proba_columns(reference[1].columns)) and task != REGRESSION
    if loss in (AUTO, BRIER) and has_proba:
        reference, current = _with_predictions(reference, current, roles)
    unlabelled = []
    if _has_labels(reference[1], roles) and not _has_labels(current[1], roles):
        unlabelled = [current[0]]
        current = current[0], current[1].drop(columns=roles.y_true, errors="ignore")
    found, sides = parse_predictions([reference, current], roles, task, positive, unlabelled)
    usual = BRIER if has_proba else ZERO_ONE
    if found.kind == REGRESSION:
        usual = _usual_of_numbers(sides[0])
    name = usual if loss == AUTO else loss
    _check_goes_with(name, found, sides, roles)
    title, function = KNOWN[name]
    before, now = (
        np.where(side.labelled, function(side, found), np.nan).astype(float) for side in sides
    )
    if np.isnan(before).all():
        small = f", or every error is below {LEAST_SQUARED:.0e}" if name == SQUARED else ""
        why = f" ({'; '.join(sides[0].notes)})" if sides[0].notes else ""
        raise DataError(
            f"{reference[0]} has no row with a label and a prediction{small}{why}: the {title} of "
            "some rows is needed."
        )
    outcomes = Outcomes(found, sides[0], sides[1], given)
    return Losses(name, title, before, now, name in (SQUARED, ABSOLUTE), outcomes)


def _has_labels(frame: pd.DataFrame, roles: ColumnRoles) -> bool:
    return roles.y_true in frame.columns and bool(frame[roles.y_true].notna().any())


def _with_predictions(
    reference: NamedFrame, current: NamedFrame, roles: ColumnRoles
) -> tuple[NamedFrame, NamedFrame]:
    """Fill in predicted labels where there are none: a Brier score does without them."""
    usual = None
    filled = []
    for name, frame in (reference, current):
        labels = frame[roles.y_true] if _has_labels(frame, roles) else None
        usual = labels.dropna().iloc[0] if usual is None and labels is not None else usual
        lacks = roles.y_pred not in frame.columns or frame[roles.y_pred].isna().all()
        if lacks and usual is not None:
            frame = frame.assign(**{roles.y_pred: usual if labels is None else labels})
        filled.append((name, frame))
    return filled[0], filled[1]


def _check_goes_with(name: str, task: Task, sides: list[Predictions], roles: ColumnRoles) -> None:
    if (name in (SQUARED, ABSOLUTE)) != (task.kind == REGRESSION):
        raise ParameterError(
            f"loss={name!r} does not go with a {task.kind} task ({task.reason}): leave it at "
            "'auto', or name a column of your own losses."
        )
    if name == BRIER and any(side.proba is None for side in sides):
        raise DataError(
            f"loss='brier' needs probabilities, and there is no column {roles.y_proba!r} in both "
            'the reference and current. Pass y_proba="...", or use loss="zero_one".'
        )


def _from_column(reference: NamedFrame, current: NamedFrame, name: str) -> Losses:
    """Take the losses from a column; current may be without it."""
    if name not in reference[1].columns:
        raise ParameterError(
            f"loss={name!r} is neither one of {quoted((AUTO, *KNOWN))} nor a column of "
            f"{reference[0]} (it has: {quoted(reference[1].columns)})."
        )
    before, now = _column_of(*reference, name), _column_of(*current, name)
    if np.isnan(before).all():
        raise DataError(
            f"{reference[0]} column {name!r} has no number in any row: losses are needed."
        )
    return Losses(name, f"loss {name!r}", before, now)


def _column_of(where: str, frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    numbers = as_numbers(frame[name])
    if numbers.unreadable:
        raise DataError(
            f"{where} column {name!r} has {numbers.example!r}, which is no number: a loss is a "
            "number for each row."
        )
    column = numbers.values.astype(float)  # noqa: PD011
    large = np.isfinite(column) & (np.abs(column) > MOST_LOSS)
    if large.any():
        raise DataError(
            f"{where} column {name!r} has {column[large][0]:.3g}: losses beyond {MOST_LOSS:.0e} "
            "have no square that a float holds; divide the column by a constant."
        )
    return np.where(np.isfinite(column), column, np.nan)
