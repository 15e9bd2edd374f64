"""Guess from a look at a file what its columns are, and say why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from driftlib.data.schema import DATETIME, IDENTIFIER, column_kind
from driftlib.data.times import DAYFIRST, is_like_a_date
from driftlib.errors import DriftlibError
from driftlib.profile.baseline import Baseline
from driftlib.text import counted, listed

# Names that people give, the surest first; whole words of a name count.
TIMES = ("timestamp", "time", "datetime", "date", "day", "seen", "created", "at")
LABELS = ("y_true", "label", "target", "actual", "truth", "outcome", "y")
PREDICTIONS = ("y_pred", "prediction", "predicted", "pred", "yhat", "y_hat", "forecast")
SCORES = ("y_proba", "probability", "proba", "prob", "score")
# Two numbers and a year, of which the first or the second is the month.
DATE, MONTHS = r"^(\d{1,2})[/.](\d{1,2})[/.]\d{4}\b", 12
DAYS = 31
# Whole numbers of so few values, beside many rows, may be codes.
MOST_CODES, ROWS_A_CODE = 30, 50
# Chances of all classes add up to 1 within so much, as they may be rounded.
ROUNDING = 0.02
# A column that is the prediction so much oftener than by chance may be what it predicts.
LIKE_THE_LABEL = 0.2


@dataclass(frozen=True)
class Guess:
    """A setting that was guessed.

    Parameters
    ----------
    name : str
        Of the setting.
    value : object
    why : str
        In a few words.
    """

    name: str
    value: Any
    why: str


def guess(frame: pd.DataFrame) -> list[Guess]:
    """Guess roles, kinds, time and unit of a table's columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of the reference, as read from its file.

    Returns
    -------
    list of Guess
        Only of what was found.

    Examples
    --------
    >>> frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=90), "x": 0.5})
    >>> found = guess(frame.assign(churn_label=[0, 1] * 45, score=0.5))
    >>> [(one.name, one.value) for one in found]
    [('timestamp', 'day'), ('y_true', 'churn_label'), ('y_proba', 'score'), ('positive', '1')]
    """
    names = [str(name) for name in frame.columns]
    found = [*_time(frame, names)]
    classes = _shares_of_classes(frame, names)
    taken = [one.value for one in found] + classes
    for role, known, fits in (
        ("y_true", LABELS, _any),
        ("y_pred", PREDICTIONS, _any),
        ("y_proba", SCORES, _is_share),
    ):
        place = [name for name in names if name not in taken]
        name = _named(place, known, lambda name, fits=fits: fits(frame[name]))
        if name is not None and not (role == "y_proba" and classes):
            found.append(Guess(role, name, "by its name"))
            taken.append(name)
    if classes:
        start = _start(classes[0])
        found.append(Guess("y_proba", start, f"its columns {start}_<class> add up to 1"))
    if not any(one.name == "y_proba" for one in found):
        found += _of_classes(frame, found)
        taken += [
            name
            for one in found
            if one.name == "y_proba"
            for name in names
            if name.startswith(f"{one.value}_")
        ]
    found += _positive(frame, found)
    others = [name for name in names if name not in taken]
    return found + _kinds(frame, others)


def guess_unit(frame: pd.DataFrame, found: Sequence[Guess]) -> str:
    """Tell what rows were drawn in, in a sentence.

    Parameters
    ----------
    frame : pandas.DataFrame
    found : sequence of Guess

    Returns
    -------
    str
        Empty where it cannot be told.
    """
    known = {one.name: one.value for one in found}
    roles = ("timestamp", "time_format", "y_true", "y_pred", "y_proba")
    columns = {name: known[name] for name in roles if name in known}
    try:
        return Baseline.fit(frame, exclude=known.get("exclude", ()), **columns).unit.told
    except DriftlibError:
        return ""


def likely_label(frame: pd.DataFrame, found: Sequence[Guess]) -> str | None:
    """Find the column that agrees best with the predicted classes, which may be what they predict.

    Parameters
    ----------
    frame : pandas.DataFrame
    found : sequence of Guess

    Returns
    -------
    str or None
        None where there are no predictions of classes, or no column agrees with them. Of a
        regression it would mostly be the feature that the model leans on.

    Examples
    --------
    >>> frame = pd.DataFrame({"kind": list("abca"), "pred": list("abcc"), "x": [0.5, 2, 7, 1]})
    >>> likely_label(frame, [Guess("y_pred", "pred", "by its name")])
    'kind'
    """
    roles = {one.name: one.value for one in found}
    if "y_pred" not in roles or frame[roles["y_pred"]].nunique() > MOST_CODES:
        return None
    pred, proba = frame[roles["y_pred"]], f"{roles.get('y_proba')}_"
    others = [
        str(name)
        for name in frame.columns
        if name not in roles.values() and not str(name).startswith(proba)
    ]
    agreed = {name: _agreement(frame[name], pred) for name in others}
    best = max(agreed, key=agreed.__getitem__, default=None)
    return best if best is not None and agreed[best] > LIKE_THE_LABEL else None


def _agreement(column: pd.Series, pred: pd.Series) -> float:
    """How much oftener than chance a column is the prediction: 1 is always, 0 is not at all."""
    if set(column.dropna().astype(str)) - set(pred.dropna().astype(str)):
        return 0.0
    by_chance = float((column.value_counts(normalize=True) ** 2).sum())
    right = float((column.astype(str) == pred.astype(str)).mean())
    return (right - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _time(frame: pd.DataFrame, names: Sequence[str]) -> list[Guess]:
    times = [name for name in names if column_kind(frame[name])[0] == DATETIME]
    if times:
        first = _named(times, TIMES, lambda _: True) or times[0]
        others = f"; others are {listed([n for n in times if n != first])}" if times[1:] else ""
        return [Guess("timestamp", first, f"it holds times{others}")]
    written = _named(names, TIMES, lambda name: is_like_a_date(pd.Series(frame[name])))
    if written is not None:
        return [Guess("timestamp", written, "it holds dates, by its name")]
    for name in names:
        if way := _way_of_dates(frame[name]):
            return [
                Guess("timestamp", name, "it holds dates"),
                Guess("time_format", way, "as its dates are written"),
            ]
    return []


def _way_of_dates(column: pd.Series) -> str:
    """Tell how dates such as 31/12/2013 are written; empty where there are none, or either way."""
    if not pd.api.types.is_string_dtype(column.dtype):
        return ""
    parts = column.dropna().astype(str).str.extract(DATE)
    if parts.empty or parts[0].isna().any():
        return ""
    first, second = parts[0].astype(int).max(), parts[1].astype(int).max()
    if max(first, second) > DAYS:
        return ""
    if second <= MONTHS < first:
        return DAYFIRST
    slashes = column.dropna().astype(str).str.fullmatch(r"\d+/\d+/\d{4}").all()
    return "%m/%d/%Y" if first <= MONTHS < second and slashes else ""


def _named(names: Sequence[str], known: Sequence[str], fits: Any) -> str | None:
    """Find the column whose name is, or has as a word, one of the known ones."""
    for word in known:
        for name in names:
            words = re.split(r"[^a-z0-9]+", name.lower())
            # "y" alone is a label; of "y_pred" and "y_proba_red" it says nothing.
            if (name.lower() == word or (len(word) > 1 and word in words)) and fits(name):
                return name
    return None


def _of_classes(frame: pd.DataFrame, found: Sequence[Guess]) -> list[Guess]:
    """Find the beginning that names of a probability for each predicted class have in common."""
    for one in found:
        if one.name not in ("y_true", "y_pred"):
            continue
        levels = [str(level) for level in frame[one.value].dropna().unique()[:MOST_CODES]]
        if len(levels) < 2:
            continue
        for name in map(str, frame.columns):
            start = name.removesuffix(f"_{levels[0]}")
            if start != name and all(
                f"{start}_{level}" in frame.columns and _is_share(frame[f"{start}_{level}"])
                for level in levels
            ):
                return [Guess("y_proba", start, f"its columns {start}_<class>")]
    return []


def _start(name: str) -> str:
    """Cut the last word off a name."""
    return name.rpartition("_")[0]


def _shares_of_classes(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Find columns of the same beginning that add up to 1 in each row: chances of classes."""
    shares = [name for name in names if _start(name) and _is_share(frame[name])]
    for start in dict.fromkeys(map(_start, shares)):
        alike = [name for name in shares if _start(name) == start]
        if len(alike) > 1 and bool((frame[alike].sum(axis=1) - 1).abs().le(ROUNDING).all()):
            return alike
    return []


