"""Say the finding of each notebook in one or two plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from driftlib.alerts import make_alerts
from driftlib.data.schema import COMPARABLE
from driftlib.data.windows import start_in_words
from driftlib.diagnosis.diagnose import Diagnosis
from driftlib.drift.detect import DriftResult
from driftlib.drift.trend import TrendResult
from driftlib.drift.units import unit_line
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.reporting.sections import Unavailable
from driftlib.reporting.watched import drifted_over_all
from driftlib.text import NAMES_SHOWN, counted, listed, shortened
from driftlib.visualization.levels import alarm_windows, change_table, most_drifted
from driftlib.visualization.windows import window_labels


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


def performance_verdict(
    perf: Performance | Unavailable,
    estimate: Performance | Unavailable,
    everything: Diagnosis | Unavailable,
    why: Diagnosis | Unavailable | None = None,
    left_out: Sequence[str] = (),
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
        sentences.append(f"{everything.headline}.")
    if left_out and isinstance(why, Diagnosis):
        sentences.append(why.verdict_inputs.without(left_out))
    return " ".join(sentences)


def _worst(perf: Performance) -> str:
    titles, windows = METRICS[perf.task], window_labels(perf.table)
    parts = {}
    for name, part in perf.table.groupby("metric", sort=False):
        worse = part.loc[part["alarm"], "window"].tolist()
        if worse:
            parts[str(name)] = worse
    first = str(perf.table["metric"].iloc[0])
    untold = f" {_sentence(perf.cannot_tell)}" if perf.cannot_tell else ""
    if not parts:
        finding = untold[1:] if perf.untold == 1 else f"{_nothing_worse(perf)}{untold}"
        return f"{finding} {titles[first].title}: {_span(perf, first)}."
    name = first if first in parts else next(iter(parts))
    part = perf.table[perf.table["metric"] == name]
    higher = titles[name].higher_is_better
    place = int((part["value"] if higher else -part["value"]).argmin())
    worst, number = float(part["value"].iloc[place]), int(part["window"].iloc[place])
    before = _of_reference(perf, name)
    several = len(windows.labels) > 1
    others = [titles[other].title for other in parts if other != name]
    also = ""
    if others:
        verb, at_times = "is" if len(others) == 1 else "are", " at times" if several else ""
        also = f"; so {verb} {listed(others)}{at_times}"
    when = f" {windows.among(parts[name])}" if several else ""
    # Where it was worse in that window only, that is said already.
    where = f" {windows.place(number)}" if several and parts[name] != [number] else ""
    return (
        f"{titles[name].title} is worse than tolerated{when}: {worst:.3g}{where}, "
        f"{before:.3g} in the reference{also}.{untold}"
    )


def _nothing_worse(perf: Performance) -> str:
    if perf.reference is None:
        return "There is no reference to compare the model's performance with."
    watched = perf.table["metric"].nunique() - len(perf.unmeasured)
    if not watched:
        return "No watched metric could be measured."
    which = "The watched metric is not" if watched == 1 else f"None of {watched} watched metrics is"
    # A value may lie beyond its limit, and chance explain it.
    surely = " by more than noise" if perf.table["breached"].any() else ""
    # Of many windows taken alone, chance makes some worse: that is no alarm.
    alone = perf.table.groupby("metric", sort=False)["degraded"].agg(["sum", "size"])
    alone = alone[alone["sum"] > 0]
    if len(alone):
        windows = perf.table["window"].nunique()
        counts = [
            f"{METRICS[perf.task][str(name)].title} in {row['sum']} of {row['size']}"
            for name, row in alone.iterrows()
        ]
        surely = f" by more than chance gives in {windows} windows; taken alone, {listed(counts)}"
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
    return f"{_moved(result, trend)}{untold}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _moved(result: DriftResult, trend: TrendResult) -> str:
    """Say what drifted over all and when."""
    total = counted(len(result.baseline.features), "feature")
    table, windows = change_table(trend)
    alarms = alarm_windows(table)
    several = len(windows.labels) > 1
    if trend.lasting and alarms:
        return _lasting(trend, list(alarms), total)
    drifted = drifted_over_all(result, trend)
    if not alarms and not set(drifted) & set(result.drifted):
        span = f", over all or in any of {counted(len(windows.labels), windows.unit)}"
        return f"No drift: none of {total} moved enough to matter{span if several else ''}."
    first, _ = change_table(result)
    overall = [name for name in most_drifted(first) if name in drifted and name in result.drifted]
    moved = f"{len(overall)} of {total} drifted against the reference: {listed(overall)}."
    if not overall:
        moved = f"None of {total} drifted over all of the current data."
    if not several:
        return moved
    when: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in alarms.items():
        when.setdefault(tuple(numbers), []).append(name)
    parts = [f"{listed(names)} {windows.among(those)}" for those, names in when.items()]
    shown = "; ".join(parts[:3]) + (f"; {len(parts) - 3} more" if len(parts) > 3 else "")
    found = f" By {windows.unit}: {shown}." if parts else f" No single {windows.unit} did."
    return moved + found


def _lasting(trend: TrendResult, names: Sequence[str], total: str) -> str:
    """Say what has drifted since when, and whether it still does."""
    alarms = trend.table[trend.table["alarm"]].drop_duplicates("feature", keep="last")
    since = alarms.set_index("feature")["since"]
    states = {alert.subject: alert.state for alert in make_alerts(trend)}
    parts = []
    for name in names[:NAMES_SHOWN]:
        end = trend.table.loc[trend.table["feature"] == name, "end"].iloc[-1]
        began = "" if since[name] is None else f" since {start_in_words(since[name], end)}"
        parts.append(f"{shortened(name)}{began} ({states[name]})")
    more = len(names) - len(parts)
    rest = f" and {more} more" if more else ""
    return f"{len(names)} of {total} drifted against the reference: {', '.join(parts)}{rest}."


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
