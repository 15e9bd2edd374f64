"""Make alerts of drift: of one check, and of the windows of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from driftlib.alerts.alert import DATA_DRIFT, DATA_QUALITY, Alert
from driftlib.drift.notes import TOGETHER
from driftlib.drift.result import DriftResult
from driftlib.lazily import pd
from driftlib.performance.policy import AlertPolicy
from driftlib.quality.finding import GONE_COLUMN
from driftlib.severity import rank

KINDS = {"prediction": "prediction drift", "target": "target drift"}


def drift_alerts(result: DriftResult, policy: AlertPolicy) -> list[Alert]:
    """Make alerts of a single check, one a column.

    Parameters
    ----------
    result : DriftResult
    policy : AlertPolicy

    Returns
    -------
    list of Alert
    """
    least = rank(policy.severity)
    return [
        Alert(
            drift_kind(row),
            str(subject),
            None,
            row["severity"],
            f"{subject}: {row['note'] or 'changed'}",
        )
        for subject, row in result.named_rows
        if rank(row["severity"]) >= least
    ]


def with_joint(
    alerts: Iterable[Alert],
    result: DriftResult,
    policy: AlertPolicy | None = None,
    level: float = 1.0,
) -> list[Alert]:
    """Add the change of all features together, unless alerts name those that carry it.

    Parameters
    ----------
    alerts : iterable of Alert
        Of single features.
    result : DriftResult
    policy : AlertPolicy, optional
        From which severity on it is an alert.
    level : float
        Largest p-value of an alert, where other checks share a budget with it.

    Returns
    -------
    list of Alert
    """
    alerts, joint = list(alerts), result.joint
    least = rank((policy or AlertPolicy()).severity)
    if joint is None or rank(joint.severity) < least or joint.p_value >= level:
        return alerts
    pairs = joint.pairs
    carriers = set(joint.features) or set(pairs["first"]) | set(pairs["second"])
    if carriers and carriers <= {alert.subject for alert in alerts}:
        return alerts
    message = f"{TOGETHER}: {joint.note}"
    return [*alerts, Alert(DATA_DRIFT, TOGETHER, None, joint.severity.value, message)]


def with_quality(
    alerts: Iterable[Alert], result: DriftResult, policy: AlertPolicy | None = None
) -> list[Alert]:
    """Add what is wrong with the data as data to alerts of drift, one alert a subject.

    Parameters
    ----------
    alerts : iterable of Alert
        Of drift.
    result : DriftResult
        With findings of quality.
    policy : AlertPolicy, optional
        From which severity on a finding is an alert.

    Returns
    -------
    list of Alert
        A subject that drifted as well has both sentences, and the worse severity.
    """
    least = rank((policy or AlertPolicy()).severity)
    by_subject = {alert.subject: alert for alert in alerts}
    for finding in result.quality:
        if rank(finding.severity) < least:
            continue
        name = finding.column
        known = by_subject.get(name)
        if known is None:
            message = f"{name}: {finding.sentence}"
            known = Alert(DATA_QUALITY, name, None, finding.severity, message)
        elif finding.kind == GONE_COLUMN:
            known = replace(known, kind=DATA_QUALITY)
        else:
            worse = max(known.severity, finding.severity, key=rank)
            message = f"{known.message}; {finding.sentence}"
            known = replace(known, kind=DATA_QUALITY, severity=worse, message=message)
        by_subject[name] = known
    return list(by_subject.values())


def drift_kind(row: Mapping[str, Any] | pd.Series) -> str:
    """Tell what kind of alert a row of a drift table makes.

    Parameters
    ----------
    row : mapping
        By column.

    Returns
    -------
    str
        Such as "data drift".
    """
    if row["kind"] in KINDS:
        return KINDS[row["kind"]]
    values_moved = row["psi"] - row["psi_expected"] > 0.0
    quality = [row["missing_p_value"], row["unseen_p_value"]]
    values = [row["ks_p_value"], row["mann_whitney_p_value"], row["chi_square_p_value"]]
    by_quality = min([p for p in quality if p == p], default=1.0)
    by_values = min([p for p in values if p == p], default=1.0)
    return DATA_DRIFT if values_moved and by_values <= by_quality else DATA_QUALITY
