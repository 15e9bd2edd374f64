"""Hold tracked or estimated performance: its table and its finding in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups
from driftlib.data.windows import start_in_words
from driftlib.performance.evaluate import Measured
from driftlib.performance.limits import Judged
from driftlib.performance.metrics import METRICS, Metric
from driftlib.results import Result

# What follows window, start, end and the segment columns in a table.
COLUMNS = (
    "n", "n_labelled", "metric", "value", "lower", "upper",
    "threshold", "breached", "degraded", "estimated", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Performance(Result):
    """Realised or estimated performance.

    Attributes
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
        return self.classes[1] if self.task == "binary" else None

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        return _headline(self)

    @property
    def details(self) -> dict[str, Any]:
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
    return f"{titles[name].title} {finding}{also}"


def _values_in_words(perf: Performance, titles: Mapping[str, Metric], many: str) -> str:
    limited = perf.table["threshold"].notna()
    verdict = "No metric is worse than in the reference: " if perf.reference is not None else ""
    verdict = "No metric is worse than its threshold: " if limited.any() else verdict
    name = (perf.table[limited] if limited.any() else perf.table)["metric"].iloc[0]
    values = perf.table.loc[perf.table["metric"] == name, "value"].dropna()
    if values.empty:
        return f"{titles[name].title} cannot be computed: {perf.table['note'].iloc[0]}"
    span = f"{values.min():.3g} to {values.max():.3g} over {many}"
    return f"{verdict}{titles[name].title} {span if many else format(values.iloc[0], '.3g')}"


def _place(row: pd.Series, by: Sequence[str], windows: bool) -> str:
    start = start_in_words(row["start"], row["end"])
    return ", ".join([start] * windows + [f"{name} {row[name]}" for name in by])


def long_table(
    layout: WindowGroups,
    metrics: Sequence[Metric],
    measured: Measured,
    judged: Judged | None = None,
    estimated: bool = False,
) -> pd.DataFrame:
    """The table of a result: a row per group and metric."""
    groups, count = measured.value.shape
    each = np.repeat(np.arange(groups), count)
    table = layout.keys.iloc[each].reset_index(drop=True)
    table["n"] = measured.n[each]
    table["n_labelled"] = measured.n_labelled[each]
    table["metric"] = [metric.name for metric in metrics] * groups
    for name in ("value", "lower", "upper"):
        table[name] = getattr(measured, name).ravel()
    table["threshold"] = judged.threshold.ravel() if judged else np.nan
    table["breached"] = judged.breached.ravel() if judged else False
    table["degraded"] = judged.degraded.ravel() if judged else False
    table["estimated"] = estimated
    table["note"] = [note for row in measured.notes for note in row]
    return table
