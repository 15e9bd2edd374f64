"""Read labels, predictions and probabilities into clean arrays, or say what is wrong.

Everything behind this gate trusts its result: labels are class numbers or floats, probabilities lie
between 0 and 1, and gaps are -1 or NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.frames import notes_of
from driftlib.data.labels import (
    LabelColumn,
    find_classes,
    leave_unknown,
    read_labels,
    unify_booleans,
    without_blanks,
)
from driftlib.data.levels import TRUTH, level_text
from driftlib.data.numbers import as_numbers
from driftlib.data.opening import read_frame, read_pair, source_name
from driftlib.data.predictions import Period, Predictions
from driftlib.data.probabilities import opposed_warning, read_probabilities, sum_note
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import (
    BINARY,
    MULTICLASS,
    REGRESSION,
    TASKS,
    Task,
    class_columns,
    infer_task,
    probabilities_by_suffix,
)
from driftlib.errors import DataError, LackingError, ParameterError, check_choice
from driftlib.text import counted, quoted, see_guide

# Of larger numbers, floats do not hold the squares of squared errors.
MOST_SQUARED = 1e75


def read_predictions(
    current: Any,
    reference: Any = None,
    *,
    roles: ColumnRoles,
    task: str = "auto",
    positive: Any = None,
    labelled: bool = True,
    scores_do: bool = False,
    threshold: float | None = None,
) -> tuple[Task, Period, Period | None]:
    """Read labels and predictions of the current and, where there is one, the reference period.

    Parameters
    ----------
    current, reference : frame, table, str or Path
        Both of the same model.
    roles : ColumnRoles
        Names of the columns.
    task : {"auto", "binary", "multiclass", "regression"}
        "auto" infers it from the columns: see `driftlib.data.task.infer_task`.
    positive : label, optional
        Default: the larger of two labels.
    labelled : bool
        Whether there must be labels.
    scores_do, threshold
        See `parse_predictions`.

    Returns
    -------
    task : Task
    current : Period
    reference : Period or None

    Raises
    ------
    DriftlibError
        A sentence with the column, the first offending value and its row (from 0).

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": ["no", "yes"], "y_pred": ["no", "no"]})
    >>> task, current, reference = read_predictions(frame, roles=ColumnRoles())
    >>> task.kind, task.positive, current.predictions.y.tolist(), reference
    ('binary', 'yes', [0, 1], None)
    """
    tables = name_tables(current=current, reference=reference)
    unlabelled = [] if labelled else [name for name, _ in tables]
    found, predictions = parse_predictions(
        tables, roles, task, positive, unlabelled, scores_do, threshold
    )
    periods = [
        Period(name, frame, one) for (name, frame), one in zip(tables, predictions, strict=True)
    ]
    return found, periods[0], periods[1] if len(periods) > 1 else None


def name_tables(**sources: Any) -> list[tuple[str, pd.DataFrame]]:
    """Read tables, and name them so that a message can tell them apart.

    Parameters
    ----------
    **sources : frame, table, str, Path or None
        By role, such as "current"; None is left out.

    Returns
    -------
    list of (str, pandas.DataFrame)
        In the order given. A file is called by its name, with its role where two are called
        the same, and any other table by its role.

    Raises
    ------
    DataError
        If one cannot be read.

    Examples
    --------
    >>> tables = name_tables(current=pd.DataFrame({"x": [1]}), reference=None)
    >>> [(name, len(frame)) for name, frame in tables]
    [('current', 1)]
    """
    given = {role: source for role, source in sources.items() if source is not None}
    names = {role: source_name(source, role) for role, source in given.items()}
    if len(set(names.values())) < len(names):
        names = {role: f"{role} {name}" for role, name in names.items()}
    if given.keys() == {"reference", "current"}:
        frames = read_pair(given["reference"], given["current"])
        read = dict(zip(("reference", "current"), frames, strict=True))
    else:
        read = {role: read_frame(source, role) for role, source in given.items()}
    return [(names[role], read[role]) for role in given]


def parse_predictions(
    tables: Sequence[tuple[str, pd.DataFrame]],
    roles: ColumnRoles,
    task: str = "auto",
    positive: Any = None,
    unlabelled: Iterable[str] = (),
    scores_do: bool = False,
    threshold: float | None = None,
) -> tuple[Task, list[Predictions]]:
    """Parse the columns of one or more frames that belong to the same model.

    Parameters
    ----------
    tables : sequence of (name, frame)
        Name is what to call the frame in an error.
    roles : ColumnRoles
        Names of the columns.
    task, positive
        See `read_predictions`.
    unlabelled : iterable of str
        Names of frames that need no labels.
    scores_do : bool
        Whether probabilities without predictions are enough.
    threshold : float, optional
        Probability from which on a row is predicted positive, whatever is predicted else.

    Returns
    -------
    task : Task
    predictions : list of Predictions
        One a frame.

    Raises
    ------
    DataError, ParameterError
        A sentence with the column, the first offending value and its row (from 0).

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": ["no", "yes"], "y_pred": ["no", "no"]})
    >>> task, (predictions,) = parse_predictions([("current", frame)], ColumnRoles())
    >>> task.kind, predictions.y.tolist(), predictions.pred.tolist()
    ('binary', [0, 1], [0, 0])
    """
    check_choice("task", task, ("auto", *TASKS))
    cleaned = [
        without_blanks(where, frame, (roles.y_true, roles.y_pred)) for where, frame in tables
    ]
    tables = [(where, frame) for (where, _), (frame, _) in zip(tables, cleaned, strict=True)]
    read = [notes_of(frame) for _, frame in tables]
    notes = [(*said, *found) for said, (_, found) in zip(read, cleaned, strict=True)]
    without = set(unlabelled)
    if (scores_do or threshold is not None) and task != REGRESSION and _only_scores(tables, roles):
        tables = [(where, f.drop(columns=roles.y_pred, errors="ignore")) for where, f in tables]
        predicted = False
    else:
        predicted = threshold is None
    for where, frame in tables:
        _check_columns(where, frame, roles, where not in without, predicted)
    labelled = [table for table in tables if roles.y_true in table[1].columns]
    told, reason = (task, "as asked") if task != "auto" else infer_task(labelled or tables, roles)
    if told == REGRESSION:
        if threshold is not None:
            raise ParameterError("threshold= cuts probabilities, and this is a regression.")
        if positive is not None:
            raise ParameterError("positive= is for two classes, and this is a regression.")
        numbers = [_read_numbers(where, frame, roles) for where, frame in tables]
        return Task(REGRESSION, (), reason), _noted(numbers, notes)

    columns = [
        [read_labels(where, frame, name) for name in (roles.y_true, roles.y_pred)]
        for where, frame in tables
    ]
    by_class = class_columns(tables[0][1], roles)
    positive = None if positive is None else level_text(positive)
    positive, by_class = unify_booleans(columns, positive, by_class)
    unknown = leave_unknown(told, columns, list(by_class), positive)
    classes = find_classes(told, columns, list(by_class), positive, task == "auto")
    found = Task(told, classes, reason)
    predictions = [
        _read_classes(where, frame, roles, found, pair)
        for (where, frame), pair in zip(tables, columns, strict=True)
    ]
    if threshold is not None:
        predictions = [_cut(one, found, threshold) for one in predictions]
    return found, _noted(predictions, [(*a, *b) for a, b in zip(notes, unknown, strict=True)])


def _only_scores(tables: Sequence[tuple[str, pd.DataFrame]], roles: ColumnRoles) -> bool:
    """Whether every table has probabilities and none a prediction."""
    return all(
        bool(roles.proba_columns(frame.columns))
        and (roles.y_pred not in frame.columns or bool(frame[roles.y_pred].isna().all()))
        for _, frame in tables
    )


def _cut(predictions: Predictions, task: Task, threshold: float) -> Predictions:
    """Predict the positive label from a probability on."""
    if not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise ParameterError(f"threshold={threshold!r} is no probability: give a number, 0 to 1.")
    if task.kind != BINARY or predictions.proba is None:
        raise ParameterError(
            f"threshold={threshold!r} cuts the probability of one of two labels, and there is "
            "none here: leave it out."
        )
    known = predictions.scored
    pred = np.where(known, predictions.proba >= threshold, -1)
    other = predictions.predicted & known & (predictions.pred != pred)
    replaced = f"; {counted(int(other.sum()), 'row')} had another prediction" if other.any() else ""
    note = f"a row is predicted {task.positive!r} from a probability of {threshold:g} on{replaced}"
    return replace(predictions, pred=pred, opposed="", notes=(*predictions.notes, note))


def _noted(predictions: list[Predictions], notes: Sequence[tuple[str, ...]]) -> list[Predictions]:
    return [
        replace(one, notes=(*more, *one.notes))
        for one, more in zip(predictions, notes, strict=True)
    ]


def _check_columns(
    where: str, frame: pd.DataFrame, roles: ColumnRoles, labels: bool, predicted: bool = True
) -> None:
    has = quoted(frame.columns)
    if labels and roles.y_true not in frame.columns:
        raise LackingError(
            f'{where} has no column {roles.y_true!r} (it has: {has}). Pass y_true="..." if the '
            "labels are under another name, or use estimate_performance for data without labels. "
            f"{see_guide('labels')}",
            f"{where} has no column {roles.y_true!r} with labels.",
        )
    if labels and frame[roles.y_true].isna().all():
        raise LackingError(
            f"{where} column {roles.y_true!r} has no label in any row: wait for labels, or use "
            f"estimate_performance for data without labels. {see_guide('labels')}",
            f"{where} column {roles.y_true!r} has no label in any row.",
        )
    if not predicted:
        return
    lacks = roles.y_pred not in frame.columns
    if lacks or frame[roles.y_pred].isna().all():
        what = (
            f"has no column {roles.y_pred!r} (it has: {has})"
            if lacks
            else (f"column {roles.y_pred!r} has no prediction in any row")
        )
        advice = 'Pass y_pred="..." if the predictions are under another name.'
        if roles.y_proba in frame.columns:
            advice = (
                "Predicted labels are needed beside the probabilities: make them with the cut-off "
                f"your model is used with, such as frame[{roles.y_pred!r}] = "
                f"frame[{roles.y_proba!r}] >= 0.5, or where a function takes it pass threshold=0.5."
            )
        lacking = "has no column" if lacks else "has no prediction in any row of column"
        raise LackingError(
            f"{where} {what}. {advice}", f"{where} {lacking} {roles.y_pred!r} with predictions."
        )


def _read_classes(
    where: str, frame: pd.DataFrame, roles: ColumnRoles, task: Task, pair: list[LabelColumn]
) -> Predictions:
    number = {text: position for position, text in enumerate(task.classes)}
    y, pred = (
        np.array([*(number[text] for text in labels.texts), -1])[labels.codes] for labels in pair
    )
    by_class = probabilities_by_suffix(frame, roles)
    if task.kind == BINARY and roles.y_proba in frame.columns:
        proba = read_probabilities(where, frame, roles.y_proba)
    elif len(by_class) > 1:
        texts = {_boolean_as(text, number): name for text, name in by_class.items()}
        wanted = task.classes if task.kind == MULTICLASS else task.classes[1:]
        proba = np.stack([read_probabilities(where, frame, texts[c]) for c in wanted], axis=1)
        proba = proba if task.kind == MULTICLASS else proba[:, 0]
    else:
        return Predictions(y, pred, None)
    notes = sum_note(where, proba) if proba.ndim == 2 else ()
    return Predictions(y, pred, proba, opposed_warning(pred, proba, task), notes)


def _boolean_as(text: str, number: dict[str, int]) -> str:
    truth = TRUTH.get(text.lower())
    same = (label for label in number if truth and TRUTH.get(label.lower()) == truth)
    return text if text in number else next(same, text)


def _read_numbers(where: str, frame: pd.DataFrame, roles: ColumnRoles) -> Predictions:
    y, of_labels = _read_column(where, frame, roles.y_true)
    pred, of_predictions = _read_column(where, frame, roles.y_pred)
    return Predictions(y, pred, None, "", of_labels + of_predictions)


def _read_column(where: str, frame: pd.DataFrame, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers of a column, NaN where there is none, and what a reader should know of them."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan), ()
    numbers = as_numbers(frame[name])
    if numbers.unreadable:
        lost = np.isnan(numbers.values) & frame[name].notna().to_numpy()
        raise DataError(
            f"{where} column {name!r} has {numbers.example!r} in row {int(lost.argmax())}, "
            "which is no number: a regression needs numbers."
        )
    values = numbers.values.astype(float)  # noqa: PD011
    infinite = np.isinf(values)
    large = ~infinite & (np.abs(values) > MOST_SQUARED)
    notes = []
    for which, what in ((infinite, "infinite value"), (large, "value")):
        if count := int(which.sum()):
            beyond = f" beyond {MOST_SQUARED:.0e}" if which is large else ""
            verb = "counts" if count == 1 else "count"
            notes.append(f"{counted(count, what)} of {name!r} in {where}{beyond} {verb} as missing")
    return np.where(infinite | large, np.nan, values), tuple(notes)
