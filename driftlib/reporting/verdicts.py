"""Say the finding of each notebook in one or two plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from driftlib.advising.advise import Decision
from driftlib.alerts import OVER, make_alerts
from driftlib.alerts.alert import DATA_QUALITY
from driftlib.auditing.audit import Audit
from driftlib.data.schema import COMPARABLE
from driftlib.data.windows import start_in_words
from driftlib.diagnosis.result import Diagnosis
from driftlib.drift.notes import TOGETHER
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.drift.unit_lines import unit_line
from driftlib.errors import DataError
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.quality.finding import AGE
from driftlib.reporting.sections import Unavailable
from driftlib.reporting.watched import drifted_over_all, make_drift_alerts
from driftlib.severity import Severity
from driftlib.text import NAMES_SHOWN, capital, counted, listed, sentence
from driftlib.visualization.levels import alarm_windows, change_table, most_drifted
from driftlib.visualization.windows import WindowLabels


def baseline_verdict(baseline: Baseline) -> str:
    """Say what there is to compare with, and what cannot be compared.

    Parameters
    ----------
    baseline : Baseline
        Of the reference.

    Returns
    -------
    str
        One sentence, or two.
    """
    features = [baseline.columns[name] for name in baseline.features]
    useless = [column.name for column in features if column.kind not in COMPARABLE]
    rows = f"The reference has {counted(baseline.rows, 'row')}"
    ready = f"{counted(len(features) - len(useless), 'feature')} to compare later data with"
    rest = f" {listed(useless)} cannot be compared." if useless else ""
    units = unit_line(baseline.unit, (baseline.reference_units,))
    season = f" {baseline.season.line}" if baseline.season else ""
    return f"{rows} and {ready}.{rest} {units}{season}"


def audit_verdict(audit: Audit | Unavailable) -> str:
    """Say how often the monitor errs on these data, and what it can see.

    Parameters
    ----------
    audit : Audit or Unavailable

    Returns
    -------
    str
        One sentence, or two.
    """
    if isinstance(audit, Unavailable):
        return f"The monitor cannot be audited on these data: {audit.reason}"
    return f"{audit.headline}."


def advice_verdict(decision: Decision | Unavailable) -> str:
    """Say what to do about a model.

    Parameters
    ----------
    decision : Decision or Unavailable

    Returns
    -------
    str
        One sentence.
    """
    if isinstance(decision, Unavailable):
        return f"Nothing can be advised on these data: {decision.reason}"
    return f"{decision.headline}."


def advice_reasons(decision: Decision | Unavailable) -> str | Unavailable:
    """Say what an advice rests on.

    Parameters
    ----------
    decision : Decision or Unavailable

    Returns
    -------
    str or Unavailable
        The sentences after the advice.
    """
    if isinstance(decision, Unavailable):
        return decision
    return decision.why.removeprefix(f"{decision.headline}.").strip()


def drift_verdict(result: DriftResult, trend: TrendResult) -> str:
    """Say which features drifted over all, and in which windows.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.
    trend : TrendResult
        The same window by window.

    Returns
    -------
    str
        Plain sentences, the most drifted features first; then what could not be told.
    """
    untold = f" {sentence(trend.cannot_tell)}" if trend.cannot_tell else ""
    if result.cannot_tell:
        untold = f" {sentence(result.cannot_tell)}"
    if untold and result.cannot_tell and not result.drifted:
        return untold[1:]
    if result.like and result.like.missing and not untold:
        untold = f" {sentence(result.like.missing)}"
    moved, together = _moved(result, trend), _together(result, trend)
    if together:
        # No drift of a single feature is no lack of drift.
        moved = capital(moved.removeprefix("No drift: "))
    return f"{moved}{together}{untold}"


def _together(result: DriftResult, trend: TrendResult) -> str:
    """Say that all features together changed, where their own changes do not explain it."""
    if TOGETHER not in {alert.subject for alert in make_drift_alerts(result, trend)}:
        return ""
    return f" All features together changed: {result.joint.note}." if result.joint else ""


def _moved(result: DriftResult, trend: TrendResult) -> str:
    """Say what drifted and when, what is over, and what only all windows together show."""
    total = counted(len(result.baseline.features), "feature")
    table, windows = change_table(trend)
    alarms = alarm_windows(table)
    several = len(windows.labels) > 1
    first, _ = change_table(result)
    drifted = drifted_over_all(result, trend)
    overall = [name for name in most_drifted(first) if name in drifted and name in result.drifted]
    if not several:
        alarms = {name: [] for name in overall}
    states = {alert.subject: alert.state for alert in make_alerts(trend)} if several else {}
    past = [name for name in alarms if states.get(name) == OVER]
    now = [name for name in alarms if name not in past]
    rest = [name for name in overall if name not in alarms]
    when = _since(trend) if trend.lasting else _by_window(windows, alarms, several)
    parts = []
    if now:
        parts.append(
            f"{len(now)} of {total} drifted against the reference: "
            f"{_each(now, lambda name: when(name) + _marked(states.get(name), trend.lasting))}."
        )
    if rest:
        where = f" over all, in no single {windows.unit} enough"
        parts.append(f"{len(rest)} of {total} drifted{where}: {listed(rest)}.")
    if not parts:
        span = f", over all or in any of {counted(len(windows.labels), windows.unit)}"
        none = f"No drift: none of {total} moved enough to matter{span if several else ''}."
        unsound = _unsound(result, trend)
        if unsound and not past:
            apart = none.removeprefix("No drift: ")
            none = f"Apart from unsound values in {listed(unsound)}, {apart}"
        parts.append(f"None of {total} drifts now." if past else none)
    if past:
        parts.append(f"Over: {_each(past, when)}.")
    return " ".join(parts)


def _unsound(result: DriftResult, trend: TrendResult) -> list[str]:
    """Features of which there is an alert of data quality."""
    alerts = make_drift_alerts(result, trend)
    kinds = {alert.subject for alert in alerts if alert.kind == DATA_QUALITY}
    return [name for name in result.baseline.features if name in kinds]


def _each(names: Sequence[str], when: Callable[[str], str]) -> str:
    """List names, those of one time together."""
    times: dict[str, list[str]] = {}
    for name in names[: 2 * NAMES_SHOWN]:
        times.setdefault(when(name), []).append(name)
    more = len(names) - 2 * NAMES_SHOWN
    parts = [f"{listed(group, len(group))}{words}" for words, group in times.items()]
    return "; ".join([*parts, f"and {more} more"] if more > 0 else parts)


def _by_window(
    windows: WindowLabels, alarms: Mapping[str, Sequence[int]], several: bool
) -> Callable[[str], str]:
    """Say in which windows a feature drifted, with the last one by name."""

    def when(name: str) -> str:
        if not several:
            return ""
        numbers, among = alarms[name], windows.among(alarms[name])
        last = windows.place(max(numbers))
        named = len(numbers) == 1 or among.startswith(("from", "in all", "in both"))
        named |= windows.labels[max(numbers)] in among
        return f" {among}" if named else f" {among}, the last {last}"

    return when


def _since(trend: TrendResult) -> Callable[[str], str]:
    """Say since when a feature has drifted, and when it was over."""
    table, alerts = trend.table, {alert.subject: alert for alert in make_alerts(trend)}
    last = table[table["alarm"]].drop_duplicates("feature", keep="last").set_index("feature")

    def when(name: str) -> str:
        since, end = last.loc[name, "since"], last.loc[name, "end"]
        began = "" if since is None else f" since {start_in_words(since, end)}"
        ended = table[(table["feature"] == name) & table["over"]]
        if name in alerts and alerts[name].state == OVER and len(ended):
            row = ended.iloc[-1]
            return f"{began} until {start_in_words(row['start'], row['end'])}"
        return began

    return when


def _marked(state: str | None, lasting: bool) -> str:
    return f" ({state})" if lasting and state else ""


def joint_words(result: DriftResult) -> str:
    """Say whether all features together tell the two periods apart.

    Parameters
    ----------
    result : DriftResult
        With `joint`.

    Returns
    -------
    str
        A sentence.

    Raises
    ------
    DataError
        If that was not asked for.
    """
    if result.joint is None:
        raise DataError("It was not asked if all features together changed.")
    return f"{capital(result.joint.note)}."


def quality_words(result: DriftResult) -> str:
    """Say how many findings of quality there are, and how new the current data are.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.

    Returns
    -------
    str
        Plain sentences.
    """
    known = result.baseline.reference_facts is not None
    wrong = [finding for finding in result.quality if finding.severity != Severity.NONE]
    age = [finding for finding in result.quality if finding.kind == AGE]
    sentences = []
    if wrong:
        alarming = sum(Severity(finding.severity).drifted for finding in wrong)
        matters = f"{alarming} of them {'matters' if alarming == 1 else 'matter'}"
        sentences.append(f"{counted(len(wrong), 'finding')}; {matters if alarming else 'minor'}.")
    if not known:
        sentences.append(
            "The baseline was saved by an older version and knows nothing of the order of columns, "
            "of whole rows and of times: fit it again to have them checked."
        )
    if age:
        sentences.append(f"{capital(age[0].sentence)}.")
    return " ".join(sentences)


def unit_and_season(result: Performance | Diagnosis) -> str:
    """Say what a unit is, and with a season what like is compared with like by.

    Parameters
    ----------
    result : Performance or Diagnosis

    Returns
    -------
    str
        One line or two.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> unit_and_season(track_performance(frame))[:31]
    'Rows are taken as independent: '
    """
    return f"{result.unit} {result.season}".strip()
