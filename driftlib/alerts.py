"""List what deserves a person's attention, write it down, and send it."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.groups import name_segments
from driftlib.data.windows import start_in_words
from driftlib.drift.detect import DriftResult
from driftlib.drift.policy import k_of_n
from driftlib.drift.segments import subjects_of
from driftlib.drift.trend import TrendResult
from driftlib.errors import MissingExtraError, ParameterError, check_choice
from driftlib.files import write_json
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.severity import Severity, rank, worst

DATA_QUALITY, DATA_DRIFT, PERFORMANCE = "data quality", "data drift", "performance"
KINDS = {"prediction": "prediction drift", "target": "target drift"}


@dataclass(frozen=True)
class Alert:
    """Hold one thing that deserves attention.

    Parameters
    ----------
    kind : str
        "data drift", "prediction drift", "target drift", "data quality" (values missing or
        never seen before) or "performance".
    subject : str
        The column or metric.
    window : int or None
        Number of the latest window it was found in; None where there are no windows.
    severity : str
        "minor", "moderate" or "major".
    message : str
        A sentence.
    """

    kind: str
    subject: str
    window: int | None
    severity: str
    message: str


@dataclass(frozen=True)
class AlertPolicy:
    """Say what becomes an alert.

    Parameters
    ----------
    severity : str
        Least severity of drift: "minor", "moderate" or "major".
    performance : str
        "degraded": a metric is beyond its threshold by more than noise. "breached": its
        value is beyond the threshold, noise or not.
    persistence : (int, int)
        (k, n): only what is found in k of the last n windows, 1 <= k <= n.

    Raises
    ------
    ParameterError
        If a value is none of these.

    Examples
    --------
    >>> AlertPolicy(performance="breached").performance
    'breached'
    """

    severity: str = "moderate"
    performance: str = "degraded"
    persistence: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        check_choice("severity", self.severity, list(Severity)[1:])
        check_choice("performance", self.performance, ("degraded", "breached"))
        k, n = self.persistence
        if not 1 <= k <= n:
            raise ParameterError(
                f"persistence={self.persistence!r} must be (k, n) with 1 <= k <= n."
            )


@known_keywords()
def make_alerts(
    *results: DriftResult | TrendResult | Performance, policy: AlertPolicy | None = None
) -> tuple[Alert, ...]:
    """Make alerts of any number of results, one a subject, the worst first.

    Parameters
    ----------
    *results : DriftResult, TrendResult or Performance
        A trend's windows alarm by its own policy first (`DriftPolicy.persistence`).
    policy : AlertPolicy, optional
        Default: drift that is at least moderate, and metrics that are surely beyond their
        thresholds.

    Returns
    -------
    tuple of Alert
        Empty when all is well.

    Raises
    ------
    ParameterError
        If something else than a result is passed.

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
            table = result.table.reset_index().assign(alarm=True)
            alerts += _drift_alerts(table, subjects_of(table, result.by), policy, None)
        elif isinstance(result, Performance):
            alerts += _performance_alerts(result, policy)
        else:
            raise ParameterError(
                f"a {type(result).__name__} has no alerts: pass results of detect_drift, "
                "drift_trend, track_performance or estimate_performance."
            )
    return tuple(sorted(alerts, key=lambda alert: -rank(alert.severity)))


def _trend_alerts(trend: TrendResult, policy: AlertPolicy) -> list[Alert]:
    alerts = []
    for segment, part in (trend.segments or {(): trend}).items():
        table = part.table.assign(**dict(zip(trend.by, segment, strict=True)))
        alerts += _drift_alerts(table, subjects_of(table, trend.by), policy, len(part.windows))
    return alerts


