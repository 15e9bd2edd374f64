"""List what deserves a person's attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftlib.alerts.alert import Alert, by_urgency
from driftlib.alerts.drift import drift_alerts, with_joint, with_quality
from driftlib.arguments import known_keywords
from driftlib.drift.result import DriftResult
from driftlib.errors import ParameterError
from driftlib.performance.policy import AlertPolicy

if TYPE_CHECKING:
    from driftlib.diagnosis.result import Diagnosis
    from driftlib.drift.trend_result import TrendResult
    from driftlib.performance.result import Performance


@known_keywords()
def make_alerts(
    *results: DriftResult | TrendResult | Performance | Diagnosis,
    policy: AlertPolicy | None = None,
) -> tuple[Alert, ...]:
    """Make alerts of any number of results, one a subject, the worst first.

    Alerts that are remembered: :doc:`/guides/production`.

    Parameters
    ----------
    *results : DriftResult, TrendResult, Performance or Diagnosis
        Windows of a run alarm within one budget: the share of runs without any change that
        have some alert (`DriftPolicy.budget`, `AlertPolicy.budget`). A single check alarms by its
        own policy. A diagnosis alarms where its verdict is data drift, concept drift or both, and
        where labels or scores look wrong as data; never where it is undetermined.
    policy : AlertPolicy, optional
        Default: drift that is at least moderate, and metrics that are surely beyond their
        thresholds. The budget is that of the results, as they were made.

    Returns
    -------
    tuple of Alert
        Empty when all is well.

    Raises
    ------
    ParameterError
        If something else than a result is passed, or a budget that the results do not have.

    Examples
    --------
    >>> import driftlib as dl
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"x": range(99, -1, -1), "y": range(99, -1, -1)})
    >>> [alert.message for alert in make_alerts(dl.detect_drift(frame, frame + [0, 60]))]
    ['y: shifted up by 2.1 standard deviations']
    """
    policy = policy or AlertPolicy()
    alerts: list[Alert] = []
    for result in results:
        if isinstance(result, DriftResult):
            single = drift_alerts(result, policy)
            alerts += with_quality(with_joint(single, result, policy), result, policy)
        else:
            alerts += _further(result, policy)
    return by_urgency(dict.fromkeys(alerts))


def _further(result: Any, policy: AlertPolicy) -> list[Alert]:
    """Make alerts of what a check of drift alone does without, and so does not load."""
    from driftlib.alerts.diagnosis import diagnosis_alerts
    from driftlib.alerts.performance import performance_alerts
    from driftlib.alerts.trend import trend_alerts
    from driftlib.diagnosis.result import Diagnosis
    from driftlib.drift.trend_result import TrendResult
    from driftlib.performance.result import Performance

    if isinstance(result, TrendResult):
        return trend_alerts(result, policy)
    if isinstance(result, Performance):
        return performance_alerts(result, policy)
    if isinstance(result, Diagnosis):
        return diagnosis_alerts(result)
    raise ParameterError(
        f"a {type(result).__name__} has no alerts: pass results of detect_drift, "
        "drift_trend, track_performance, estimate_performance or diagnose."
    )
