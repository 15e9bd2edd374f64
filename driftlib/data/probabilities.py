"""Read columns of probabilities, and check them against one another and the predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftlib.data.numbers import as_numbers
from driftlib.data.task import BINARY, Task, short
from driftlib.errors import DataError

ROUNDING = 1e-6


def read_probabilities(where: str, frame: pd.DataFrame, name: str) -> np.ndarray:
    """Read a column of probabilities.

    Parameters
    ----------
    where : str
        What to call the frame in an error.
    frame : pandas.DataFrame
    name : str
        Of the column.

    Returns
    -------
    ndarray of float, shape (rows,)
        From 0 to 1, NaN where there is none.

    Raises
    ------
    DataError
        If a value is no probability.

    Examples
    --------
    >>> read_probabilities("current", pd.DataFrame({"p": [0.25, None]}), "p").tolist()
    [0.25, nan]
    """
    numbers = as_numbers(frame[name])
    values = numbers.values  # noqa: PD011
    if values.dtype.kind != "f":
        values = values.astype(float)
    with np.errstate(invalid="ignore"):
        bad = (values < -ROUNDING) | (values > 1 + ROUNDING)
    bad |= np.isnan(values) & frame[name].notna().to_numpy() if numbers.unreadable else False
    if bad.any():
        row = int(bad.argmax())
        value = frame[name].iloc[row]
        raise DataError(
            f"{where} column {name!r} has {short(value)} in row {row}, which is no probability: "
            "probabilities are numbers from 0 to 1."
        )
    return np.clip(values, 0, 1)


def sum_note(where: str, proba: np.ndarray) -> tuple[str, ...]:
    """Say where the probabilities of the classes do not add up to 1.

    Parameters
    ----------
    where : str
        What to call the frame.
    proba : ndarray of float, shape (rows, classes)

    Returns
    -------
    tuple of str
        One note, or none.

    Examples
    --------
    >>> sum_note("current", np.array([[0.5, 0.5], [0.5, 0.25]]))
    ('the probabilities of current do not add up to 1 in 1 rows (row 1: 0.75)',)
    """
    total = proba.sum(1)
    off = np.abs(total - 1) > 0.01
    if not off.any():
        return ()
    row = int(off.argmax())
    return (
        f"the probabilities of {where} do not add up to 1 in {int(off.sum()):,} rows "
        f"(row {row}: {total[row]:.4g})",
    )


def opposed_warning(pred: np.ndarray, proba: np.ndarray, task: Task) -> str:
    """Say of which class the probabilities rank opposite to the predictions.

    Parameters
    ----------
    pred : ndarray of int, shape (rows,)
        Class numbers, -1 where there is none.
    proba : ndarray of float, shape (rows,) or (rows, classes)
        Of the second of two classes, or of each class.
    task : Task

    Returns
    -------
    str
        A warning where a class gets clearly lower probabilities in the rows predicted to be it,
        else empty.
    """
    first = 2 - proba.ndim
    columns = proba[:, None] if proba.ndim == 1 else proba
    known = (pred >= 0) & ~np.isnan(columns.sum(1))
    if not known.any():
        return ""
    pred, columns = pred[known], columns[known]
    shown = pred >= first
    label, count = pred[shown] - first, columns.shape[1]
    inside = np.bincount(label, minlength=count)
    sums = np.bincount(label, columns[shown, label], minlength=count)
    with np.errstate(all="ignore"):
        outside = len(columns) - inside
        gap = sums / inside - (columns.sum(0, dtype=float) - sums) / outside
        error = columns.std(0, dtype=float) * np.sqrt(1 / inside + 1 / outside)
        opposed = gap < -3 * error
    if not opposed.any():
        return ""
    name = task.classes[int(opposed.argmax()) + first]
    warning = f"the probabilities of {name!r} rank opposite to the predictions"
    other = ": they look like those of the other label" if task.kind == BINARY else ""
    return warning + other
