"""Draw how a feature's values lie: the reference against the current data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftlib.data.schema import COMPARABLE
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import ParameterError
from driftlib.profile.column import Column
from driftlib.profile.profile import Counts, NumericCounts
from driftlib.text import counted, shortened, unknown_name
from driftlib.visualization import style
from driftlib.visualization.levels import change_table
from driftlib.visualization.shares import (
    HISTOGRAM,
    LEVELS,
    MOST_VALUES,
    TENTHS,
    VALUES,
    Outside,
    Shares,
    shares_of,
)
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import Row
from driftlib.written_numbers import percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

# What each of the two samples is called, and its colour.
Sides = tuple[tuple[str, str], tuple[str, str]]
# From this share on, values outside the reference's range are the finding.
OUTSIDE = 0.05
LEAST_OUTSIDE = 0.001
# Bins that a bar far outside the range is wide.
FAR_WIDTH = 2
FEW_TICKS = 8


def feature_distribution(
    result: DriftResult | TrendResult, feature: str, window: int | None = None
) -> go.Figure:
    """Draw a feature's values in the reference and in the current data, as shares.

    Parameters
    ----------
    result : DriftResult or TrendResult
        From `detect_drift` or `drift_trend`.
    feature : str
        One that can be compared.
    window : int, optional
        Number of a trend's window; all windows together by default.

    Returns
    -------
    plotly.graph_objects.Figure
        Numbers: shares of equally wide bins of the reference's range, and below and above it;
        single values where there are at most 30; tenths of the reference where one bin would
        hold most of it. Categories: shares of the 15 commonest, the others and new ones.

    Raises
    ------
    DriftlibError
        If the feature or window is not in the result, or the feature has nothing to draw.

    Examples
    --------
    >>> from driftlib import detect_drift
    >>> reference = pd.DataFrame({"sky": ["clear"] * 60 + ["rain"] * 40})
    >>> current = pd.DataFrame({"sky": ["clear"] * 20 + ["rain"] * 80})
    >>> chart = feature_distribution(detect_drift(reference, current), "sky")
    >>> [bars.x for bars in chart.data]
    [(0.4, 0.6), (0.8, 0.2)]
    """
    table, windows = change_table(result)
    known = [name for name, c in result.baseline.columns.items() if c.kind in COMPARABLE]
    if feature not in known:
        raise ParameterError(unknown_name("comparable feature", feature, known, "the result"))
    column = result.baseline.columns[feature]
    if window is not None and window not in windows.labels:
        raise ParameterError(
            f"window={window!r} does not exist: the result has windows 0 to "
            f"{len(windows.labels) - 1}."
        )
    current, where, side = _current(result, feature, window), "now", "current"
    if isinstance(result, TrendResult) and window is not None:
        where, side = windows.place(window), windows.labels[window]
        table = table[table["window"] == window]
    shares = shares_of(column, column.reference, current)
    rows = table[table["feature"] == feature].to_dict("records")
    chart = figure(
        escape(_title(column, shares, current, where), most=None),
        caption=_caption(column, current, shares, rows),
        alt=_alt(column, shares, where),
        table=_table(shares),
        height=150 + 30 * len(shares.parts) if shares.drawn_as == LEVELS else style.HEIGHT,
    )
    sides = (
        (f"reference ({counted(column.reference.present, 'row')})", style.REFERENCE),
        (f"{side} ({counted(current.present, 'row')})", style.CURRENT),
    )
    draw = _draw_histogram if shares.drawn_as == HISTOGRAM else _draw_bars
    draw(chart, shares, sides, escape(shortened(feature)))
    return chart


def _table(shares: Shares) -> pd.DataFrame:
    """Tabulate the parts, what lies outside the reference's range by where it lies."""
    rows = list(zip(shares.parts, shares.reference, shares.current, strict=True))
    if shares.outside:
        middle = float(shares.edges.mean())
        outside = [(part.part, 0.0, part.share, part.middle) for part in shares.outside]
        below, above = ([row[:3] for row in outside if (row[3] < middle) is side]
                        for side in (True, False))  # fmt: skip
        rows = [*(below or rows[:1]), *rows[1:-1], *(above or rows[-1:])]
    return pd.DataFrame(rows, columns=[shares.drawn_as, "reference", "current"])


def _current(result: DriftResult | TrendResult, feature: str, window: int | None) -> Counts:
    if isinstance(result, DriftResult):
        return result.current.columns[feature]
    if window is not None:
        return result.profiles[window].columns[feature]
    return sum(
        (profile.columns[feature] for profile in result.profiles[1:]),
        start=result.profiles[0].columns[feature],
    )


