"""Infer the task and its classes from label and prediction columns, or say what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.columns import as_numbers, level_text
from driftlib.data.schema import CATEGORICAL, NUMERIC, ColumnRoles, column_kind
from driftlib.errors import DataError, ParameterError
from driftlib.text import quoted

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
TASKS = (BINARY, MULTICLASS, REGRESSION)

MOST_CLASSES = 1_000
# Whole numbers with more values than this are counts or amounts unless task= says otherwise.
MOST_GUESSED_CLASSES = 20


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


@dataclass
class LabelColumn:
    """A label column as codes.

    Parameters
    ----------
    column, where : str
        Its name, and what to call its table in an error.
    texts : list of str
        The distinct labels as text.
    codes : int array, shape (rows,)
        Which of them each row has; -1 where it has none.
    """

    column: str
    where: str
    texts: list[str]
    codes: np.ndarray

    def row(self, text: str) -> int:
        """Find the first row with a label.

        Parameters
        ----------
        text : str
            One of `texts`.

        Returns
        -------
        int
            Counted from 0.
        """
        return int((self.codes == self.texts.index(text)).argmax())

    def says(self, text: str) -> str:
        """Begin a sentence about a label with where it first occurs.

        Parameters
        ----------
        text : str
            One of `texts`.

        Returns
        -------
        str
            Such as "current column 'y_true' has 'maybe' in row 17".
        """
        return f"{self.where} column {self.column!r} has {text!r} in row {self.row(text)}"


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

    Examples
    --------
    >>> frame = pd.DataFrame({"y_proba_no": [0.2], "y_proba_yes": [0.8]})
    >>> class_columns(frame, ColumnRoles())
    {'no': 'y_proba_no', 'yes': 'y_proba_yes'}
    """
    if roles.y_proba in frame.columns:
        return {}
    columns = {name[len(roles.y_proba) + 1 :]: name for name in roles.proba_columns(frame.columns)}
    return columns if len(columns) > 1 else {}


