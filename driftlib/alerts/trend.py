"""Make alerts of drift over the windows of a run."""

from __future__ import annotations

import numpy as np

from driftlib.alerts.alert import Alert
from driftlib.alerts.course import alert_of, both_ends, persistent, subjects_wanted, tell_course
from driftlib.alerts.drift import drift_kind
from driftlib.drift.policy import DriftPolicy, measure_effects
from driftlib.drift.segments import subjects_of
from driftlib.drift.trend_result import TrendResult
from driftlib.lazily import pd
from driftlib.performance.policy import AlertPolicy
from driftlib.severity import Severity, rank

# What one window alone does not show.
LASTING = "seen over several windows together, hardly in one alone"


def trend_alerts(trend: TrendResult, policy: AlertPolicy) -> list[Alert]:
    """Make alerts of the windows of a run, one a subject.

    Parameters
    ----------
    trend : TrendResult
    policy : AlertPolicy

    Returns
    -------
    list of Alert
    """
    alerts = []
    for segment, part in (trend.segments or {(): trend}).items():
        table = part.table.assign(**dict(zip(trend.by, segment, strict=True)))
        subjects = subjects_of(table, trend.by)
        level = table["alarm_severity"].map(rank)
        wanted = persistent(level >= rank(policy.severity), subjects, policy)
        windows = len(part.windows)
        for subject, found, every in subjects_wanted(table, subjects, wanted):
            course = tell_course(every, wanted, level, windows - 1)
            latest = found.iloc[-1]
            told = course.part(found[found["severity"] != Severity.NONE])
            shown = told.iloc[-1] if len(told) else latest
            message = (
                f"{subject} {course.when(found, windows, 'drifted')}: {_moves(told, trend.policy)}"
            )
            severity = latest["alarm_severity"]
            alerts.append(alert_of(drift_kind(shown), subject, latest, severity, message, course))
    return alerts


def _moves(told: pd.DataFrame, thresholds: DriftPolicy) -> str:
    """Say what happened in the worst and in the latest of the windows that show it by themselves.

    Each is dated and has the severity of its own; what happened is against the reference.
    """
    if told.empty:
        return LASTING
    effects = measure_effects(told)
    sizes = pd.DataFrame(
        {
            "rank": told["severity"].map(rank),
            "PSI": effects["PSI"] / thresholds.psi_major,
            "missing": effects["missing"] / thresholds.share_major,
            "unseen": effects["unseen"] / thresholds.share_major,
        }
    )
    # A column that is gone has no size.
    sizes["size"] = sizes[["PSI", "missing", "unseen"]].max(axis=1).fillna(np.inf)
    worst = told.loc[sizes.sort_values(["rank", "size"], kind="stable").index[-1]]
    return both_ends(
        worst, told.iloc[-1], lambda row: f"({row['severity']}): {row['note'] or 'changed'}"
    )
