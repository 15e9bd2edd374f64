"""Read columns of labels as codes, and put the classes of a task in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from pandas.api import types

from driftlib.data.levels import TRUTH, level_codes, level_text
from driftlib.data.task import HANDFUL, MULTICLASS, label_kind, number_of, short
from driftlib.errors import DataError, ParameterError
from driftlib.text import counted, quoted

MOST_CLASSES = 1_000
BLANKS = ("", "nan", "<na>")


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

    def rename(self, names: Mapping[str, str]) -> None:
        """Call labels otherwise; those that are called the same become one.

        Parameters
        ----------
        names : mapping of str to str
            The new name of each of `texts`.
        """
        renamed = [names[text] for text in self.texts]
        self.texts = list(dict.fromkeys(renamed))
        places = [self.texts.index(text) for text in renamed]
        self.codes = np.array([*places, -1])[self.codes]

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


def without_blanks(
    where: str, frame: pd.DataFrame, names: Iterable[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Take labels that are blank, or the text "nan", as missing.

    Parameters
    ----------
    where : str
        What to call the frame in a note.
    frame : pandas.DataFrame
    names : iterable of str
        Columns of labels and predictions, where they exist.

    Returns
    -------
    frame : pandas.DataFrame
        The same where there are none.
    notes : list of str
        How many there are in each column.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": ["yes", " ", "NaN"]})
    >>> cleaned, notes = without_blanks("current", frame, ["y_true"])
    >>> cleaned["y_true"].isna().tolist(), notes
    ([False, True, True], ["2 values of 'y_true' in current are blank and count as missing"])
    """
    notes = []
    for name in names:
        if name not in frame.columns or not _is_text(frame[name]):
            continue
        codes, levels = level_codes(frame[name])
        blank = np.array([*(text.strip().casefold() in BLANKS for text in levels), False])[codes]
        if blank.any():
            frame = frame.assign(**{name: frame[name].mask(blank)})
            count = int(blank.sum())
            verb = "is blank and counts" if count == 1 else "are blank and count"
            notes.append(f"{counted(count, 'value')} of {name!r} in {where} {verb} as missing")
    return frame, notes


def _is_text(series: pd.Series) -> bool:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    return isinstance(dtype, pd.StringDtype) or types.is_object_dtype(dtype)


def leave_unknown(
    told: str, columns: list[list[LabelColumn]], declared: list[str], positive: str | None
) -> list[list[str]]:
    """Take a handful of rows with a label that is no class as rows without one.

    Classes are those declared; without any, the two commonest labels of a binary task.

    Parameters
    ----------
    told : {"binary", "multiclass"}
        The kind of task.
    columns : list of list of LabelColumn
        Labels and predictions of each table; changed in place.
    declared : list of str
        Classes that have a column of probabilities.
    positive : str or None
        The positive label, where one is named.

    Returns
    -------
    list of list of str
        What is left out of each table. More than 2 % of a column is no handful, and stays.

    Examples
    --------
    >>> labels = LabelColumn("y_true", "current", ["0", "1", "?"], np.array([0, 1] * 50 + [2]))
    >>> leave_unknown("binary", [[labels]], [], None)
    [["1 row of current has the label '?' in 'y_true', which is no class (row 100): left out"]]
    >>> labels.texts, labels.codes[-3:].tolist()
    (['0', '1'], [0, 1, -1])
    """
    known = set(declared) or _two_commonest(columns)
    if (told == MULTICLASS and not declared) or (positive is not None and positive not in known):
        return [[] for _ in columns]
    return [[note for labels in pair for note in _leave(labels, known)] for pair in columns]


def _two_commonest(columns: list[list[LabelColumn]]) -> set[str]:
    counts: Counter[str] = Counter()
    for pair in columns:
        for labels in pair:
            rows = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.texts))
            counts.update(dict(zip(labels.texts, rows.tolist(), strict=True)))
    return {text for text, _ in counts.most_common(2)}


def _leave(labels: LabelColumn, known: set[str]) -> list[str]:
    strange = [text for text in labels.texts if text not in known]
    unknown = np.array([text not in known for text in labels.texts] + [False])[labels.codes]
    rows = int(unknown.sum())
    if not rows or rows > HANDFUL * (labels.codes >= 0).sum():
        return []
    first = int(unknown.argmax())
    kept = [text for text in labels.texts if text in known]
    number = np.array([kept.index(t) if t in known else -1 for t in labels.texts] + [-1])
    labels.texts, labels.codes = kept, number[labels.codes]
    which = f"the label {quoted(strange)}" if len(strange) == 1 else f"labels {quoted(strange)}"
    what = "is no class" if len(strange) == 1 else "are no classes"
    has = "has" if rows == 1 else "have"
    return [
        f"{counted(rows, 'row')} of {labels.where} {has} {which} in {labels.column!r}, which "
        f"{what} (row {first:,}): left out"
    ]


def unify_booleans(
    columns: list[list[LabelColumn]], positive: str | None, by_class: dict[str, str]
) -> tuple[str | None, dict[str, str]]:
    """Write truth values in one way where they come in several: true, TRUE, True and 1.

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
    texts = {text for pair in columns for labels in pair for text in labels.texts} | set(by_class)
    texts |= set() if positive is None else {positive}
    truth = {text: TRUTH[text.lower()] for text in texts if text.lower() in TRUTH}
    if len(truth) < len(texts) or len(texts) == len(set(truth.values())):
        return positive, by_class
    if not texts & {"0", "1"}:
        truth = {text: ("False", "True")[int(value)] for text, value in truth.items()}
    for labels in (labels for pair in columns for labels in pair):
        labels.rename(truth)
    return truth.get(positive or "", positive), {truth[text]: by_class[text] for text in by_class}


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
        _check_alike(true + pred)
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


def _check_alike(columns: list[LabelColumn]) -> None:
    """Raise where two columns seem to write the same labels in two ways, as yes/no and 0/1."""
    for one, other in combinations([labels for labels in columns if labels.texts], 2):
        words = [any(number_of(text) is None for text in part.texts) for part in (one, other)]
        pairs = len(one.texts) == len(other.texts) == 2
        if not set(one.texts) & set(other.texts) and (pairs or (words[0] != words[1])):
            raise DataError(
                f"{one.where} column {one.column!r} holds {quoted(_ordered(one.texts))} and "
                f"{other.where} column {other.column!r} holds {quoted(_ordered(other.texts))}: "
                "write the same labels alike everywhere."
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
                f"{pred.column!r} hold {quoted(labels[:1])} and {quoted(labels[1:])}."
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
    if len(known) == len(texts):
        return [text for _, text in sorted(known)]
    # Capitals do not make a label smaller: "no" comes before "Yes".
    return sorted(texts, key=lambda text: (text.casefold(), text))
