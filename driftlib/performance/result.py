"""Hold tracked or estimated performance: its table and its finding in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups, match_segments, segment_columns
from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, Task
from driftlib.data.windows import start_in_words
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.limits import Limit, Verdicts, is_compared, judge
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS
from driftlib.results import Result
from driftlib.text import join_notes

# What follows window, start, end and the segment columns in a table.
COLUMNS = (
    "n", "n_labelled", "metric", "value", "lower", "upper",
    "threshold", "breached", "degraded", "estimated", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Performance(Result):
    """Realised or estimated performance.

    Parameters
    ----------
    table : pandas.DataFrame
        Long: a row per segment, window and metric; see `track_performance`.
    task : {"binary", "multiclass", "regression"}
    classes : tuple of str
        Labels as text; of two, the positive one is last.
    reference : pandas.DataFrame or None
        The reference's own values, as one window, in the same columns.
    notes : tuple of str
        How the task was told, and whatever was left out.
    by : tuple of str
        Segment columns.
    """

    table: pd.DataFrame
    task: str
    classes: tuple[str, ...]
    reference: pd.DataFrame | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def positive(self) -> str | None:
        """The positive label of a binary task."""
        return self.classes[1] if self.task == BINARY else None

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        return _headline(self)

    @property
    def unmeasured(self) -> list[str]:
        """Titles of the metrics that could not be computed in any window."""
        measured = self.table["value"].notna().groupby(self.table["metric"], sort=False).any()
        return [METRICS[self.task][str(name)].title for name in measured.index[~measured]]

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {
            "task": self.task,
            "positive": self.positive,
            "classes": list(self.classes),
            "by": list(self.by),
            "notes": list(self.notes),
            "reference": self.reference,
        }


def _headline(perf: Performance) -> str:
    table, titles = perf.table, METRICS[perf.task]
    groups, times = len(table) // max(1, table["metric"].nunique()), table["window"].nunique()
    units = ("segments and windows" if times > 1 else "segments") if perf.by else "windows"
    many = f"{groups:,} {units}" if groups > 1 else ""
    counts = table.groupby("metric", sort=False)[["breached", "degraded"]].sum()
    if not counts.to_numpy().any():
        return _values_in_words(perf, titles, many)
    counts = counts.sort_values(["degraded", "breached"], ascending=False, kind="stable")
    name, (breached, degraded) = counts.index[0], counts.iloc[0]
    if breached:
        side = "below" if titles[name].higher_is_better else "above"
        finding = f"is {side} its threshold" + (f" in {breached:,} of {many}" if many else "")
        finding += ", degraded beyond noise" if degraded else ", never beyond noise"
        finding += f" in {degraded:,}" if degraded and many else ""
    else:
        finding = "is worse than in the reference, beyond noise"
        finding += f", in {degraded:,} of {many}" if many else ""
    if many:
        rows = table[table["metric"] == name]
        first = rows[rows["degraded" if degraded else "breached"]].iloc[0]
        finding += f" (first {_place(first, perf.by, times > 1)})"
    others = [titles[other].title for other in counts.index[1:] if counts.loc[other].any()]
    also = f"; also {', '.join(others)}" if others else ""
    also += _not_measured(perf)
    return f"{titles[name].title} {finding}{also}"


def _values_in_words(perf: Performance, titles: Mapping[str, Metric[Any]], many: str) -> str:
    measured = perf.table["value"].notna()
    limited = perf.table["threshold"].notna() & measured
    verdict = "No metric is worse than in the reference: " if perf.reference is not None else ""
    verdict = "No metric is worse than its threshold: " if limited.any() else verdict
    shown = limited if limited.any() else measured if measured.any() else slice(None)
    name = perf.table[shown]["metric"].iloc[0]
    values = perf.table.loc[perf.table["metric"] == name, "value"].dropna()
    if values.empty:
        return f"{titles[name].title} cannot be computed: {perf.table['note'].iloc[0]}"
    span = f"{values.min():.3g} to {values.max():.3g} over {many}"
    value = span if many else format(values.iloc[0], ".3g")
    return f"{verdict}{titles[name].title} {value}{_not_measured(perf)}"


def _not_measured(perf: Performance) -> str:
    """Name the metrics of which nothing is known, so that silence is no praise."""
    return f"; not measured: {', '.join(perf.unmeasured)}" if perf.unmeasured else ""


def _place(row: pd.Series, by: Sequence[str], windows: bool) -> str:
    start = start_in_words(row["start"], row["end"])
    return ", ".join([start] * windows + [f"{name} {row[name]}" for name in by])


@dataclass(frozen=True)
class ReferenceValues:
    """What the reference showed, as one window.

    Parameters
    ----------
    groups : WindowGroups
        A group for each segment.
    measured : MetricValues
    """

    groups: WindowGroups
    measured: MetricValues


def read_segments(by: str | Iterable[str] | None, columns: Iterable[str], where: str) -> list[str]:
    """Read the names of segment columns.

    Parameters
    ----------
    by : str, iterable of str or None
    columns : iterable of str
        Columns of the table.
    where : str
        What to call the table in an error.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError
        If there is no such column, or the result's table has one of that name for something
        else.

    Examples
    --------
    >>> read_segments("carrier", ["carrier", "dest"], "current")
    ['carrier']
    """
    return segment_columns(by, columns, where, {"window", "start", "end", *COLUMNS})


def judged_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    limits: Mapping[str, Limit],
    reference: ReferenceValues | None = None,
    estimated: bool = False,
) -> pd.DataFrame:
    """Judge values, each segment by its own reference, and lay them out as a result's table.

    Parameters
    ----------
    groups : WindowGroups
    metrics : sequence of Metric
    values : MetricValues
        Of those groups and metrics.
    limits : dict of Limit
        By metric.
    reference : ReferenceValues, optional
        Of the same segment columns and metrics.
    estimated : bool
        Whether the values are estimates.

    Returns
    -------
    pandas.DataFrame
        A row per segment, window and metric: see `driftlib.track_performance`.
    """
    if reference is None:
        return long_table(groups, metrics, values, judge(values, metrics, limits), estimated)
    own = reference.measured.take(match_segments(groups, reference.groups))
    table = long_table(groups, metrics, values, judge(values, metrics, limits, own), estimated)
    alone = (np.isfinite(values.value) & np.isnan(own.value)).ravel()
    needed = [is_compared(name, limits) for name in table["metric"]]
    table["note"] = [
        join_notes(note, "the reference has no value to compare with" if lacks else "")
        for note, lacks in zip(table["note"], (alone & needed).tolist(), strict=True)
    ]
    return table


def long_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    verdicts: Verdicts | None = None,
    estimated: bool = False,
) -> pd.DataFrame:
    """Lay out values as a result's table.

    Parameters
    ----------
    groups : WindowGroups
    metrics : sequence of Metric
    values : MetricValues
        Of those groups and metrics.
    verdicts : Verdicts, optional
        On those values.
    estimated : bool
        Whether the values are estimates.

    Returns
    -------
    pandas.DataFrame
        A row per group and metric: see `driftlib.track_performance`.
    """
    each = np.repeat(np.arange(len(groups.lo)), len(metrics))
    table = groups.keys.iloc[each].reset_index(drop=True)
    table["n"] = values.n[each]
    table["n_labelled"] = values.n_labelled[each]
    table["metric"] = [metric.name for metric in metrics] * len(groups.lo)
    table["value"] = values.value.ravel()
    table["lower"] = values.lower.ravel()
    table["upper"] = values.upper.ravel()
    table["threshold"] = verdicts.threshold.ravel() if verdicts else np.nan
    table["breached"] = verdicts.breached.ravel() if verdicts else False
    table["degraded"] = verdicts.degraded.ravel() if verdicts else False
    table["estimated"] = estimated
    table["note"] = [note for notes in values.notes for note in notes]
    return table


def result_notes(
    task: Task,
    predictions: Sequence[Predictions],
    groups: WindowGroups,
    column: object,
    *more: str,
) -> tuple[str, ...]:
    """Say how the task was told, and whatever was left out.

    Parameters
    ----------
    task : Task
    predictions : sequence of Predictions
    groups : WindowGroups
    column : object
        Name of the column that windows follow.
    *more : str
        What else there is to say, after the task; empty ones are left out.

    Returns
    -------
    tuple of str
        A sentence each.
    """
    told = f"{task.kind}: {task.reason}"
    told += f"; the positive label is {task.positive!r}" if task.positive else ""
    left_out = f"{groups.left_out:,} rows without {column!r} are in no window"
    if any("from all other times" in note for note in groups.notes):
        left_out = f"{groups.left_out:,} rows are in no window: see the notes of the last one"
    of_columns = [note for part in predictions for note in part.notes]
    return (told, *filter(None, more), *[left_out] * bool(groups.left_out), *of_columns)
