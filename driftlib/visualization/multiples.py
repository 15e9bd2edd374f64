"""Draw how the values of the most drifted features moved, window by window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.drift.trend_result import TrendResult
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.text import counted, shortened
from driftlib.visualization import style
from driftlib.visualization.levels import change_table, chosen_features
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_legend_entry, add_panels, draw_across, height_of
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import WindowLabels, thinned
from driftlib.written_numbers import percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

DEFAULT_PANELS, MOST_PANELS = 9, 12
MOST_LEVELS = 3
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN = "50 %"
LEVEL_LINES = (
    {"color": style.CURRENT, "dash": "solid"},
    {"color": style.COLORWAY[2], "dash": "longdash"},
    {"color": style.COLORWAY[3], "dash": "dashdot"},
)
WASHES = ("rgba(0, 114, 178, 0.14)", "rgba(0, 114, 178, 0.20)")


def feature_small_multiples(trend: TrendResult, features: Iterable[str] | None = None) -> go.Figure:
    """Draw where the values of features lie, window by window, beside the reference.

    Parameters
    ----------
    trend : TrendResult
        From `drift_trend`.
    features : list of str, optional
        At most 12; the 9 most drifted by default.

    Returns
    -------
    plotly.graph_objects.Figure
        Numbers: 5, 25, 50, 75 and 95 % quantiles of each window over the reference's.
        Categories: shares of the three that moved furthest. With more than 300 windows only
        every second, third, ... is drawn.

    Raises
    ------
    DriftlibError
        If a name is not in the result.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import drift_trend
    >>> reference = pd.DataFrame({"wind": range(199, -1, -1)})
    >>> current = pd.DataFrame({"wind": [*range(200), *range(100, 300)]})
    >>> feature_small_multiples(drift_trend(reference, current, window=200)).layout.title.text
    'wind moved furthest: median 199 in rows 201 to 400, 99 in the reference'
    """
    table, windows = change_table(trend)
    names = chosen_features(table, features, DEFAULT_PANELS, MOST_PANELS)
    columns = [trend.baseline.columns[name] for name in names]
    numbers = thinned(list(windows.labels))
    labels = [escape(windows.labels[number]) for number in numbers]
    measured = [
        _measure(column, [trend.profiles[number].columns[column.name] for number in numbers])
        for column in columns
    ]
    moves = [
        _largest_move(column, part, numbers, windows)
        for column, part in zip(columns, measured, strict=True)
    ]
    moved = [(shortened(name), move) for name, move in zip(names, moves, strict=True) if move]
    title = (
        "{} moved furthest: {}".format(*moved[0]) if moved else "No feature has values to compare"
    )
    chart = figure(
        escape(title, most=None),
        caption=_caption(numbers, windows, bool(trend.likes)),
        alt=f"A panel per feature over {counted(len(numbers), windows.unit)}: "
        + ("; ".join(f"{name}: {move}" for name, move in moved) or "no values")
        + ".",
        table=_table(columns, measured, [windows.labels[number] for number in numbers]),
        height=height_of(len(names)),
    )
    heads = [_head(column, part) for column, part in zip(columns, measured, strict=True)]
    axes = add_panels(chart, heads, x=category_axis(nticks=4))
    for column, part, axis in zip(columns, measured, axes, strict=True):
        if isinstance(column.reference, NumericCounts):
            _draw_quantiles(chart, column, part, labels, axis)
        else:
            _draw_levels(chart, part, labels, axis)
    _add_legend(chart, columns)
    return chart


def _measure(column: Column, counts: Sequence[Counts]) -> dict[str, np.ndarray]:
    """Rows to draw, each with the reference's value first and then the windows'."""
    sides = [column.reference, *counts]
    numeric = [side for side in sides if isinstance(side, NumericCounts)]
    if numeric:
        return {
            f"{100 * share:.0f} %": np.array([column.quantile(side, share) for side in numeric])
            for share in QUANTILES
        }
    shares = np.array(
        [_level_shares(side) for side in sides if isinstance(side, CategoricalCounts)]
    )
    moved = np.abs(shares[1:] - shares[0])
    furthest = np.where(np.isnan(moved), 0.0, moved).max(axis=0)
    order = np.argsort(-furthest, kind="stable")[:MOST_LEVELS]
    unlisted = "new values" if column.complete else "rarer values"
    names = [*column.levels, unlisted]
    return {names[place]: shares[:, place] for place in order if furthest[place] > 0 or place < 3}


def _level_shares(counts: CategoricalCounts) -> np.ndarray:
    each = np.append(counts.levels, counts.unlisted)
    return each / counts.present if counts.present else np.full(len(each), np.nan)


def _largest_move(
    column: Column, part: dict[str, np.ndarray], numbers: Sequence[int], windows: WindowLabels
) -> str:
    """Say which window is furthest from the reference; "" where there are no values."""
    numeric = isinstance(column.reference, NumericCounts)
    key = _telling_quantile(part) if numeric else next(iter(part), "")
    values = part.get(key, np.zeros(1))
    apart = np.abs(values[1:] - values[0])
    if np.isnan(apart).all():
        return ""
    place = int(np.nan_to_num(apart, nan=-1.0).argmax())
    where = windows.place(numbers[place])
    old, new = values[0], values[place + 1]
    if numeric:
        what = "median" if key == MEDIAN else f"{key} quantile"
        return f"{what} {column.in_words(new)} {where}, {old:.4g} in the reference"
    return f"{shortened(key)} {percent(new)} {where}, {percent(old)} in the reference"


def _telling_quantile(part: dict[str, np.ndarray]) -> str:
    """Choose the median; where it stays the same, the quantile that moved furthest."""
    moves = {key: np.nan_to_num(np.abs(row[1:] - row[0])).max() for key, row in part.items()}
    return MEDIAN if moves[MEDIAN] > 0 else max(moves, key=lambda key: (moves[key], key == MEDIAN))


def _head(column: Column, part: dict[str, np.ndarray]) -> str:
    name = escape(shortened(column.name))
    if isinstance(column.reference, NumericCounts):
        return name
    keys = [
        f'<span style="color:{line["color"]}">{escape(level, most=12)}</span>'
        for level, line in zip(part, LEVEL_LINES, strict=False)
    ]
    return f"{name}: {', '.join(keys)}"


def _draw_quantiles(
    chart: go.Figure,
    column: Column,
    part: dict[str, np.ndarray],
    labels: list[str],
    axis: dict[str, str],
) -> None:
    import plotly.graph_objects as go

    words = [[column.in_words(value) for value in values.tolist()] for values in part.values()]
    # What lies outside the reference's range is drawn at its end.
    part = {key: np.clip(values, *column.grid[[0, -1]]) for key, values in part.items()}
    low, lower, median, upper, high = part.values()
    for wash, bottom, top in zip(WASHES, (low, lower), (high, upper), strict=True):
        draw_across(chart, axis, bottom[0], top[0], {"fillcolor": wash, "line": {"width": 0}})
    draw_across(
        chart,
        axis,
        median[0],
        median[0],
        {"type": "line", "line": {"color": style.REFERENCE, "width": 1.5, "dash": "dash"}},
    )
    dense = len(labels)
    for bottom, top, width in ((low, high, 1.5), (lower, upper, float(np.clip(160 / dense, 2, 8)))):
        ends = [[float(a), float(b), None] for a, b in zip(bottom[1:], top[1:], strict=True)]
        chart.add_trace(
            go.Scatter(
                x=[place for label in labels for place in (label, label, None)],
                y=[
                    None if value != value else value
                    for pair in ends
                    for value in (np.nan if end is None else end for end in pair)
                ],
                mode="lines",
                line={"color": style.CURRENT, "width": width},
                opacity=0.55,
                hoverinfo="skip",
                showlegend=False,
                **axis,
            )
        )
    hover = [
        f"{label}<br>median {middle} (reference {median[0]:.4g})<br>"
        f"half of the values {second} to {fourth}<br>90 % {first} to {fifth}"
        for label, (first, second, middle, fourth, fifth) in zip(
            labels, list(zip(*words, strict=True))[1:], strict=True
        )
    ]
    _line(chart, labels, median[1:], {"color": style.CURRENT, "width": 1.5}, hover, axis, dense)


def _draw_levels(
    chart: go.Figure, part: dict[str, np.ndarray], labels: list[str], axis: dict[str, str]
) -> None:
    for (level, shares), line in zip(part.items(), LEVEL_LINES, strict=False):
        draw_across(
            chart,
            axis,
            shares[0],
            shares[0],
            {"type": "line", "line": {"color": line["color"], "width": 1, "dash": "dot"}},
        )
        hover = [
            f"{escape(level)}, {label}<br>{percent(share) if share == share else ''} of values "
            f"(reference {percent(shares[0])})"
            for label, share in zip(labels, shares[1:].tolist(), strict=True)
        ]
        _line(chart, labels, shares[1:], {**line, "width": 1.5}, hover, axis, len(labels))
    chart.layout[axis["yaxis"].replace("y", "yaxis")].update(tickformat="~%", rangemode="tozero")


def _line(
    chart: go.Figure,
    labels: list[str],
    values: np.ndarray,
    line: dict[str, Any],
    hover: list[str],
    axis: dict[str, str],
    points: int,
) -> None:
    import plotly.graph_objects as go

    chart.add_trace(
        go.Scatter(
            x=labels,
            y=[None if value != value else float(value) for value in values],
            mode="lines+markers",
            line=line,
            marker={"size": 6 if points <= 30 else 3, "color": line["color"]},
            text=hover,
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
            **axis,
        )
    )


def _add_legend(chart: go.Figure, columns: Sequence[Column]) -> None:
    if any(isinstance(column.reference, NumericCounts) for column in columns):
        square = {"symbol": "square", "size": 11}
        names = "current: median, middle half, middle 90 %", "reference: the same"
        for name, color in zip(names, (style.CURRENT, style.REFERENCE), strict=True):
            add_legend_entry(chart, name, marker=square | {"color": color})


def _caption(numbers: Sequence[int], windows: WindowLabels, seasonal: bool) -> str:
    sentences = [
        "Numbers: a dot for each window's median, a thick line for its middle half, a thin one for "
        "its middle 90 %, over the reference's as blue bands. Categories: shares of the three that "
        "moved furthest; dotted: the reference's share. Quantiles outside the reference's range "
        "are drawn at its end."
    ]
    if seasonal:
        sentences.append(
            "The reference is shown whole, season and all; what is judged is each window against "
            "what is like it."
        )
    if len(numbers) < len(windows.labels):
        sentences.append(f"{len(numbers)} of {len(windows.labels):,} windows are drawn.")
    return " ".join(sentences)


def _table(
    columns: Sequence[Column], measured: Sequence[dict[str, np.ndarray]], labels: list[str]
) -> list[dict[str, Any]]:
    """Row per feature and quantile or category, the latest windows as columns."""
    latest = labels[-(style.MOST_COLUMNS - 3) :]
    return [
        {"feature": column.name, "value": key, "reference": values[0]}
        | dict(zip(latest, _cells(column, values[len(values) - len(latest) :]), strict=True))
        for column, part in zip(columns, measured, strict=True)
        for key, values in part.items()
    ]


def _cells(column: Column, values: np.ndarray) -> list[Any]:
    return [column.in_words(value) if np.isinf(value) else value for value in values.tolist()]
