"""Draw the values of metrics: their intervals, limits and states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftlib.performance.result import Performance
from driftlib.text import counted
from driftlib.visualization import style
from driftlib.visualization.panels import add_legend_entry, draw_across
from driftlib.visualization.style import escape
from driftlib.visualization.windows import plain_numbers

if TYPE_CHECKING:
    import plotly.graph_objects as go

# What a value is called by, its marker and its colour.
STATES = {
    "fine": ("not worse beyond noise", "circle", style.CURRENT),
    "breached": ("beyond its threshold, perhaps by chance", "diamond", style.CURRENT),
    "alone": ("worse beyond noise by itself, no alarm", "triangle-down-open", style.CURRENT),
    "alarm": ("worse beyond noise: an alarm", "triangle-down", style.SEVERITY_COLORS["major"]),
    "held": ("not judged: labels are still to come", "circle-open", style.CURRENT),
}
ESTIMATED = style.COLORWAY[2]
WASH = {style.CURRENT: "rgba(213, 94, 0, 0.16)", ESTIMATED: "rgba(0, 158, 115, 0.16)"}


def with_states(perf: Performance) -> pd.DataFrame:
    """Give each value its state, and its segment as one text.

    Parameters
    ----------
    perf : Performance
        Realised or estimated.

    Returns
    -------
    pandas.DataFrame
        Its table with `state`, one of `STATES`, and `segment`, empty without segments.
    """
    table = perf.table
    flags = [table[name].astype(bool) for name in ("held", "alarm", "degraded", "breached")]
    state = np.select(flags, ["held", "alarm", "alone", "breached"], "fine")
    return table.assign(state=state, segment=segment_names(table, perf.by) if perf.by else "")


def segment_names(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Join the segment columns of each row to one text.

    Parameters
    ----------
    table : pandas.DataFrame
        Of a result.
    by : sequence of str
        Its segment columns.

    Returns
    -------
    list of str
        A plain text for each row.
    """
    return [", ".join(map(str, key)) for key in table[list(by)].itertuples(index=False, name=None)]


def add_band(
    chart: go.Figure, part: pd.DataFrame, labels: Sequence[str], axis: dict[str, str], color: str
) -> None:
    """Draw the interval of each value, as bars as wide as a window: a single window has one too.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    part : pandas.DataFrame
        `lower` and `upper`, a row for each window.
    labels : sequence of str
        Of the windows; plotly text.
    axis : dict
        The panel, see `driftlib.visualization.panels.add_panels`.
    color : str
        Of the line that runs through the band.
    """
    import plotly.graph_objects as go

    known = (part["lower"].notna() & part["upper"].notna()).to_numpy()
    chart.add_trace(
        go.Bar(
            x=[label for label, is_known in zip(labels, known, strict=True) if is_known],
            base=part["lower"][known].tolist(),
            y=(part["upper"] - part["lower"])[known].tolist(),
            marker={"color": WASH[color], "line": {"width": 0}},
            hoverinfo="skip",
            showlegend=False,
            name="95 % interval",
            **axis,
        )
    )


def add_limits(
    chart: go.Figure,
    perf: Performance,
    name: str,
    part: pd.DataFrame,
    labels: Sequence[str],
    axis: dict[str, str],
    with_reference: bool,
) -> list[float]:
    """Draw lines for the threshold and the reference: with a season, those of each window.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    perf : Performance
        Whose reference is drawn, where it has one.
    name : str
        Of the metric.
    part : pandas.DataFrame
        The metric's rows, for their `threshold` and `reference_value`.
    labels : sequence of str
        Of the windows; plotly text.
    axis : dict
        The panel, see `driftlib.visualization.panels.add_panels`.
    with_reference : bool
        Whether to draw the reference's own value and interval.

    Returns
    -------
    list of float
        Where lines and ends of bands are, for the range of the axis.
    """
    if perf.likes:
        return _add_steps(chart, part, labels, axis, with_reference)
    drawn = []
    for threshold in part["threshold"].dropna().unique()[:1].tolist():
        draw_across(chart, axis, threshold, threshold, {"type": "line", "line": style.THRESHOLD})
        drawn.append(threshold)
    if with_reference and perf.reference is not None:
        own = perf.reference[perf.reference["metric"] == name]
        for value, low, high in own[["value", "lower", "upper"]].to_numpy(float)[:1].tolist():
            draw_across(chart, axis, value, value, {"type": "line", "line": style.REFERENCE_LINE})
            draw_across(
                chart, axis, low, high, {"fillcolor": "rgba(0, 114, 178, 0.14)", "line_width": 0}
            )
            drawn += [low, high]
    return drawn


