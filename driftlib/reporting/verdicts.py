"""The finding of each notebook in one or two plain sentences, put together from its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from driftlib.data.schema import COMPARABLE
from driftlib.drift.detect import DriftResult
from driftlib.drift.trend import TrendResult
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.reporting.sections import Unavailable
from driftlib.text import counted, listed
from driftlib.visualization.levels import alarm_windows, change_table, most_drifted
from driftlib.visualization.windows import window_labels


def baseline_verdict(baseline: Baseline) -> str:
    """What there is to compare with, and what cannot be compared."""
    features = [baseline.columns[name] for name in baseline.features]
    useless = [column.name for column in features if column.kind not in COMPARABLE]
    rows = f"The reference has {counted(baseline.rows, 'row')}"
    ready = f"{counted(len(features) - len(useless), 'feature')} to compare later data with"
    rest = f" {listed(useless)} cannot be compared." if useless else ""
    return f"{rows} and {ready}.{rest}"


def performance_verdict(perf: Any, estimate: Any, why: Any) -> str:
    """Whether the model got worse, whether that was to be expected, and what the cause is.

    Each of the three may be `Unavailable`; `perf` and `estimate` have the watched metrics only,
    the most telling first.
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
    if not isinstance(why, Unavailable):
        sentences.append(f"{why.headline}.")
    return " ".join(sentences)


def _worst(perf: Performance) -> str:
    titles, windows = METRICS[perf.task], window_labels(perf.table)
    parts = {}
    for name, part in perf.table.groupby("metric", sort=False):
        worse = part.loc[part["degraded"], "window"].tolist()
        if worse:
            parts[str(name)] = worse
    first = str(perf.table["metric"].iloc[0])
    if not parts:
        return f"{_nothing_worse(perf)} {titles[first].title}: {_span(perf, first)}."
    name = first if first in parts else next(iter(parts))
    part = perf.table[perf.table["metric"] == name]
    higher = titles[name].higher_is_better
    worst = part.loc[part["value"].idxmin() if higher else part["value"].idxmax()]
    before = perf.reference[perf.reference["metric"] == name]["value"].iloc[0]
    several = len(windows.labels) > 1
    others = [titles[other].title for other in parts if other != name]
    also = ""
    if others:
        verb, at_times = "is" if len(others) == 1 else "are", " at times" if several else ""
        also = f"; so {verb} {listed(others)}{at_times}"
    when = f" {windows.among(parts[name])}" if several else ""
    place = f" {windows.place(int(worst['window']))}" if several else ""
    return (
        f"{titles[name].title} is worse than tolerated{when}: {worst['value']:.3g}{place}, "
        f"{before:.3g} in the reference{also}."
    )


def _nothing_worse(perf: Performance) -> str:
    if perf.reference is None:
        return "There is no reference to compare the model's performance with."
    watched = perf.table["metric"].nunique()
    which = "The watched metric is not" if watched == 1 else f"None of {watched} watched metrics is"
    return f"{which} worse than tolerated."


def _span(perf: Performance, metric: str) -> str:
    """Value of a metric, or its smallest and largest over the windows, beside the reference's."""
    values = perf.table.loc[perf.table["metric"] == metric, "value"].dropna()
    if values.empty:
        return "unknown"
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    span = low if low == high else f"{low} to {high}"
    if perf.reference is None:
        return span
    known = perf.reference.loc[perf.reference["metric"] == metric, "value"].iloc[0]
    return f"{span}, {known:.3g} in the reference"


def drift_verdict(result: DriftResult, trend: TrendResult) -> str:
    """Which features drifted over all, and in which windows."""
    total = counted(len(result.baseline.features), "feature")
    table, windows = change_table(trend)
    alarms = alarm_windows(table)
    several = len(windows.labels) > 1
    if not alarms and not result.drifted:
        span = f", over all or in any of {counted(len(windows.labels), windows.unit)}"
        return f"No drift: none of {total} moved enough to matter{span if several else ''}."
    first, _ = change_table(result)
    overall = [name for name in most_drifted(first) if name in result.drifted]
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


def diagnosis_words(everything: Any, why: Any, left_out: Sequence[str]) -> str | Unavailable:
    """The cause in words: with all features, and without those that had to be left out."""
    if isinstance(why, Unavailable):
        return why
    if not left_out:
        return f"{why.headline}.\n\n{why.reason}"
    first = (
        ""
        if isinstance(everything, Unavailable)
        else f"With all features: {everything.headline}.\n\n"
    )
    return f"{first}Without {listed(left_out, 8)}: {why.headline}.\n\n{why.reason}"
