"""List what deserves a person's attention, and write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.groups import name_segments
from driftlib.data.windows import start_in_words
from driftlib.drift.detect import DriftResult
from driftlib.drift.joint import TOGETHER
from driftlib.drift.policy import DriftPolicy, k_of_n, measure_effects
from driftlib.drift.segments import subjects_of
from driftlib.drift.trend import TrendResult
from driftlib.errors import ParameterError
from driftlib.files import write_json
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.result import Performance
from driftlib.quality.finding import GONE_COLUMN
from driftlib.severity import Severity, rank

DATA_QUALITY, DATA_DRIFT, PERFORMANCE = "data quality", "data drift", "performance"
# What an alert is about where labels are no outcomes.
LABELS = "(labels)"
NEW, WORSE, CONTINUING, OVER = "new", "worse", "continuing", "over"
# What one window alone does not show.
LASTING = "seen over several windows together, hardly in one alone"
KINDS = {"prediction": "prediction drift", "target": "target drift"}


@dataclass(frozen=True)
class Alert:
    """Hold one thing that deserves attention.

    Parameters
    ----------
    kind : str
        "data drift", "prediction drift", "target drift", "data quality" (columns, rows, values
        and times that are not as they should be, values missing or never seen before) or
        "performance".
    subject : str
        The column or metric; "(rows)" or "(columns)" of what is about none.
    window : int or None
        Number of the latest window it was found in; None where there are no windows.
    severity : str
        "minor", "moderate" or "major".
    message : str
        A sentence; in a run of windows it says since when.
    state : str
        "new" in the newest window, or of a single check; "worse" than in the window before;
        "continuing"; or "over".
    """

    kind: str
    subject: str
    window: int | None
    severity: str
    message: str
    state: str = NEW


@known_keywords()
def make_alerts(
    *results: DriftResult | TrendResult | Performance, policy: AlertPolicy | None = None
) -> tuple[Alert, ...]:
    """Make alerts of any number of results, one a subject, the worst first.

    Alerts that are remembered: :doc:`/guides/production`.

    Parameters
    ----------
    *results : DriftResult, TrendResult or Performance
        Windows of a run alarm within one budget: the share of runs without any change that
        have some alert (`DriftPolicy.budget`, `AlertPolicy.budget`). A single check alarms by its
        own policy.
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
    >>> frame = pd.DataFrame({"x": range(99, -1, -1), "y": range(99, -1, -1)})
    >>> [alert.message for alert in make_alerts(dl.detect_drift(frame, frame + [0, 60]))]
    ['y: shifted up by 2.1 standard deviations']
    """
    policy = policy or AlertPolicy()
    alerts: list[Alert] = []
    for result in results:
        if isinstance(result, TrendResult):
            alerts += _trend_alerts(result, policy)
        elif isinstance(result, DriftResult):
            single = _drift_alerts(result, policy)
            alerts += with_quality(with_joint(single, result, policy), result, policy)
        elif isinstance(result, Performance):
            alerts += _performance_alerts(result, policy)
        else:
            raise ParameterError(
                f"a {type(result).__name__} has no alerts: pass results of detect_drift, "
                "drift_trend, track_performance or estimate_performance."
            )
    return by_urgency(alerts)


def by_urgency(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Order alerts: the worst first, what is over last.

    Parameters
    ----------
    alerts : iterable of Alert

    Returns
    -------
    tuple of Alert
    """
    return tuple(sorted(alerts, key=lambda alert: (alert.state == OVER, -rank(alert.severity))))


