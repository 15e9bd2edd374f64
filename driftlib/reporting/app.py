"""Compute what the Streamlit page shows, as results that hold few numbers and can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.advice.facts import Side, describe_side, drift_facts, joined, performance_facts
from driftlib.advice.status import Status, make_status
from driftlib.alerts import OVER, Alert, by_urgency, make_alerts
from driftlib.data.schema import COMPARABLE, ColumnRoles
from driftlib.data.unit_choice import AUTO
from driftlib.data.windows import fitting_window
from driftlib.diagnosis.diagnose import diagnose
from driftlib.diagnosis.result import Diagnosis
from driftlib.drift.detect import detect_drift
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.result import DriftResult
from driftlib.drift.trend import drift_trend
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DriftlibError
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.reporting.given import name_predictions
from driftlib.reporting.page_words import page_words
from driftlib.reporting.verdicts import unit_and_season
from driftlib.reporting.watched import make_drift_alerts
from driftlib.severity import worst

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from driftlib.advising.advise import Decision
    from driftlib.auditing.audit import Audit

# Those in which a tolerated loss means the same whatever the data.
LIMITED = ("accuracy", "roc_auc", "r2")
# Of an audit on the page: less sure than one on the command line, and sooner there.
DEALS, TRIES = 60, 12


@dataclass(frozen=True)
class Columns:
    """What the columns of two periods are, as a form asks for it.

    Parameters
    ----------
    roles : ColumnRoles
        Names of labels, predictions and time; what rows were drawn in, and their season.
    exclude : tuple of str
        Columns that are not compared.
    categorical : tuple of str
        Columns of numbers that are codes.
    positive : str, optional
        The positive label of two; None for the larger one.
    label_time, matures : str, optional
        When labels became known, and how long a row waits for its own.
    task : str
        What is predicted; "auto" to tell by the columns.
    threshold : float, optional
        Probability from which on a row is predicted positive; None takes the predictions.
    holdout : bool, optional
        Whether the model was kept from the reference's rows when it was trained.

    Examples
    --------
    >>> Columns(ColumnRoles(y_true="late"), positive="yes").names["positive"]
    'yes'
    """

    roles: ColumnRoles = field(default_factory=ColumnRoles)
    exclude: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    positive: str | None = None
    label_time: str | None = None
    matures: str | None = None
    task: str = "auto"
    threshold: float | None = None
    holdout: bool | None = None

    @property
    def names(self) -> dict[str, Any]:
        """Arguments that name labels and predictions."""
        return name_predictions(self.roles) | {"positive": self.positive}

    @property
    def drawn(self) -> dict[str, Any]:
        """Arguments that say what rows were drawn in, and what like is compared with like by."""
        return {"unit": self.roles.unit or AUTO, "season": self.roles.season}

    @property
    def kinds(self) -> dict[str, Any]:
        """Arguments that say which columns are not compared, and which are codes."""
        return {"exclude": self.exclude, "categorical": self.categorical}

    @property
    def late(self) -> dict[str, Any]:
        """Arguments that say when labels come."""
        return {"label_time": self.label_time, "matures": self.matures}

    @property
    def measured(self) -> dict[str, Any]:
        """Arguments that say what is predicted, and from which probability on."""
        return {"task": self.task, "threshold": self.threshold}

    @property
    def written(self) -> dict[str, Any]:
        """Arguments that say which column holds times, and how they are written."""
        return {"timestamp": self.roles.timestamp, "time_format": self.roles.time_format}

    def cut(self, current: pd.DataFrame, window: str | None) -> dict[str, Any]:
        """Give the arguments that cut current data into windows, without one into fitting ones.

        Without a time all rows are one window: their order says nothing.

        Parameters
        ----------
        current : pandas.DataFrame
        window : str or None
            A pandas offset such as "7D".

        Returns
        -------
        dict
            By the names of the arguments.
        """
        on, written = self.roles.timestamp, self.roles.time_format
        size: int | str | None = None
        if on:
            size = window or fitting_window(current, on, time_format=written, unit=self.roles.unit)
        return {"window": size, "on": on, "time_format": written}


@dataclass(frozen=True)
class Findings:
    """Drift and performance of current against a reference, without any of their rows.

    Parameters
    ----------
    drift : DriftResult
        All of current against the reference.
    trend : TrendResult
        Without the profiles of its windows.
    whole, performance : Performance or None
        All of current, and window by window; None where there are no labels or predictions.
    alerts : tuple of Alert
        Of drift and performance.
    remarks : tuple of str
        What could not be found, and why.
    sides : mapping of str to Side
        Rows and times of "reference" and "current".
    """

    drift: DriftResult
    trend: TrendResult
    whole: Performance | None
    performance: Performance | None
    alerts: tuple[Alert, ...]
    remarks: tuple[str, ...]
    sides: Mapping[str, Side] = field(default_factory=dict)

    @property
    def drifted(self) -> list[str]:
        """Features of which there is an alert."""
        features = self.drift.baseline.features
        return [a.subject for a in self.alerts if a.subject in features]

    @property
    def without_alerts(self) -> str:
        """What it means that there is no alert, and what it does not cover."""
        words, lacking = "No alerts: nothing drifted", ""
        if self.performance is not None:
            # A value may lie beyond what is tolerated, and chance explain it.
            surely = " by more than noise" if self.performance.table["breached"].any() else ""
            words += f" and no metric fell beyond what is tolerated{surely}"
            if self.performance.unmeasured:
                lacking = f" Not measured: {', '.join(self.performance.unmeasured)}."
        return f"{words}.{lacking}"

    @property
    def comparable(self) -> list[str]:
        """Columns whose distributions can be shown, the most drifted feature first."""
        columns, features = self.drift.baseline.columns, set(self.drift.baseline.features)
        order = self.drift.table["psi"].sort_values(ascending=False, kind="stable").index
        shown = [name for name in order if columns[name].kind in COMPARABLE]
        return sorted(shown, key=lambda name: name not in features)


def compare_periods(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Columns,
    policy: DriftPolicy,
    tolerance: float,
    window: str | None = None,
) -> Findings:
    """Find everything about two periods that takes well under a second.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        One row a prediction.
    columns : Columns
        What the columns are.
    policy : DriftPolicy
        What counts as drift.
    tolerance : float
        How far accuracy, ROC AUC or R2 may fall below the reference's.
    window : str, optional
        A pandas offset such as "7D"; default a fitting one.

    Returns
    -------
    Findings
        Without performance where there are no labels, which is only a remark.

    Raises
    ------
    DriftlibError
        If the two cannot be compared.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(2000, feature_drift=0, label_flips=0.3)
    >>> columns = Columns(ColumnRoles(timestamp="timestamp"))
    >>> found = compare_periods(data.reference, data.current, columns, DriftPolicy(), 0.02, "7D")
    >>> found.drift.drifted, {alert.subject for alert in found.alerts} >= {"accuracy"}
    ([], True)
    """
    known = (name for name in [columns.label_time] if name and name in reference)
    kinds = columns.kinds | {"exclude": [*columns.exclude, *known]}
    baseline = Baseline.fit(reference, **kinds, **columns.roles.keywords, **columns.drawn)
    drift = detect_drift(baseline, current, policy=policy)
    cut = columns.cut(current, window)
    trend = drift_trend(baseline, current, policy=policy, **cut)
    trend = replace(trend, profiles=())
    time = columns.roles.timestamp, columns.roles.time_format
    sides = {"reference": describe_side(reference, *time)}
    sides["current"] = describe_side(current, *time)
    asked = columns.names | columns.drawn | columns.late | columns.written
    measured = asked | columns.measured
    try:
        whole = track_performance(current, reference=reference, **measured)
        limits = {name: f"-{tolerance}" for name in LIMITED if name in set(whole.table["metric"])}
        shared = AlertPolicy(budget=policy.budget, windows=policy.windows)
        performance = track_performance(
            current, reference=reference, thresholds=limits, policy=shared, **measured | cut
        )
    except DriftlibError as error:
        # Without labels or predictions there is still drift to be shown.
        alerts = make_drift_alerts(drift, trend)
        return Findings(drift, trend, None, None, alerts, (page_words(error),), sides)
    alerts = by_urgency([*make_drift_alerts(drift, trend), *make_alerts(performance)])
    return Findings(drift, trend, whole, performance, alerts, (), sides)


@dataclass(frozen=True)
class Cause:
    """A diagnosis without the rows it was made of.

    Parameters
    ----------
    verdict, headline, reason : str
        The verdict in a word or two and in a sentence, and what it rests on.
    culprits : tuple of str
        Columns that give the period away, where the cause cannot be told.
    suspect : str
        Why labels or scores look wrong as data; empty where they do not.
    unit : str
        What a unit is, how many there are, and what like is compared with like by.
    terms : pandas.DataFrame
        What each cause adds to the loss.
    figures : tuple of plotly.graph_objects.Figure
        The waterfall first; then, where they can be told, the segments in which the concept
        changed, and where the inputs differ the features whose change counts.
    """

    verdict: str
    headline: str
    reason: str
    culprits: tuple[str, ...]
    suspect: str
    unit: str
    terms: pd.DataFrame
    figures: tuple[go.Figure, ...]


def sum_up(found: Findings, cause: Cause | None) -> Status:
    """Sum two periods up: what changed, how sure that is and what to do, as reports do.

    Parameters
    ----------
    found : Findings
    cause : Cause or None
        None where it could not be told.

    Returns
    -------
    Status
    """
    facts = performance_facts(found.performance, cause, found.alerts)
    facts = joined([facts, drift_facts(found.drift, found.trend, found.alerts)])
    still = [alert.severity for alert in found.alerts if alert.state != OVER]
    return make_status(replace(facts, sides=found.sides), str(worst(still)))


def explain_change(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Columns,
    features: Iterable[str],
) -> Cause:
    """Explain in words and pictures why the loss changed.

    Parameters
    ----------
    reference, current, columns
        As for `compare_periods`.
    features : iterable of str
        Columns to compare the periods on.

    Returns
    -------
    Cause
        The verdict, its terms and its charts.

    Raises
    ------
    DriftlibError
        If there is nothing to compare.
    """
    from driftlib.visualization import feature_attribution, loss_waterfall, segment_effects
    from driftlib.visualization.diagnosis import plain_title

    why = diagnose(reference, current, **_asked(columns, features))
    drawn: list[Callable[[Diagnosis], go.Figure]] = [loss_waterfall]
    if len(why.segments):
        drawn.append(segment_effects)
    if why.domain.overlaps and why.verdict_inputs.inputs_differ:
        drawn.append(feature_attribution)
    figures = tuple(draw(why) for draw in drawn)
    terms = why.terms.rename(plain_title).rename_axis("cause").reset_index()
    return Cause(
        why.verdict,
        why.headline,
        why.reason,
        tuple(why.culprits),
        why.suspect,
        unit_and_season(why),
        terms,
        figures,
    )


def advise_on(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Columns,
    features: Iterable[str],
) -> Decision:
    """Try what could be done about the model, and say what is worth doing.

    Parameters
    ----------
    reference, current, columns, features
        As for `explain_change`.

    Returns
    -------
    Decision

    Raises
    ------
    DriftlibError
        If there is nothing to compare.
    """
    from driftlib.advising.advise import advise

    return advise(reference, current, **_asked(columns, features))


def audit_on(
    reference: pd.DataFrame,
    columns: Columns,
    policy: DriftPolicy,
    window: str | None,
    labels: bool,
    progress: Callable[[float], object],
) -> Audit:
    """Let the monitor examine itself on the reference.

    Parameters
    ----------
    reference : pandas.DataFrame
    columns : Columns
    policy : DriftPolicy
    window : str or None
        What one check is to see, such as "7D".
    labels : bool
        Whether to audit performance and estimates, too.
    progress : callable
        Is told the share of the work that is done.

    Returns
    -------
    Audit

    Raises
    ------
    DriftlibError
        If the reference has too few units, or the window is longer than half of it.
    """
    from driftlib.auditing.audit import audit

    names = columns.names
    frame = reference if labels else reference.drop(columns=names["y_true"], errors="ignore")
    asked = names | columns.written | columns.drawn | columns.kinds
    asked["exclude"] = [*columns.exclude, *filter(None, [columns.label_time])]
    return audit(frame, window, DEALS, TRIES, policy=policy, progress=progress, **asked)


def _asked(columns: Columns, features: Iterable[str]) -> dict[str, Any]:
    """Arguments that say what the columns are, of features that are chosen."""
    features = list(features)
    asked = columns.names | columns.written | columns.drawn | columns.late
    asked |= {"task": columns.task, "holdout": columns.holdout, "features": features}
    return asked | {"categorical": [name for name in columns.categorical if name in features]}
