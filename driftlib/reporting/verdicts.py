"""Say the finding of each notebook in one or two plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from driftlib.alerts import OVER, make_alerts
from driftlib.auditing.audit import Audit
from driftlib.data.schema import COMPARABLE
from driftlib.data.windows import start_in_words
from driftlib.diagnosis.diagnose import Diagnosis
from driftlib.diagnosis.losses import BRIER
from driftlib.diagnosis.verdict import IMPROVED
from driftlib.drift.detect import DriftResult
from driftlib.drift.joint import TOGETHER
from driftlib.drift.trend import TrendResult
from driftlib.drift.units import unit_line
from driftlib.errors import DataError
from driftlib.performance.base_rates import BaseRates
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.quality.finding import AGE
from driftlib.reporting.sections import Unavailable
from driftlib.reporting.watched import drifted_over_all, make_drift_alerts
from driftlib.severity import Severity
from driftlib.text import NAMES_SHOWN, capital, counted, listed, percents, shortened
from driftlib.visualization.levels import alarm_windows, change_table, most_drifted
from driftlib.visualization.windows import WindowLabels, window_labels


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


def performance_verdict(
    perf: Performance | Unavailable,
    estimate: Performance | Unavailable,
    everything: Diagnosis | Unavailable,
    why: Diagnosis | Unavailable | None = None,
    left_out: Sequence[str] = (),
    rates: BaseRates | Unavailable | None = None,
) -> str:
    """Say whether the model got worse, or can be expected to have, and what the cause is.

    Parameters
    ----------
    perf, estimate : Performance or Unavailable
        Of the watched metrics only, the most telling first. The estimate counts where there
        are no labels.
    everything : Diagnosis or Unavailable
        With all features: the one whose verdict counts. Nothing is said of the cause where it
        is not available.
    why : Diagnosis or Unavailable, optional
        Without the features `left_out`, which is worded as what it is.
    left_out : sequence of str
        Features that the second does without.
    rates : BaseRates or Unavailable, optional
        How common the positive label is, which losses follow.

    Returns
    -------
    str
        Plain sentences.
    """
    if not isinstance(perf, Unavailable):
        sentences = [_worst(perf)]
    elif not isinstance(estimate, Unavailable):
        sentences = [
            "There are no labels in the current data. Estimated without them: "
            f"{_worst(estimate)} This holds only if the same inputs still have the same outcomes."
        ]
    else:
        sentences = [f"Performance cannot be judged: {perf.reason}"]
    if not isinstance(everything, Unavailable):
        sentences.append(f"{_cause(perf, everything)}.")
        if isinstance(rates, BaseRates):
            sentences.append(share_words(everything, rates))
    if left_out and isinstance(why, Diagnosis):
        sentences.append(why.verdict_inputs.without(left_out))
    return " ".join(filter(None, sentences))


def _cause(perf: Performance | Unavailable, why: Diagnosis) -> str:
    """Say the cause; a loss that fell is no improvement where a watched metric is worse."""
    worse = isinstance(perf, Performance) and bool(perf.table["alarm"].any())
    name = f"{IMPROVED.capitalize()}: "
    if worse and why.headline.startswith(name):
        return f"Over all, {why.headline.removeprefix(name)}"
    return why.headline


def share_words(why: Diagnosis, rates: BaseRates) -> str:
    """Say how much of a changed Brier score may be due to how common the positive label is.

    Parameters
    ----------
    why : Diagnosis
        Of a loss that may be the Brier score.
    rates : BaseRates
        Of both periods.

    Returns
    -------
    str
        A sentence; empty where the loss is another, did not surely change, or the share moved
        it the other way.
    """
    if why.loss != BRIER or rates.reference is None or not rates.positive:
        return ""
    labelled = rates.table["n_labelled"]
    if not labelled.sum():
        return ""
    now = float((rates.table["actual"].fillna(0) * labelled).sum() / labelled.sum())
    before = float(rates.reference["actual"].iloc[0])
    guesses = now * (1 - now), before * (1 - before)
    total = why.terms.loc["total"].to_dict()
    lower, upper = total["lower"], total["upper"]
    sign = 1 if lower > 0 else -1 if upper < 0 else 0
    if not sign * (guesses[0] - guesses[1]) > 0 or not min(guesses) > 0:
        return ""
    pairs = zip((why.loss_current, why.loss_reference), guesses, strict=True)
    apart = [loss / guess - 1 for loss, guess in pairs]
    sizes = percents(*map(abs, apart))
    ends = [
        f"{size} {'higher' if a > 0 else 'lower'}" for size, a in zip(sizes, apart, strict=True)
    ]
    shares = percents(now, before)
    return (
        f"That score follows how common {shortened(rates.positive)} is, {shares[0]} now and "
        f"{shares[1]} in the reference: beside always guessing that share, the model's score is "
        f"{ends[0]} now and {ends[1]} in the reference."
    )


def _worst(perf: Performance) -> str:
    """Say which watched metrics are worse, or were; the worst and the latest value; the rest."""
    windows = window_labels(perf.table)
    worse = {
        str(name): part.loc[part["alarm"], "window"].tolist()
        for name, part in perf.table.groupby("metric", sort=False)
        if part["alarm"].any()
    }
    untold = "".join(f" {_sentence(said)}" for said in (perf.cannot_tell, perf.held) if said)
    if not worse:
        first = str(perf.table["metric"].iloc[0])
        finding = untold[1:] if perf.untold == 1 else f"{_nothing_worse(perf)}{untold}"
        return f"{finding} {METRICS[perf.task][first].title}: {_span(perf, first)}."
    states = {alert.subject: alert.state for alert in make_alerts(perf)}
    past = {name: found for name, found in worse.items() if states.get(name) == OVER}
    now = {name: found for name, found in worse.items() if name not in past}
    parts = [_one_worse(perf, windows, now, "is")] if now else ["No watched metric is worse now."]
    if past:
        parts.append(_one_worse(perf, windows, past, "was"))
    return f"{' '.join(parts)}{untold}"


def _one_worse(
    perf: Performance, windows: WindowLabels, worse: Mapping[str, Sequence[int]], verb: str
) -> str:
    """Say of the first metric what it was where it was worst and last, and name the others."""
    titles = METRICS[perf.task]
    name, *others = worse
    part = perf.table[(perf.table["metric"] == name) & perf.table["value"].notna()]
    values = dict(zip(part["window"].tolist(), part["value"].tolist(), strict=True))
    sign = 1 if titles[name].higher_is_better else -1
    worst = min(values, key=lambda window: sign * values[window])
    several, found = len(windows.labels) > 1, list(worse[name])
    also = ""
    if others:
        verbs, times = {"is": "are", "was": "were"}, " at times" if several else ""
        named = listed([titles[other].title for other in others])
        also = f"; so {verb if len(others) == 1 else verbs[verb]} {named}{times}"
    when = f" {windows.among(found)}" if several else ""
    # Where it was worse in that window only, that is said already.
    where = f" {windows.place(worst)}" if several and found != [worst] else ""
    latest = ""
    if several and max(values) != worst:
        last = max(values)
        latest = f"{values[last]:.3g} {windows.place(last)}, "
    before = f"{_of_reference(perf, name):.3g} in the reference"
    return (
        f"{titles[name].title} {verb} worse than tolerated{when}: {values[worst]:.3g}{where}, "
        f"{latest}{before}{also}."
    )


def _nothing_worse(perf: Performance) -> str:
    """Say that no metric alarms, and in how many windows one lies beyond its line all the same."""
    if perf.reference is None:
        return "There is no reference to compare the model's performance with."
    watched = perf.table["metric"].nunique() - len(perf.unmeasured)
    if not watched:
        return "No watched metric could be measured."
    which = "The watched metric is not" if watched == 1 else f"None of {watched} watched metrics is"
    titles, windows = METRICS[perf.task], perf.table["window"].nunique()
    counts = perf.table.groupby("metric", sort=False)[["degraded", "breached"]].sum()
    surely = ""
    # A value may lie beyond its limit, and chance explain it; of many windows, some do.
    for column, words in (
        ("degraded", f" by more than chance gives in {windows} windows; taken alone"),
        ("breached", " by more than noise; beyond its line, perhaps by chance"),
    ):
        found = counts.loc[counts[column] > 0, column]
        if len(found):
            named = [f"{titles[str(name)].title} in {n} of {windows}" for name, n in found.items()]
            surely = f"{words}, {listed(named)}" if windows > 1 else " by more than noise"
            break
    lacking = f" Not measured: {listed(perf.unmeasured)}." if perf.unmeasured else ""
    return f"{which} worse than tolerated{surely}.{lacking}"


def _span(perf: Performance, metric: str) -> str:
    """Value of a metric, or its smallest and largest over the windows, beside the reference's."""
    values = perf.table.loc[perf.table["metric"] == metric, "value"].dropna()
    if values.empty:
        return "unknown"
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    span = low if low == high else f"{low} to {high}"
    if perf.reference is None:
        return span
    return f"{span}, {_of_reference(perf, metric):.3g} in the reference"


