"""The finding of each notebook in one or two plain sentences, put together from its results."""

from __future__ import annotations

from driftlib.baseline import Baseline
from driftlib.drift import DriftResult
from driftlib.schema import COMPARABLE
from driftlib.trend import TrendResult
from driftlib.visualization.levels import NOT_FEATURES, change_table, most_drifted
from driftlib.visualization.words import counted, listed


def baseline_verdict(baseline: Baseline) -> str:
    """What there is to compare with, and what cannot be compared."""
    features = [baseline.columns[name] for name in baseline.features]
    useless = [column.name for column in features if column.kind not in COMPARABLE]
    rows = f"The reference has {counted(baseline.rows, 'row')}"
    ready = f"{counted(len(features) - len(useless), 'feature')} to compare later data with"
    rest = f" {listed(useless)} cannot be compared." if useless else ""
    return f"{rows} and {ready}.{rest}"


def drift_verdict(result: DriftResult, trend: TrendResult) -> str:
    """Which features drifted over all, and in which windows."""
    total = counted(len(result.baseline.features), "feature")
    table, windows = change_table(trend)
    table = table[~table["kind"].isin(NOT_FEATURES)]
    alarms = table[table["alarm"]].groupby("feature")["window"].agg(list)
    ranked = [name for name in most_drifted(table) if name in alarms.index]
    several = len(windows.labels) > 1
    if not ranked and not result.drifted:
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
    for name in ranked:
        when.setdefault(tuple(alarms[name]), []).append(name)
    parts = [f"{listed(names)} {windows.among(numbers)}" for numbers, names in when.items()]
    shown = "; ".join(parts[:3]) + (f"; {len(parts) - 3} more" if len(parts) > 3 else "")
    found = f" By {windows.unit}: {shown}." if parts else f" No single {windows.unit} did."
    return moved + found
