"""What a wrong prediction costs, row by row: the loss that a diagnosis explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.predictions import Predictions, read_predictions
from driftlib.data.schema import ColumnRoles, as_numbers
from driftlib.data.task import BINARY, REGRESSION, Task
from driftlib.errors import DataError, ParameterError
from driftlib.text import quoted

AUTO, BRIER, ZERO_ONE, SQUARED = "auto", "brier", "zero_one", "squared"


@dataclass(frozen=True)
class Losses:
    """Loss of every row of two periods.

    Attributes
    ----------
    name, title : str
        In code, and in a sentence.
    reference, current : float array, shape (rows,)
        NaN where a row has no label or no prediction.
    relative : bool
        Whether a minimum effect is a share of the reference's mean loss: for a loss in
        squared units of the label, where no number is small for everyone.
    """

    name: str
    title: str
    reference: np.ndarray
    current: np.ndarray
    relative: bool = False


def brier(outcomes: Predictions, problem: Task) -> np.ndarray:
    """Squared distance between probabilities and outcome: 0 to 1, to 2 over many classes."""
    if problem.task == BINARY:
        return (outcomes.y - outcomes.proba) ** 2
    truth = outcomes.y[:, None] == np.arange(len(problem.classes))
    return np.sum((outcomes.proba - truth) ** 2, axis=1)


def zero_one(outcomes: Predictions, problem: Task) -> np.ndarray:
    """1 for a wrong label, 0 for a right one."""
    return np.where(outcomes.predicted, outcomes.y != outcomes.pred, np.nan)


def squared(outcomes: Predictions, problem: Task) -> np.ndarray:
    """Squared error."""
    return (outcomes.y - outcomes.pred) ** 2


KNOWN: dict[str, tuple[str, Callable[[Predictions, Task], np.ndarray]]] = {
    BRIER: ("Brier score", brier),
    ZERO_ONE: ("share of wrong predictions", zero_one),
    SQUARED: ("squared error", squared),
}


def read_losses(
    tables: tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]],
    loss: str,
    roles: ColumnRoles,
    task: str = "auto",
    positive: Any = None,
) -> Losses:
    """Losses of the reference and of current.

    Parameters
    ----------
    tables : ((name, reference), (name, current))
        Current may be without labels.
    loss : {"auto", "brier", "zero_one", "squared"} or str
        Or a column that holds the loss of each row, higher being worse.
    roles : ColumnRoles
    task, positive
        See `driftlib.data.predictions.read_predictions`.

    Returns
    -------
    Losses

    Raises
    ------
    DataError, ParameterError
        If the loss does not go with the columns.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 1], "y_pred": [0, 0], "y_proba": [0.1, 0.4]})
    >>> losses = read_losses((("a", frame), ("b", frame)), "auto", ColumnRoles())
    >>> losses.title, losses.current.round(2).tolist()
    ('Brier score', [0.01, 0.36])
    """
    if loss not in (AUTO, *KNOWN):
        return _from_column(tables, loss)
    has_proba = bool(roles.proba_columns(tables[0][1].columns)) and task != REGRESSION
    if loss in (AUTO, BRIER) and has_proba:
        tables = tuple(_with_predictions(tables, roles))
    (first, reference), (second, current) = tables
    unlabelled = []
    if _has_labels(reference, roles) and not _has_labels(current, roles):
        unlabelled = [second]
        current = current.drop(columns=roles.y_true, errors="ignore")
    tables = ((first, reference), (second, current))
    problem, outcomes = read_predictions(tables, roles, task, positive, unlabelled)
    told = SQUARED if problem.task == REGRESSION else BRIER if has_proba else ZERO_ONE
    name = told if loss == AUTO else loss
    _check_goes_with(name, problem, outcomes, roles)
    title, function = KNOWN[name]
    values = [
        np.where(side.labelled, function(side, problem), np.nan).astype(float) for side in outcomes
    ]
    return Losses(name, title, *values, relative=name == SQUARED)


def _has_labels(frame: pd.DataFrame, roles: ColumnRoles) -> bool:
    return roles.y_true in frame.columns and bool(frame[roles.y_true].notna().any())


def _with_predictions(tables: Any, roles: ColumnRoles) -> Any:
    """Frames that all have predicted labels: a Brier score needs none, reading labels does."""
    usual = None
    for name, frame in tables:
        labels = frame[roles.y_true] if _has_labels(frame, roles) else None
        usual = labels.dropna().iloc[0] if usual is None and labels is not None else usual
        lacks = roles.y_pred not in frame.columns or frame[roles.y_pred].isna().all()
        if lacks and usual is not None:
            frame = frame.assign(**{roles.y_pred: usual if labels is None else labels})
        yield name, frame


def _check_goes_with(
    name: str, problem: Task, outcomes: list[Predictions], roles: ColumnRoles
) -> None:
    if (name == SQUARED) != (problem.task == REGRESSION):
        raise ParameterError(
            f"loss={name!r} does not go with a {problem.task} task ({problem.reason}): leave it at "
            "'auto', or name a column of your own losses."
        )
    if name == BRIER and any(side.proba is None for side in outcomes):
        raise DataError(
            f"loss='brier' needs probabilities, and there is no column {roles.y_proba!r} in both "
            'the reference and current. Pass y_proba="...", or use loss="zero_one".'
        )


def _from_column(tables: Any, name: str) -> Losses:
    first, reference = tables[0]
    if name not in reference.columns:
        raise ParameterError(
            f"loss={name!r} is neither one of {quoted((AUTO, *KNOWN))} nor a column of {first} "
            f"(it has: {quoted(reference.columns)})."
        )
    values = []
    for where, frame in tables:
        if name not in frame.columns:
            values.append(np.full(len(frame), np.nan))
            continue
        numbers = as_numbers(frame[name])
        if numbers.unreadable:
            raise DataError(
                f"{where} column {name!r} has {numbers.example!r}, which is no number: a loss is a "
                "number for each row."
            )
        column = numbers.values.astype(float)  # noqa: PD011
        values.append(np.where(np.isfinite(column), column, np.nan))
    if np.isnan(values[0]).all():
        raise DataError(f"{first} column {name!r} has no number in any row: losses are needed.")
    return Losses(name, f"loss {name!r}", *values)
