"""What was predicted and what happened: shares of the positive label, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import window_groups
from driftlib.data.predictions import Predictions, read_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.sources import read_frame, source_name
from driftlib.data.task import MULTICLASS, REGRESSION, Task
from driftlib.errors import DataError
from driftlib.results import Result


@dataclass(frozen=True)
class Rates(Result):
    """Made by `outcome_rates`.

    Attributes
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
        what = f"Share of {self.positive!r}" if self.positive else "Mean label"
        actual = self.table["actual"].dropna()
        if actual.empty:
            return f"{what}: no labels"
        return f"{what}: {actual.min():.3g} to {actual.max():.3g} over {len(actual)} windows"


def outcome_rates(
    current: Any,
    reference: Any = None,
    window: int | str | None = None,
    on: str | None = None,
    positive: Any = None,
    *,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
) -> Rates:
    """How often the positive label came, was predicted, and was thought likely.

    Parameters
    ----------
    current, reference : frame, table, str or Path
        Predictions and, where there are any, labels and probabilities.
    window, on, positive, y_true, y_pred, y_proba
        As for `driftlib.track_performance`.

    Returns
    -------
    Rates
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
    roles = ColumnRoles(y_true, y_pred, y_proba, on)
    given = {"current": current} | ({} if reference is None else {"reference": reference})
    frames = {role: read_frame(source, role) for role, source in given.items()}
    tables = [(source_name(given[role], role), frame) for role, frame in frames.items()]
    problem, outcomes = read_predictions(
        tables, roles, "auto", positive, [name for name, _ in tables]
    )
    if problem.task == MULTICLASS:
        raise DataError(
            f"there are {len(problem.classes)} classes, and shares are drawn for one of two: see "
            "the confusion matrix instead."
        )
    table = _rates(frames["current"], outcomes[0], problem, window, on, tables[0][0])
    own = None
    if reference is not None:
        own = _rates(frames["reference"], outcomes[1], problem, None, None, tables[1][0])
    return Rates(table, own, problem.positive)


def _rates(
    frame: pd.DataFrame,
    outcomes: Predictions,
    problem: Task,
    window: int | str | None,
    on: str | None,
    where: str,
) -> pd.DataFrame:
    layout = window_groups(frame, on if window is None else window, None, on, where=where)
    part, lo, hi = outcomes.take(layout.rows), layout.lo, layout.hi
    sides = {"actual": part.y, "predicted": part.pred}
    if problem.task != REGRESSION:
        sides = {name: np.where(codes >= 0, codes, np.nan) for name, codes in sides.items()}
    sides["expected"] = np.full(len(part.y), np.nan) if part.proba is None else part.proba
    table = layout.keys.assign(n=hi - lo, n_labelled=_sums(part.labelled, lo, hi).astype(int))
    for name, values in sides.items():
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            table[name] = _sums(np.where(known, values, 0), lo, hi) / _sums(known, lo, hi)
    return table


def _sums(values: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    total = np.append(0, np.cumsum(values, dtype=float))
    return total[hi] - total[lo]
