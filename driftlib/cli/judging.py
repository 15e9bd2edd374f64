"""Judge a batch: its drift, its performance where there are labels, an estimate where not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from driftlib.alerts import OVER, Alert, make_alerts
from driftlib.alerts.drift import with_joint, with_quality
from driftlib.cli.outcome import noted
from driftlib.cli.settings import DEFAULT_MODEL, Settings
from driftlib.cli.tables import drift_table, quality_lines
from driftlib.data.calendar import anchored
from driftlib.data.opening import open_source, source_name
from driftlib.data.sql_address import public_source
from driftlib.data.units import TIME, part_of_unit
from driftlib.drift.detect import detect_drift
from driftlib.drift.notes import TOGETHER
from driftlib.drift.result import DriftResult
from driftlib.errors import DataError, DriftlibError, ParameterError
from driftlib.lazily import pd
from driftlib.performance.policy import AlertPolicy
from driftlib.profile.baseline import Baseline
from driftlib.profile.reference import as_baseline
from driftlib.text import counted, printable, see_guide

if TYPE_CHECKING:
    from driftlib.drift.trend_result import TrendResult
    from driftlib.history.store import History, Recorded
    from driftlib.performance.result import Performance

DAY = "D"


@dataclass(frozen=True)
class Judged:
    """What a check found of one batch.

    Parameters
    ----------
    settings : Settings
        What it was told to do.
    drift : DriftResult
    performance : Performance, optional
        Where there are labels, or an estimate without them.
    remarks : tuple of str
        What could not be measured, and why: sentences.
    alerts : tuple of Alert
        What deserves attention, the worst first.
    recorded : Recorded, optional
        With a history, what it knows of this and all earlier batches.
    history : History, optional
        Where that is kept.
    """

    settings: Settings
    drift: DriftResult
    performance: Performance | None = None
    remarks: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    recorded: Recorded | None = None
    history: History | None = None

    @property
    def failed(self) -> bool:
        """Whether some alert is open, and nobody has silenced it."""
        if self.recorded is not None:
            return self.recorded.failed
        return any(alert.state != OVER for alert in self.alerts)

    def to_dict(self) -> dict[str, Any]:
        """Turn it into types that JSON has.

        Returns
        -------
        dict
            That of the drift, with `alerts`, `performance`, `remarks`, `fail_on` and `failed`.
        """
        return {
            **self.drift.to_dict(),
            "alerts": [asdict(alert) for alert in self.alerts],
            "performance": self.performance and self.performance.to_dict(),
            "remarks": list(self.remarks),
            "history": self._run(),
            "fail_on": self.settings.fail_on,
            "failed": self.failed,
        }

    def _run(self) -> dict[str, Any] | None:
        if self.recorded is None:
            return None
        trend, found = self.recorded.trend, self.recorded.remembered
        return {
            "run": self.recorded.run,
            "fresh": self.recorded.fresh,
            "windows": len(trend.windows),
            "headline": trend.headline,
            "rule": trend.rule,
            "ids": {entry.alert.subject: entry.id for entry in found},
            "silent": [entry.alert.subject for entry in found if entry.silent],
        }

    def to_text(self) -> str:
        """Write it for a terminal.

        Returns
        -------
        str
        """
        drift = self.drift
        lines = [printable(drift.headline), printable(drift.unit), *noted(drift.notes)]
        lines += [printable(drift.season)] if drift.season else []
        lines += [drift_table(row for _, row in drift.named_rows), *quality_lines(drift.quality)]
        lines += [printable(f"{TOGETHER}: {drift.joint.note}")] if drift.joint else []
        if self.performance is not None:
            lines.append(printable(self.performance.headline))
        lines += [printable(remark) for remark in self.remarks]
        if drift.cannot_tell:
            lines.append(see_guide("cannot tell"))
        if self.recorded is not None:
            known = "" if self.recorded.fresh else " (this batch was known before)"
            lines.append(f"History{known}: {printable(self.recorded.trend.headline)}")
            ids = {id(entry.alert): entry.id for entry in self.recorded.remembered}
            for alert in self.alerts:
                place = f"alert {ids[id(alert)]}, {alert.state}, {alert.severity}"
                lines.append(f"[{place}] {printable(alert.message)}")
        return "\n".join(lines)


def judge(settings: Settings) -> Judged:
    """Compare a batch with a baseline, and measure or estimate what the model is worth in it.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Judged
        With the alerts of this batch alone.

    Raises
    ------
    DriftlibError
        If the baseline or the batch cannot be used. Performance that cannot be measured is no
        reason to stop: it is said.
    """
    baseline = read_baseline(settings)
    if settings.history:
        return _in_history(settings, baseline)
    drift = _compare(settings, baseline)
    performance, remarks = _measure(settings, baseline)
    results = [drift] if performance is None else [drift, performance]
    alerts = make_alerts(*results, policy=AlertPolicy(severity=settings.fail_on))
    return Judged(settings, drift, performance, remarks, alerts)


def _in_history(settings: Settings, baseline: Baseline) -> Judged:
    """Record a batch, and judge it with all that were recorded before."""
    from driftlib.alerts.sending import receiver_names
    from driftlib.history.store import History

    if settings.keep:
        _length(settings.keep)
    window, policy = _window(settings, baseline), AlertPolicy(severity=settings.fail_on)
    drift = _compare(settings, baseline)
    performance, remarks = _measure(settings, baseline, window)
    found: DriftResult | TrendResult = drift
    if window:
        from driftlib.drift.trend import drift_trend

        found = drift_trend(baseline, settings.current, window=window, policy=settings.policy)
        if found.left_out:
            remarks = (*remarks, f"{counted(found.left_out, 'row')} without a time: in no window.")
    measured = () if performance is None else (performance,)
    history = History(settings.history, settings.model or DEFAULT_MODEL)
    recorded = history.record(
        found,
        *measured,
        also=with_quality(_together(drift, policy), drift, policy),
        source=public_source(settings.current),
        policy=policy,
        receivers=receiver_names(settings.notify) if settings.notify else (),
    )
    if settings.keep:
        newest = recorded.trend.windows[-1].start
        history.prune(str(newest - _length(settings.keep)))
    return Judged(settings, drift, performance, remarks, recorded.alerts, recorded, history)


def _length(text: str) -> pd.Timedelta:
    try:
        found = pd.Timedelta(text)
        usable = found > pd.Timedelta(0)
    except ValueError:
        usable = False
    if not usable:
        raise ParameterError(f"keep {text!r} is no length of time: write 400D, say.")
    return found


def _compare(settings: Settings, baseline: Baseline) -> DriftResult:
    """Compare all of the batch with the baseline."""
    return detect_drift(
        baseline,
        settings.current,
        policy=settings.policy,
        quality=settings.quality,
        joint=settings.joint and (settings.reference or settings.baseline),
    )


def _together(drift: DriftResult, policy: AlertPolicy) -> list[Alert]:
    """Make the alert of all features together, where those of single ones do not explain it."""
    alone = make_alerts(replace(drift, quality=(), joint=None), policy=policy)
    return with_joint(alone, drift, policy)[len(alone) :]


def _window(settings: Settings, baseline: Baseline) -> str | None:
    """How long a window of the history is: a day, or a unit that is longer; None without times."""
    unit, time = baseline.unit, baseline.roles.timestamp
    if settings.window:
        return anchored(settings.window)
    if unit.kind == TIME:
        return DAY if part_of_unit(unit, DAY) == 1 else anchored(unit.offset)
    return DAY if time else None


def read_baseline(settings: Settings) -> Baseline:
    """Load the saved baseline, or fit one to the reference.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Baseline
    """
    path = settings.baseline or settings.reference
    saved = path.lower().endswith(".json")
    columns = settings.columns
    if not saved:
        headers = open_source(path, "reference", source_name(path, "reference")).headers
        if any(settings.label_time in header.names for header in headers):
            columns["exclude"] = (*columns["exclude"], settings.label_time)
        return as_baseline(path, **columns)
    baseline = Baseline.load(path)
    # A file of parameters may name what the baseline was already fitted without.
    known = [name for name in columns["exclude"] if name in baseline.columns]
    return as_baseline(baseline, **columns | {"exclude": known})


def _measure(
    settings: Settings, baseline: Baseline, window: str | None = None
) -> tuple[Performance | None, tuple[str, ...]]:
    """Measure performance, or estimate it; or say why neither can be done."""
    roles = baseline.roles
    names = [n for header in baseline.open(settings.current).headers for n in header.names]
    asked = bool(settings.metrics or settings.thresholds)
    predicted = roles.y_pred in names or bool(roles.proba_columns(names))
    if not predicted:
        return None, ("There are no predictions in the batch: no performance.",) if asked else ()
    try:
        if roles.y_true in names:
            return _tracked(settings, baseline, window), ()
        return _estimated(settings, baseline, names, asked, window)
    except DriftlibError as error:
        return None, (f"Performance cannot be measured: {error}",)


def _named(settings: Settings, baseline: Baseline) -> dict[str, Any]:
    roles, unit = baseline.roles, settings.unit or "auto"
    return {
        "y_true": roles.y_true,
        "y_pred": roles.y_pred,
        "y_proba": roles.y_proba,
        "positive": settings.positive or None,
        "timestamp": roles.timestamp,
        "time_format": settings.time_format or roles.time_format,
        "unit": roles.unit or unit,
        "season": baseline.season.names or settings.season,
    }


def _threshold(settings: Settings) -> float | None:
    if not settings.threshold:
        return None
    try:
        return float(settings.threshold)
    except ValueError:
        raise ParameterError(f"threshold={settings.threshold!r} is no number.") from None


def _late(settings: Settings) -> dict[str, Any]:
    return {"label_time": settings.label_time or None, "matures": settings.matures or None}


def _reference(settings: Settings, baseline: Baseline) -> pd.DataFrame | None:
    """Read labels and predictions from when the model was good, where a file has some."""
    from driftlib.data.opening import read_frame

    for path in (settings.reference, settings.baseline):
        if path and not path.lower().endswith(".json"):
            frame = read_frame(path, "reference", baseline.as_written)
            if baseline.roles.y_true in frame.columns:
                return frame
    return None


def _tracked(settings: Settings, baseline: Baseline, window: str | None) -> Performance:
    from driftlib.data.opening import read_frame
    from driftlib.performance.track import track_performance
    from driftlib.reporting.watched import choose_metrics, set_limits

    frame = read_frame(settings.current, "current", baseline.as_written)
    if frame[baseline.roles.y_true].isna().all():
        raise DataError("no row of the batch has a label yet.")
    named = _named(settings, baseline)
    chosen: dict[str, Any] = {"metrics": list(settings.metrics) or None, "task": settings.task}
    chosen["threshold"] = _threshold(settings)
    late: dict[str, Any] = _late(settings) | {"window": window}
    chosen["policy"] = AlertPolicy(budget=settings.budget)
    reference, limits = _reference(settings, baseline), settings.limits
    if reference is None:
        kept = {name: limit for name, limit in limits.items() if not isinstance(limit, str)}
        return track_performance(frame, thresholds=kept or None, **chosen, **named, **late)
    if limits:
        limited: dict[str, Any] = {"thresholds": limits, "reference": reference}
        return track_performance(frame, **limited, **chosen, **named, **late)
    known = track_performance(reference, **chosen, **named | {"unit": "row"})
    watched = choose_metrics([known], settings.metrics)
    judged = set_limits(reference, known, watched, settings.tolerance)
    return track_performance(frame, **judged, **chosen | {"metrics": watched}, **named, **late)


def _estimated(
    settings: Settings,
    baseline: Baseline,
    names: list[str],
    asked: bool,
    window: str | None,
) -> tuple[Performance | None, tuple[str, ...]]:
    from driftlib.data.opening import read_frame
    from driftlib.performance.estimate import estimate_performance
    from driftlib.performance.estimate_inputs import is_regression
    from driftlib.performance.training_rows import read_holdout

    scored, predicted = baseline.roles.proba_columns(names), baseline.roles.y_pred in names
    if settings.estimator == "none" or not (scored or predicted):
        return None, ("The batch has no labels: no performance.",) if asked else ()
    reference = _reference(settings, baseline)
    if reference is None:
        where = f"The batch has no labels in a column {baseline.roles.y_true!r}"
        what = "name their column as --y-true, or labelled data as --reference to have it estimated"
        return None, (f"{where}: {what}. {see_guide('labels')}",) if scored or asked else ()
    if not scored and not is_regression(settings.task, "reference", reference, baseline.roles):
        return None, ("The batch has no labels: no performance.",) if asked else ()
    frame = read_frame(settings.current, "current", baseline.as_written)
    columns: dict[str, Any] = {"features": baseline.features, "exclude": settings.exclude}
    limits: dict[str, Any] = {"thresholds": settings.limits or None}
    limits["policy"] = AlertPolicy(budget=settings.budget)
    found = estimate_performance(
        reference, frame, metrics=list(settings.metrics) or None, method=settings.estimator,
        window=window, **limits, **columns, **_named(settings, baseline), **_late(settings),
        threshold=_threshold(settings), task=settings.task,
        holdout=read_holdout(settings.holdout),
    )  # fmt: skip
    return found, ()


def send_alerts(judged: Judged) -> list[str]:
    """Send all alerts; with a history what is new, worse or over, and was not taken before.

    Parameters
    ----------
    judged : Judged

    Returns
    -------
    list of str
        A sentence for each receiver that failed.
    """
    from driftlib.alerts import deliver

    settings = judged.settings
    try:
        if judged.history is None or judged.recorded is None:
            return deliver(judged.alerts, settings.notify)
        from driftlib.history.digest import tell

        history = judged.history
        return tell(
            history.database, history.model, judged.recorded, settings.notify, settings.link
        )
    except DriftlibError as error:
        return [str(error)]