def _drift_alerts(
    table: pd.DataFrame, subjects: pd.Series, policy: AlertPolicy, windows: int | None
) -> list[Alert]:
    least = rank(policy.severity)
    level = table["severity"].map(rank)
    # A trend's alarm needs moderate drift; a policy that wants minor drift too looks further.
    wanted = (level >= least) & (table["alarm"] | (level == 1))
    if windows is not None:
        wanted = k_of_n(wanted, subjects, *policy.persistence)
    alerts = []
    for subject, found in table[wanted].groupby(subjects[wanted], sort=False):
        latest = found.iloc[-1]
        severity = worst(found["severity"]).value
        message = f"{subject}: {latest['note'] or 'changed'}"
        window = None
        if windows is not None:
            window = int(latest["window"])
            message = f"{subject} drifted in {_when(found, windows)}: {latest['note'] or 'changed'}"
        alerts.append(Alert(_drift_kind(latest), str(subject), window, severity, message))
    return alerts


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
    table = result.table
    subjects = name_segments(table["metric"].astype(str), table, result.by)
    wanted = k_of_n(table[policy.performance], subjects, *policy.persistence)
    alerts = []
    windows = table["window"].nunique()
    titles = {name: metric.title for name, metric in METRICS[result.task].items()}
    for subject, found in table[wanted].groupby(subjects[wanted], sort=False):
        latest = found.iloc[-1]
        name = titles[latest["metric"]] + str(subject).removeprefix(str(latest["metric"]))
        estimated = " (estimated without labels)" if latest["estimated"] else ""
        surely = " by more than noise" if latest["degraded"] else ", perhaps by chance,"
        limit = f"beyond its threshold of {latest['threshold']:.3f}"
        if latest["threshold"] != latest["threshold"]:
            limit = "worse than in the reference"
        message = (
            f"{name}{estimated} is {limit}{surely} in {_when(found, windows)}: "
            f"{latest['value']:.3f} "
            f"({latest['lower']:.3f} to {latest['upper']:.3f})"
        )
        severity = "major" if latest["degraded"] else "moderate"
        alerts.append(Alert(PERFORMANCE, str(subject), int(latest["window"]), severity, message))
    return alerts


def _when(found: pd.DataFrame, windows: int) -> str:
    if windows == 1:
        return "the only window"
    ends = found.iloc[[0, -1]]
    first, last = [start_in_words(*row) for row in zip(ends["start"], ends["end"], strict=True)]
    span = first if len(found) == 1 else f"first {first}, last {last}"
    return f"{len(found)} of {windows} windows ({span})"


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


def deliver(alerts: Sequence[Alert], urls: Iterable[str], title: str = "Model drift") -> list[str]:
    """Send alerts to people: mail, Slack, Teams and whatever else apprise knows.

    Nothing is sent when there is no alert. A receiver that fails is reported and the others
    are served; the URLs hold secrets and appear in no message and no log.

    Parameters
    ----------
    alerts : sequence of Alert
        Each is one line of the message.
    urls : iterable of str
        Apprise URLs, such as `mailto://...` or `slack://...`.
    title : str
        Subject of a mail, head of a message.

    Returns
    -------
    list of str
        A sentence for each receiver that failed; empty when all were served.

    Raises
    ------
    MissingExtraError
        If there is something to send and apprise is not installed.

    Examples
    --------
    >>> deliver([], ["mailto://user:secret@example.org"])
    []
    """
    receivers = list(urls)
    if not alerts or not receivers:
        return []
    try:
        import apprise
    except ImportError as error:
        raise MissingExtraError("apprise", "alerts", "Sending alerts") from error
    body = "\n".join(f"[{alert.severity}] {alert.message}" for alert in alerts)
    failures = []
    for number, url in enumerate(receivers, start=1):
        # What is no URL of apprise's may be a secret from its first letter on.
        kind = "unreadable"
        with _silent():
            try:
                receiver = apprise.Apprise()
                sent = bool(receiver.add(url))
                if sent:
                    kind = url.partition(":")[0]
                    sent = bool(
                        receiver.notify(
                            title=title, body=body, body_format=apprise.NotifyFormat.TEXT
                        )
                    )
            except Exception:
                # Whatever a receiver's plug-in raises may hold the URL: neither shown nor kept.
                sent = False
        if not sent:
            failures.append(
                f"receiver {number} ({kind}) did not take the alerts: check its URL and that it "
                "can be reached."
            )
    return failures


@contextmanager
def _silent() -> Iterator[None]:
    """Keep all of Python quiet for a while: what a plug-in writes may hold a URL's secrets.

    Plug-ins log under names of their own, those of their libraries too, and some print.
    """
    before = logging.root.manager.disable
    nowhere = io.StringIO()
    # Some libraries log above CRITICAL to be heard.
    logging.disable(sys.maxsize)
    try:
        with (
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
