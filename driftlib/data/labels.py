"""Read columns of labels as codes, and put the classes of a task in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.columns import level_text
from driftlib.data.task import MULTICLASS, label_kind, number_of, short
from driftlib.errors import DataError, ParameterError
from driftlib.text import quoted

MOST_CLASSES = 1_000


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
    label_kind(where, frame, name)
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
