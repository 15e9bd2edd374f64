"""Infer the kind of task from columns of labels, predictions and probabilities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.levels import TRUTH, count_levels
from driftlib.data.numbers import as_numbers
from driftlib.data.schema import CATEGORICAL, NUMERIC, ColumnRoles, column_kind
from driftlib.errors import DataError
from driftlib.text import counted, quoted

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
TASKS = (BINARY, MULTICLASS, REGRESSION)

# Up to this share of a column's rows, labels that are no class are left out and said.
HANDFUL = 0.02
# Whole numbers with more values than this are counts or amounts unless task= says otherwise.
MOST_GUESSED_CLASSES = 20

# More than so many are amounts where wrong predictions go with the labels as closely as this.
MOST_UNORDERED, LEAST_WRONG, LEAST_ORDER = 5, 30, 0.3


@dataclass(frozen=True)
class Task:
    """What is predicted.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
    classes : tuple of str
        Labels as text; of two, the positive one is last. Empty for a regression.
    reason : str
        How the kind was told, for the reader.
    """

    kind: str
    classes: tuple[str, ...]
    reason: str

    @property
    def positive(self) -> str | None:
        """The positive label, where there are two."""
        return self.classes[1] if self.kind == BINARY else None


def class_columns(frame: pd.DataFrame, roles: ColumnRoles) -> dict[str, str]:
    """Find the column of each class's probability.

    Parameters
    ----------
    frame : pandas.DataFrame
    roles : ColumnRoles

    Returns
    -------
    dict of str
        Names of columns by class; empty where one column holds all probabilities, or none does.
        A column named after no label is none where those of the labels add up to 1 without it.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_proba_no": [0.2], "y_proba_yes": [0.8], "y_proba_model": [7]})
    >>> class_columns(frame.assign(y_true=["no"], y_pred=["yes"]), ColumnRoles())
    {'no': 'y_proba_no', 'yes': 'y_proba_yes'}
    """
    columns = probabilities_by_suffix(frame, roles)
    labels = _labels(frame, roles)
    known = {suffix: name for suffix, name in columns.items() if suffix in labels}
    if 1 < len(known) < len(columns) and _add_up(frame, known) > _add_up(frame, columns):
        columns = known
    return columns if len(columns) > 1 else {}


def probabilities_by_suffix(frame: pd.DataFrame, roles: ColumnRoles) -> dict[str, str]:
    """Find the columns whose names begin as those of probabilities by class do.

    Parameters
    ----------
    frame : pandas.DataFrame
    roles : ColumnRoles

    Returns
    -------
    dict of str
        Names of columns by what follows, `y_proba_1.0` for the label 1 by "1"; empty where one
        column holds all probabilities.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 1], "y_proba_0.0": [1, 0], "y_proba_1.0": [0, 1]})
    >>> probabilities_by_suffix(frame, ColumnRoles())
    {'0': 'y_proba_0.0', '1': 'y_proba_1.0'}
    """
    if roles.y_proba in frame.columns:
        return {}
    columns = {name[len(roles.y_proba) + 1 :]: name for name in roles.proba_columns(frame.columns)}
    whole = {re.sub(r"^([+-]?\d+)\.0+$", r"\1", suffix): name for suffix, name in columns.items()}
    if len(whole) == len(columns) and not columns.keys() & _labels(frame, roles):
        return whole
    return columns


def _labels(frame: pd.DataFrame, roles: ColumnRoles) -> set[str]:
    """Labels and predictions as text."""
    columns = [frame[name] for name in (roles.y_true, roles.y_pred) if name in frame.columns]
    return {text for column in columns for text in count_levels(column).levels}


def _add_up(frame: pd.DataFrame, columns: Mapping[str, str]) -> float:
    """Share of the rows whose probabilities add up to 1."""
    total = sum(as_numbers(frame[name]).values for name in columns.values())  # noqa: PD011
    return float(np.mean(np.abs(total - 1) < 0.01))


def _labels_in(column: pd.Series) -> int:
    """Count labels, a truth value once however it is written."""
    texts = set(count_levels(column).levels)
    truth = {TRUTH.get(text.lower()) for text in texts}
    return len(texts if None in truth else truth)


def _few_unpredicted(true: pd.Series, pred: pd.Series) -> str:
    """Say that all but two labels are in a handful of rows only, if so: they may be no classes."""
    found = count_levels(true)
    predicted = np.isin(found.levels.astype(str), count_levels(pred).levels.astype(str))
    rows = int(found.counts[~predicted].sum())
    if predicted.sum() != 2 or not 0 < rows <= HANDFUL * found.counts.sum():
        return ""
    return (
        f"; {quoted(found.levels[~predicted])} in {counted(rows, 'row')} only and never predicted: "
        "task='binary' leaves them out"
    )


def infer_task(tables: Sequence[tuple[str, pd.DataFrame]], roles: ColumnRoles) -> tuple[str, str]:
    """Infer the kind of task from columns of labels, predictions and probabilities.

    The rules, in this order: `y_proba_<class>` columns for more than two classes are
    multiclass; a `y_proba` column (or two of them by class) is binary; text, booleans and
    pandas categories are classes, two or more; of numbers, whole ones with at most two values
    are binary, whole ones with at most 20 values of which all predictions are one are
    multiclass (of more than five values only where wrong predictions are no nearer to the labels
    than others), and all else is a regression.

    Parameters
    ----------
    tables : sequence of (name, frame)
        Of labels and predictions, or where no labels are known yet of predictions alone, which
        then tell; probabilities are looked for in the first.
    roles : ColumnRoles

    Returns
    -------
    kind : {"binary", "multiclass", "regression"}
    reason : str
        Why, for the reader.

    Raises
    ------
    DataError
        If labels or predictions are neither numbers nor text nor booleans.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [1, 2, 3, 1], "y_pred": [1, 1, 3, 2]})
    >>> infer_task([("current", frame)], ColumnRoles())
    ('multiclass', "'y_true' holds 3 whole numbers, all predictions among them")
    """
    by_class = class_columns(tables[0][1], roles)
    if len(by_class) > 2:
        return MULTICLASS, f"columns {quoted(by_class.values())} hold a probability for each class"
    if roles.y_proba in tables[0][1].columns:
        return BINARY, f"{roles.y_proba!r} is a single column of probabilities"
    if len(by_class) == 2:
        return BINARY, f"columns {quoted(by_class.values())} hold the probabilities of two classes"
    # Without labels the predictions tell.
    of_labels = roles.y_true if roles.y_true in tables[0][1].columns else roles.y_pred
    names = (of_labels, roles.y_pred)
    true, pred = (
        pd.concat([frame[name] for _, frame in tables], ignore_index=True) for name in names
    )
    if {label_kind(where, frame, name) for where, frame in tables for name in names} != {NUMERIC}:
        distinct = _labels_in(true)
        holds = f"{of_labels!r} holds {distinct} labels"
        return (
            (BINARY, holds) if distinct <= 2 else (MULTICLASS, holds + _few_unpredicted(true, pred))
        )
    labels, predictions = (as_numbers(column.dropna()).values for column in (true, pred))  # noqa: PD011
    labels = labels[np.isfinite(labels)]
    if not _whole(labels):
        return REGRESSION, f"{of_labels!r} holds numbers that are not whole"
    values = np.unique(labels)
    if len(values) <= 2 and (_whole(predictions) or set(values) == {0, 1}):
        return BINARY, f"{of_labels!r} holds at most two whole numbers"
    if _counts(true, pred, len(values)):
        return REGRESSION, (
            f"{of_labels!r} holds {len(values)} whole numbers, and wrong predictions are near the "
            "right ones, as of counts: task='multiclass' if they are classes"
        )
    if len(values) <= MOST_GUESSED_CLASSES and np.isin(predictions, values).all():
        return (
            MULTICLASS,
            f"{of_labels!r} holds {len(values)} whole numbers, all predictions among them"
            + _few_unpredicted(true, pred),
        )
    return REGRESSION, f"{of_labels!r} holds {len(values):,} whole numbers"


def _counts(true: pd.Series, pred: pd.Series, values: int) -> bool:
    """Whether whole numbers are amounts: a wrong one is nearer to the right one than by chance."""
    if values <= MOST_UNORDERED:
        return False
    y, guess = (as_numbers(column).values.astype(float) for column in (true, pred))  # noqa: PD011
    wrong = np.isfinite(y) & np.isfinite(guess) & (y != guess)
    if wrong.sum() < LEAST_WRONG or not (y[wrong].std() and guess[wrong].std()):
        return False
    return bool(np.corrcoef(y[wrong], guess[wrong])[0, 1] > LEAST_ORDER)


def _whole(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def label_kind(where: str, frame: pd.DataFrame, name: str) -> str:
    """Tell whether a column of labels or predictions holds numbers or classes.

    Parameters
    ----------
    where : str
        What to call the frame in an error.
    frame : pandas.DataFrame
    name : str
        The column.

    Returns
    -------
    {"numeric", "categorical"}

    Raises
    ------
    DataError
        If it holds anything else.
    """
    kind, _ = column_kind(frame[name])
    if kind in (NUMERIC, CATEGORICAL):
        return kind
    row = int(frame[name].notna().to_numpy().argmax())
    raise DataError(
        f"{where} column {name!r} has {short(frame[name].iloc[row])} in row {row}, which is no "
        "label: labels and predictions are numbers, text or booleans."
    )


def short(value: Any) -> str:
    """Write a value for a sentence.

    Parameters
    ----------
    value : object
        A scalar of the data.

    Returns
    -------
    str
        As Python writes it, cut at 60 characters.
    """
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def number_of(text: str) -> float | None:
    """Read a text as a number.

    Parameters
    ----------
    text : str

    Returns
    -------
    float or None
        None where it is none.

    Examples
    --------
    >>> number_of("1e3"), number_of("late")
    (1000.0, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