def infer_task(tables: Sequence[tuple[str, pd.DataFrame]], roles: ColumnRoles) -> tuple[str, str]:
    """Infer the kind of task from columns of labels, predictions and probabilities.

    The rules, in this order: `y_proba_<class>` columns for more than two classes are
    multiclass; a `y_proba` column (or two of them by class) is binary; text, booleans and
    pandas categories are classes, two or more; of numbers, whole ones with at most two values
    are binary, whole ones with at most 20 values of which all predictions are one are
    multiclass, and all else is a regression.

    Parameters
    ----------
    tables : sequence of (name, frame)
        Of labels and predictions, or where no labels are known yet of predictions alone, which
        then tell; probabilities are looked for in the first.
    roles : ColumnRoles

    Returns
    -------
    kind, reason : str
        The reason is for the reader.

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
    if {_kind(where, frame, name) for where, frame in tables for name in names} != {NUMERIC}:
        distinct = true.nunique()
        return BINARY if distinct <= 2 else MULTICLASS, f"{of_labels!r} holds {distinct} labels"
    labels, predictions = (as_numbers(column.dropna()).values for column in (true, pred))  # noqa: PD011
    if not _whole(labels):
        return REGRESSION, f"{of_labels!r} holds numbers that are not whole"
    values = np.unique(labels)
    if len(values) <= 2 and (_whole(predictions) or set(values) == {0, 1}):
        return BINARY, f"{of_labels!r} holds at most two whole numbers"
    if len(values) <= MOST_GUESSED_CLASSES and np.isin(predictions, values).all():
        return (
            MULTICLASS,
            f"{of_labels!r} holds {len(values)} whole numbers, all predictions among them",
        )
    return REGRESSION, f"{of_labels!r} holds {len(values):,} whole numbers"


def _whole(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def _kind(where: str, frame: pd.DataFrame, name: str) -> str:
    """Whether a column holds numbers or classes; an error for anything else."""
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


def read_labels(where: str, frame: pd.DataFrame, name: str) -> LabelColumn:
    """Read a column of labels.

    Parameters
    ----------
    where : str
        What to call the frame in an error.
    frame : pandas.DataFrame
    name : str
        The column; where there is none, no row has a label.

    Returns
    -------
    LabelColumn

    Raises
    ------
    DataError
        If it holds no labels: nested values, dates, or more than 1,000 different values.

    Examples
    --------
    >>> labels = read_labels("current", pd.DataFrame({"y_true": ["no", None, "yes"]}), "y_true")
    >>> labels.texts, labels.codes.tolist()
    (['no', 'yes'], [0, -1, 1])
    """
    if name not in frame.columns:
        return LabelColumn(name, where, [], np.full(len(frame), -1))
    series = frame[name]
    _kind(where, frame, name)
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(np.int64), series.cat.categories
    else:
        codes, values = pd.factorize(series)
    used = np.bincount(codes + 1, minlength=len(values) + 1)[1:] > 0
    if used.sum() > MOST_CLASSES:
        first = int((codes >= 0).argmax())
        raise DataError(
            f"{where} column {name!r} has {int(used.sum()):,} different values (the first, in row "
            f"{first}, is {short(series.iloc[first])}), which are no labels: pass "
            "task='regression' to predict numbers, and probabilities as y_proba=."
        )
    texts = [level_text(value) for value, use in zip(values, used, strict=True) if use]
    unique = list(dict.fromkeys(texts))
    number = np.full(len(values) + 1, -1)
    number[:-1][used] = [unique.index(text) for text in texts]
    return LabelColumn(name, where, unique, number[codes])


def unify_booleans(
    columns: list[list[LabelColumn]], positive: str | None, by_class: dict[str, str]
) -> tuple[str | None, dict[str, str]]:
    """Write booleans as 0 and 1 where others of the same model do.

    Parameters
    ----------
    columns : list of list of LabelColumn
        Labels and predictions of each table; changed in place.
    positive : str or None
        The positive label, where one is named.
    by_class : dict of str
        Columns of probabilities by class.

    Returns
    -------
    positive : str or None
    by_class : dict of str
        The same in the new words.

    Examples
    --------
    >>> pair = [LabelColumn("y_true", "current", ["True", "False"], np.array([0, 1])),
    ...         LabelColumn("y_pred", "current", ["1", "0"], np.array([0, 0]))]
    >>> unify_booleans([pair], "True", {}), pair[0].texts
    (('1', {}), ['1', '0'])
    """
    as_number = {"True": "1", "False": "0"}
    texts = {text for pair in columns for labels in pair for text in labels.texts} | set(by_class)
    texts |= set() if positive is None else {positive}
    if texts <= {"True", "False", "0", "1"} and texts & {"0", "1"} and texts & set(as_number):
        for pair in columns:
            for labels in pair:
                labels.texts = [as_number.get(text, text) for text in labels.texts]
        by_class = {as_number.get(text, text): name for text, name in by_class.items()}
        positive = None if positive is None else as_number.get(positive, positive)
    return positive, by_class


def find_classes(
    told: str,
    columns: list[list[LabelColumn]],
    declared: list[str],
    positive: str | None,
    auto: bool,
) -> tuple[str, ...]:
    """Put the classes in order.

    Parameters
    ----------
    told : {"binary", "multiclass"}
        The kind of task.
    columns : list of list of LabelColumn
        Labels and predictions of each table.
    declared : list of str
        Classes that have a column of probabilities; empty where one column holds them.
    positive : str or None
        The positive label, where one is named.
    auto : bool
        Whether the kind was inferred, which the advice in an error depends on.

    Returns
    -------
    tuple of str
        Numbers by size, other labels by text; of two, the positive one is last.

    Raises
    ------
    DataError
        If there is a label that is not declared or a third of two, labels and predictions share
        none, or a single label does not say which is the positive one.
    ParameterError
        If `positive` does not occur, or there are more than two classes.
    """
    true, pred = ([pair[side] for pair in columns] for side in (0, 1))
    if declared:
        _check_declared(true + pred, declared)
    else:
        _check_shared(true, pred)
    labels = _ordered(declared or {text for one in true + pred for text in one.texts})
    if told == MULTICLASS:
        if positive is not None:
            raise ParameterError(
                f"positive={positive!r} is for two classes, and there are {len(labels)} here: "
                "leave it out."
            )
        return tuple(labels)
    if len(labels) > 2:
        raise DataError(_third_label(true + pred, auto))
    return _with_positive_last(labels, positive, true[0], pred[0])


def _check_declared(columns: list[LabelColumn], declared: list[str]) -> None:
    for labels in columns:
        for text in labels.texts:
            if text not in declared:
                raise DataError(
                    f"{labels.says(text)}, and no column holds the probability of that class "
                    f"(there are those of {quoted(declared)}): add it, or correct the label."
                )


def _check_shared(true: list[LabelColumn], pred: list[LabelColumn]) -> None:
    of_true = {text for labels in true for text in labels.texts}
    of_pred = {text for labels in pred for text in labels.texts}
    both = of_true | of_pred
    kinds = {number_of(text) is None for text in both}
    # A single row that is predicted wrongly shares no label either, and is fine.
    if of_true & of_pred or not of_true or not of_pred or (len(both) == 2 and len(kinds) == 1):
        return
    first = pred[0]
    raise DataError(
        f"{first.where} columns {true[0].column!r} and {first.column!r} share no label: the first "
        f"holds {quoted(_ordered(of_true))}, the second {quoted(_ordered(of_pred))}, starting with "
        f"{first.texts[0]!r} in row {first.row(first.texts[0])}. Write both with the same labels "
        "(probabilities belong in y_proba=, and task='regression' predicts numbers)."
    )


def _third_label(columns: list[LabelColumn], auto: bool) -> str:
    seen: list[str] = []
    for labels in columns:
        for text in labels.texts:
            if text not in seen and len(seen) == 2:
                number = number_of(text)
                if number is not None and not number.is_integer():
                    advice = "name a column of probabilities in y_proba=, and one of labels here"
                elif auto:
                    advice = (
                        "correct it, or for more than two classes give a column y_proba_<class> "
                        "for each, or task='multiclass' to go without probabilities"
                    )
                else:
                    advice = "correct it, or pass task='multiclass'"
                return (
                    f"{labels.says(text)}, a third label beside {seen[0]!r} and {seen[1]!r} where "
                    f"there should be two: {advice}."
                )
            seen += [text] * (text not in seen)
    raise AssertionError("called without a third label")


def _with_positive_last(
    labels: list[str], positive: str | None, true: LabelColumn, pred: LabelColumn
) -> tuple[str, str]:
    for usual in (["0", "1"], ["False", "True"]):
        labels = usual if len(labels) == 1 and labels[0] in usual else labels
    if len(labels) == 2:
        if positive is not None and positive not in labels:
            raise ParameterError(
                f"positive={positive!r} does not occur: {true.where} columns {true.column!r} and "
                f"{pred.column!r} hold {labels[0]!r} and {labels[1]!r}."
            )
        return (labels[0], labels[1]) if positive in (None, labels[1]) else (labels[1], labels[0])
    if positive is None:
        raise DataError(
            f"{true.where} columns {true.column!r} and {pred.column!r} hold only one label, "
            f'{labels[0]!r}: say which label is the positive one with positive="...".'
        )
    return (f"not {positive}" if positive == labels[0] else labels[0]), positive


def _ordered(texts: Iterable[str]) -> list[str]:
    """Numbers by size, anything else by text."""
    texts = list(texts)
    numbers = ((number_of(text), text) for text in texts)
    known = [(number, text) for number, text in numbers if number is not None]
    return [text for _, text in sorted(known)] if len(known) == len(texts) else sorted(texts)


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
