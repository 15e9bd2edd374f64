"""Show every feature as a row: what happened to it, and a large picture where it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.schema import COMPARABLE
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.files import json_ready
from driftlib.html.feature_rows import MARKS, heat_strip
from driftlib.html.table import Cell, write_table
from driftlib.profile.profile import CategoricalCounts, NumericCounts
from driftlib.severity import rank
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.levels import NOT_FEATURES, change_table
from driftlib.visualization.sparkline import small_shares, sparkline
from driftlib.visualization.windows import thinned

FEATURES_MIME = "application/vnd.driftlib.features+json"
# In so many windows at most, the latest, a feature's values can be looked at.
WINDOWS = 12
# And so many bars in a strip.
BARS = 40
LAB_ROWS = 60


@dataclass(frozen=True)
class FeatureRows:
    """Every column with what happened to it, the worst first: made by `feature_rows`.

    Parameters
    ----------
    content : dict
        See `driftlib.html.feature_rows.write_feature_rows`.
    """

    content: dict[str, Any]

    def _repr_html_(self) -> str:
        windows = self.content["windows"]
        rows = [
            (
                row["name"],
                f"{MARKS[row['severity']]} {row['severity']}",
                np.nan if row["psi"] is None else row["psi"],
                Cell(row["sparkline"]),
                Cell(heat_strip(row["levels"], row["severities"], windows, row["alarms"])),
                row["note"],
            )
            for row in self.content["rows"][:LAB_ROWS]
        ]
        heads = ("feature", "change", "PSI", "values", "trend", "what happened")
        return write_table(heads, rows, digits=3, inline=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": f"{len(self.content['rows'])} features",
            "text/html": self._repr_html_(),
            FEATURES_MIME: self.content,
        }


def feature_rows(result: DriftResult, trend: TrendResult) -> FeatureRows:
    """Tell of every column what happened, how it is spread now and before, and when it moved.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.
    trend : TrendResult
        The same window by window; of many windows, evenly chosen ones are drawn.

    Returns
    -------
    FeatureRows
        Features before predictions and labels, the worst first.

    Examples
    --------
    >>> from driftlib import detect_drift, drift_trend
    >>> reference = pd.DataFrame({"x": [0.5, 1.5, 2.5] * 200, "y": [0.5, 1.5, 2.5] * 200})
    >>> current = reference + [0, 1]
    >>> rows = feature_rows(detect_drift(reference, current), drift_trend(reference, current))
    >>> [row["name"] for row in rows.content["rows"]]
    ['y', 'x']
    """
    table = result.table
    other = table["kind"].isin(NOT_FEATURES)
    places = pd.DataFrame(
        {"other": other, "rank": -table["severity"].map(rank), "psi": -table["psi"]}
    )
    order = places.sort_values(["other", "rank", "psi"], kind="stable").index
    moved, labels = change_table(trend)
    numbers = thinned(list(labels.labels), BARS)
    pictured = [] if len(numbers) < 2 or trend.likes else numbers[-WINDOWS:]
    windows = [labels.labels[number] for number in numbers]
    by_window = {name: part.set_index("window") for name, part in moved.groupby("feature")}
    rows = []
    for name in order:
        row, part = table.loc[name], by_window.get(name)
        course = pd.DataFrame() if part is None else part.reindex(numbers)
        rows.append(
            {
                "name": shortened(name),
                "kind": row["kind"] if row["kind"] in NOT_FEATURES else "",
                "severity": row["severity"],
                "psi": _rounded(row["psi"]),
                "missing": [_rounded(row["missing_reference"]), _rounded(row["missing_current"])],
                "note": row["note"],
                "sparkline": sparkline(result, name),
                "levels": [_rounded(v, 2) for v in course.get("level", ())],
                "severities": [s if s == s else "none" for s in course.get("severity", ())],
                "alarms": [a == a and bool(a) for a in course.get("alarm", ())],
                "psis": [_rounded(v) for v in course.get("psi", ())],
                **_picture(result, trend, name, pictured),
            }
        )
    colors = [style.REFERENCE, style.CURRENT]
    return FeatureRows(json_ready({"windows": windows, "colors": colors, "rows": rows}))


def _picture(
    result: DriftResult, trend: TrendResult, name: str, windows: list[int]
) -> dict[str, Any]:
    """Shares of a column's values: reference, current and window by window."""
    column, now = result.baseline.columns[name], result.current.columns[name]
    kinds = (NumericCounts, CategoricalCounts)
    before = column.reference
    nothing: dict[str, Any] = {"parts": [], "reference": [], "current": [], "by_window": []}
    if column.kind not in COMPARABLE or not isinstance(before, kinds) or not isinstance(now, kinds):
        return nothing
    if not (before.present and now.present):
        return nothing
    shares = small_shares(column, before, now)
    by_window = []
    for window in windows:
        there = trend.profiles[window].columns[name]
        if not there.present:
            by_window.append([_rounded(None)] * len(shares.parts))
            continue
        own = small_shares(column, before, there)
        known = dict(zip(own.parts, own.current, strict=True))
        by_window.append([_rounded(known.get(part, 0.0)) for part in shares.parts])
    return {
        "parts": [shortened(part) for part in shares.parts],
        "reference": [_rounded(value) for value in shares.reference],
        "current": [_rounded(value) for value in shares.current],
        "by_window": by_window,
    }


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or value != value else round(float(value), digits)