def _of_reference(perf: Performance, metric: str) -> float:
    """Value of a metric in the reference; NaN where there is none."""
    if perf.reference is None:
        return float("nan")
    values = perf.reference.loc[perf.reference["metric"] == metric, "value"]
    return float(values.iloc[0])


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
    untold = f" {_sentence(trend.cannot_tell)}" if trend.cannot_tell else ""
    if result.cannot_tell:
        untold = f" {_sentence(result.cannot_tell)}"
    if untold and result.cannot_tell and not result.drifted:
        return untold[1:]
    if result.like and result.like.missing and not untold:
        untold = f" {_sentence(result.like.missing)}"
    return f"{_moved(result, trend)}{_together(result, trend)}{untold}"


def _together(result: DriftResult, trend: TrendResult) -> str:
    """Say that all features together changed, where their own changes do not explain it."""
    if TOGETHER not in {alert.subject for alert in make_drift_alerts(result, trend)}:
        return ""
    return f" All features together changed: {result.joint.note}." if result.joint else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


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
        parts.append(f"None of {total} drifts now." if past else none)
    if past:
        parts.append(f"Over: {_each(past, when)}.")
    return " ".join(parts)


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


def compared_without(left_out: Sequence[str]) -> str | Unavailable:
    """Say what verdicts mean that were found without features that changed.

    Parameters
    ----------
    left_out : sequence of str
        Those features.

    Returns
    -------
    str or Unavailable
        A sentence, where there are any.
    """
    if not left_out:
        return Unavailable("Every feature was compared.")
    return (
        f"Compared without {listed(left_out, 8)}: what changed with them counts here as other "
        "outcomes of the same inputs."
    )


def diagnosis_words(
    everything: Diagnosis | Unavailable, why: Diagnosis | Unavailable, left_out: Sequence[str]
) -> str | Unavailable:
    """Say the cause with all features, and without those that had to be left out.

    Parameters
    ----------
    everything : Diagnosis or Unavailable
        With all features: the one whose verdict counts.
    why : Diagnosis or Unavailable
        Without the features `left_out`.
    left_out : sequence of str
        Features that the second does without; empty where the two are one.

    Returns
    -------
    str or Unavailable
        Paragraphs with an empty line between them.
    """
    if isinstance(why, Unavailable):
        return why
    if not left_out:
        return f"{why.headline}.\n\n{why.reason}"
    first = (
        ""
        if isinstance(everything, Unavailable)
        else f"With all features: {everything.headline}.\n\n"
    )
    return f"{first}{why.verdict_inputs.without(left_out)}"


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
