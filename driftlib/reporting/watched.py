"""Which metrics a report watches, and how much worse than in the reference each may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.alerts import Alert, make_alerts
from driftlib.data.task import BINARY, MULTICLASS, REGRESSION
from driftlib.diagnosis.diagnose import Diagnosis
from driftlib.drift.detect import DriftResult
from driftlib.drift.trend import TrendResult
from driftlib.errors import DataError
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance
from driftlib.reporting.sections import Unavailable, attempt

# The most telling first: those that do not just follow how common the positive label is.
ORDER = {
    BINARY: ("roc_auc", "brier", "precision", "recall", "accuracy", "f1"),
    MULTICLASS: ("accuracy", "f1", "roc_auc", "log_loss"),
    REGRESSION: ("mae", "rmse", "r2"),
}
MOST_WATCHED = 4


def watched(results: Iterable[Performance | Unavailable], wanted: Iterable[str] = ()) -> list[str]:
    """Metrics to watch: the wanted ones, or the most telling of the first result that there is.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> watched([Unavailable("no labels"), track_performance(frame)])
    ['precision', 'recall', 'accuracy', 'f1']
    """
    if chosen := list(wanted):
        return chosen
    for perf in results:
        if not isinstance(perf, Unavailable):
            present = set(perf.table["metric"])
            return [name for name in ORDER[perf.task] if name in present][:MOST_WATCHED]
    return ["accuracy"]


def against(
    reference: Any, known: Performance | Unavailable, metrics: Iterable[str], share: float
) -> dict[str, Any]:
    """Arguments that judge each metric against the reference: a share of its value worse.

    Parameters
    ----------
    reference : frame, table or path
    known : Performance or Unavailable
        Of the reference; there is nothing to judge by where it is not available.
    metrics : list of str
    share : float

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> against("march.csv", track_performance(frame), ["accuracy"], 0.1)
    {'reference': 'march.csv', 'thresholds': {'accuracy': '-0.075'}}
    """
    if isinstance(known, Unavailable):
        return {}
    values = known.table.set_index("metric")["value"].dropna().to_dict()
    limits = {name: f"-{share * abs(values[name]):.6g}" for name in metrics if name in values}
    return {"reference": reference, "thresholds": limits}


def drift_alerts(result: DriftResult, trend: TrendResult) -> tuple[Alert, ...]:
    """Alerts of the windows, and of what drifted over all and in no window enough."""
    by_window = make_alerts(trend)
    if len(trend.windows) == 1:
        return make_alerts(result)
    named = {alert.subject for alert in by_window}
    return (*by_window, *(alert for alert in make_alerts(result) if alert.subject not in named))


def available(*results: Any) -> list[Any]:
    """The first result that there is, as a list; empty if there is none."""
    return [result for result in results if not isinstance(result, Unavailable)][:1]


def with_overlap(why: Diagnosis) -> Diagnosis:
    """The same diagnosis, where there is a covariate part to share out among features.

    Raises
    ------
    DataError
        If the periods have too few inputs in common.
    """
    if not why.domain.overlaps:
        raise DataError("The two periods have too few inputs in common to share out the change.")
    return why


def with_concept(why: Diagnosis) -> Diagnosis:
    """The same diagnosis, where there is a concept part to look for in groups of rows.

    Raises
    ------
    DataError
        If current has no labels, or the periods have too few inputs in common.
    """
    if why.segments.empty:
        raise DataError(
            "It takes labels in both periods, and inputs that both have, to see where the same "
            "inputs have other outcomes."
        )
    return why


def by_segment(
    current: Any, columns: Iterable[str], metric: str, names: dict[str, Any], **judged: Any
) -> list[Any]:
    """Performance by the values of each column over all of current, or why there is none."""
    results = [
        attempt(track_performance, current, by=column, metrics=[metric], **names, **judged)
        for column in columns
    ]
    why = Unavailable("No column of categories cuts the data into a few groups: name some.")
    return results or [why]


def focus(perf: Any, metrics: Iterable[str]) -> Any:
    """The result with some of its metrics only, in their order."""
    if isinstance(perf, Unavailable):
        return perf
    order = {name: place for place, name in enumerate(metrics)}

    def chosen(table: pd.DataFrame) -> pd.DataFrame:
        group = np.arange(len(table)) // max(1, table["metric"].nunique())
        keys = pd.DataFrame({"group": group, "place": table["metric"].map(order).to_numpy()})
        keys = keys.dropna().sort_values(["group", "place"])
        return table.iloc[keys.index].reset_index(drop=True)

    reference = None if perf.reference is None else chosen(perf.reference)
    return replace(perf, table=chosen(perf.table), reference=reference)
