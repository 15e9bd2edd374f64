"""Count how often the positive label came, was predicted and was expected, window by window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.groups import window_groups
from driftlib.data.predictions import Period
from driftlib.data.read_predictions import read_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import MULTICLASS, REGRESSION, Task
from driftlib.data.windows import followed_time
from driftlib.errors import DataError
from driftlib.results import Result
from driftlib.stats.aggregates import group_sums
from driftlib.text import shortened
from driftlib.written_numbers import brief, percent


@dataclass(frozen=True)
class BaseRates(Result):
    """What happened beside what was predicted: made by `outcome_rates`.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per window; see `outcome_rates`.
    reference : pandas.DataFrame or None
        The reference as one window, in the same columns.
    positive : str or None
        The positive label; None for a regression.
    """

    table: pd.DataFrame
    reference: pd.DataFrame | None
    positive: str | None

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        words = percent if self.positive else brief
        actual, predicted = (self.table[name].dropna() for name in ("actual", "predicted"))
        labelled, foreseen = (_span(side, words) for side in (actual, predicted))
        if not self.positive:
            labels = f"Labels averaged {labelled.lower()}; " if labelled else ""
            return f"{labels}predictions averaged {foreseen.lower()}"
        name = shortened(self.positive)
        if not labelled:
            return f"{foreseen} were predicted to be {name}; there are no labels"
        return f"{labelled} were {name}; {foreseen.lower()} were predicted to be"


def _span(values: pd.Series, words: Callable[[float], str]) -> str:
    """Smallest and largest value, once where they read the same; empty without any."""
    if values.empty:
        return ""
    low, high = words(values.min()), words(values.max())
    return low if low == high else f"Between {low} and {high}"


@known_keywords(rows="pass a number of rows as window=", by="shares are of all segments together")
def outcome_rates(
    current: Any,
    reference: Any = None,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    *,
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
) -> BaseRates:
    """Count how often the positive label came, was predicted, and was thought likely.

    Parameters
    ----------
    current, reference : frame, table, str or Path
        Predictions and, where there are any, labels and probabilities.
    window, step, on, timestamp, time_format, y_true, y_pred, y_proba, positive
        As for `driftlib.track_performance`.

    Returns
    -------
    BaseRates
        Its table has a row per window: window, start, end, n, n_labelled, `actual` (share of the
        positive label among labelled rows), `predicted` (share predicted as it) and
        `expected` (mean probability); for a regression the mean label and mean prediction.
        NaN where there is nothing to take a share of.

    Raises
    ------
    DriftlibError
        If there are no predictions, or more than two classes.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 1], "y_pred": [0, 1, 0, 0]})
    >>> outcome_rates(frame, window=2).table[["window", "actual", "predicted"]]
       window  actual  predicted
    0       0     0.5        0.5
    1       1     1.0        0.0
    """
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
    task, now, past = read_predictions(
        current, reference, roles=roles, positive=positive, labelled=False
    )
    if task.kind == MULTICLASS:
        raise DataError(
            f"there are {len(task.classes)} classes, and shares are drawn for one of two: see "
            "the confusion matrix instead."
        )
    on = followed_time(window, on, timestamp, now.frame.columns, now.name)
    table = _rates(now, task, window, step, on, time_format)
    return BaseRates(table, None if past is None else _rates(past, task), task.positive)


def _rates(
    period: Period,
    task: Task,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    time_format: str | None = None,
) -> pd.DataFrame:
    groups = window_groups(
        period.frame, window, step, on, where=period.name, time_format=time_format
    )
    rows, lo, hi = period.predictions.take(groups.rows), groups.lo, groups.hi
    sides = {"actual": rows.y, "predicted": rows.pred}
    if task.kind != REGRESSION:
        sides = {name: np.where(codes >= 0, codes, np.nan) for name, codes in sides.items()}
    sides["expected"] = np.full(len(rows.y), np.nan) if rows.proba is None else rows.proba
    labelled = group_sums(rows.labelled.astype(np.int64), lo, hi)
    table = groups.keys.assign(n=hi - lo, n_labelled=labelled)
    for name, values in sides.items():
        known = np.isfinite(values)
        sums = group_sums(np.where(known, values, 0.0), lo, hi)
        with np.errstate(invalid="ignore"):
            table[name] = sums / group_sums(known.astype(np.int64), lo, hi)
    return table
