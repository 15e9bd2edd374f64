"""Draw a metric by segment: the failing one behind a healthy average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftlib.errors import ParameterError
from driftlib.performance.metrics import METRICS, Metric
from driftlib.performance.result import Performance
from driftlib.text import counted, listed, shortened, unknown_name
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis, error_bars
from driftlib.visualization.panels import add_legend_entry
from driftlib.visualization.style import escape, figure
from driftlib.visualization.values import (
    add_state_legend,
    is_judged,
    segment_names,
    state_marker,
    value_hovers,
    with_states,
)
from driftlib.visualization.windows import WindowLabels, plain_numbers, window_labels
from driftlib.written_numbers import brief

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_SEGMENTS = 40


def segment_bars(perf: Performance, metric: str, window: int | None = None) -> go.Figure:
    """Draw a metric of each segment in one window with its interval, the worst on top.

    Parameters
    ----------
    perf : Performance
        With segments (`by=`).
    metric : str
        One that the result has.
    window : int, optional
        Default: the latest in which any segment has a value.

    Returns
    -------
    plotly.graph_objects.Figure
        The 40 worst segments, each beside its own value in the reference where there is one.

    Raises
    ------
    DriftlibError
        If the result has no segments, or not that metric or window.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 50, "y_pred": [0, 1] * 25 + [1, 0] * 25})
    >>> perf = track_performance(frame.assign(shop=["A"] * 50 + ["B"] * 50), by="shop")
    >>> segment_bars(perf, "accuracy").layout.title.text
    'Accuracy is lowest for shop B: 0, and 1.0 at best'
    """
    import plotly.graph_objects as go

    if not perf.by:
        raise ParameterError("the result has no segments: pass by= to track_performance.")
    table = with_states(perf)
    known = list(dict.fromkeys(table["metric"]))
    if metric not in known:
        raise ParameterError(unknown_name("metric", metric, known, "the result"))
    windows = window_labels(table)
    rows = table[table["metric"] == metric]
    if window is None:
        valued = rows.loc[rows["value"].notna(), "window"]
        window = int(valued.max()) if len(valued) else int(rows["window"].max())
    elif window not in windows.labels:
        raise ParameterError(
            f"window={window!r} does not exist: the result has windows 0 to "
            f"{len(windows.labels) - 1}."
        )
    asked = METRICS[perf.task][metric]
    rows = rows[rows["window"] == window].sort_values(
        "value", ascending=asked.higher_is_better, kind="stable"
    )
    drawn = rows.head(MOST_SEGMENTS)
    names = drawn["segment"].tolist()
    own = _reference_values(perf, metric, names)
    chart = figure(
        escape(_title(perf, rows, asked, window, windows), most=None),
        caption=_caption(perf, rows, drawn, own),
        alt=f"{asked.title} of {counted(len(drawn), 'segment')}, the worst first: "
        + "; ".join(
            f"{shortened(name)} {brief(value)}"
            for name, value in zip(names[:5], drawn["value"].tolist()[:5], strict=False)
        )
        + ".",
        table=_table(perf, drawn, own),
        x=asked.title + ("" if asked.higher_is_better else " (lower is better)"),
        height=130 + 30 * max(2, len(drawn)),
    )
    if np.isfinite(own).any():
        chart.add_trace(
            go.Scatter(
                x=plain_numbers(own),
                y=names,
                mode="markers",
                name="reference",
                marker={
                    "symbol": "line-ns",
                    "size": 18,
                    "line": {"width": 3, "color": style.REFERENCE},
                    "color": style.REFERENCE,
                },
                hovertemplate="reference %{x:.4g}<extra></extra>",
            )
        )
    chart.add_trace(
        go.Scatter(
            x=plain_numbers(drawn["value"]),
            y=names,
            mode="markers",
            marker=state_marker(drawn["state"], len(drawn), style.CURRENT) | {"line": {"width": 0}},
            error_x=error_bars(
                drawn["value"],
                drawn["lower"],
                drawn["upper"],
                color=style.CURRENT,
                thickness=2,
                width=4,
            ),
            text=value_hovers(
                drawn, [escape(windows.labels[window])] * len(drawn), asked.title, names
            ),
            hovertemplate="%{text}<extra></extra>",
            name=escape(windows.labels[window]),
            showlegend=False,
        )
    )
    for threshold in drawn["threshold"].dropna().unique()[:1].tolist():
        chart.add_vline(threshold, line=style.THRESHOLD)
        add_legend_entry(chart, "threshold", line=style.THRESHOLD)
    if is_judged(perf, rows):
        add_state_legend(chart, drawn["state"], style.CURRENT)
    chart.update_xaxes(showgrid=True)
    labels = [escape(shortened(name)) for name in names]
    chart.update_yaxes(category_axis(names, labels, downward=True, showgrid=False))
    return chart


def _reference_values(perf: Performance, metric: str, names: list[str]) -> np.ndarray:
    """Look up the reference's value for each segment; NaN where it has none."""
    if perf.reference is None:
        return np.full(len(names), np.nan)
    own = perf.reference[perf.reference["metric"] == metric]
    values = dict(zip(segment_names(own, perf.by), own["value"].tolist(), strict=True))
    return np.array([values.get(name, np.nan) for name in names], dtype=float)


def _title(
    perf: Performance, rows: pd.DataFrame, metric: Metric, window: int, windows: WindowLabels
) -> str:
    valued = rows.dropna(subset=["value"])
    when = f" {windows.place(window)}" if len(windows.labels) > 1 else ""
    if valued.empty:
        return f"No segment has a value of {metric.title}{when}"
    worst, best = valued.iloc[0], valued.iloc[-1]
    extreme = "lowest" if metric.higher_is_better else "highest"
    who = f"{listed(perf.by)} {shortened(worst['segment'])}"
    text = f"{metric.title} is {extreme} for {who}{when}: {metric.label(worst['value'])}"
    return text if len(valued) == 1 else f"{text}, and {metric.label(best['value'])} at best"


def _caption(perf: Performance, rows: pd.DataFrame, drawn: pd.DataFrame, own: np.ndarray) -> str:
    sentences = [f"Each value of {listed(perf.by)} with the 95 % interval, the worst on top."]
    if np.isfinite(own).any():
        sentences.append("Blue ticks: the same segment in the reference.")
    if len(drawn) < len(rows):
        sentences.append(f"The {len(drawn)} worst of {len(rows):,} segments are drawn.")
    empty = int(drawn["value"].isna().sum())
    if empty:
        sentences.append(f"{counted(empty, 'segment')} without a value.")
    return " ".join(sentences)


def _table(perf: Performance, drawn: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    columns = [
        *perf.by,
        "value",
        "lower",
        "upper",
        "threshold",
        "breached",
        "degraded",
        "n_labelled",
    ]
    return drawn[columns].reset_index(drop=True).assign(reference=own)
