"""Choose the metrics that a report watches, and how much worse than before each may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from driftlib.alerts import Alert, by_urgency, make_alerts, with_joint, with_quality
from driftlib.data.task import BINARY, MULTICLASS, REGRESSION
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.windows import Timeline
from driftlib.drift.detect import detect_drift
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DataError
from driftlib.performance.limits import limits_in_words
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance
from driftlib.reporting.sections import Unavailable, attempt
from driftlib.severity import Severity, rank
from driftlib.stats.watch import level_of_checks
from driftlib.text import capital

Found = TypeVar("Found")
Windowed = TypeVar("Windowed", TrendResult, Timeline)
# The most telling first: those that do not just follow how common the positive label is.
ORDER = {
    BINARY: ("roc_auc", "brier", "precision", "recall", "accuracy", "f1"),
    MULTICLASS: ("accuracy", "f1", "roc_auc", "log_loss"),
    REGRESSION: ("rmse", "mae", "r2"),
}
MOST_WATCHED = 4
NO_GROUPS = Unavailable(
    "No column of categories cuts the data into a few groups: name columns in segments."
)


def choose_metrics(
    results: Iterable[Performance | Unavailable], wanted: Iterable[str] = ()
) -> list[str]:
    """Choose the metrics to watch: the wanted ones, or the most telling.

    Parameters
    ----------
    results : iterable of Performance or Unavailable
        The first that is available says which metrics there are.
    wanted : iterable of str
        Names of metrics; empty for the most telling.

    Returns
    -------
    list of str
        At most four, unless more are wanted; the most telling first.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> choose_metrics([Unavailable("no labels"), track_performance(frame)])
    ['precision', 'recall', 'accuracy', 'f1']
    """
    if chosen := list(wanted):
        return chosen
    for perf in results:
        if not isinstance(perf, Unavailable):
            present = set(perf.table["metric"])
            return [name for name in ORDER[perf.task] if name in present][:MOST_WATCHED]
    return ["accuracy"]


def set_limits(
    reference: Any,
    known: Performance | Unavailable,
    metrics: Iterable[str],
    share: float,
    given: Iterable[str] = (),
) -> dict[str, Any]:
    """Set how much worse than in the reference each metric may be: a share of its value there.

    Parameters
    ----------
    reference : frame, table or path
        To judge against.
    known : Performance or Unavailable
        Of the reference; there is nothing to judge by where it is not available.
    metrics : iterable of str
        Names of metrics.
    share : float
        Of the reference's own value, such as 0.05.
    given : iterable of str
        Limits in words, such as "accuracy=0.9", which win.

    Returns
    -------
    dict
        Arguments for `driftlib.track_performance`; empty where there is nothing to judge by.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> set_limits("march.csv", track_performance(frame), ["accuracy"], 0.1)
    {'reference': 'march.csv', 'thresholds': {'accuracy': '-0.075'}}
    """
    written = limits_in_words(given)
    if isinstance(known, Unavailable):
        kept = {name: limit for name, limit in written.items() if not isinstance(limit, str)}
        return {"thresholds": kept} if kept else {}
    values = known.table.set_index("metric")["value"].dropna().to_dict()
    limits = {name: f"-{share * abs(values[name]):.6g}" for name in metrics if name in values}
    return {"reference": reference, "thresholds": written or limits}


def drifted_over_all(result: DriftResult, trend: TrendResult) -> list[str]:
    """List what drifted over all of the current data by the rule that alerts follow.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.
    trend : TrendResult
        The same window by window; where it has one window, only `result` counts.

    Returns
    -------
    list of str
        Columns, predictions and the target among them. In a run of windows, the check of all of
        them together has its part of the run's budget of false alarms; none where the windows
        are followed one after the other, which finds what lasts.
    """
    table, policy = result.table, result.policy
    found = table["severity"].map(rank) >= rank(Severity.MODERATE)
    if len(trend.windows) > 1 and not policy.persistence:
        level = level_of_checks(policy.budget, len(trend.windows))
        gone = table["q_value"].isna()
        found &= (gone | (table["q_value"] < level)) & (not trend.lasting)
    return [str(name) for name in table.index[found]]


def make_drift_alerts(result: DriftResult, trend: TrendResult) -> tuple[Alert, ...]:
    """Make alerts of the windows, and of what drifted over all and in no window enough.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.
    trend : TrendResult
        The same window by window; where it has one window, only `result` counts.

    Returns
    -------
    tuple of Alert
        None twice.
    """
    over_all = drifted_over_all(result, trend)
    drift = replace(result, quality=(), joint=None)
    of_all = [alert for alert in make_alerts(drift) if alert.subject in over_all]
    if len(trend.windows) == 1:
        return by_urgency(with_quality(with_joint(of_all, result), result))
    by_window = make_alerts(trend)
    named = {alert.subject for alert in by_window}
    further = [alert for alert in of_all if alert.subject not in named]
    level = level_of_checks(result.policy.budget, len(trend.windows)) / 2
    together = with_joint([*by_window, *further], result, level=level)
    return by_urgency(with_quality(together, result))


def pick_available(*results: Found | Unavailable) -> list[Found]:
    """Pick the first result that there is.

    Parameters
    ----------
    *results : object or Unavailable
        The most welcome first.

    Returns
    -------
    list
        Of one result; empty if there is none.
    """
    return [result for result in results if not isinstance(result, Unavailable)][:1]


def require_overlap(why: Diagnosis) -> Diagnosis:
    """Let a diagnosis pass that has a covariate part to share out among features.

    Parameters
    ----------
    why : Diagnosis
        Of `driftlib.diagnose`.

    Returns
    -------
    Diagnosis
        The same.

    Raises
    ------
    DataError
        If the periods have too few inputs in common, or the same.
    """
    if why.domain.cannot_tell:
        raise DataError(f"{capital(why.domain.cannot_tell)}.")
    if not why.domain.overlaps:
        raise DataError("The two periods have too few inputs in common to share out the change.")
    if not why.verdict_inputs.inputs_differ:
        raise DataError(
            "The inputs of the two periods do not differ: there is nothing to share out."
        )
    return why


def require_windows(result: Windowed) -> Windowed:
    """Let a result pass that has more than one window.

    Parameters
    ----------
    result : TrendResult or Timeline
        With a table of windows.

    Returns
    -------
    TrendResult or Timeline
        The same.

    Raises
    ------
    DataError
        If all of the current data are one window.
    """
    if result.table["window"].nunique() < 2:
        raise DataError(
            "All of the current data are one window: name the column with the time in timestamp, "
            "or a number of rows in window."
        )
    return result


def require_numbers(perf: Performance, frame: pd.DataFrame) -> pd.DataFrame:
    """Let rows pass of which numbers are predicted.

    Parameters
    ----------
    perf : Performance
        Of `driftlib.track_performance`.
    frame : pandas.DataFrame
        The rows it is of.

    Returns
    -------
    pandas.DataFrame
        The same.

    Raises
    ------
    DataError
        If classes are predicted.
    """
    if perf.task != REGRESSION:
        raise DataError("Errors are drawn of predicted numbers, and this model predicts classes.")
    return frame


def require_concept(why: Diagnosis) -> Diagnosis:
    """Let a diagnosis pass that has a concept part to look for in groups of rows.

    Parameters
    ----------
    why : Diagnosis
        Of `driftlib.diagnose`.

    Returns
    -------
    Diagnosis
        The same.

    Raises
    ------
    DataError
        If current has no labels, or the periods have too few inputs in common.
    """
    if why.domain.cannot_tell:
        raise DataError(f"{capital(why.domain.cannot_tell)}.")
    if why.segments.empty:
        raise DataError(
            "It takes labels in both periods, and inputs that both have, to see where the same "
            "inputs have other outcomes."
        )
    return why


def compare_segments(
    reference: Any, current: Any, columns: Iterable[str], **options: Any
) -> list[DriftResult | Unavailable]:
    """Compare the groups that each column cuts the data into, over all of current.

    Parameters
    ----------
    reference, current : frame, table or path
        A group is compared with the reference's own rows of it.
    columns : iterable of str
        Each cuts the rows into its own groups.
    **options
        Further arguments for `driftlib.detect_drift`.

    Returns
    -------
    list of DriftResult or Unavailable
        One a column, or the reason why there is none.
    """
    results: list[DriftResult | Unavailable] = [
        attempt(detect_drift, reference, current, by=column, **options) for column in columns
    ]
    return results or [NO_GROUPS]


def track_segments(
    current: Any, columns: Iterable[str], metric: str, names: dict[str, Any], **judged: Any
) -> list[Performance | Unavailable]:
    """Track performance by the values of each column, over all of current.

    Parameters
    ----------
    current : frame, table or path
        Labels, predictions and the columns.
    columns : iterable of str
        Each cuts the rows into its own groups.
    metric : str
        Name of the metric to compute.
    names : dict
        Arguments that name labels and predictions.
    **judged
        Further arguments for `driftlib.track_performance`, as `set_limits` makes them.

    Returns
    -------
    list of Performance or Unavailable
        One a column, or the reason why there is none.
    """
    results: list[Performance | Unavailable] = [
        attempt(track_performance, current, by=column, metrics=[metric], **names, **judged)
        for column in columns
    ]
    return results or [NO_GROUPS]


def keep_metrics(
    perf: Performance | Unavailable, metrics: Iterable[str]
) -> Performance | Unavailable:
    """Keep some metrics of a result.

    Parameters
    ----------
    perf : Performance or Unavailable
        Measured or estimated.
    metrics : iterable of str
        Names, in the order to keep them in.

    Returns
    -------
    Performance or Unavailable
        The same but for its tables; what is unavailable stays so.
    """
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