def _any(_: pd.Series) -> bool:
    return True


def _is_share(column: pd.Series) -> bool:
    numbers = pd.api.types.is_float_dtype(column.dtype)
    return bool(numbers and column.min() >= 0 and column.max() <= 1)


def _positive(frame: pd.DataFrame, found: Sequence[Guess]) -> list[Guess]:
    label = next((one.value for one in found if one.name == "y_true"), None)
    if label is None or frame[label].nunique() != 2:
        return []
    larger = max(frame[label].dropna().unique(), key=str)
    return [Guess("positive", str(larger), "the larger of two labels")]


def _kinds(frame: pd.DataFrame, names: Sequence[str]) -> list[Guess]:
    ids, codes = [], []
    for name in names:
        column = frame[name]
        kind, _ = column_kind(column)
        numbers = pd.api.types.is_integer_dtype(column.dtype)
        if kind == IDENTIFIER or (numbers and column.is_unique and column.is_monotonic_increasing):
            ids.append(name)
        elif numbers and re.search(r"(^|_)(id|code|zip|store|shop|type|class)(_|$)", name.lower()):
            values = column.nunique()
            if values > MOST_CODES and values * ROWS_A_CODE > len(column):
                ids.append(name)
            else:
                codes.append(name)
    found = []
    if ids:
        found.append(Guess("exclude", ids, f"{counted(len(ids), 'column')} of ids"))
    if codes:
        found.append(Guess("categorical", codes, "numbers that seem to be codes"))
    return found
