"""Draw the reference: how its values are spread, and what is missing from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.data.schema import COMPARABLE
from driftlib.errors import DataError
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column, written
from driftlib.profile.profile import CategoricalCounts, NumericCounts
from driftlib.text import counted, listed, shortened
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_panels, height_of
from driftlib.visualization.style import escape, figure
from driftlib.written_numbers import percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_PANELS = 12
MOST_LEVELS = 10
MOST_BARS = 40


def reference_distributions(baseline: Baseline, features: Sequence[str] | None = None) -> go.Figure:
    """Draw how the values of each feature are spread in the reference.

    Parameters
    ----------
    baseline : Baseline
        Its reference is drawn.
    features : list of str, optional
        Default: all that can be compared; the first 12 are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per feature: shares of equally wide bins between the smallest and the largest
        number, or of the ten commonest categories.

    Raises
    ------
    DriftlibError
        If no feature can be compared.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"wind": range(99, -1, -1), "sky": ["clear", "rain"] * 50})
    >>> chart = reference_distributions(Baseline.fit(frame))
    >>> chart.data[1].x, chart.data[1].y
    (('clear', 'rain'), (0.5, 0.5))
    """
    import plotly.graph_objects as go

    chosen = baseline.features if features is None else list(features)
    columns = [baseline.columns[name] for name in chosen]
    columns = [column for column in columns if column.kind in COMPARABLE]
    if not columns:
        raise DataError("the reference has no feature that can be compared: nothing to draw.")
    drawn = columns[:MOST_PANELS]
    spreads = {column.name: _spread(column) for column in drawn}
    rest = f" The first {MOST_PANELS} of {len(columns):,} are drawn." if drawn != columns else ""
    chart = figure(
        f"How the values of {counted(len(columns), 'feature')} are spread in the reference",
        caption=(
            "Height: share of the rows that have a value. Numbers lie in equally wide bins between "
            f"the smallest and the largest; of categories the {MOST_LEVELS} commonest are "
            f"drawn.{rest}"
        ),
        alt=f"Small histograms of {listed([column.name for column in drawn], MOST_PANELS)}.",
        table=_table(drawn),
        height=height_of(len(drawn)),
    )
    own = {"matches": None, "showticklabels": True, "nticks": 4}
    names = [escape(shortened(column.name, 24)) for column in drawn]
    percents = {"tickformat": ".0%", "rangemode": "tozero", "nticks": 4}
    for column, axis in zip(drawn, add_panels(chart, names, own, percents), strict=True):
        places, shares, words = spreads[column.name]
        chart.add_trace(
            go.Bar(
                x=places,
                y=shares,
                marker={"color": style.REFERENCE},
                hovertext=words,
                hovertemplate="%{hovertext}<extra></extra>",
                showlegend=False,
                **axis,
            )
        )
        if column.kind != "numeric":
            chart.layout[f"xaxis{axis['xaxis'][1:]}"].update(category_axis())
    chart.update_layout(bargap=0.04)
    return chart


def _spread(column: Column) -> tuple[list[Any], list[float], list[str]]:
    """Places, shares and words of a panel's bars."""
    counts = column.reference
    if isinstance(counts, NumericCounts):
        edges = column.histogram_edges
        shares = (column.histogram(counts)[1:-1] / counts.present).tolist()
        if len(edges) < 2:
            return [float(counts.minimum)], [1.0], [f"always {counts.minimum:.6g}"]
        places = (edges[1:] / 2 + edges[:-1] / 2).tolist()
        spans = zip(edges[:-1], edges[1:], shares, strict=True)
        return places, shares, [f"{written(a)} to {written(b)}: {percent(s)}" for a, b, s in spans]
    assert isinstance(counts, CategoricalCounts)
    shares = (counts.levels[:MOST_LEVELS] / counts.present).tolist()
    levels = [escape(shortened(level, 14)) for level in column.levels[:MOST_LEVELS]]
    return levels, shares, [f"{a}: {percent(s)}" for a, s in zip(levels, shares, strict=True)]


def _table(columns: Sequence[Column]) -> list[dict[str, Any]]:
    rows = []
    for column in columns:
        counts = column.reference
        row: dict[str, Any] = {"feature": column.name, "kind": column.kind}
        for name, share in (("5 % below", 0.05), ("median", 0.5), ("95 % below", 0.95)):
            row[name] = np.nan
            if isinstance(counts, NumericCounts):
                row[name] = column.quantile(counts, share)
        rows.append(row | {"commonest": column.levels[0] if column.levels else ""})
    return rows


def missing_values(baseline: Baseline) -> go.Figure:
    """Draw the share of rows without a value, for the columns where any is missing.

    Parameters
    ----------
    baseline : Baseline
        Its reference is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 40 columns, the one that misses most on top.

    Raises
    ------
    DriftlibError
        If no value is missing, or there is none to begin with.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"wind": [1.0, None, 2.0, 3.0], "sky": list("abab")})
    >>> missing_values(Baseline.fit(frame)).layout.title.text
    '1 of 2 columns of the reference misses values: wind (25 %)'
    """
    import plotly.graph_objects as go

    shares = baseline.table["missing"].sort_values(ascending=False, kind="stable")
    found = shares[shares > 0]
    if found.empty:
        raise DataError("No value is missing from the reference.")
    drawn = found.head(MOST_BARS)
    named = [f"{shortened(name)} ({percent(share)})" for name, share in drawn.items()]
    verb = "misses" if len(found) == 1 else "miss"
    chart = figure(
        escape(
            f"{len(found)} of {counted(len(shares), 'column')} of the reference {verb} values: "
            f"{listed(named)}",
            most=None,
        ),
        caption=(
            "Share of rows without a usable value. Infinite numbers and text in a column of "
            "numbers count as missing. Later data are checked for a change of this share."
            + (f" The first {MOST_BARS} are drawn." if len(drawn) < len(found) else "")
        ),
        alt=f"Bars, longest first: {listed(named, 5)}.",
        table=found.rename("missing").reset_index(),
        height=110 + 27 * max(2, len(drawn)),
    )
    chart.add_trace(
        go.Bar(
            x=drawn.tolist(),
            y=[escape(shortened(name)) for name in drawn.index],
            orientation="h",
            marker={"color": style.REFERENCE},
            text=[percent(share) for share in drawn],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    )
    chart.update_xaxes(tickformat=".0%", range=[0, min(1.15, 1.25 * drawn.iloc[0])])
    chart.update_yaxes(category_axis(downward=True, showgrid=False))
    return chart
