"""Draw metrics over windows: realised or estimated, whole or by segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.errors import ParameterError
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.text import capital, counted, listed, shortened, unknown_name
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_legend_entry, add_panels, height_of
from driftlib.visualization.style import escape, figure
from driftlib.visualization.values import (
    ESTIMATED,
    add_band,
    add_limits,
    add_state_legend,
    fit_axis,
    is_judged,
    state_marker,
    value_hovers,
    with_states,
)
from driftlib.visualization.windows import WindowLabels, plain_numbers, thinned, window_labels

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_PANELS = 12
MOST_LINES = 7


def metric_trend(
    perf: Performance, metrics: Iterable[str] | None = None, reference: bool = True
) -> go.Figure:
    """Draw metrics over the windows with intervals, thresholds, and what is worse than it may be.

    Parameters
    ----------
    perf : Performance
        Realised or estimated. With segments, a line for each of the seven worst.
    metrics : list of str, optional
        Default: all of the result; at most 12.
    reference : bool
        Whether to draw the reference's own value, where the result has one.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per metric. With more than 300 windows only every second, third, ... is drawn.

    Raises
    ------
    DriftlibError
        If the result does not have a metric.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> predictions = [0, 1] * 50 + [1, 0] * 20 + [0, 1] * 30
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 100, "y_pred": predictions})
    >>> perf = track_performance(frame, window=100, thresholds={"accuracy": 0.9})
    >>> metric_trend(perf, ["accuracy"]).layout.title.text
    'Accuracy was below its threshold beyond noise in rows 101 to 200 (0.60)'
    """
    import plotly.graph_objects as go

    names = _chosen_metrics(perf, metrics)
    titles = METRICS[perf.task]
    windows = window_labels(perf.table)
    table = with_states(perf)
    table = table[table["metric"].isin(names)]
    segments = _worst_segments(table) if perf.by else [""]
    drawn = table[table["segment"].isin(segments)]
    numbers = thinned(list(windows.labels))
    labels = [escape(windows.labels[number]) for number in numbers]
    chart = figure(
        escape(_trend_title(perf, table, drawn, names, windows), most=None),
        caption=_trend_caption(perf, table, names, segments, numbers, windows),
        alt=_trend_alt(perf, table, names, windows),
        table=_trend_table(perf, table, windows),
        height=height_of(len(names)),
    )
    lower = {name for name in names if not titles[name].higher_is_better}
    heads = [f"{titles[name].title}{' ↓' if name in lower else ''}" for name in names]
    axes = add_panels(chart, heads, x=category_axis(nticks=4), y={"nticks": 5})
    if len(names) == 1:
        better = " (lower is better)" if lower else ""
        chart.update_yaxes(title_text=f"{titles[names[0]].title}{better}")
        chart.update_xaxes(title_text=windows.title or None, nticks=12)
    first = ESTIMATED if table["estimated"].all() else style.CURRENT
    colors = dict(zip(segments, (first, *style.COLORWAY[2:]), strict=False))
    for name, axis in zip(names, axes, strict=True):
        rows = drawn[drawn["metric"] == name]
        extent = [rows["value"].min(), rows["value"].max()]
        for segment in segments:
            part = rows[rows["segment"] == segment].set_index("window").reindex(numbers)
            if not perf.by:
                extent += [part["lower"].min(), part["upper"].max()]
                add_band(chart, part, labels, axis, first)
                extent += add_limits(chart, perf, name, part, labels, axis, reference)
            chart.add_trace(
                go.Scatter(
                    x=labels,
                    y=plain_numbers(part["value"]),
                    mode="lines+markers",
                    line={"color": colors[segment], "width": 2},
                    marker=state_marker(part["state"], len(numbers), colors[segment]),
                    text=value_hovers(part, labels, titles[name].title, [segment] * len(labels)),
                    hovertemplate="%{text}<extra></extra>",
                    name=escape(segment or titles[name].title),
                    showlegend=False,
                    **axis,
                )
            )
        fit_axis(chart, axis, extent)
    _trend_legend(chart, perf, drawn, colors, reference)
    chart.update_layout(bargap=0, barmode="overlay")
    return chart


def _chosen_metrics(perf: Performance, metrics: Iterable[str] | None) -> list[str]:
    known = list(dict.fromkeys(perf.table["metric"]))
    if metrics is None:
        return known[:MOST_PANELS]
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in known:
            raise ParameterError(unknown_name("metric", name, known, "the result"))
    if len(names) > MOST_PANELS:
        raise ParameterError(
            f"{len(names)} metrics= are too many for one chart: name at most {MOST_PANELS}."
        )
    return names


def _worst_segments(table: pd.DataFrame) -> list[str]:
    worse = table.groupby("segment", sort=False)[["degraded", "breached", "n"]].sum()
    order = worse.sort_values(["degraded", "breached", "n"], ascending=False, kind="stable")
    return order.index[:MOST_LINES].tolist()


def _trend_legend(
    chart: go.Figure,
    perf: Performance,
    drawn: pd.DataFrame,
    colors: dict[str, str],
    reference: bool,
) -> None:
    ink = style.INK if perf.by else next(iter(colors.values()))
    if perf.by:
        for segment, color in colors.items():
            add_legend_entry(chart, escape(segment, most=24), line={"color": color, "width": 2})
    if is_judged(perf, drawn) or drawn["held"].any():
        # With segments a line's own colour is what a value that is fine looks like.
        states = drawn["state"][drawn["state"] != "fine"] if perf.by else drawn["state"]
        add_state_legend(chart, states, ink)
    if not perf.by and drawn["threshold"].notna().any():
        add_legend_entry(chart, "threshold", line=style.THRESHOLD)
    if not perf.by and reference and perf.reference is not None:
        like = ", what is like it" if perf.likes else ""
        add_legend_entry(chart, f"reference{like}", line=style.REFERENCE_LINE)


def _against(row: pd.Series | dict[str, Any], better_high: bool) -> str:
    if row["threshold"] == row["threshold"]:
        return f"{'below' if better_high else 'above'} its threshold"
    return "worse than in the reference"


def _trend_title(
    perf: Performance,
    table: pd.DataFrame,
    drawn: pd.DataFrame,
    names: Sequence[str],
    windows: WindowLabels,
) -> str:
    titles = METRICS[perf.task]
    what = "estimated " if table["estimated"].all() else ""
    # A window that is worse by itself is a mark; the title says what the whole run shows.
    for verdict, manner in (("alarm", "beyond noise "), ("breached", "")):
        bad = table[table[verdict]]
        if bad.empty:
            continue
        often = bad["metric"].value_counts()
        name = next(name for name in names if often.get(name, 0) == often.max())
        rows = bad[bad["metric"] == name]
        better_high = titles[name].higher_is_better
        on_chart = rows[rows.index.isin(drawn.index)]
        shown = rows if on_chart.empty else on_chart
        order = shown["value"].argmin() if better_high else shown["value"].argmax()
        worst = shown.iloc[int(order)]
        side = _against(worst, better_high)
        head = f"{what}{titles[name].title} was {side} {manner}".strip()
        value = titles[name].label(worst["value"])
        if perf.by:
            place = f"{shortened(worst['segment'])} {windows.place(worst['window'])}"
            where = f"in {len(rows):,} of {len(table[table['metric'] == name]):,} segments and "
            return capital(f"{head} {where}{windows.unit}s; worst {value}, {place}")
        when = windows.among(rows["window"])
        if rows["window"].min() == rows["window"].max():
            return capital(f"{head} {when} ({value})")
        return capital(f"{head} {when}; worst {value} {windows.place(worst['window'])}")
    judged = table if table["held"].all() else table[~table["held"]]
    values = judged.loc[judged["metric"].isin(names[:1]), "value"].dropna()
    if values.empty:
        return "No metric has a value"
    low, high = (titles[names[0]].label(value) for value in (values.min(), values.max()))
    span = low if low == high else f"{low} to {high}"
    verdict = "No metric is worse beyond noise: " if is_judged(perf, table) else ""
    if perf.cannot_tell and perf.untold == 1:
        verdict = f"{perf.cannot_tell}; "
    return capital(f"{verdict}{what}{titles[names[0]].title} {span}")


def _trend_caption(
    perf: Performance,
    table: pd.DataFrame,
    names: Sequence[str],
    segments: Sequence[str],
    numbers: Sequence[int],
    windows: WindowLabels,
) -> str:
    sentences = []
    if perf.by:
        total = table["segment"].nunique()
        shown = "each" if total <= len(segments) else f"the {len(segments)} worst of {total:,}"
        sentences.append(f"A line for {shown} of the values of {listed(perf.by)}.")
    else:
        sentences.append("Shaded: the 95 % interval of each value.")
    if is_judged(perf, table):
        sentences.append(
            "A diamond is beyond its threshold, which the noise of both periods may explain; a "
            "triangle is an alarm, an open one worse by more than noise in a window judged alone."
        )
    unlabelled = table["n_labelled"].sum() < table["n"].sum()
    if table["held"].any():
        sentences.append(
            "Hollow: not judged, as labels are still to come"
            + (
                "; the value is what they are expected to show."
                if table.loc[table["held"], "estimated"].any()
                else "; the value is of those that are there."
            )
        )
    elif unlabelled and not table["estimated"].any():
        sentences.append("Not every row has a label; the metrics use those that do.")
    if table["estimated"].all():
        sentences.append(getattr(perf, "assumption", ""))
    if len(names) > 1 and any(not METRICS[perf.task][name].higher_is_better for name in names):
        sentences.append("↓: lower is better.")
    if len(numbers) < len(windows.labels):
        sentences.append(f"{len(numbers)} of {len(windows.labels):,} windows are drawn.")
    return " ".join(filter(None, sentences))


def _trend_alt(
    perf: Performance, table: pd.DataFrame, names: Sequence[str], windows: WindowLabels
) -> str:
    parts = []
    for name in names:
        rows = table[table["metric"] == name]
        values = rows["value"].dropna()
        span = f"{values.min():.3g} to {values.max():.3g}" if len(values) else "no value"
        worse = int(rows["alarm"].sum())
        parts.append(
            f"{METRICS[perf.task][name].title} {span}" + (f", alarms in {worse}" if worse else "")
        )
    return f"Over {counted(len(windows.labels), windows.unit)}: {'; '.join(parts)}."


def _trend_table(perf: Performance, table: pd.DataFrame, windows: WindowLabels) -> pd.DataFrame:
    columns = [
        "window",
        *perf.by,
        "metric",
        "value",
        "lower",
        "upper",
        "threshold",
        "breached",
        "degraded",
        "n_labelled",
    ]
    shown = table[columns].reset_index(drop=True)
    return shown.assign(window=shown["window"].map(windows.labels))