def _draw_bars(chart: go.Figure, shares: Shares, sides: Sides, name: str) -> None:
    """Draw two bars for each part, sideways where parts are categories with names to read."""
    import plotly.graph_objects as go

    sideways = shares.drawn_as == LEVELS
    labels = [escape(f"{part}", most=32) for part in shares.parts]
    places = list(range(len(labels)))
    for values, (side, color) in zip((shares.reference, shares.current), sides, strict=True):
        along = (
            {"y": places, "x": values.tolist(), "orientation": "h"}
            if sideways
            else {"x": places, "y": values.tolist()}
        )
        chart.add_trace(
            go.Bar(
                **along,
                name=escape(side),
                marker={"color": color},
                customdata=[
                    [label, percent(value) if value == value else ""]
                    for label, value in zip(labels, values.tolist(), strict=True)
                ],
                hovertemplate="%{customdata[0]}: %{customdata[1]}<extra>%{fullData.name}</extra>",
            )
        )
    part_axis, share_axis = ("yaxis", "xaxis") if sideways else ("xaxis", "yaxis")
    few = places if len(places) <= MOST_VALUES // 2 or sideways else places[::2]
    chart.layout[part_axis].update(
        tickmode="array",
        tickvals=few,
        ticktext=[labels[place] for place in few],
        title={"text": None if sideways else name},
        showgrid=False,
        autorange="reversed" if sideways else True,
    )
    chart.layout[share_axis].update(
        tickformat=".0%", rangemode="tozero", showgrid=True, title={"text": "share of values"}
    )
    chart.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)


def _draw_histogram(chart: go.Figure, shares: Shares, sides: Sides, name: str) -> None:
    """Draw the reference as filled bars, the current data as an outline over them."""
    import plotly.graph_objects as go

    edges = shares.edges
    width = float(edges[1] - edges[0])
    (reference, blue), (current, orange) = sides
    hover = "%{customdata}<br>%{y:.1%}<extra>%{fullData.name}</extra>"
    centres = (edges[:-1] / 2 + edges[1:] / 2).tolist()
    chart.add_trace(
        go.Bar(
            x=centres,
            y=shares.reference[1:-1].tolist(),
            width=width,
            name=escape(reference),
            marker={"color": blue},
            opacity=0.5,
            customdata=shares.parts[1:-1],
            hovertemplate=hover,
        )
    )
    inner = shares.current[1:-1].tolist()
    chart.add_trace(
        go.Scatter(
            x=edges.tolist(),
            y=[*inner, inner[-1]],
            mode="lines",
            line={"color": orange, "width": 2.5, "shape": "hv"},
            name=escape(current),
            customdata=[*shares.parts[1:-1], shares.parts[-2]],
            hovertemplate=hover,
        )
    )
    highest = _draw_outside(chart, shares, width, sides[1])
    top = np.nanmax([*shares.reference[1:-1], *shares.current[1:-1], highest])
    chart.update_xaxes(title_text=name)
    chart.update_yaxes(tickformat=".0%", range=[0, 1.18 * float(top)], title_text="share of values")
    chart.update_layout(bargap=0, barmode="overlay")


def _draw_outside(
    chart: go.Figure, shares: Shares, width: float, current: tuple[str, str]
) -> float:
    """Draw what lies outside the reference's range where it lies, or beyond a gap where far away.

    Returns the height of the highest bar.
    """
    import plotly.graph_objects as go

    low, high = float(shares.edges[0]), float(shares.edges[-1])
    parts = shares.outside or _unplaced(shares, width)
    name, color = current
    shown = [part for part in parts if part.share >= LEAST_OUTSIDE]
    # Near parts lie where they are; then a gap, and a place of its own for each that is far away.
    ends = [min([low, *(p.low for p in shown if p.near)]),
            max([high, *(p.high for p in shown if p.near)])]  # fmt: skip
    below = [part for part in shown if not part.near and part.middle < low]
    above = [part for part in shown if not part.near and part.middle > high]
    step = FAR_WIDTH * width
    places = {id(part): ends[0] - step * (len(below) - i + 1) for i, part in enumerate(below)}
    places |= {id(part): ends[1] + step * (i + 2) for i, part in enumerate(above)}
    labels = {}
    for far in (below, above):
        # The farthest and the nearest are named, and what is between them when pointed at.
        for part in far[:: max(1, len(far) - 1)]:
            labels[places[id(part)]] = part.part.split(" to ")[0 if far is below else -1]
    # A wide part is drawn as high as the bins that it is as wide as.
    heights = [
        part.share / max(1.0, (part.high - part.low) / width) if part.near else part.share
        for part in shown
    ]
    named = {}
    for side, share in (("below", shares.current[0]), ("above", shares.current[-1])):
        own = [i for i, part in enumerate(shown) if (part.middle < low) is (side == "below")]
        if own:
            named[max(own, key=heights.__getitem__)] = f"{percent(float(share))}<br>{side}"
    if shown:
        chart.add_trace(
            go.Bar(
                x=[places.get(id(part), part.middle) for part in shown],
                y=heights,
                width=[
                    step if id(part) in places else max(part.high - part.low, width)
                    for part in shown
                ],
                marker={"color": color, "pattern": {"shape": "/", "size": 6, "solidity": 0.6}},
                name=f"{escape(name)}, outside the reference's range",
                text=[named.get(i, "") for i in range(len(shown))],
                customdata=[[part.part, percent(part.share)] for part in shown],
                textposition="outside",
                textangle=0,
                constraintext="none",
                cliponaxis=False,
                hovertemplate="%{customdata[0]}: %{customdata[1]}, outside the reference's range"
                "<extra></extra>",
                showlegend=False,
            )
        )
    ticks = _round_numbers(*ends) if labels else []
    for far, end, sign in ((below, 0, -1), (above, 1, 1)):
        if far:
            chart.add_vline(x=ends[end] + sign * step, line={"width": 1, "dash": "dot"})
            ends[end] += sign * step * (len(far) + 2)
        else:
            ends[end] += sign * width * (2 if shown else 0.5)
    if labels:
        chart.update_xaxes(
            tickmode="array",
            tickvals=[*ticks, *labels],
            ticktext=[*(f"{tick:.6g}" for tick in ticks), *map(escape, labels.values())],
        )
    chart.update_xaxes(range=ends)
    return max(heights, default=0.0)


