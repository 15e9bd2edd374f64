"""Make alerts of performance: of metrics measured, and of metrics estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftlib.alerts.alert import PERFORMANCE, Alert, labels_alert
from driftlib.alerts.course import alert_of, both_ends, persistent, subjects_wanted, tell_course
from driftlib.data.groups import name_segments
from driftlib.errors import ParameterError
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.result import Performance


def performance_alerts(result: Performance, policy: AlertPolicy) -> list[Alert]:
    """Make alerts of a run of windows, one a metric and segment.

    Parameters
    ----------
    result : Performance
    policy : AlertPolicy

    Returns
    -------
    list of Alert
    """
    asked = policy.budget, policy.windows
    if asked not in ((AlertPolicy.budget, AlertPolicy.windows),
                     (result.policy.budget, result.policy.windows)):  # fmt: skip
        raise ParameterError(
            f"policy= has a budget of {policy.budget:g} for {policy.windows:,} windows, and the "
            f"alarms of this performance were raised with {result.policy.budget:g} for "
            f"{result.policy.windows:,}: pass the policy to track_performance as well."
        )
    table = result.table
    subjects = name_segments(table["metric"].astype(str), table, result.by)
    column = "alarm" if policy.performance == "degraded" else policy.performance
    if policy.persistence is not None:
        column = policy.performance
    wanted = persistent(table[column], subjects, policy)
    level = table["degraded"].astype(int)
    alerts = []
    windows = table["window"].nunique()
    metrics = METRICS[result.task]
    for subject, found, every in subjects_wanted(table, subjects, wanted):
        course = tell_course(every, wanted, level, int(table["window"][~table["held"]].max()))
        latest, metric = found.iloc[-1], metrics[found["metric"].iloc[-1]]
        name = metric.title + subject.removeprefix(str(latest["metric"]))
        estimated = " (estimated without labels)" if latest["estimated"] else ""
        limit = f"beyond its threshold of {_written(metric, latest['threshold'])}"
        if latest["threshold"] != latest["threshold"]:
            limit = "worse than in the reference"
        sure = found["degraded"] | found["alarm"]
        surely = bool(sure.iloc[-1])
        noise = " by more than noise" if sure.all() else ", perhaps by chance,"
        if sure.any() and not sure.all():
            times = int(sure.sum())
            noise = f", {'once' if times == 1 else f'{times} times'} by more than noise,"
        when = course.when(found, windows, f"is {limit}{noise}")
        before = _value_before(result, latest)
        message = f"{name}{estimated} {when}: {_values(course.part(found), metric, before)}"
        severity = "major" if surely else "moderate"
        alerts.append(alert_of(PERFORMANCE, subject, latest, severity, message, course))
    if result.suspect:
        alerts.append(labels_alert(result.suspect))
    return alerts


def _values(found: pd.DataFrame, metric: Metric[Any], before: float) -> str:
    """Say the value of the worst and of the latest window, and what it was in the reference."""

    def write(row: pd.Series) -> str:
        value, lower, upper = (_written(metric, row[name]) for name in ("value", "lower", "upper"))
        return f"{value} ({lower} to {upper})"

    good = found["value"] if metric.higher_is_better else -found["value"]
    worst, latest = found.iloc[int(good.argmin())], found.iloc[-1]
    said = write(latest) if len(found) == 1 else both_ends(worst, latest, write)
    return said if np.isnan(before) else f"{said}; reference {_written(metric, before)}"


def _written(metric: Metric[Any], value: float) -> str:
    """Write a value so that several of a list are as long as one another, where that can be."""
    return f"{value:.3f}" if metric.bounded else metric.write(value)


def _value_before(result: Performance, row: pd.Series) -> float:
    """Look up the reference's own value of a metric; NaN of segments, which have each their own."""
    if result.reference is None or result.by:
        return float("nan")
    return float(result.reference.set_index("metric")["value"].get(row["metric"], float("nan")))
