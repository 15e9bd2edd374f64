"""Draw what a monitor can see: the chance that a fault is seen, by its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftlib.auditing.faults import size_in_words
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.panels import add_legend_entry, add_panels, height_of
from driftlib.visualization.style import escape, figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from driftlib.auditing.audit import Audit

# Room beside the lines, in powers of ten.
PADDING = 0.15
# Lines of single features are thin, so that the one of the middle is seen.
SINGLE = {"color": style.REFERENCE, "width": 1}
MIDDLE = (
    {"color": style.CURRENT, "width": 3, "dash": "solid"},
    {"color": style.CURRENT, "width": 2, "dash": "dash"},
    {"color": style.CURRENT, "width": 1.5, "dash": "dot"},
)
DOTS = (
    {"color": style.CURRENT, "size": 9, "symbol": "circle"},
    {"color": style.REFERENCE, "size": 8, "symbol": "circle-open"},
    {"color": style.INK, "size": 6, "symbol": "circle-open"},
)
BLIND = {"color": style.INK, "size": 8, "symbol": "triangle-right"}
MOST_FEATURES = 30


def power_curves(audit: Audit) -> go.Figure:
    """Draw the chance that each fault is seen, by its size.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per fault: a line per feature for the shortest window, and the median of the
        features for each length of window.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from driftlib import audit
    >>> frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=500)})
    >>> found = audit(frame, window=100, deals=5, tries=5, unit="row")
    >>> power_curves(found).layout.title.text[:44]
    'A check of 100 rows sees, in half of the fea'
    """
    import plotly.graph_objects as go

    table = audit.table
    faults = list(dict.fromkeys(table["fault"]))
    lengths = sorted(table["units"].unique())
    seen = [
        f"{fault} from {words} on" if words else f"{fault} not reliably"
        for fault, words in audit.typical.items()
    ]
    chart = figure(
        escape(f"A check of {audit.window} sees, in half of the features: {'; '.join(seen[:2])}",
               most=None),
        caption="Share of tries in which the fault was seen, by its size on a logarithmic scale "
        "(in %: of the rows). "
        f"Dashed: the chance wanted, {100 * audit.wanted:.3g} %. What is left of where a line "
        "crosses it is not seen reliably.",
        alt=f"Chance of being seen by size of the fault: {'; '.join(seen)}.",
        table=audit.smallest,
        height=height_of(len(faults)),
    )  # fmt: skip
    measures = dict(zip(table["fault"], table["measure"], strict=True))
    axes = add_panels(
        chart,
        [escape(f"{fault} ({measures[fault]})" if measures[fault] else fault) for fault in faults],
        x={"type": "log", "matches": None, "showticklabels": True},
        y={"range": [-0.04, 1.04], "tickformat": ".0%", "tickvals": [0, 0.5, 1]},
        shared_y=True,
    )
    for fault, axis in zip(faults, axes, strict=True):
        own = table[table["fault"] == fault]
        measure = measures[fault]
        _size_axis(chart, axis, sorted(own["size"].unique()), measure)
        for feature, rows in own[own["units"] == audit.take].groupby("feature", sort=False):
            text = [
                f"{escape(shortened(str(feature) or fault))}<br>{size_in_words(size, measure)}: "
                f"seen in {seen} of {tries}"
                for size, seen, tries in zip(rows["size"], rows["seen"], rows["tries"], strict=True)
            ]
            chart.add_trace(go.Scatter(
                x=rows["size"], y=rows["share"], mode="lines", line=SINGLE, opacity=0.45,
                showlegend=False, text=text, hoverinfo="text", **axis,
            ))  # fmt: skip
        for units, line in zip(lengths, MIDDLE, strict=False):
            curve = own[own["units"] == units].groupby("size")["share"].median()
            if len(curve):
                chart.add_trace(go.Scatter(
                    x=curve.index, y=curve.to_numpy(), mode="lines", line=line, showlegend=False,
                    hoverinfo="skip", **axis,
                ))  # fmt: skip
        chart.add_shape(
            type="line", x0=0, x1=1, xref=f"{axis['xaxis']} domain", y0=audit.wanted,
            y1=audit.wanted, yref=axis["yaxis"], line=style.THRESHOLD,
        )  # fmt: skip
    add_legend_entry(chart, "a feature", line=SINGLE)
    for units, line in zip(lengths, MIDDLE, strict=False):
        words = audit.unit_rule.counted(int(units))
        add_legend_entry(chart, escape(f"median feature, {words}"), line=line)
    return chart


def smallest_faults(audit: Audit) -> go.Figure:
    """Draw, for each feature, from what size on a fault is seen.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per fault and a row per feature; at most 30 features, the hardest to watch first.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from driftlib import audit
    >>> frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=500)})
    >>> found = audit(frame, window=100, deals=5, tries=5, unit="row")
    >>> smallest_faults(found).layout.title.text
    'x is the hardest to watch'
    """
    import plotly.graph_objects as go

    table = audit.smallest[audit.smallest["feature"] != ""]
    lengths = sorted(table["units"].unique())
    own = table[table["units"] == audit.take]
    ranks = own.assign(rank=own.groupby("fault")["size"].rank(na_option="bottom", pct=True))
    order = ranks.groupby("feature", sort=False)["rank"].mean().sort_values(kind="stable")
    features = [str(name) for name in order.index[::-1][:MOST_FEATURES]][::-1]
    faults = list(dict.fromkeys(own["fault"]))
    measures = dict(zip(audit.table["fault"], audit.table["measure"], strict=True))
    hardest = shortened(features[-1]) if features else ""
    chart = figure(
        escape(f"{hardest} is the hardest to watch" if features else "No feature can be audited"),
        caption=f"Size from which on a fault is seen with {100 * audit.wanted:.3g} %, on a "
        "logarithmic scale: the further left, the better. Grey triangles: not seen that often at "
        "any size tried.",
        alt=f"Smallest fault that is seen, by feature. Hardest to watch: {hardest}.",
        table=own[["feature", "fault", "words"]],
        height=height_of(len(faults)) + 14 * max(0, len(features) - 6) * -(-len(faults) // 3),
    )
    axes = add_panels(
        chart,
        [escape(f"{fault} ({measures[fault]})" if measures[fault] else fault) for fault in faults],
        x={"type": "log", "matches": None, "showticklabels": True},
        y={
            "type": "category",
            "dtick": 1,
            "categoryarray": [escape(shortened(name)) for name in features],
        },
        shared_y=True,
    )
    for fault, axis in zip(faults, axes, strict=True):
        tried = sorted(audit.table.loc[audit.table["fault"] == fault, "size"].unique())
        _size_axis(chart, axis, tried, measures[fault])
        rows = table[(table["fault"] == fault) & table["feature"].isin(features)]
        for units, looks in zip(lengths, DOTS, strict=False):
            part = rows[(rows["units"] == units) & rows["size"].notna()]
            chart.add_trace(go.Scatter(
                x=part["size"], y=[escape(shortened(name)) for name in part["feature"]],
                mode="markers", marker=looks, showlegend=False, hoverinfo="text",
                text=[f"{escape(name)}: {words}" for name, words in
                      zip(part["feature"], part["words"], strict=True)], **axis,
            ))  # fmt: skip
        blind = rows[(rows["units"] == audit.take) & rows["size"].isna()]
        chart.add_trace(go.Scatter(
            x=[tried[-1]] * len(blind), y=[escape(shortened(name)) for name in blind["feature"]],
            mode="markers", marker=BLIND, showlegend=False, hoverinfo="text",
            text=[f"{escape(name)}: not seen at any size tried" for name in blind["feature"]],
            **axis,
        ))  # fmt: skip
    for units, looks in zip(lengths, DOTS, strict=False):
        add_legend_entry(chart, escape(audit.unit_rule.counted(int(units))), marker=looks)
    return chart


def _size_axis(
    chart: go.Figure, axis: dict[str, str], sizes: Sequence[float], measure: str
) -> None:
    """Give a panel's axis the sizes that were tried as its ticks."""
    chart.layout[f"xaxis{axis['xaxis'][1:]}"].update(
        tickvals=sizes,
        ticktext=[f"{size:g}" if measure else f"{100 * size:.3g} %" for size in sizes],
        range=[math.log10(sizes[0]) - PADDING, math.log10(sizes[-1]) + PADDING],
    )