def _round_numbers(low: float, high: float) -> list[float]:
    """Choose some round numbers between two."""
    power = 10.0 ** np.floor(np.log10((high - low) / 2))
    step = next(s * power for s in (0.2, 0.5, 1, 2, 5) if (high - low) / (s * power) <= FEW_TICKS)
    return [round(float(n * step), 12) for n in range(int(np.ceil(low / step)),
                                                      int(np.floor(high / step)) + 1)]  # fmt: skip


def _unplaced(shares: Shares, width: float) -> list[Outside]:
    """Parts outside the range of which only the number of rows is known."""
    low, high = float(shares.edges[0]), float(shares.edges[-1])
    return [
        Outside("below", low - 3 * width, low - width, float(shares.current[0]), near=True),
        Outside("above", high + width, high + 3 * width, float(shares.current[-1]), near=True),
    ]


def _title(column: Column, shares: Shares, current: Counts, where: str) -> str:
    name, reference = shortened(column.name), column.reference
    if not current.present:
        return f"{name} has no values {where}"
    sides = (reference, current)
    numeric = [side for side in sides if isinstance(side, NumericCounts)]
    if numeric and shares.drawn_as != VALUES:
        if shares.drawn_as == HISTOGRAM:
            for share, side in ((shares.current[-1], "above"), (shares.current[0], "below")):
                if share >= OUTSIDE:
                    return (
                        f"{percent(float(share))} of {name} lies {side} the reference's range "
                        f"{where}"
                    )
        before, now = (column.quantile(side, 0.5) for side in numeric)
        if before == now:
            return f"{name}: median {now:.4g} {where}, as in the reference"
        return f"{name}: median {column.in_words(now)} {where}, {before:.4g} in the reference"
    moved = int(np.abs(shares.current - shares.reference).argmax())
    old, new = (percent(float(side[moved])) for side in (shares.reference, shares.current))
    if old == new:
        return f"{name} is spread {where} as in the reference"
    part = shortened(shares.parts[moved])
    return f"{name}: {new} of values {where} are {part}, {old} in the reference"


def _caption(column: Column, current: Counts, shares: Shares, rows: Sequence[Row]) -> str:
    how = {
        HISTOGRAM: "Share of values in each bin of the reference's range; hatched: outside it, "
        "beyond a dotted line far outside and not to scale.",
        TENTHS: "Share of values between the reference's quantiles.",
        VALUES: "Share of each value.",
        LEVELS: "Share of each category, the commonest first.",
    }[shares.drawn_as]
    missing = "Missing: {} now, {} in the reference.".format(
        *(
            percent(side.missing_share) if side.rows else "no rows"
            for side in (current, column.reference)
        )
    )
    verdict = ""
    if len(rows) == 1 and rows[0]["note"]:
        verdict = f" Verdict: {rows[0]['severity']}; {rows[0]['note']}."
    return f"{how} {missing}{verdict}"


def _alt(column: Column, shares: Shares, where: str) -> str:
    apart = np.abs(shares.current - shares.reference)
    if not np.isfinite(apart).any():
        return f"Shares of {shortened(column.name)} in the reference; no current values."
    most = np.argsort(-np.nan_to_num(apart), kind="stable")[:3]
    moves = "; ".join(
        f"{shortened(shares.parts[i])} {percent(float(shares.reference[i]))} then, "
        f"{percent(float(shares.current[i]))} {where}"
        for i in most
    )
    return (
        f"Shares of {shortened(column.name)}, reference against current. Furthest apart: {moves}."
    )