def _drift_alerts(result: DriftResult, policy: AlertPolicy) -> list[Alert]:
    table = result.table.reset_index()
    subjects = subjects_of(table, result.by)
    wanted = table["severity"].map(rank) >= rank(policy.severity)
    return [
        Alert(
            _drift_kind(row),
            str(subject),
            None,
            row["severity"],
            f"{subject}: {row['note'] or 'changed'}",
        )
        for subject, (_, row) in zip(subjects[wanted], table[wanted].iterrows(), strict=True)
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


def _trend_alerts(trend: TrendResult, policy: AlertPolicy) -> list[Alert]:
    alerts = []
    for segment, part in (trend.segments or {(): trend}).items():
        table = part.table.assign(**dict(zip(trend.by, segment, strict=True)))
        subjects = subjects_of(table, trend.by)
        level = table["alarm_severity"].map(rank)
        wanted = _persistent(level >= rank(policy.severity), subjects, policy)
        windows = len(part.windows)
        for subject, found, every in _by_subject(table, subjects, wanted):
            course = _course(every, wanted, level, windows - 1)
            latest = found.iloc[-1]
            told = course.part(found[found["severity"] != Severity.NONE])
            shown = told.iloc[-1] if len(told) else latest
            message = (
                f"{subject} {course.when(found, windows, 'drifted')}: {_moves(told, trend.policy)}"
            )
            severity = latest["alarm_severity"]
            alerts.append(_alert(_drift_kind(shown), subject, latest, severity, message, course))
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
    return _both_ends(
        worst, told.iloc[-1], lambda row: f"({row['severity']}): {row['note'] or 'changed'}"
    )


def _both_ends(worst: pd.Series, latest: pd.Series, write: Callable[[pd.Series], str]) -> str:
    """Write about the worst and the latest window, once where they are the same."""
    worst_start, latest_start = (
        start_in_words(row["start"], row["end"]) for row in (worst, latest)
    )
    if worst["window"] == latest["window"]:
        return f"latest {latest_start} {write(latest)}"
    return f"latest {latest_start} {write(latest)}; worst {worst_start} {write(worst)}"


def _persistent(wanted: pd.Series, subjects: pd.Series, policy: AlertPolicy) -> pd.Series:
    return wanted if policy.persistence is None else k_of_n(wanted, subjects, *policy.persistence)


def _by_subject(
    table: pd.DataFrame, subjects: pd.Series, wanted: pd.Series
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Each subject that has an alert, its windows that are wanted, and all of its windows."""
    for subject, found in table[wanted].groupby(subjects[wanted], sort=False):
        yield str(subject), found, table[subjects == subject]


@dataclass(frozen=True)
class _Course:
    """How the latest change of a subject went on."""

    state: str
    began: str = ""
    ended: str = ""
    first: int = 0

    def part(self, found: pd.DataFrame) -> pd.DataFrame:
        """Windows of the change that is told of, where earlier ones are over."""
        return found[found["window"] >= self.first] if self.began else found

    def when(self, found: pd.DataFrame, windows: int, what: str) -> str:
        if windows == 1:
            return f"{what} in the only window"
        if not self.began:
            return f"{what} in {_when(found, windows, self.state)}"
        if self.state == OVER:
            return f"{what} since {self.began}; over since {self.ended}"
        return f"{what} since {self.began}; {self.state}"


def _course(every: pd.DataFrame, wanted: pd.Series, level: pd.Series, newest: int) -> _Course:
    """Tell the state of a subject from all of its windows, in order."""
    flags, levels = wanted[every.index].to_numpy(), level[every.index].to_numpy()
    over = every["over"].to_numpy()
    last = int(np.flatnonzero(flags)[-1])
    ends = np.flatnonzero(over)
    before = ends[ends < last]
    first = int(np.flatnonzero(flags[before[-1] + 1 if len(before) else 0 :])[0])
    first += int(before[-1]) + 1 if len(before) else 0
    start = int(every["window"].iloc[first])
    began, since = "", every["since"].iloc[last]
    if since is not None and every["evidence"].notna().any():
        began = start_in_words(since, every["end"].iloc[last])
    if (ends >= last).any():
        end = every.iloc[ends[ends >= last][0]]
        return _Course(OVER, began, start_in_words(end["start"], end["end"]), start)
    now = every["window"].iloc[last] == newest
    if now and first == last:
        return _Course(NEW, began, first=start)
    worse = now and levels[last] > levels[first:last].max()
    return _Course(WORSE if worse else CONTINUING, began, first=start)


def _alert(
    kind: str, subject: str, row: pd.Series, severity: str, message: str, course: _Course
) -> Alert:
    return Alert(kind, subject, int(row["window"]), severity, message, course.state)


def _drift_kind(row: pd.Series) -> str:
    if row["kind"] in KINDS:
        return KINDS[row["kind"]]
    values_moved = row["psi"] - row["psi_expected"] > 0.0
    quality = [row["missing_p_value"], row["unseen_p_value"]]
    values = [row["ks_p_value"], row["mann_whitney_p_value"], row["chi_square_p_value"]]
    by_quality = min([p for p in quality if p == p], default=1.0)
    by_values = min([p for p in values if p == p], default=1.0)
    return DATA_DRIFT if values_moved and by_values <= by_quality else DATA_QUALITY


def _performance_alerts(result: Performance, policy: AlertPolicy) -> list[Alert]:
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
    wanted = _persistent(table[column], subjects, policy)
    level = table["degraded"].astype(int)
    alerts = []
    windows = table["window"].nunique()
    metrics = METRICS[result.task]
    for subject, found, every in _by_subject(table, subjects, wanted):
        course = _course(every, wanted, level, int(table["window"][~table["held"]].max()))
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
        alerts.append(_alert(PERFORMANCE, subject, latest, severity, message, course))
    if result.suspect:
        message = f"labels look like no outcomes: {result.suspect}"
        alerts.append(Alert(DATA_QUALITY, LABELS, None, "major", message))
    return alerts


def _values(found: pd.DataFrame, metric: Metric[Any], before: float) -> str:
    """Say the value of the worst and of the latest window, and what it was in the reference."""

    def write(row: pd.Series) -> str:
        value, lower, upper = (_written(metric, row[name]) for name in ("value", "lower", "upper"))
        return f"{value} ({lower} to {upper})"

    good = found["value"] if metric.higher_is_better else -found["value"]
    worst, latest = found.iloc[int(good.argmin())], found.iloc[-1]
    said = write(latest) if len(found) == 1 else _both_ends(worst, latest, write)
    return said if np.isnan(before) else f"{said}; reference {_written(metric, before)}"


def _written(metric: Metric[Any], value: float) -> str:
    """Write a value so that several of a list are as long as one another, where that can be."""
    return f"{value:.3f}" if metric.bounded else metric.write(value)


def _value_before(result: Performance, row: pd.Series) -> float:
    """Look up the reference's own value of a metric; NaN of segments, which have each their own."""
    if result.reference is None or result.by:
        return float("nan")
    return float(result.reference.set_index("metric")["value"].get(row["metric"], float("nan")))


def _when(found: pd.DataFrame, windows: int, state: str) -> str:
    ends = found.iloc[[0, -1]]
    first, last = [start_in_words(*row) for row in zip(ends["start"], ends["end"], strict=True)]
    span = first if len(found) == 1 else f"first {first}, last {last}"
    return f"{len(found)} of {windows} windows ({span}; {state})"


def with_state(alert: Alert, state: str) -> Alert:
    """Give an alert another state, in its message too.

    Parameters
    ----------
    alert : Alert
    state : str
        Such as the one that follows from what was told before.

    Returns
    -------
    Alert

    Examples
    --------
    >>> alert = Alert("data drift", "x", 3, "major", "x drifted since May; new: up", "new")
    >>> with_state(alert, "continuing").message
    'x drifted since May; continuing: up'
    """
    message = alert.message.replace(f"; {alert.state}", f"; {state}", 1)
    return replace(alert, message=message, state=state)


def save_alerts(path: str | Path, alerts: Iterable[Alert]) -> Path:
    """Write alerts as JSON: a list of objects, empty when all is well.

    Parameters
    ----------
    path : str or Path
        File to write, such as `alerts.json`; whoever reads it never sees half of it.
    alerts : iterable of Alert
        What to write, in this order.

    Returns
    -------
    Path
        The file that was written.
    """
    return write_json(path, [asdict(alert) for alert in alerts])
