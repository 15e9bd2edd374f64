"""Describe how far predicted numbers lie from what happened, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.groups import window_groups
from driftlib.data.predictions import Period
from driftlib.data.read_predictions import read_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import REGRESSION
from driftlib.data.windows import followed_time, start_in_words
from driftlib.errors import DataError
from driftlib.results import Result
from driftlib.written_numbers import significant

# The middle half and the middle nine tenths of rows.
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
# Groups of rows by prediction, of equal size in the reference.
GROUPS = 10


@dataclass(frozen=True)
class PredictionErrors(Result):
    """Errors of predicted numbers, prediction less label: made by `prediction_errors`.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per window; see `prediction_errors`.
    reference : pandas.DataFrame or None
        The reference as one window, in the same columns.
    groups : pandas.DataFrame
        A row per period and group of rows with like predictions: period, n, the mean prediction,
        the mean label, and q05 and q95 of the labels.
    """

    table: pd.DataFrame
    reference: pd.DataFrame | None
    groups: pd.DataFrame

    @property
    def worst(self) -> dict[Any, Any] | None:
        """The window whose bias is furthest from 0; None where no row has a label."""
        known = self.table[self.table["bias"].notna()]
        order = known["bias"].abs().sort_values(ascending=False, kind="stable").index[:1]
        return next(iter(known.loc[order].to_dict("records")), None)

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        if self.worst is None:
            return "No row has a label and a prediction"
        start = start_in_words(self.worst["start"], self.worst["end"])
        return self.words(f"in the window from {start}")

    def words(self, place: str) -> str:
        """Say how far off predictions were where they were furthest off.

        Parameters
        ----------
        place : str
            That window within a sentence, such as "in May 2024".

        Returns
        -------
        str
        """
        if self.worst is None:
            return self.headline
        said = f"Predictions are {_beside(self.worst['bias'])} on average"
        if len(self.table) > 1:
            said = f"Predictions were {_beside(self.worst['bias'])} on average {place}"
        if self.reference is None:
            return said
        return f"{said}, {_beside(float(self.reference['bias'].iloc[0]))} in the reference"


def _beside(bias: float) -> str:
    """Say how far predictions lie above or below what happened."""
    if not bias:
        return "right"
    return f"{significant(abs(bias))} too {'high' if bias > 0 else 'low'}"


@known_keywords(rows="pass a number of rows as window=", by="errors are of all segments together")
def prediction_errors(
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
) -> PredictionErrors:
    """Describe the errors of predicted numbers: their bias, their spread, and where they lie.

    Nothing here is tested: what is worse by more than noise is told by
    `driftlib.track_performance`.

    Parameters
    ----------
    current, reference : frame, table, str or Path
        Labels and predictions.
    window, step, on, timestamp, time_format, y_true, y_pred, y_proba, positive
        As for `driftlib.track_performance`.

    Returns
    -------
    PredictionErrors
        Its table has a row per window: window, start, end, n, n_labelled, `bias` (the mean of
        prediction less label) and quantiles of that: q05, q25, median, q75, q95. NaN where no
        row has both.

    Raises
    ------
    DriftlibError
        If what is predicted is no number, or there is no label.

    Examples
    --------
    >>> frame = pd.DataFrame({"y_true": [1.5, 2.0, 3.5, 4.0], "y_pred": [1.5, 2.5, 4.5, 6.0]})
    >>> errors = prediction_errors(frame, window=2)
    >>> errors.table[["window", "bias", "median"]]
       window  bias  median
    0       0  0.25    0.25
    1       1  1.50    1.50
    >>> errors.headline
    'Predictions were 1.5 too high on average in the window from row 3'
    """
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
    task, now, past = read_predictions(current, reference, roles=roles, positive=positive)
    if task.kind != REGRESSION:
        raise DataError("Errors are drawn of predicted numbers, and this model predicts classes.")
    on = followed_time(window, on, timestamp, now.frame.columns, now.name)
    table = _errors(now, window, step, on, time_format)
    before = None if past is None else _errors(past)
    return PredictionErrors(table, before, _by_prediction(now, past))


def _errors(
    period: Period,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    time_format: str | None = None,
) -> pd.DataFrame:
    groups = window_groups(
        period.frame, window, step, on, where=period.name, time_format=time_format
    )
    rows = period.predictions.take(groups.rows)
    errors = np.asarray(rows.pred, float) - np.asarray(rows.y, float)
    known = np.isfinite(errors)
    parts = [
        errors[low:high][known[low:high]] for low, high in zip(groups.lo, groups.hi, strict=True)
    ]
    table = groups.keys.assign(
        n=groups.hi - groups.lo,
        n_labelled=[len(part) for part in parts],
        bias=[part.mean() if len(part) else np.nan for part in parts],
    )
    shares = list(QUANTILES.values())
    nothing = np.full(len(shares), np.nan)
    found = np.array([np.quantile(part, shares) if len(part) else nothing for part in parts])
    return table.assign(**dict(zip(QUANTILES, found.reshape(-1, len(shares)).T, strict=True)))


def _by_prediction(now: Period, past: Period | None) -> pd.DataFrame:
    """Group rows by what was predicted, at the same limits in both periods."""
    sides = {"reference": past, "current": now}
    pairs = {name: _pairs(side) for name, side in sides.items() if side is not None}
    first = next(iter(pairs.values()))[1]
    shares = np.arange(1, GROUPS) / GROUPS
    limits = np.unique(np.quantile(first, shares)) if len(first) else np.empty(0)
    rows = []
    for name, (y, pred) in pairs.items():
        places = np.searchsorted(limits, pred, side="right")
        for place in np.unique(places):
            labels, predictions = y[places == place], pred[places == place]
            low, high = np.quantile(labels, [0.05, 0.95])
            rows.append((name, len(labels), predictions.mean(), labels.mean(), low, high))
    return pd.DataFrame(rows, columns=["period", "n", "predicted", "actual", "q05", "q95"])


def _pairs(period: Period) -> tuple[np.ndarray, np.ndarray]:
    y = np.asarray(period.predictions.y, float)
    pred = np.asarray(period.predictions.pred, float)
    known = np.isfinite(y) & np.isfinite(pred)
    return y[known], pred[known]
