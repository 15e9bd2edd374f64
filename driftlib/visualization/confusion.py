"""Draw how often each label is predicted as what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.curves import MOST_LABELS, PERIODS, with_period
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_panels
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import plain_numbers
from driftlib.written_numbers import percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHARE_COLORS = ((0.0, "rgba(0, 114, 178, 0.04)"), (1.0, "rgba(0, 114, 178, 0.62)"))


def confusion_matrix(table: pd.DataFrame) -> go.Figure:
    """Draw how often each label is predicted as what, in the reference and in the current data.

    Parameters
    ----------
    table : pandas.DataFrame
        From `driftlib.performance.curves.confusion_counts`.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per period; colours are shares of a label's rows.

    Examples
    --------
    >>> from driftlib.performance.curves import confusion_counts
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 1, 1, 1]})
    >>> confusion_matrix(confusion_counts(frame)).layout.title.text
    'Of the rows labelled 0, 50 % are predicted right'
    """
    import plotly.graph_objects as go

    table = with_period(table)
    table = table.assign(predicted=table["predicted"].astype(str))
    labels = list(dict.fromkeys(table["label"]))
    periods = [period for period in PERIODS if (table["period"] == period).any()]
    shown = [escape(shortened(label)) for label in labels]
    chart = figure(
        escape(_confusion_title(table, labels), most=None),
        caption=(
            "Rows by label and prediction; shares and colours are of each label's rows, so that "
            "rows of the grid add up to 100 %."
        ),
        alt="; ".join(_confusion_alt(table, period) for period in periods) + ".",
        table=table,
        height=150 + max(160, 46 * len(labels)),
    )
    axes = add_panels(chart, periods, x={"title": {"text": "predicted"}})
    for period, axis in zip(periods, axes, strict=True):
        rows = table[table["period"] == period].set_index(["label", "predicted"])
        grid = rows.reindex(pd.MultiIndex.from_product([labels, labels]))
        share = grid["share"].to_numpy(float).reshape(len(labels), -1)
        n = grid["n"].fillna(0).to_numpy(int).reshape(share.shape)
        text = [
            [
                f"{percent(s) if s == s else ''}<br>{count:,}"
                for s, count in zip(row_s, row_n, strict=True)
            ]
            for row_s, row_n in zip(share.tolist(), n.tolist(), strict=True)
        ]
        chart.add_trace(
            go.Heatmap(
                x=labels,
                y=labels,
                z=[plain_numbers(row) for row in share],
                text=text,
                texttemplate="%{text}",
                textfont={"color": style.INK},
                zmin=0,
                zmax=1,
                colorscale=[list(stop) for stop in SHARE_COLORS],
                showscale=False,
                xgap=2,
                ygap=2,
                name=period,
                customdata=[[[a, b] for b in shown] for a in shown],
                hovertemplate="label %{customdata[0]}<br>predicted %{customdata[1]}<br>%{text}"
                "<extra></extra>",
                **axis,
            )
        )
    axis = category_axis(labels, shown, showline=False, ticks="", showgrid=False)
    chart.update_xaxes(axis)
    chart.update_yaxes(axis | {"autorange": "reversed"})
    chart.layout.yaxis.title.text = "label"
    return chart


def _right(table: pd.DataFrame, period: str) -> pd.Series:
    """Share of each label's rows that are predicted right."""
    rows = table[(table["period"] == period) & (table["label"] == table["predicted"])]
    return rows.set_index("label")["share"].dropna()


def _confusion_title(table: pd.DataFrame, labels: Sequence[str]) -> str:
    now, then = _right(table, "current"), _right(table, "reference")
    both = [label for label in labels if label in now and label in then]
    if both:
        label = max(both, key=lambda name: abs(now[name] - then[name]))
        new, old = percent(now[label]), percent(then[label])
        than = "as in the reference" if new == old else f"{old} in the reference"
        return f"Of the rows labelled {shortened(label)}, {new} are predicted right, {than}"
    known = now if len(now) else then
    if known.empty:
        return "No row has both a label and a prediction"
    lowest = percent(float(known.min()))
    return f"Of the rows labelled {shortened(known.idxmin())}, {lowest} are predicted right"


def _confusion_alt(table: pd.DataFrame, period: str) -> str:
    right = _right(table, period).head(MOST_LABELS)
    parts = [f"{shortened(label)} {percent(share)}" for label, share in right.items()]
    return f"Predicted right in the {period} data: {', '.join(parts) or 'nothing'}"
