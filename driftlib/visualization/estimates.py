"""Draw realised performance beside the estimate without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.errors import ParameterError
from driftlib.performance.metrics import METRICS, Metric
from driftlib.performance.result import Performance
from driftlib.text import counted, quoted, within
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_legend_entry, add_panels
from driftlib.visualization.style import escape, figure
from driftlib.visualization.values import ESTIMATED, add_band, add_limits, fit_axis
from driftlib.visualization.windows import WindowLabels, plain_numbers, thinned, window_labels

if TYPE_CHECKING:
    import plotly.graph_objects as go

SIDES = {
    "realised": (style.CURRENT, "solid", "circle"),
    "estimated": (ESTIMATED, "dash", "diamond-open"),
}


def realised_against_estimated(perf: Performance, estimate: Performance, metric: str) -> go.Figure:
    """Draw a metric that labels show, beside what was estimated without them.

    Parameters
    ----------
    perf, estimate : Performance
        Of the same windows, without segments; windows are matched by start and end, and
        those that only one has are drawn too.
    metric : str
        One that both have.

    Returns
    -------
    plotly.graph_objects.Figure
        Agreement means that the inputs explain what happened; where realised values lie outside
        the estimate's interval, labels at the same inputs have changed.

    Raises
    ------
    DriftlibError
        If a result does not have the metric, or has segments.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 100, "y_pred": [0, 1] * 100})
    >>> perf = track_performance(frame, window=100)
    >>> chart = realised_against_estimated(perf, perf, "accuracy")
    >>> chart.layout.title.text
    'Realised accuracy agrees with its estimate in both windows'
    """
    import plotly.graph_objects as go

    both = _joined(perf, estimate, metric)
    windows = window_labels(both)
    title = METRICS[perf.task][metric].title
    numbers = thinned(list(windows.labels))
    labels = [escape(windows.labels[number]) for number in numbers]
    outside = _outside(both)
    chart = figure(
        escape(_title(both, outside, METRICS[perf.task][metric], windows), most=None),
        caption=(
            "Shaded: the 95 % intervals. Where they part, labels at the same inputs may no longer "
            "be what they were, a changed concept; a window or two part by chance. Agreement means "
            f"that the inputs explain the change. {getattr(estimate, 'assumption', '')}".strip()
        ),
        alt=_alt(both, outside, title, windows),
        table=both.assign(window=both["window"].map(windows.labels)).drop(columns=["start", "end"]),
        y=title,
    )
    axis = add_panels(chart, [title], x=category_axis(nticks=12))[0]
    chart.update_yaxes(title_text=title)
    chart.update_xaxes(title_text=windows.title or None)
    part = both.set_index("window").reindex(numbers)
    extent: list[float] = []
    for side, (color, dash, symbol) in SIDES.items():
        own = part[[f"{side}", f"{side}_lower", f"{side}_upper"]].set_axis(
            ["value", "lower", "upper"], axis=1
        )
        add_band(chart, own, labels, axis, color)
        extent += [own["lower"].min(), own["upper"].max()]
        chart.add_trace(
            go.Scatter(
                x=labels,
                y=plain_numbers(own["value"]),
                mode="lines+markers",
                name=side,
                line={"color": color, "width": 2, "dash": dash},
                marker={"symbol": symbol, "size": 8 if len(numbers) <= 40 else 4, "color": color},
                text=[
                    f"<b>{label}</b><br>{side} {value:.4g} ({low:.4g} to {high:.4g})"
                    for label, value, low, high in zip(
                        labels, own["value"], own["lower"], own["upper"], strict=True
                    )
                ],
                hovertemplate="%{text}<extra></extra>",
                **axis,
            )
        )
    part = perf.table[perf.table["metric"] == metric].set_index("window").reindex(numbers)
    extent += add_limits(chart, perf, metric, part, labels, axis, with_reference=True)
    fit_axis(chart, axis, extent)
    if perf.reference is not None:
        add_legend_entry(chart, "reference", line=style.REFERENCE_LINE)
    if part["threshold"].notna().any():
        add_legend_entry(chart, "threshold", line=style.THRESHOLD)
    chart.update_layout(bargap=0, barmode="overlay")
    return chart


def _joined(perf: Performance, estimate: Performance, metric: str) -> pd.DataFrame:
    """Put the values of both sides into a row per window."""
    sides = []
    for side, result in zip(SIDES, (perf, estimate), strict=True):
        if result.by:
            raise ParameterError(
                f"the {side} result has segments ({quoted(result.by)}): pass one without by=."
            )
        rows = result.table[result.table["metric"] == metric]
        if rows.empty:
            raise ParameterError(
                f"the {side} result has no metric {metric!r} (it has: "
                f"{quoted(dict.fromkeys(result.table['metric']))})."
            )
        if side == "realised":
            # What is filled in is no realised value.
            columns = ["value", "lower", "upper"]
            rows = rows.assign(**{name: rows[name].where(~rows["held"]) for name in columns})
        names = {"value": side, "lower": f"{side}_lower", "upper": f"{side}_upper"}
        sides.append(rows[["start", "end", *names]].rename(columns=names))
    both = sides[0].merge(sides[1], on=["start", "end"], how="outer", sort=True)
    return both.assign(window=range(len(both)))


def _outside(both: pd.DataFrame) -> pd.DataFrame:
    """Windows whose intervals do not meet, or whose realised value is outside the estimate's."""
    low, high = both["estimated_lower"], both["estimated_upper"]
    return both[(both["realised"] < low) | (both["realised"] > high)]


def _title(
    both: pd.DataFrame, outside: pd.DataFrame, metric: Metric[Any], windows: WindowLabels
) -> str:
    title = metric.title
    compared = both.dropna(subset=["realised", "estimated"])
    if compared.empty:
        return f"{title}: no window has both a realised and an estimated value"
    if outside.empty:
        total = len(compared)
        where = {1: "", 2: f" in both {windows.unit}s"}.get(
            total, f" in all {total} {windows.unit}s"
        )
        return f"Realised {within(title)} agrees with its estimate{where}"
    gaps = outside["realised"] - outside["estimated"]
    worst = outside.iloc[int(gaps.abs().argmax())]
    several = len(compared) > 1
    among = f" in {len(outside)} of {len(compared)} {windows.unit}s" if several else ""
    return (
        f"Realised {within(title)} lies outside its estimate{among}: "
        f"{metric.label(worst['realised'])} against {metric.label(worst['estimated'])} "
        f"{windows.place(worst['window'])}"
    )


def _alt(both: pd.DataFrame, outside: pd.DataFrame, title: str, windows: WindowLabels) -> str:
    spans = [
        f"{side} {both[side].min():.3g} to {both[side].max():.3g}"
        for side in SIDES
        if both[side].notna().any()
    ]
    return (
        f"{title} over {counted(len(both), windows.unit)}: {'; '.join(spans) or 'no values'}. "
        f"Outside the estimate's interval: {len(outside)}."
    )