def _add_steps(
    chart: go.Figure,
    part: pd.DataFrame,
    labels: Sequence[str],
    axis: dict[str, str],
    with_reference: bool,
) -> list[float]:
    """Draw what each window is compared with, which is not the same for all."""
    import plotly.graph_objects as go

    lines = {"threshold": style.THRESHOLD}
    lines |= {"reference_value": style.REFERENCE_LINE} if with_reference else {}
    drawn: list[float] = []
    for column, looks in lines.items():
        values = part[column]
        if values.isna().all():
            continue
        chart.add_trace(
            go.Scatter(
                x=list(labels),
                y=plain_numbers(values),
                mode="lines",
                line={**looks, "shape": "hvh"},
                hoverinfo="skip",
                showlegend=False,
                name="threshold" if column == "threshold" else "reference, what is like it",
                **axis,
            )
        )
        drawn += values.dropna().tolist()
    return drawn


def state_marker(states: Iterable[object], points: int, color: str) -> dict[str, Any]:
    """Make the marker of each value by its state; smaller where there are many.

    Parameters
    ----------
    states : iterable of str
        Anything that is none of `STATES` is drawn as "fine".
    points : int
        How many points the chart has side by side.
    color : str
        Of values that are no alarm.

    Returns
    -------
    dict
        What a trace takes as `marker`.
    """
    known = [str(state) if state in STATES else "fine" for state in states]
    size = 8 if points <= 30 else 5 if points <= 100 else 3
    return {
        "symbol": [STATES[state][1] for state in known],
        "color": [color if state != "alarm" else STATES[state][2] for state in known],
        "opacity": 1,
        "size": [size if state in ("fine", "held") else size + 3 for state in known],
    }


def add_state_legend(chart: go.Figure, states: Iterable[str], color: str) -> None:
    """Put the states that occur into the legend.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    states : iterable of str
        Of all that is drawn.
    color : str
        Of values that are no alarm.
    """
    found = set(states)
    for state, (words, symbol, own) in STATES.items():
        if state in found:
            looks = {"symbol": symbol, "color": own if state == "alarm" else color, "size": 10}
            add_legend_entry(chart, words, marker=looks)


def value_hovers(
    part: pd.DataFrame, labels: Sequence[str], title: str, segments: Sequence[str]
) -> list[str]:
    """Say what each value shows when it is pointed at.

    Parameters
    ----------
    part : pandas.DataFrame
        A metric's rows, as `with_states` gives them.
    labels : sequence of str
        Window of each row; plotly text.
    title : str
        Of the metric.
    segments : sequence of str
        Of each row, or ""; plain text.

    Returns
    -------
    list of str
        Plotly text for each row, empty where it has no value.
    """
    hovers = []
    for label, segment, row in zip(labels, segments, part.to_dict("records"), strict=True):
        if row["value"] != row["value"]:
            hovers.append("")
            continue
        head = f"<b>{escape(segment)}</b>, {label}" if segment else f"<b>{label}</b>"
        lines = [
            head,
            f"{title} {row['value']:.4g} ({row['lower']:.4g} to {row['upper']:.4g})",
            f"{counted(int(row['n_labelled']), 'labelled row')} of {int(row['n']):,}",
        ]
        if row["state"] != "fine":
            lines.append(STATES[row["state"]][0])
        if row["note"]:
            lines.append(escape(row["note"], most=80))
        hovers.append("<br>".join(lines))
    return hovers


def fit_axis(chart: go.Figure, axis: dict[str, str], values: Sequence[float]) -> None:
    """Give a panel the range of what is drawn in it: bars would start it at 0.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    axis : dict
        The panel, see `driftlib.visualization.panels.add_panels`.
    values : sequence of float
        All that is drawn; what is not finite does not count.
    """
    finite = [value for value in values if np.isfinite(value)]
    if finite:
        low, high = min(finite), max(finite)
        room = 0.12 * (high - low) or 0.05 * abs(high) or 0.05
        chart.layout[axis["yaxis"].replace("y", "yaxis")].range = [low - room, high + room]


def is_judged(perf: Performance, table: pd.DataFrame) -> bool:
    """Tell whether there is anything that some of a result's values could be worse than.

    Parameters
    ----------
    perf : Performance
        The whole result.
    table : pandas.DataFrame
        Some of its rows.

    Returns
    -------
    bool
        Thresholds, where there are any, are all that is judged; else the reference is.
    """
    if perf.table["threshold"].notna().any():
        return bool(table["threshold"].notna().any())
    return perf.reference is not None
